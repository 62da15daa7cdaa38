"""A fleet of streams from another process, real Envoys among them, and pushes to all of them."""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from statistics import median

import policies
from envoy import CLIENT_CORE, Envoy, poll, start
from pushes import ecds_bootstrap, xds_bootstrap

from fleet.servers import Server, cpu_ms

ENVOYS = 10


def measure(kinds, target, clients, rounds, pushes, progress):
    """By kind of server: what a push takes, and kilobytes of a client before and after the pushes."""
    found = {kind.name: [] for kind in kinds}
    for turn in range(rounds):
        for kind in kinds:
            progress(f"{clients} clients, round {turn + 1} of {rounds}, {kind.name}")
            with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
                found[kind.name].append(one_turn(kind, target, clients, pushes, pathlib.Path(folder)))
            progress(", ".join(f"{key} {value:.1f}" for key, value in found[kind.name][-1].items()))
    return {name: medians(turns) for name, turns in found.items()}


def medians(of):
    return {key: median(one[key] for one in of) for key in of[0]}


def one_turn(kind, target, clients, pushes, folder):
    with contextlib.ExitStack() as stack:
        server = Server(kind, folder, target / "weir.wasm", policy(0))
        stack.callback(server.stop)
        port = int(server.address.rpartition(":")[2])
        bootstrap = {"ads": xds_bootstrap, "ecds": ecds_bootstrap}[kind.service](port)
        envoys = [Envoy(folder / f"envoy-{number}", bootstrap, core=CLIENT_CORE) for number in range(ENVOYS)]
        for envoy in envoys:
            stack.callback(envoy.stop)
        for envoy in envoys:
            step_aside(envoy.ready().process.pid)
        poll("every Envoy has the first policy", lambda: all(revisions(envoys)))
        alone = server.resident_kb()
        command = [str(target / "bench" / "release" / "weir-fleet-clients"), kind.service, server.address, str(clients - ENVOYS)]
        streams = start(command, CLIENT_CORE, stdout=subprocess.PIPE, text=True)
        stack.callback(streams.wait)
        stack.callback(streams.kill)
        said(streams, "connected")
        poll("the server is idle", lambda: idle(server))
        connected = server.resident_kb()
        taken = [push(server, streams, envoys, number) for number in range(1, pushes + 1)]
        last = server.resident_kb()
    count = clients - ENVOYS
    return {**medians(taken), "kb_connected": (connected - alone) / count, "kb_pushed": (last - alone) / count}


def step_aside(process):
    """Its threads run only when nothing else wants the core: in a real fleet the CPUs of an Envoy are its own."""
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        # A thread that has ended meanwhile is out of the way.
        with contextlib.suppress(ProcessLookupError):
            os.sched_setscheduler(int(task.name), os.SCHED_IDLE, os.sched_param(0))


def push(server, streams, envoys, number):
    """Milliseconds until the last stream has acknowledged and until all Envoys decide by it; the CPU of both sides."""
    before, new = revisions(envoys), policy(number)
    used, clients_used = server.cpu_ms(), cpu_ms(streams)
    began = server.push(new)
    acked = said(streams, "acked")
    taken = idle_since(server)
    # Asked only now: until here every Envoy leaves the core to the clients.
    poll("every Envoy has the push", lambda: all(now != old for now, old in zip(revisions(envoys), before)))
    active = time.time_ns()
    poll("the server is idle again", lambda: idle(server))
    return {
        "acked_ms": (acked - began) / 1e6, "taken_ms": (taken - began) / 1e6, "active_ms": (active - began) / 1e6,
        "cpu_ms": server.cpu_ms() - used, "clients_cpu_ms": cpu_ms(streams) - clients_used,
    }


def policy(number):
    """One of those that differ only in the share of an arm."""
    made = policies.of_size(1000)
    for variant in made["layers"][0]["experiments"][0]["variants"]:
        variant["share"] = f"{number % 40 + 5}%"
    return made


def revisions(envoys):
    return [envoy.ask("stats?filter=weir_policy_revision") for envoy in envoys]


def idle_since(server):
    """When it began to use less than a millisecond in 20, in nanoseconds since 1970: by then it has taken the last ACK."""
    seen = [(time.time_ns(), server.cpu_ms())]
    while True:
        time.sleep(0.001)
        seen.append((time.time_ns(), server.cpu_ms()))
        since = next(at for at, used in seen if seen[-1][1] - used < 1)
        if seen[-1][0] - since > 20e6:
            return since


def idle(server):
    used = server.cpu_ms()
    time.sleep(0.05)
    return server.cpu_ms() - used < 1


def said(streams, word):
    line = streams.stdout.readline()
    if not line.startswith(word):
        sys.exit(f"bench-fleet: the clients say {line!r} instead of {word!r}")
    return int(line.split()[1])
