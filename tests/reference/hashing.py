"""The public hash of docs/policy.md: MurmurHash3_x64_128 with seed 0, and the slots that come of it."""

from functools import lru_cache

MASK = 0xFFFFFFFFFFFFFFFF
C1 = 0x87C37B91114253D5
C2 = 0x4CF5AD432745937F
LINE = 1_000_000


def slot(tag, name, epoch, unit):
    """The slot of a unit (bytes) on the line TAG:NAME:EPOCH."""
    return ((_hashed(tag, name, epoch, unit) >> 32) * LINE) >> 32


def part(tag, name, epoch, unit):
    """The part of a unit, one of 16, from the half of the hash that the slot has nothing of."""
    return _hashed(tag, name, epoch, unit) & 15


@lru_cache(maxsize=1 << 16)
def _hashed(tag, name, epoch, unit):
    return h(b"%s:%s:%d:%s" % (tag.encode(), name.encode(), epoch, unit))


def h(data):
    """The first 8 bytes, little endian, of MurmurHash3_x64_128 with seed 0."""
    h1 = h2 = 0
    whole = len(data) // 16 * 16
    for at in range(0, whole, 16):
        h1 ^= _mix(data[at:at + 8], C1, 31, C2)
        h1 = (_rotate(h1, 27) + h2) * 5 + 0x52DCE729 & MASK
        h2 ^= _mix(data[at + 8:at + 16], C2, 33, C1)
        h2 = (_rotate(h2, 31) + h1) * 5 + 0x38495AB5 & MASK
    tail = data[whole:]
    h2 ^= _mix(tail[8:], C2, 33, C1)
    h1 ^= _mix(tail[:8], C1, 31, C2)
    return _finish(h1 ^ len(data), h2 ^ len(data))


def _mix(part, first, turn, second):
    return _rotate(int.from_bytes(part, "little") * first & MASK, turn) * second & MASK


def _rotate(value, by):
    return (value << by | value >> (64 - by)) & MASK


def _finish(h1, h2):
    h1 = h1 + h2 & MASK
    h2 = h2 + h1 & MASK
    return _avalanche(h1) + _avalanche(h2) & MASK


def _avalanche(k):
    k = (k ^ k >> 33) * 0xFF51AFD7ED558CCD & MASK
    k = (k ^ k >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return k ^ k >> 33
