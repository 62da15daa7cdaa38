"""What is kept of a running release between ticks (sections 5 and 6): evidence, and the clocks of its step."""

from datetime import datetime
from fractions import Fraction

from .comparison import Comparison
from .counted import Counted
from .documents import OUTCOMES, milliseconds
from .statistics import PARTS, ln_ratio_e

TICKS_3 = 30_000
RECENT = 300_000
SLACK = 15_000
ALL = OUTCOMES.index("all")


class Tally:
    """The evidence of a release. What belongs to its step is forgotten when another begins."""

    def __init__(self, release):
        self.release = release
        arms = release.arms if release.has_control else []
        self.comparisons = {
            (guardrail.name, arm): Comparison(guardrail, arm, release.design_effect)
            for guardrail in release.guardrails if guardrail.compares() for arm in arms
        }
        self.recent_harm, self.asked, self.runs = [], {}, {}
        self.unpolled, self.clock, self.wall = 0, 0, None
        # Before the first step is as a warm-up: there is no step that evidence could be of.
        self.was_in_warmup = True
        self.begin(0, 0)

    def begin(self, step, push):
        """A step begins: pushed right after the tick before."""
        self.step, self.push = step, push
        self.planned = self.release.planned(step)
        self.elapsed, self.held, self.overtime, self.is_answered = 0, 0, 0, False
        self.poll_began, self.recent_step, self.was_overdue = None, [], False
        variants = self.release.variants()
        self.seen = dict.fromkeys(variants, 0)
        self.requests = dict.fromkeys(variants, 0)
        self.dealt = {variant: [0] * PARTS for variant in variants}
        self.evaluated, self.least = set(), {}

    def is_warm(self):
        """Before the first step everything is as in a warm-up."""
        return self.step is not None and self.elapsed >= self.release.warmup_ms

    def observe(self, tick):
        """Everything that a tick brings; nothing is judged."""
        since = tick["since_ms"] or 0
        self._wind(tick)
        counts_for_hold = since <= TICKS_3
        self.elapsed += since
        self.held += since if self.is_answered and counts_for_hold else 0
        self.overtime += since if self.was_overdue and counts_for_hold else 0
        for recent in (self.recent_harm, self.recent_step):
            for each in recent:
                each[0] += since
            recent[:] = [each for each in recent if each[0] < RECENT + SLACK]
        if tick["poll"] is None:
            self.unpolled += since
        else:
            self._poll(tick)
        self._queries(tick, since)

    def _wind(self, tick):
        """A clock of its own, by the wall where the server was away."""
        now = datetime.fromisoformat(tick["now"])
        away = 0 if self.wall is None else max(0, round((now - self.wall).total_seconds() * 1000))
        self.clock += away if tick["since_ms"] is None else tick["since_ms"]
        self.wall = now

    def _poll(self, tick):
        self.unpolled = 0
        self.is_answered |= tick["answered"] >= self.push
        is_first = self.poll_began is None
        in_warmup = self.release.warmup_ms > 0 if is_first else self.was_in_warmup
        earlier_in_warmup = self.was_in_warmup if is_first else in_warmup and self.step == 0
        for evidence in tick["poll"]:
            is_of_step = evidence["mark"] is not None and int(evidence["mark"]) >= self.push
            self._evidence(evidence["counts"], is_of_step, in_warmup if is_of_step else earlier_in_warmup)
        self.poll_began, self.was_in_warmup = self.elapsed, not self.is_warm()

    def _evidence(self, counts, is_of_step, in_warmup):
        zeros = [[0] * len(OUTCOMES)] * PARTS
        counts = {variant: counts.get(variant, zeros) for variant in self.release.variants()}
        for (_, arm), comparison in self.comparisons.items():
            if comparison.guardrail.kind != "counts":
                sides = [_bad(counts[variant], comparison.guardrail.outcome()) for variant in (arm, "control")]
                self._compare(comparison, sides, is_of_step, in_warmup)
        if not in_warmup:
            self.recent_harm.append([0, counts])
        if is_of_step:
            self._of_step(counts, in_warmup)

    def _compare(self, comparison, sides, is_of_step, in_warmup):
        had_both = comparison.add(*sides, for_harm=not in_warmup)
        if had_both and is_of_step and not in_warmup:
            self.evaluated.add((comparison.guardrail.name, comparison.arm))

    def _of_step(self, counts, in_warmup):
        if not in_warmup:
            self.recent_step.append([0, counts])
        for variant, parts in counts.items():
            total = sum(part[ALL] for part in parts)
            self.seen[variant] += total
            if not in_warmup:
                self.requests[variant] += total if self.is_answered else 0
                self.dealt[variant] = [n + part[ALL] for n, part in zip(self.dealt[variant], parts)]
        for arm in [] if in_warmup else self.pairs():
            self._deviation(arm)

    def pairs(self):
        """The arms that are compared with control at this step."""
        has_control = self.planned.get("control", 0) > 0
        return [arm for arm in self.release.arms if has_control and self.planned[arm] > 0]

    def _deviation(self, arm):
        slots = [self.planned[arm], self.planned["control"]]
        counts = [sum(self.dealt[arm]), sum(self.dealt["control"])]
        ln_e = ln_ratio_e(counts, [each / sum(slots) for each in slots])
        self.least[arm] = max(ln_e, self.least.get(arm, ln_e))

    def _queries(self, tick, since):
        for guardrail in self.release.guardrails:
            if guardrail.kind == "value":
                asked = self.asked.setdefault(guardrail.name, {"age": None, "run": None})
                unknown = tick["since_ms"] is None or asked["age"] is None
                asked["age"] = None if unknown else asked["age"] + since
                if tick["queries"] is not None:
                    self._value(guardrail, tick["queries"][guardrail.name], asked)
                    asked["age"] = 0
            elif guardrail.kind == "counts" and tick["queries"] is not None:
                self._counted(guardrail, tick["queries"][guardrail.name])

    def _value(self, guardrail, value, asked):
        """A run of being above goes on over gaps of three ticks at most, and begins after the warm-up."""
        goes_on = asked["run"] is not None and asked["age"] is not None and asked["age"] <= TICKS_3
        is_above = self.is_warm() and value > Fraction(str(guardrail.body["above"]))
        asked["run"] = (asked["run"] + asked["age"] if goes_on else 0) if is_above else None

    def _counted(self, guardrail, values):
        """What counters of an arm and of control grew by, once both have; it is of what was when they began to."""
        for (name, arm), comparison in self.comparisons.items():
            if name != guardrail.name:
                continue
            asked = self.asked.setdefault((name, arm), {"counted": [Counted(), Counted()], "sides": None})
            for place, variant in enumerate((arm, "control")):
                grown = asked["counted"][place].grown(values[variant], self.clock)
                if grown and asked["sides"]:
                    asked["sides"][place] = tuple(map(sum, zip(asked["sides"][place], grown)))
            sides = asked["sides"]
            if sides and sides[0][0] and sides[1][0]:
                push, in_warmup = asked["began"]
                self._compare(comparison, [[each] for each in sides], push == self.push, in_warmup)
                sides = None
            if not sides or not any(map(any, sides)):
                asked["sides"], asked["began"] = [(0, 0), (0, 0)], (self.push, not self.is_warm())

    def is_above(self, guardrail):
        """Whether a `value` has been above its bound for as long as it takes."""
        run = self.asked.get(guardrail.name, {}).get("run")
        return run is not None and run >= milliseconds(guardrail.body["for"])


def _bad(parts, outcome):
    """[(requests, bad)] by part; no more are bad than there were."""
    return [(part[ALL], min(part[outcome], part[ALL])) for part in parts]
