"""Cases of the kind `placement`: a look at a queue, beside releases that are dealt and experiments of people."""

from dataclasses import dataclass

from canonical import LINE

from .documents import Release
from .people import SERVICES, People
from .pool import RANGES, Pool, first_slot, hand_written, taken


@dataclass
class Placed:
    release: Release
    slots: list

    def touches(self, release):
        return bool(self.release.touches & release.touches)


@dataclass
class KeptOff:
    release: Release
    state: str
    acknowledged: bool


@dataclass
class Queued:
    release: Release
    seen: int
    paused: bool
    problem: bool


def placement(chance):
    """A tick's look at a queue; looks that the text does not settle are made anew."""
    while True:
        case, pool = _Pool(chance).case()
        if not pool.doubtful:
            return case


class _Pool:
    def __init__(self, chance):
        self.people = People(chance)
        self.chance, self.pick, self.likely = chance, chance.choice, self.people.likely
        self.kind = self.pick(["plain"] * 6 + ["crowded", "fragments", "variants"])
        self.policy = self.people.policy(fragments=self.kind == "fragments")

    def case(self):
        in_force, kept_off = self._in_force(), [self._kept_off() for _ in range(self.pick([0, 0, 1, 2]))]
        queued = self._queued(in_force, kept_off)
        gone = {state: [f"old.{state}"] for state in ("finished", "rolled_back", "aborted")}
        states = {name: state for state, names in gone.items() for name in names}
        states |= {each.release.id: "running" for each in in_force} | {each.release.id: each.state for each in kept_off}
        states |= {each.release.id: "queued" for each in queued}
        pool = Pool(self.policy, in_force, kept_off, queued, states, lambda release: self._due(release))
        outcome = pool.look()
        return {
            "kind": "placement",
            "now": "2026-12-01T09:00:00Z",
            "policy": self.policy,
            "in_force": [{"document": each.release.document, "slots": each.slots} for each in in_force],
            "kept_off": [
                {"document": each.release.document, "state": each.state, "acknowledged": each.acknowledged}
                for each in kept_off
            ],
            "gone": gone,
            "queued": [
                {"document": each.release.document, "seen": each.seen, "paused": each.paused, "problem": each.problem}
                for each in queued
            ],
            "expect": {
                "first_slots": {each.release.id: first_slot(each.release.line, each.release.id) for each in queued},
                "order": [each.release.id for each in pool.queued],
                "outcome": outcome,
            },
        }, pool

    @staticmethod
    def _due(release):
        return release.document.get("not_before", "2026-12-01T09:00:00Z") <= "2026-12-01T09:00:00Z"

    def _in_force(self):
        """Releases that have slots already, as many as find some."""
        count = {"crowded": self.chance.randint(60, 64), "variants": 18, "fragments": 0}.get(self.kind)
        placed, owners = [], hand_written(self.policy)
        for _ in range(self.chance.randint(0, 4) if count is None else count):
            release = Release(self._document())
            slots = found(release, placed, owners)
            if slots:
                placed.append(Placed(release, slots))
        return placed

    def _document(self):
        if self.kind == "variants" and self.likely(0.8):
            services = [f"s{self.chance.randrange(10**6)}.shop.svc.cluster.local"]
            return self.people.release(unit="user", arms=self.chance.randint(1, 5), services=services)
        arms = self.chance.randint(1, 15) if self.likely(0.2) else None
        if self.kind == "crowded":
            document = self.people.release(services=["owl.shop.svc.cluster.local"], unit="user")
            return {**document, "traffic": "0.5%", "control": "none"}
        return self.people.release(arms=arms)

    def _kept_off(self):
        document = self.people.release()
        if self.likely(0.4):
            document["on"] = {"rollback": self.pick(["go_on", "hold_queue"])}
        state = self.pick(["rolled_back", "rolled_back", "aborted"])
        return KeptOff(Release(document), state, state == "aborted" or self.likely(0.4))

    def _queued(self, in_force, kept_off):
        known = ["old.finished"] * 2 + ["old.rolled_back", "old.aborted"]
        known += [each.release.id for each in in_force + kept_off]
        queued = []
        for seen in range(self.chance.randint(1, 7)):
            document = self._fragment() if self.kind == "fragments" and self.likely(0.5) else self._document()
            if self.likely(0.3):
                document["priority"] = self.chance.randint(-9, 9)
            if self.likely(0.15):
                document["after"] = self.chance.sample(known, 1)
            if self.likely(0.15):
                document["not_before"] = self.pick(["2026-12-01T09:00:00Z", "2026-12-01T09:00:01Z"])
            known.append(document["id"])
            queued.append(Queued(Release(document), seen // 2, self.likely(0.1), self.likely(0.07)))
        return queued

    def _fragment(self):
        owned = sum(b - a for each in hand_written(self.policy) for a, b in each.slots if each.line == "pool.user")
        share = (LINE - owned) / (LINE // 100)
        document = self.people.release(unit="user", services=SERVICES["user"][:1])
        return {**document, "traffic": f"{self.pick([share, share, share - 1, share - 17.5, 20]):.4f}%"}


def found(release, placed, owners):
    """The slots that a release finds, if it may take them."""
    owned = [slots for each in placed if each.touches(release) for slots in each.slots]
    owned += [slots for each in owners if each.touches & release.touches for slots in each.slots]
    slots = taken(owned, first_slot(release.line, release.id), release.traffic)
    return slots if slots is not None and len(slots) <= RANGES else None
