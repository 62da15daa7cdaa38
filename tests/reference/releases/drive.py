"""Cases of the kind `verdict`: a release runs, tick by tick, and does what the verdicts say and people want."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from .aims import Aimed
from .crowd import Crowd
from .running import Running
from .statistics import PARTS

STARTS = ["2026-12-01T09:00:00", "2026-03-08T06:58:00", "2026-10-25T00:57:00", "2026-07-31T16:00:00", "2026-12-04T22:30:00"]


class Clock:
    def __init__(self, chance):
        self.now = datetime.fromisoformat(chance.choice(STARTS)).replace(tzinfo=timezone.utc)

    def in_zone(self, zone):
        return self.now.astimezone(ZoneInfo(zone))

    def text(self):
        return self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def verdicts(chance):
    return _Drive(chance).case()


class _Drive:
    def __init__(self, chance):
        self.chance, self.pick, self.clock = chance, chance.choice, Clock(chance)
        self.aimed = Aimed(chance, self.clock)
        self.is_, self.likely = self.aimed.is_, self.aimed.likely
        self.release = self.aimed.release
        self.running = Running(self.release)
        self.crowd = self._crowd()
        self.push = self.answered = chance.randint(1, 30)
        self.deciding = self.push
        self.shares, self.begun = {self.push: {}}, 0
        self.lag, self.outage, self.counters, self.turn = 0, 0, {}, chance.randint(5, 25)
        self.number = 0

    def case(self):
        is_announced = self.is_("announced", "held_back", "approval") or self.likely(0.1)
        events, ticks = [self._announce() if is_announced else self._begin(0, why=False)], []
        for self.number in range(self.pick([25, 40, 60])):
            tick = {**self._tick(), "events": events}
            expect = self.running.tick(tick)
            ticks.append({**tick, "expect": expect})
            if expect["action"] == "rollback":
                break
            events = self._events(expect)
            if events is None or expect["phase"] == "waiting_promotion" and self.likely(0.2):
                break
        return {"kind": "verdict", "aim": self.aimed.aim, "document": self.aimed.document, "ticks": ticks}

    def _crowd(self):
        arms, bad = self.release.arms, self.pick(self.release.arms)
        effects, slower, volume, heavy = {}, {}, {}, self.pick([0, 0, 0, 0.3])
        if self.is_("harm", "late", "above", "test", "clamped", "no_control", "people"):
            effects[bad] = self.pick([1, 1.5, 2, 3, 6, 10])
        if self.is_("suspected"):
            effects[bad], heavy = self.pick([1, 1.4, 1.8, 2.5]), self.pick([0.1, 0.2, 0.4, 0.8])
        if self.is_("slow"):
            slower[bad] = self.pick([1.3, 1.6, 2.5])
        if self.is_("deviation"):
            volume[self.pick(arms + ["control"])] = self.pick([0.5, 0.7, 0.85, 0.95, 1.1, 1.3])
            heavy = self.pick([0, 0.3, 0.8, 1.5])
        if self.is_("silent"):
            volume[self.pick(arms + ["control"])] = 0
        per_tick = self.pick([2_000, 10_000, 40_000, 100_000])
        return Crowd(self.chance, 0 if self.is_("no_traffic") else per_tick, effects, slower, volume, heavy)

    def _tick(self):
        """What the server would find in this tick."""
        since = 10_000 + self.chance.randint(-180, 290)
        may_be_away = self.running.tally.is_warm() or self.running.tally.step is None
        if may_be_away and (self.is_("away") or self.likely(0.003)) and self.likely(0.15):
            since = self.pick([None, None, 45_000, 300_000, 25_000])
        is_between = self.likely(0.1 if self.is_("people") else 0.01)
        if is_between:
            since = self.pick([300, 2_500])
        self.clock.now += timedelta(milliseconds=since or 60_000)
        if self.likely(0.01):
            self.clock.now += timedelta(seconds=self.pick([-90, 600]))
        poll = None if is_between else self._poll()
        return {
            "now": self.clock.text(), "since_ms": since, "poll": poll, "answered": self.answered,
            "queries": self._queries(),
        }

    def _poll(self):
        if self.outage == 0 and self.likely(0.15 if self.is_("no_poll") else 0.01):
            self.outage = self.pick([1, 2, 3, 4, 6])
        self.lag = max(0, self.lag - 1)
        self.answered = self.push if self.lag == 0 else self.answered
        if self.outage:
            self.outage -= 1
            return None
        poll = self._evidence()
        self.deciding = self.answered
        return poll

    def _evidence(self):
        """Of edges that decided by the newest push when the poll began, and now and then of one that was away."""
        if self.is_("no_traffic") and self.number > self.turn:
            self.crowd.per_tick = 5_000
        poll = [self._entry(self.deciding, self.crowd.counts(self.shares[self.deciding]))]
        is_of_step = self.deciding >= self.running.tally.push
        earlier = [push for push in self.shares if push < self.running.tally.push and self.shares[push]]
        if is_of_step and earlier and self.likely(0.4 if self.is_("late") else 0.03):
            mark = self.pick(earlier)
            poll.append(self._entry(None if self.likely(0.2) else mark, self.crowd.counts(self.shares[mark])))
        return [each for each in poll if each["counts"] or self.likely(0.5)]

    def _entry(self, mark, counts):
        if self.is_("clamped") and counts and self.likely(0.3):
            part = counts[self.pick(list(counts))][self.chance.randrange(PARTS)]
            part[1] = part[0] + self.pick([1, 50])
        return {"mark": None if mark is None else str(mark), "counts": counts}

    def _queries(self):
        asked = [each for each in self.release.guardrails if each.kind in ("counts", "value")]
        if asked and self.likely(0.04):
            return None
        return {each.name: self._value() if each.kind == "value" else self._counters() for each in asked}

    def _value(self):
        is_high = self.is_("value") and self.number > self.turn and self.running.tally.is_warm()
        return self.pick([1001, 2000, 1000.5]) if is_high and not self.likely(0.08) else self.pick([12, 999, 500.25])

    def _counters(self):
        """Counters of two for each variant; one that starts anew falls."""
        for variant in self.release.variants():
            now = self.counters.setdefault(variant, {"bad": 1000, "all": 90_000})
            if self.likely(0.01):
                now |= {"bad": 0, "all": 0}
            requests = self.crowd.poisson(self.pick([0, 300, 3000]) + 1)
            worse = 4 if self.is_("counts") and variant in self.release.arms[:1] else 1
            now["all"] += requests
            now["bad"] += min(requests, self.crowd.poisson(requests * 0.02 * worse))
        return {variant: dict(now) for variant, now in self.counters.items()}

    def _events(self, expect):
        """What happens between this tick and the next; None where the release is over."""
        events = self._people(expect)
        if events:
            return events
        if expect["action"] == "advance":
            step = self._next()
            if step == len(self.release.steps):
                return None
            if self.likely(0.05):
                return [{"event": "problem", "problem": "env tags over 4096 bytes"}]
            return [self._begin(step, why=False)]
        if self.likely(0.02):
            self._pushed()
            self.shares[self.push] = self.shares[self.running.tally.push]
        return []

    def _people(self, expect):
        busy, step = 4 if self.is_("people") else 1, self._next() - 1
        last = len(self.release.steps) - 1
        if self.running.unrouted and self.likely(0.2):
            return [{"event": "routes"}]
        if step >= 0 and self.number - self.begun < 4 and self.likely(0.2 if self.is_("held_back") else 0.01):
            return [self._hold_back()]
        if self.running.problem and self.likely(0.3):
            return [{"event": "problem", "problem": None}]
        if self.likely(0.4 if self.running.paused else 0.012 * busy):
            return [{"event": "resume" if self.running.paused else "pause"}]
        if self.likely(0.4 if self.running.frozen else 0.006 * busy):
            return [{"event": "thaw" if self.running.frozen else "freeze"}]
        asking = [later for later in range(step + 1, last + 1) if self.release.steps[later].approve]
        if asking and self.likely(0.06):
            return [{"event": "approve", "step": self.pick(asking)}]
        is_harmed = any(code == "harm" for code, *_ in expect["reasons"])
        stuck = expect["phase"] in ("suspected", "inconclusive") or self.likely(0.05 * busy)
        if 0 <= step < last and stuck and not is_harmed and self.likely(0.1):
            return [self._begin(self.pick([step + 1, step + 1, last]), why=True)]
        return []

    def _next(self):
        return 0 if self.running.tally.step is None else self.running.tally.step + 1

    def _announce(self):
        """The first push, by which nobody is dealt."""
        self._pushed()
        self.shares[self.push] = {}
        self.lag = self.pick([0, 1, 2, 5])
        return {"event": "announce", "push": self.push, "unrouted": self.is_("announced") and self.likely(0.7)}

    def _hold_back(self):
        """First nodes did not take the step: all have the one before again."""
        step = self.running.tally.step - 1
        step = None if step < 0 else step
        self._pushed()
        self.shares[self.push] = {} if step is None else self.release.planned(step)
        self.lag = self.pick([0, 1, 2])
        return {"event": "held_back", "step": step, "push": self.push}

    def _begin(self, step, why):
        self._pushed()
        self.begun = self.number
        self.shares[self.push] = self.release.planned(step)
        self.lag = self.pick([0, 1, 1, 2, 3, 9]) if self.is_("unanswered") else self.pick([0, 1, 1, 2])
        return {"event": "step", "step": step, "push": self.push, "why": why}

    def _pushed(self):
        self.push += self.pick([1, 1, 2])
