#!/usr/bin/env python3
"""Counts the WebAssembly instructions that the filter as shipped spends on a request, host calls not counted.

    pip install wasmtime && scripts/build-wasm && bench/instructions.py

For what costs less than the noise of a machine. Each policy gets the small and the large request of 100 units in turn, each
answered with 200 at once; what they define and remember has come before.
"""

import json
import pathlib

import wasmtime

import load
import policies

ROOT = pathlib.Path(__file__).resolve().parent.parent
OK, NOT_FOUND = 0, 1
INFO, PLUGIN_CONFIGURATION = 2, 7
UNITS, WARM_UP, COUNTED = 100, 2000, 2000
POLICIES = {
    "one experiment": policies.ONE,
    "one experiment on the line of a pool": policies.POOL,
}


def main():
    config = wasmtime.Config()
    config.consume_fuel = True
    engine = wasmtime.Engine(config)
    module = wasmtime.Module.from_file(engine, str(ROOT / "target" / "weir.wasm"))
    for name, policy in POLICIES.items():
        machine = Machine(engine, module, policy)
        print(f"{name}: {', '.join(f'{size} {machine.cost(lines):,}' for size, lines in load.REQUESTS.items())}")


class Machine:
    """The filter in a host that answers each call and does nothing."""

    def __init__(self, engine, module, policy):
        self.store = wasmtime.Store(engine)
        self.store.set_fuel(1 << 60)
        self.configuration = json.dumps({"weir": 1, "name": "bench", "policy": policy}).encode()
        self.headers, self.metrics, self.time = b"", 0, 0
        linker = wasmtime.Linker(engine)
        for needed in module.imports:
            answer = getattr(self, needed.name, lambda *_: OK)
            linker.define_func(needed.module, needed.name, needed.type, answer)
        self.exports = linker.instantiate(self.store, module).exports(self.store)
        self.memory = self.exports["memory"]
        self.call("_initialize")
        self.call("proxy_on_configure", 1, len(self.configuration))

    def cost(self, lines):
        """Instructions of a request with these header lines."""
        requests = [serialized(lines, f"{load.UNIT[:-3]}{unit:03}") for unit in range(UNITS)]
        self.run(requests, WARM_UP)
        before = self.store.get_fuel()
        self.run(requests, COUNTED)
        return (before - self.store.get_fuel()) // COUNTED

    def run(self, requests, count):
        for number in range(count):
            self.headers = requests[number % UNITS]
            self.call("proxy_on_request_headers", 2, 0, 1)
            self.call("proxy_on_response_headers", 2, 0, 1)
            self.call("proxy_on_log", 2)
            if number % 1000 == 999:
                self.call("proxy_on_tick", 1)

    def call(self, name, *arguments):
        return self.exports[name](self.store, *arguments)

    def give(self, data, to, size):
        at = self.call("proxy_on_memory_allocate", len(data))
        self.memory.write(self.store, data, at)
        self.put(at, to)
        self.put(len(data), size)
        return OK

    def put(self, number, at, width=4):
        self.memory.write(self.store, number.to_bytes(width, "little"), at)

    # Calls of the filter, by their names in the ABI.

    def proxy_get_buffer_bytes(self, kind, _start, _length, to, size):
        return self.give(self.configuration, to, size) if kind == PLUGIN_CONFIGURATION else NOT_FOUND

    def proxy_get_header_map_pairs(self, _map, to, size):
        return self.give(self.headers, to, size)

    def proxy_get_header_map_value(self, _map, name, length, to, size):
        name = bytes(self.memory.read(self.store, name, name + length))
        return self.give(b"200", to, size) if name == b":status" else NOT_FOUND

    def proxy_get_property(self, _path, _length, to, size):
        return self.give(b"bench", to, size)

    def proxy_get_shared_data(self, *_):
        return NOT_FOUND

    def proxy_define_metric(self, _kind, _name, _length, to):
        self.metrics += 1
        self.put(self.metrics, to)
        return OK

    def proxy_get_log_level(self, to):
        self.put(INFO, to)
        return OK

    def proxy_get_current_time_nanoseconds(self, to):
        self.time += 1_000_000
        self.put(self.time, to, 8)
        return OK


def serialized(lines, unit):
    """The header map as Envoy hands it over."""
    sent = [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "127.0.0.1"), ("user-agent", "h2load")]
    lines = [(name, value.replace(load.UNIT, unit)) for name, value in [*sent, *lines]]
    lengths = b"".join(len(part).to_bytes(4, "little") for line in lines for part in line)
    texts = b"".join(part.encode() + b"\0" for line in lines for part in line)
    return len(lines).to_bytes(4, "little") + lengths + texts


if __name__ == "__main__":
    main()
