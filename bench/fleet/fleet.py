"""A fleet of streams from another process, real Envoys among them, and pushes to all of them."""

import contextlib
import pathlib
import subprocess
import sys
import tempfile
import time
from statistics import median

import policies
from envoy import CLIENT_CORE, Envoy, poll, start
from pushes import xds_bootstrap

from fleet.servers import Server

ENVOYS = 10


def measure(kinds, target, clients, rounds, pushes, progress):
    """By kind of server: milliseconds and CPU of a push, kilobytes of a client before and after the pushes."""
    found = {kind.name: [] for kind in kinds}
    for turn in range(rounds):
        for kind in kinds:
            with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
                found[kind.name].append(one_turn(kind, target, clients, pushes, pathlib.Path(folder)))
            progress(f"{clients} clients, round {turn + 1} of {rounds}, {kind.name}: {found[kind.name][-1]}")
    return {name: {key: median(turn[key] for turn in turns) for key in turns[0]} for name, turns in found.items()}


def one_turn(kind, target, clients, pushes, folder):
    with contextlib.ExitStack() as stack:
        server = Server(kind, folder, target / "weir.wasm", policy(0))
        stack.callback(server.stop)
        port = int(server.address.rpartition(":")[2])
        envoys = [Envoy(folder / f"envoy-{number}", xds_bootstrap(port), core=CLIENT_CORE) for number in range(ENVOYS)]
        for envoy in envoys:
            stack.callback(envoy.stop)
        for envoy in envoys:
            envoy.ready()
        alone = server.resident_kb()
        command = [str(target / "bench" / "release" / "weir-fleet-clients"), server.address, str(clients - ENVOYS)]
        streams = start(command, CLIENT_CORE, stdout=subprocess.PIPE, text=True)
        stack.callback(streams.wait)
        stack.callback(streams.kill)
        said(streams, "connected")
        connected = server.resident_kb()
        taken = [push(server, streams, envoys, number) for number in range(1, pushes + 1)]
        last = server.resident_kb()
    count = clients - ENVOYS
    return {
        "ms": median(ms for ms, _ in taken), "cpu_ms": median(cpu for _, cpu in taken),
        "kb_connected": (connected - alone) / count, "kb_pushed": (last - alone) / count,
    }


def push(server, streams, envoys, number):
    """Milliseconds until the last stream has acknowledged, and of the server's CPU until it is idle again."""
    before = revisions(envoys)
    used, began = server.cpu_ms(), time.time_ns()
    server.push(policy(number))
    taken = (said(streams, "acked") - began) / 1e6
    poll("every Envoy has the push", lambda: all(new != old for new, old in zip(revisions(envoys), before)))
    poll("the server is idle again", lambda: idle(server))
    return taken, server.cpu_ms() - used


def policy(number):
    """One of those that differ only in the share of an arm."""
    made = policies.of_size(1000)
    for variant in made["layers"][0]["experiments"][0]["variants"]:
        variant["share"] = f"{number % 40 + 5}%"
    return made


def revisions(envoys):
    return [envoy.ask("stats?filter=weir_policy_revision") for envoy in envoys]


def idle(server):
    used = server.cpu_ms()
    time.sleep(0.05)
    return server.cpu_ms() - used < 1


def said(streams, word):
    line = streams.stdout.readline()
    if not line.startswith(word):
        sys.exit(f"bench-fleet: the clients say {line!r} instead of {word!r}")
    return int(line.split()[1])
