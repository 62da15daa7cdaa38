#!/usr/bin/env python3
"""Slots by an implementation that shares nothing with the engine: the numbers of the scenarios come from here.

    slots.py L:checkout:0:user-1 E:owl:0:user-1     prints slot and part of each key (TAG:ID:EPOCH:UNIT)
    slots.py --revision < canonical.json            prints the revision of a canonical form
    slots.py --judge                                compares 10,000 keys with PyPI's mmh3

A key may hold \\xNN for bytes that are no text.
"""

import sys

MASK = (1 << 64) - 1
C1, C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F


def rotl(x, bits):
    return ((x << bits) | (x >> (64 - bits))) & MASK


def mix1(k):
    return rotl(k * C1 & MASK, 31) * C2 & MASK


def mix2(k):
    return rotl(k * C2 & MASK, 33) * C1 & MASK


def fmix(k):
    k = (k ^ k >> 33) * 0xFF51AFD7ED558CCD & MASK
    k = (k ^ k >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return k ^ k >> 33


def murmur3_x64_128_low(key, seed=0):
    """The first 8 bytes, little endian, of MurmurHash3_x64_128."""
    h1 = h2 = seed
    whole = len(key) // 16 * 16
    for at in range(0, whole, 16):
        h1 ^= mix1(int.from_bytes(key[at:at + 8], "little"))
        h1 = ((rotl(h1, 27) + h2) * 5 + 0x52DCE729) & MASK
        h2 ^= mix2(int.from_bytes(key[at + 8:at + 16], "little"))
        h2 = ((rotl(h2, 31) + h1) * 5 + 0x38495AB5) & MASK
    tail = key[whole:]
    h2 ^= mix2(int.from_bytes(tail[8:], "little"))
    h1 ^= mix1(int.from_bytes(tail[:8], "little"))
    h1 ^= len(key)
    h2 ^= len(key)
    h1 = (h1 + h2) & MASK
    h2 = (h2 + h1) & MASK
    h1, h2 = fmix(h1), fmix(h2)
    return (h1 + h2) & MASK


def slot(key):
    return (murmur3_x64_128_low(key) >> 32) * 1_000_000 >> 32


def as_bytes(text):
    parts = text.split("\\x")
    return parts[0].encode() + b"".join(bytes([int(part[:2], 16)]) + part[2:].encode() for part in parts[1:])


def judge():
    import mmh3  # pip install mmh3

    for i in range(10_000):
        key = f"{'LEHW'[i % 4]}:line-{i % 7}:{i % 3}:{'é' * (i % 9)}unit-{i}".encode()
        low = mmh3.hash64(key, 0, True, signed=False)[0]
        assert murmur3_x64_128_low(key) == low, key
    print("10,000 keys agree with mmh3")


def main(arguments):
    golden = {"L:checkout:0:user-1": 417529, "L:checkout:0:用户1": 597111, "E:banner:0:user-1": 229072,
              "L:checkout:1:user-1": 142987}
    for key, expected in golden.items():
        assert slot(key.encode()) == expected, key
    if arguments == ["--judge"]:
        judge()
    elif arguments == ["--revision"]:
        print(f"{murmur3_x64_128_low(sys.stdin.buffer.read().rstrip(bytes([10]))):016x}"[:12])
    else:
        for key in arguments:
            print(slot(as_bytes(key)), murmur3_x64_128_low(as_bytes(key)) & 15, key)


if __name__ == "__main__":
    main(sys.argv[1:])
