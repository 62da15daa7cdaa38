"""Who starts, and with which slots: section 4 of the text."""

from canonical import LINE, merged, slots_of
from hashing import h

RANGES = 1024
IN_FORCE = 64
COUNTERS = 8192
COUNTERS_OF_A_VARIANT = 7 * 16


def first_slot(line, release):
    """Where a release begins to look for free slots."""
    return ((h(f"P:{line}:0:{release}".encode()) >> 32) * LINE) >> 32


def taken(owned, start, wanted):
    """The first `wanted` free slots from `start` on, around the line; None where there are fewer."""
    free = _free(merged(owned))
    around = [[max(a, start), b] for a, b in free if b > start] + [[a, min(b, start)] for a, b in free if a < start]
    found = []
    for a, b in around:
        size = min(b - a, wanted)
        if size:
            found.append([a, a + size])
        wanted -= size
    return merged(found) if wanted == 0 else None


def _free(owned):
    edges = [0] + [edge for each in owned for edge in each] + [LINE]
    return [[a, b] for a, b in zip(edges[::2], edges[1::2]) if a < b]


class Owner:
    """Somebody who has slots of a line: a release in force, or an experiment that people wrote there."""

    def __init__(self, name, line, touches, slots):
        self.name, self.line, self.touches, self.slots = name, line, touches, slots


def hand_written(policy):
    """The experiments of a policy on the lines of pools. Those that are off keep their slots."""
    return [
        Owner(experiment["id"], layer["line"], touched(experiment), slots_of(experiment))
        for layer in policy.get("layers", []) if layer.get("line", layer["id"]).startswith("pool.")
        for experiment in layer.get("experiments", [])
    ]


def touched(experiment):
    routed = {service for variant in experiment.get("variants", []) for service in variant.get("routes", {})}
    return routed | set(experiment.get("services", []))


def counted_variants(policy):
    """Variants of enabled experiments on the lines of pools, for each of which edges keep counters."""
    return sum(
        len(experiment.get("variants", []))
        for layer in policy.get("layers", [])
        if layer.get("line", layer["id"]).startswith("pool.") and layer.get("enabled", True)
        for experiment in layer.get("experiments", []) if experiment.get("enabled", True)
    )


class Pool:
    """The look of one tick at everything that is queued.

    `queued` are objects with `release`, `seen`, `paused`, `problem`; `in_force` have `release` and `slots`; `kept_off`
    have `release`, `state` and `acknowledged`; `states` are those of releases by id; `due` says whether a time has come.
    """

    def __init__(self, policy, in_force, kept_off, queued, states, due):
        self.owners = hand_written(policy)
        self.owners += [Owner(each.release.id, each.release.line, each.release.touches, each.slots) for each in in_force]
        self.running = len(in_force) + len(kept_off)
        self.variants = counted_variants(policy) + sum(len(each.release.variants()) for each in in_force)
        self.kept_off = kept_off
        self.queued = sorted(queued, key=lambda each: (-each.release.priority, each.seen, each.release.id))
        self.states = states
        self.due = due
        self.ahead = []
        self.doubtful = False

    def look(self):
        """What comes of each queued release, by id: the slots it starts with, or what it waits for."""
        return {each.release.id: self._outcome(each) for each in self.queued}

    def _outcome(self, queued):
        unready = self._unready(queued)
        if unready:
            return {"waits": unready}
        code, ids, slots = self._place(queued)
        if slots is None:
            return {"waits": [[code, sorted(ids)]]}
        return {"starts": slots}

    def _unready(self, queued):
        """Everything that keeps it from being ready."""
        release = queued.release
        state = {name: self.states.get(name) for name in release.after}
        ended = [name for name in state if state[name] in ("rolled_back", "aborted")]
        unfinished = [name for name in state if state[name] != "finished" and name not in ended]
        rollbacks = [each.release.id for each in self.kept_off if self._holds_back(each, release)]
        waits = [["blocked", sorted(ended)]] * bool(ended) + [["after", sorted(unfinished)]] * bool(unfinished)
        waits += [["not_before", []]] * (not self.due(release)) + [["paused", []]] * queued.paused
        return waits + [["rollback", sorted(rollbacks)]] * bool(rollbacks)

    @staticmethod
    def _holds_back(kept, release):
        unseen = kept.state == "rolled_back" and not kept.acknowledged
        return unseen and kept.release.on["rollback"] == "hold_queue" and kept.release.touches & release.touches

    def _place(self, queued):
        """(what it waits for, whose ids, its slots). Only who waits for slots or behind somebody is in others' way."""
        release = queued.release
        ahead = [each.id for each in self.ahead if each.touches & release.touches]
        owners = [each for each in self.owners if each.line == release.line and each.touches & release.touches]
        owned = [slots for each in owners for slots in each.slots]
        slots = taken(owned, first_slot(release.line, release.id), release.traffic)
        limit = self._limit(release)
        self.doubtful |= bool(limit or queued.problem) and (bool(ahead) or slots is None or len(slots) > RANGES)
        if limit:
            return limit, [], None
        if ahead or slots is None:
            self.ahead.append(release)
            return ("behind", ahead, None) if ahead else ("slots", [each.name for each in owners], None)
        if len(slots) > RANGES:
            return "fragmented", [], None
        if queued.problem:
            return "problem", [], None
        self.owners.append(Owner(release.id, release.line, release.touches, slots))
        self.running += 1
        self.variants += len(release.variants())
        return None, [], slots

    def _limit(self, release):
        if self.running >= IN_FORCE:
            return "full"
        wanted = (self.variants + len(release.variants())) * COUNTERS_OF_A_VARIANT
        return "evidence_full" if wanted > COUNTERS else None
