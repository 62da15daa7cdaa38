"""Rounds in which `weir serve` reads what a fleet of edges counted."""

import contextlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from statistics import median

import policies
from envoy import CLIENT_CORE, ENVOY_CORE, Envoy, bootstrap, poll, resident_mb, start

from fleet.fleet import said
from fleet.servers import cpu_ms

# Variants of an experiment at most.
VARIANTS = 16
# Between two rounds.
TICK_SECONDS = 10
# How often an answer of Envoy is timed.
TIMES = 20
ADMIN = pathlib.Path(__file__).parent / "admin.py"
WASM = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"


def measure(target, clients, variants, rounds, progress):
    """What a round takes, of so many clients each of whose Envoys has counted by so many variants all there is to count."""
    counters = variants * 112
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-bench-")))
        answers, envoy_ms = recorded(target, variants, folder)
        admin = start([sys.executable, str(ADMIN), *map(str, answers)], CLIENT_CORE, stdout=subprocess.PIPE, text=True)
        stack.callback(admin.wait)
        stack.callback(admin.kill)
        server = serve(target, folder, stack)
        http, xds = (address(server, words, folder) for words in ("answering on ", "listening on "))
        port = admin.stdout.readline().strip()
        command = [str(target / "bench" / "release" / "weir-fleet-clients"), "ads", xds, str(clients), port]
        streams = start(command, CLIENT_CORE, stdout=subprocess.PIPE, text=True)
        stack.callback(streams.wait)
        stack.callback(streams.kill)
        said(streams, "connected")
        idle_ms, connected_mb = cpu_of_a_tick(server), resident_mb(server.pid)
        push(folder, policy(variants, "pool.user"))
        wait_for_round(http, 0)
        seen, used, began = [], cpu_ms(server), time.monotonic()
        for number in range(1, rounds + 1):
            took = wait_for_round(http, number)
            progress(f"{clients} edges, {counters} counters each: round {number} of {rounds}, {took:.2f} s")
            seen.append(took)
        used = (cpu_ms(server) - used) / (time.monotonic() - began) * TICK_SECONDS
        evidence = json.loads(ask(http, "evidence"))
        by_variant = [counts for experiment in evidence["totals"].values() for counts in experiment.values()]
        total = sum(sum(parts) for counts in by_variant for parts in counts.values())
        if (evidence["poll"]["read"], total) != (clients, clients * counted_by(answers[1])):
            sys.exit(f"bench-evidence: {evidence['poll']}, {total} counted")
        return {
            "edges": clients, "counters": counters, "answer_kb": answers[1].stat().st_size / 1e3, "envoy_ms": envoy_ms,
            "round_s": median(seen), "cpu_ms": used - idle_ms, "mb_connected": connected_mb, "mb_read": resident_mb(server.pid),
            "record_mb": (folder / "state" / "evidence.json").stat().st_size / 1e6,
        }


def recorded(target, variants, folder):
    """What a real Envoy answers that has counted all there is, as files, and milliseconds of its CPU for both answers."""
    envoy = Envoy(folder / "envoy", counted(target, variants), core=CLIENT_CORE)
    try:
        envoy.admin = poll("Envoy starts", lambda: envoy.alive() and envoy.address.exists() and envoy.address.read_text().strip())
        ids = "%7C".join(one["id"] for one in experiments(variants))
        wanted = f"%5E%28wasmcustom%5C.experiment%3D%5C.%3D%28{ids}%29%3B%5C.%3B.*weir_assigned_total%7Cserver%5C.hot_restart_generation%29%24"
        paths = ["config_dump?mask=last_updated,bootstrap.node.id&name_regex=%5E%24", f"stats?usedonly&filter={wanted}"]
        poll("Envoy has counted", lambda: envoy.ask(paths[1]).count("\n") >= variants * 112)
        files = [folder / name for name in ("process", "counters")]
        used = envoy.cpu_ns()
        for _ in range(TIMES):
            texts = [envoy.ask(path) for path in paths]
        used = (envoy.cpu_ns() - used) / TIMES / 1e6
        for file, text in zip(files, texts):
            file.write_text(text)
        return files, used
    finally:
        envoy.stop()


def counted_by(file):
    return sum(int(line.rpartition(": ")[2]) for line in file.read_text().splitlines() if "weir_assigned_total" in line)


def counted(target, variants):
    module = {"local": {"filename": str(target / "counters.wasm")}}
    vm = {"runtime": "envoy.wasm.runtime.v8", "code": module}
    configuration = {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "x" * variants}
    filter = {"name": "counters", "typed_config": {"@type": WASM, "config": {"vm_config": vm, "configuration": configuration}}}
    return bootstrap([filter], {"routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 200}}]})


def policy(variants, line):
    return policies.policy([{**policies.layer("releases", experiments(variants)), "line": line}])


def experiments(variants):
    """Of as many variants, by the names that bench/modules/counters.rs has for them."""
    made = []
    for first in range(0, variants, VARIANTS):
        count = min(VARIANTS, variants - first)
        ranges = [{"id": f"v{at}", "ranges": [[at * 10_000, (at + 1) * 10_000]]} for at in range(count)]
        slots = [[first * 10_000, (first + VARIANTS) * 10_000]]
        made.append({"id": f"e{first // VARIANTS}", "kind": "test", "slots": slots, "variants": ranges})
    return made


def serve(target, folder, stack):
    push(folder, policy(1, "user"))
    (folder / "attach.yaml").write_text(f"weir: 1\nname: bench\nwasm: {{file: '{target / 'counters.wasm'}'}}\n")
    command = [target / "release" / "weir", "serve", "--policy", folder / "policy.json", "--attach", folder / "attach.yaml",
               "--state", folder / "state", "--http", "127.0.0.1:0", "--listen", "127.0.0.1:0"]
    log = stack.enter_context(open(folder / "serve.log", "w"))
    server = start([str(part) for part in command], ENVOY_CORE, stdout=subprocess.PIPE, stderr=log, text=True)
    stack.callback(server.wait)
    stack.callback(server.kill)
    return server


def push(folder, policy):
    (folder / "new").write_text(json.dumps(policy))
    (folder / "new").replace(folder / "policy.json")


def cpu_of_a_tick(server):
    """What it uses where nothing is counted: it reads gauges all the same."""
    time.sleep(2)
    used = cpu_ms(server)
    time.sleep(TICK_SECONDS)
    return cpu_ms(server) - used


def address(server, words, folder):
    line = server.stdout.readline()
    if not line.startswith(words):
        sys.exit(f"bench-evidence: weir serve did not start; it says:\n{(folder / 'serve.log').read_text()[-4000:]}")
    return line.removeprefix(words).strip()


def wait_for_round(http, number):
    """Waits until so many polls after the first with all edges were accepted; how long the last one took to read them."""
    deadline = time.monotonic() + 120
    name = "weir_serve_evidence_"
    while time.monotonic() < deadline:
        metrics = dict(re.findall(rf"^{name}(\w+) (\S+)$", ask(http, "metrics"), re.M))
        if int(metrics.get("polls_accepted_total", 0)) > number:
            return float(metrics["seconds"])
        time.sleep(0.2)
    sys.exit(f"bench-evidence: no round {number} within 120 s: {metrics}")


def ask(http, path):
    with urllib.request.urlopen(f"http://{http}/{path}", timeout=10) as answer:
        return answer.read().decode()
