#!/usr/bin/env python3
"""Records what another implementation of the hash says, and what follows from it: see README.md."""

import json
import pathlib
import uuid

import mmh3

HERE = pathlib.Path(__file__).parent
SLOTS = 1_000_000


def hash64(key: bytes) -> int:
    return mmh3.hash64(key, 0, True, signed=False)[0]


def slot(key: bytes) -> int:
    return ((hash64(key) >> 32) * SLOTS) >> 32


def keys():
    """Every length of the last block, several times over, in ASCII, beyond it, and in no encoding at all."""
    for unit in ("user-1", "用户1"):
        yield f"L:checkout:0:{unit}".encode()
    yield b"E:banner:0:user-1"
    yield b"L:checkout:1:user-1"
    for length in range(32):
        yield bytes(range(ord("a"), ord("a") + 26))[: length % 26] + b"0" * (length - length % 26)
        yield bytes((37 * i + length) % 256 for i in range(length))
        yield b"\xff" * length
        yield f"H:year:0:{'é' * (length // 2)}{length}".encode()
        yield f"E:owl-v21:{length}:{'漢字🦉' * (length // 8)}{length}@example.org".encode()
    for length in (32, 33, 47, 48, 63, 64, 65, 100, 127, 128, 129, 200, 255, 256, 257, 300):
        yield bytes((101 * i + 7) % 256 for i in range(length))
    for number in range(20):
        yield f"L:checkout:{number}:{uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)}".encode()


def hashes():
    rows = [{"key": key.hex(), "hash": f"{hash64(key):016x}", "slot": slot(key)} for key in dict.fromkeys(keys())]
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


def ids(kind: str, number: int) -> str:
    """As in tests/ids/mod.rs, in the same words."""
    if kind == "sequential":
        return str(number)
    if kind == "padded":
        return f"{number:010}"
    if kind == "uuid":
        high, low = mix(2 * number), mix(2 * number + 1)
        digits = f"{high:016x}{low:016x}"
        return "-".join((digits[:8], digits[8:12], "4" + digits[13:16], "a" + digits[17:20], digits[20:]))
    return f"{('anna', 'bo', 'chi', 'dewi')[number % 4]}.{number}@mail.example"


def mix(number: int) -> int:
    """SplitMix64, whose output for the seeds 0, 1, 2 … stands for randomness that never changes."""
    mask = 2**64 - 1
    z = (number + 1) * 0x9E3779B97F4A7C15 & mask
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
    z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
    return z ^ z >> 31


def owner(ranges, number):
    return next((name for name, owned in ranges for start, end in owned if start <= number < end), None)


def decide(policy, unit: str, gold: bool):
    """The design's section 4, as far as the recorded policy goes: no overrides, rules or switched-off layers."""
    for layer in sorted(policy["layers"], key=lambda layer: layer["id"]):
        name = layer["id"]
        held_out = any(
            name in holdout["layers"] and slot(f"H:{holdout['id']}:0:{unit}".encode()) < share(holdout["share"])
            for holdout in policy["holdouts"]
        )
        if held_out:
            yield f"{name} - - - stable holdout"
            continue
        line_slot = slot(f"L:{layer.get('line', name)}:{layer.get('epoch', 0)}:{unit}".encode())
        all_slots = [[0, SLOTS]]
        slots = [(e["id"], all_slots if e["slots"] == "all" else e["slots"]) for e in layer["experiments"]]
        found = owner(slots, line_slot)
        if found is None:
            yield f"{name} {line_slot} - - stable not_owned"
            continue
        experiment = next(e for e in layer["experiments"] if e["id"] == found)
        if not experiment.get("enabled", True):
            yield f"{name} {line_slot} {found} - stable experiment_disabled"
            continue
        # The one targeting that the recorded policy has is the header that says gold.
        if "targeting" in experiment and not gold:
            yield f"{name} {line_slot} {found} - stable not_targeted"
            continue
        own_slot = slot(f"E:{found}:{experiment.get('epoch', 0)}:{unit}".encode())
        variant = owner([(v["id"], ranges(v)) for v in experiment["variants"]], own_slot)
        reason = "assigned" if variant else "no_variant"
        yield f"{name} {line_slot} {found} {own_slot} {variant or 'stable'} {reason}"


def share(text: str) -> int:
    return round(float(text.rstrip("%")) * 10_000)


def ranges(variant):
    if "ranges" in variant:
        return variant["ranges"]
    part = share(variant.get("share", "0%"))
    return [[SLOTS - part, SLOTS]] if variant["id"] == "control" else [[0, part]]


def checksum(policy) -> str:
    """FNV-1a over one line a decision, 25,000 ids of each kind."""
    state = 0xCBF29CE484222325
    for kind in ("sequential", "padded", "uuid", "email"):
        for number in range(25_000):
            for line in decide(policy, ids(kind, number), number % 3 == 0):
                for byte in line.encode() + b"\n":
                    state = (state ^ byte) * 0x100000001B3 % 2**64
    return f"{state:016x}"


if __name__ == "__main__":
    (HERE / "murmur3_x64_128.json").write_text(hashes())
    recorded = HERE / "decisions.json"
    policy = json.loads((HERE / "policy.json").read_text())
    recorded.write_text(json.dumps({"ids": 100_000, "checksum": checksum(policy)}) + "\n")
