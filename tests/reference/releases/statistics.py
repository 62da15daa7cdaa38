"""What verdicts count with: the e-process of a ratio of rates, the design effect, and how far shares deviate."""

import math

RATIOS = 24
FEWEST_BAD = 10
PARTS = 16
SIZE = 10 * 12.1157
CONCENTRATION = 10_000


class EProcess:
    """Evidence that the arm has more than r0 times the rate of control: a logarithm for each of 24 ratios."""

    def __init__(self, margin):
        self.r0 = 1 + float(margin)
        step = math.log(8 / 1.05) / (RATIOS - 1)
        self.ratios = [self.r0 * 1.05 * math.exp(step * place) for place in range(RATIOS)]
        self.logs = [0.0] * RATIOS

    def add(self, x, y, n_arm, n_control):
        """One poll with its own exposure: bad requests and requests of the arm, then of control."""
        if n_arm == 0 or n_control == 0:
            return
        before = math.log(self.r0 * n_arm + n_control)
        for place, r in enumerate(self.ratios):
            self.logs[place] += x * math.log(r / self.r0) - (x + y) * (math.log(r * n_arm + n_control) - before)

    def ln_e(self, divisor=1.0):
        """ln of the mean of the ratios' e, every logarithm divided."""
        divided = [each / divisor for each in self.logs]
        most = max(divided)
        return most + math.log(sum(math.exp(each - most) for each in divided) / RATIOS)


def design_effect(arms, unknown):
    """D of two arms, each [(requests, bad)] by part."""
    if sum(bad for arm in arms for _, bad in arm) < FEWEST_BAD:
        return float(unknown)
    scatter, freedom = 0.0, 0
    for arm in arms:
        parts = [(n, x) for n, x in arm if n]
        requests, bad = sum(n for n, _ in parts), sum(x for _, x in parts)
        if 0 < bad < requests:
            rate = bad / requests
            scatter += sum((x - rate * n) ** 2 / (rate * (1 - rate) * n) for n, x in parts)
            freedom += len(parts) - 1
    return max(1.0, scatter / freedom) if freedom else float(unknown)


def ln_ratio_e(counts, planned):
    """ln E of the sequential multinomial: counts against the planned parts of the whole."""
    total = sum(counts)
    grown = math.lgamma(CONCENTRATION) - math.lgamma(CONCENTRATION + total)
    for count, part in zip(counts, planned):
        prior = CONCENTRATION * part
        grown += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(part)
    return grown


def deviates_far(arm, control, slots, threshold):
    """Whether the deviation is as large as the threshold, of as many requests as it takes, and beyond 4 standard errors.

    `arm` and `control` are requests by part, `slots` what was planned for each, the threshold in percent.
    """
    n_arm, n_control, planned = sum(arm), sum(control), sum(slots)
    q = slots[0] / planned
    enough = n_arm + n_control >= SIZE * (1 - q) / (q * (threshold / 100) ** 2)
    missed = abs(n_arm * planned - (n_arm + n_control) * slots[0])
    is_large = 100 * missed >= threshold * (n_arm + n_control) * min(slots)
    far = abs(math.log(n_arm * slots[1] / (n_control * slots[0])))
    return enough and is_large and far >= 4 * math.sqrt(_variance(arm) + _variance(control))


def _variance(arm):
    total = sum(arm)
    return PARTS / (PARTS - 1) * sum((n - total / PARTS) ** 2 for n in arm) / total**2


def threshold_of(share):
    """The deviation in percent that acts at a step of so many slots."""
    return next(percent for most, percent in ((50_000, 20), (100_000, 10), (500_000, 5), (1_000_000, 3)) if share <= most)
