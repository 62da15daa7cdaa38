"""The judge (section 6): what is to happen with a running release, and every reason for it."""

import math

from canonical import LINE, share_slots

from .documents import Step
from .statistics import deviates_far, threshold_of
from .tally import ALL, RECENT, SLACK
from .windows import is_open

SILENT_REQUESTS, SILENT_PARTS = 1000, 8
ABOVE_REQUESTS = 1000
# Three ticks, which are not on time to the millisecond.
UNPOLLED = 25_000


class Judge:
    """One look at a release."""

    def __init__(self, running, tick):
        self.running, self.release, self.tally, self.tick = running, running.release, running.tally, tick
        self.is_before = self.tally.step is None
        self.step = Step(0, 0, 0, False) if self.is_before else self.release.steps[self.tally.step]
        self.next = 0 if self.is_before else self.tally.step + 1
        self.is_last = self.next == len(self.release.steps)
        self.reasons, self.phases, self.rolls_back, self.is_edge = [], set(), False, False

    def say(self, phase, code, guardrail=None, arm=None):
        self.reasons.append([code, guardrail, arm])
        self.phases |= {phase} if phase else set()

    def verdict(self):
        self._harm()
        self._data()
        self._deviation()
        self._minimum()
        self._suspicion()
        self._standing()
        self._overtime()
        self._next_step()
        phase = self._phase()
        action = "rollback" if self.rolls_back else "hold" if phase else "advance"
        running_phase = None if self.rolls_back else phase
        is_overdue = self._is_held() and self.counts_for_max and not self.is_before
        self.tally.was_overdue = running_phase in ("holding", "suspected") and is_overdue
        return {
            "phase": running_phase,
            "action": action,
            "reasons": sorted(self.reasons, key=lambda each: [part or "" for part in each]),
            "inconclusive": self.running.inconclusive,
            "held_ms": self.tally.held,
            "requests": {arm: self.tally.requests[arm] for arm in self.release.arms},
            "guardrails": [self._numbers(each) for each in self.tally.comparisons.values()],
            "edge": self.is_edge,
        }

    def _numbers(self, comparison):
        effect = comparison.design_effect()
        return {
            "guardrail": comparison.guardrail.name, "arm": comparison.arm, "d": effect,
            "suspected": comparison.suspected.ln_e(), "harm": comparison.harm.ln_e(effect),
        }

    def _harm(self):
        for guardrail in self.release.guardrails if self.tally.is_warm() else []:
            if guardrail.kind == "value":
                self._value(guardrail)
            for arm in self.release.arms if "above" in guardrail.body and guardrail.compares() else []:
                if self._recently(lambda width: self._is_above(guardrail, arm, width)):
                    self._act("above", guardrail, arm)
        for comparison in self.tally.comparisons.values() if self.tally.is_warm() else []:
            if comparison.harm.ln_e(comparison.design_effect()) >= _bound(comparison.guardrail):
                self._act("harm", comparison.guardrail, comparison.arm)

    def _act(self, code, guardrail, arm):
        self.say("suspected" if guardrail.on_harm == "hold" else None, code, guardrail.name, arm)
        self.rolls_back |= guardrail.on_harm == "rollback"

    def _value(self, guardrail):
        if self.tally.is_above(guardrail):
            self._act("value", guardrail, None)

    def _recently(self, holds):
        """Whether something holds of the last five minutes; on the edge where a tick more or less would tell otherwise."""
        found = [holds(RECENT + slack) for slack in (-SLACK, 0, SLACK)]
        self.is_edge |= len(set(found)) > 1
        return found[1]

    def _is_above(self, guardrail, arm, width):
        parts = [part for age, counts in self.tally.recent_harm if age < width for part in counts[arm]]
        requests, bad = sum(part[ALL] for part in parts), sum(min(part[guardrail.outcome()], part[ALL]) for part in parts)
        return requests >= ABOVE_REQUESTS and bad * LINE > requests * share_slots(guardrail.body["above"])

    def _data(self):
        if self.tally.unpolled >= UNPOLLED:
            self.say("no_data", "no_poll")
        if self.tick["queries"] is None and any(
            each.kind in ("counts", "value") and each.on_harm != "warn" for each in self.release.guardrails
        ):
            self.say("no_data", "unreachable")
        is_told = self.tally.is_warm() and self._is_seen()
        if self.step.share and is_told and not sum(self.tally.seen.values()):
            self.say("no_data", "no_traffic")
        silent = {
            name for arm in self.tally.pairs() for name, other in ((arm, "control"), ("control", arm))
            if self._recently(lambda width: self._is_silent(name, other, width))
        }
        for name in silent:
            self.say("no_data", "arm_silent", None, name)

    def _is_seen(self):
        return self.tally.is_answered and self.tally.unpolled < self.tally.held

    def _is_silent(self, name, other, width):
        polls = [counts for age, counts in self.tally.recent_step if age < width]
        loud = [sum(counts[other][part][ALL] for counts in polls) for part in range(16)]
        heard = sum(part[ALL] for counts in polls for part in counts[name])
        return heard == 0 and sum(loud) >= SILENT_REQUESTS and sum(1 for each in loud if each) >= SILENT_PARTS

    def _deviation(self):
        threshold = threshold_of(self.step.share)
        for arm in self.tally.pairs():
            slots = [self.tally.planned[arm], self.tally.planned["control"]]
            dealt, control = self.tally.dealt[arm], self.tally.dealt["control"]
            acts = sum(dealt) and sum(control) and self.tally.least.get(arm, 0) > math.log(1000)
            if acts and deviates_far(dealt, control, slots, threshold):
                self.say(None, "deviation", None, "control" if slots[1] < slots[0] else arm)
                self.rolls_back |= self.release.on["deviation"] == "rollback"
                self.running.inconclusive = self.running.inconclusive or "deviation"

    def _is_held(self):
        return self.tally.is_answered and self.tally.held >= self.step.hold_ms

    def _minimum(self):
        if not self.tally.is_answered or self.is_before and not self.tally.held:
            self.say("holding", "edges")
        if not self._is_held() and not self.is_before:
            self.say("holding", "hold")
        if self.step.share and not self.tally.is_warm():
            self.say("holding", "warmup")
        for arm in self.release.arms:
            if self.tally.requests[arm] < self.step.requests:
                self.say("holding", "requests", None, arm)
        for (name, arm), comparison in self.tally.comparisons.items():
            is_asked = arm in self.tally.pairs() and comparison.guardrail.on_harm != "warn"
            if is_asked and (name, arm) not in self.tally.evaluated:
                self.say("holding", "not_evaluated", name, arm)
        self.is_reached = "holding" not in self.phases

    def _suspicion(self):
        is_passed = self.running.passed and not self.is_reached
        for comparison in self.tally.comparisons.values():
            if comparison.suspected.ln_e() >= _bound(comparison.guardrail):
                holds = comparison.guardrail.on_harm != "warn" and not is_passed
                self.say("suspected" if holds else None, "suspected", comparison.guardrail.name, comparison.arm)

    def _standing(self):
        for name in ("paused", "frozen"):
            if getattr(self.running, name):
                self.say("paused", name)

    def _overtime(self):
        overtime, most = self.tally.overtime, self.release.max_hold_ms
        self.is_edge |= self.running.inconclusive is None and abs(overtime - most) < SLACK
        if overtime >= most:
            self.running.inconclusive = self.running.inconclusive or "max_hold"
        if self.running.inconclusive:
            self.say("inconclusive", "inconclusive")
            self.rolls_back |= self.release.on["inconclusive"] == "rollback"

    def _next_step(self):
        self.counts_for_max = not self.running.problem and not self.is_reached or "suspected" in self.phases
        if self.running.unrouted and self.is_before and 0 not in self.running.approved:
            self.say("waiting_routes", "routes")
        if self.running.problem:
            self.say("holding", "problem")
        if self.is_last:
            finishes = self.release.promote == "auto" if self.release.kind == "release" else self.release.end == "stable"
            if not finishes:
                self.say("waiting_promotion", "promotion")
        else:
            if not is_open(self.release.windows, self.tick["now"]):
                self.say("waiting_window", "window")
            if self.release.steps[self.next].approve and self.next not in self.running.approved:
                self.say("waiting_approval", "approval")
        is_unseen = self.step.share and not sum(self.tally.seen.values()) and not self._is_seen()
        if (self.tick["poll"] is None or is_unseen) and not self.phases and not self.rolls_back:
            self.say("holding", "poll")

    def _phase(self):
        order = [
            "paused", "suspected", "no_data", "inconclusive", "waiting_routes", "holding", "waiting_window", "waiting_approval",
            "waiting_promotion",
        ]
        return next((phase for phase in order if phase in self.phases), None)


def _bound(guardrail):
    """ln of 1/alpha."""
    return math.log(guardrail.alpha.denominator) - math.log(guardrail.alpha.numerator)
