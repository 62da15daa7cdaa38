"""Users who send requests to the arms of a release: what edges count between two readings."""

import math

from .statistics import PARTS

TAIL = {"over_250": 0.12, "over_500": 0.5, "over_1000": 0.4, "over_2500": 0.3}


class Crowd:
    """`effects` multiplies the rate of errors by variant, `slower` that of slow requests, `volume` the requests."""

    def __init__(self, chance, per_tick, effects, slower, volume, heavy):
        self.chance, self.per_tick = chance, per_tick
        self.effects, self.slower, self.volume = effects, slower, volume
        self.error, self.none = chance.choice([0.003, 0.01, 0.04]), chance.choice([0, 0.001, 0.004])
        self.heavy, self.by_part = heavy, {}

    def counts(self, slots):
        """Counts by part of the variants with so many slots of a million each; nothing of those that nobody met."""
        found = {}
        for variant, size in slots.items():
            expected = self.per_tick * size / 1e6 * self.volume.get(variant, 1)
            parts = [self._part(variant, part, expected / PARTS) for part in range(PARTS)]
            if any(part[0] for part in parts):
                found[variant] = parts
        return found

    def _part(self, variant, part, expected):
        weight, worse = self._users(variant, part)
        requests = self.poisson(expected * weight)
        error = self._binomial(requests, self.error * worse * self.effects.get(variant, 1))
        none = self._binomial(requests, self.none * worse)
        row, left = [requests, error, none], requests
        for name, share in TAIL.items():
            left = self._binomial(left, share * (self.slower.get(variant, 1) if name == "over_250" else 1))
            row.append(left)
        return row

    def _users(self, variant, part):
        """How much the users of a part send, and how often they fail, beside others."""
        if (variant, part) not in self.by_part:
            spread = self.heavy
            weight = math.exp(self.chance.gauss(0, spread / 4))
            self.by_part[variant, part] = weight, math.exp(self.chance.gauss(-spread * spread / 2, spread))
        return self.by_part[variant, part]

    def poisson(self, mean):
        if mean > 30:
            return max(0, round(self.chance.gauss(mean, math.sqrt(mean))))
        count, product, least = 0, self.chance.random(), math.exp(-mean)
        while product > least:
            count, product = count + 1, product * self.chance.random()
        return count

    def _binomial(self, count, rate):
        rate = min(rate, 1.0)
        if count * rate > 30 and count * (1 - rate) > 30:
            return min(count, max(0, round(self.chance.gauss(count * rate, math.sqrt(count * rate * (1 - rate))))))
        if rate < 0.5:
            return min(count, self.poisson(count * rate))
        return sum(self.chance.random() < rate for _ in range(count))
