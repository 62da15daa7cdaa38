"""A comparing guardrail's evidence, for suspicion and for harm."""

from .statistics import PARTS, EProcess, design_effect


class Comparison:
    """A guardrail of one arm against control."""

    def __init__(self, guardrail, arm, unknown):
        self.guardrail, self.arm, self.unknown = guardrail, arm, unknown
        self.suspected, self.harm = EProcess(guardrail.margin()), EProcess(guardrail.margin())
        self.counts = None

    def add(self, arm, control, for_harm):
        """One poll: each [(requests, bad)] by part, or of one piece where there are no parts."""
        sums = [sum(column) for side in (arm, control) for column in zip(*side)]
        n_arm, x, n_control, y = sums
        self.suspected.add(x, y, n_arm, n_control)
        if for_harm and n_arm and n_control:
            self.harm.add(x, y, n_arm, n_control)
            before = self.counts or [[(0, 0)] * len(arm), [(0, 0)] * len(control)]
            self.counts = [
                [(n + m, x + y) for (n, x), (m, y) in zip(old, new)] for old, new in zip(before, (arm, control))
            ]
        return n_arm > 0 and n_control > 0

    def design_effect(self):
        has_parts = self.counts and len(self.counts[0]) == PARTS
        return design_effect(self.counts, self.unknown) if has_parts else float(self.unknown)
