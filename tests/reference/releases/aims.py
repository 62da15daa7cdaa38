"""Documents of releases for the judge, each with an aim: the corner of the text that the case is to reach."""

from canonical import LINE

from .documents import Release

AIMS = {
    "healthy": 3, "harm": 4, "suspected": 3, "above": 2, "value": 2, "deviation": 4, "silent": 2, "no_poll": 2,
    "no_traffic": 1, "window": 2, "approval": 2, "zero": 1, "test": 3, "no_control": 1, "max_hold": 2, "late": 2,
    "away": 2, "people": 3, "announced": 2, "held_back": 2, "counts": 2, "slow": 2, "unanswered": 1, "clamped": 1,
}
SERVICE = "owl.shop.svc.cluster.local"
ZONES = ["Asia/Shanghai", "America/New_York", "Europe/Berlin", "UTC", "Asia/Kolkata", "Pacific/Auckland"]
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Aimed:
    """A document, and what the people and the crowd around it are to do."""

    def __init__(self, chance, clock):
        self.chance, self.pick, self.clock = chance, chance.choice, clock
        self.aim = chance.choices(list(AIMS), list(AIMS.values()))[0]
        self.document = self._document()
        self.release = Release(self.document)

    def likely(self, part):
        return self.chance.random() < part

    def is_(self, *aims):
        return self.aim in aims

    def _document(self):
        is_test = self.is_("test") or self.likely(0.1)
        document = {"release": 1, "id": "owl-v21", "unit": "user", "kind": "test" if is_test else "release"}
        document |= self._arms() if is_test else {"services": {SERVICE: "v21"}}
        if self.is_("no_control"):
            document["control"] = "none"
        document["steps"] = self._steps(Release(document))
        document |= {"warmup": self.pick(["0s", "20s", "30s", "60s", "60s"])}
        if self.likely(0.8):
            document["guardrails"] = self._guardrails()
        if self.is_("window") or self.likely(0.1):
            document["windows"] = [self._window() for _ in range(self.pick([1, 1, 2]))]
        if self.is_("max_hold") or self.likely(0.15):
            document["max_hold"] = self.pick(["30s", "40s", "1m", "2m"])
        if self.likely(0.2):
            document["design_effect"] = self.pick([1, 2, 5])
        document |= {name: value for name, value in self._ends(is_test).items() if self.likely(0.3)}
        if self.is_("max_hold", "deviation") or self.likely(0.2):
            asked = [name for name in ("inconclusive", "deviation") if self.likely(0.5)]
            document["on"] = {name: self.pick(["hold", "rollback"]) for name in asked}
        return document

    def _ends(self, is_test):
        return {"end": self.pick(["hold", "stable"])} if is_test else {"promote": self.pick(["by_hand", "auto"])}

    def _arms(self):
        names = self.chance.sample(["a", "b", "c", "z", "m1"], self.pick([1, 2, 2, 3]))
        return {"arms": {name: {"routes": {SERVICE: f"v-{name}"}} for name in names}, "traffic": "100%"}

    def _steps(self, release):
        if release.kind == "test":
            most = len(release.arms) * LINE // len(release.variants())
            shares = sorted({most // self.pick([2, 3, 10]) // 10_000 * 10_000, most})
        else:
            shares = [50_000, 100_000, 200_000, 330_000, 500_000, 950_000]
            shares = sorted(self.chance.sample(shares, self.pick([1, 2, 2, 3]))) + [LINE]
        shares = [0][: self.is_("zero") or self.likely(0.08)] + shares
        return [self._step(share, place) for place, share in enumerate(shares)]

    def _step(self, share, place):
        longest = 4 if self.is_("deviation", "suspected", "silent", "harm", "late") else 1
        step = {"share": f"{share / 10_000:.4f}%", "hold": f"{self.pick([0, 20, 40, 60, 90]) * longest}s"}
        if share and self.likely(0.3):
            step["requests"] = self.pick([1, 500, 20_000])
        if share and self.is_("max_hold") and place == 0:
            step["requests"] = self.pick([60_000, 10**9])
        if self.is_("approval") or self.likely(0.1):
            step["approve"] = True
        return step

    def _guardrails(self):
        errors = {"name": "errors", "errors": {"margin": self.pick(["20%", "20%", "0%", "5%", "100%"])}}
        if self.is_("above") or self.likely(0.15):
            errors["errors"]["above"] = self.pick(["2%", "5%", "0.9%", "10%"])
        slow = {"over_ms": self.pick([250, 500, 1000, 2500]), "margin": self.pick(["20%", "10%"])}
        found = [errors]
        found += [{"name": "slow", "slow": slow}] * (self.is_("slow") or self.likely(0.4))
        found += [{"name": "unanswered", "unanswered": {"margin": "20%"}}] * self.likely(0.3)
        if self.is_("counts") or self.likely(0.08):
            query = "sum(%s{variant=\"$variant\"})"
            counts = {"bad": query % "carts_bad", "all": query % "carts_all", "margin": "10%"}
            found.append({"name": "carts", "counts": counts})
        if self.is_("value") or self.likely(0.08):
            value = {"query": "max(memory)", "above": self.pick([1000, "999.5"]), "for": self.pick(["0s", "30s", "1m"])}
            found.append({"name": "memory", "value": value})
        for each in found:
            if self.likely(0.3):
                each["on_harm"] = self.pick(["rollback", "hold", "warn"])
            if "value" not in each and self.likely(0.3):
                each["alpha"] = self.pick(["0.3%", "1%", "5%", "0.01%"])
        return found

    def _window(self):
        """One that opens or shuts in the time that the case takes, more often than not."""
        zone = self.pick(ZONES)
        there = self.clock.in_zone(zone)
        minute = there.hour * 60 + there.minute
        near = minute + self.chance.randint(-3, 12)
        ends = (near, near + self.pick([2, 5, 60])) if self.likely(0.6) else (near - 60, near)
        begin, end = [min(max(each, 0), 24 * 60 - 1) for each in ends]
        if begin >= end:
            begin, end = 0, 24 * 60 - 1
        days = [DAYS[there.weekday()]] if self.likely(0.85) else self.chance.sample(DAYS, 3)
        return {"days": days, "from": _time(begin), "to": _time(end), "zone": zone}


def _time(minute):
    return f"{minute // 60:02}:{minute % 60:02}"
