"""Random policies and release documents, as people would write them."""

from canonical import LINE

SERVICES = {
    "user": [f"{name}.shop.svc.cluster.local" for name in ("owl", "tiger", "fox", "hare", "crow", "newt")],
    "device": [f"{name}.shop.svc.cluster.local" for name in ("ant", "bee", "moth")],
}
CONDITIONS = [
    {"header": {"name": "location", "exact": "shenzhen"}},
    {"path": {"prefix": "/checkout"}},
    {"not": {"cookie": {"name": "plan", "in": ["gold", "blue"]}}},
    {"any": [{"method": {"exact": "GET"}}, {"header": {"name": "x-age", "ge": 18}}]},
]
SHARES = ["5%", "10%", "25%", "33.3333%", "40%", "50%", "0.5%", "60%", "95%"]


class People:
    def __init__(self, chance):
        self.chance = chance
        self.pick = chance.choice
        self.ids = self._ids()
        self.listed = 0

    def likely(self, part):
        return self.chance.random() < part

    def _ids(self):
        for number in range(10_000):
            yield f"{self.pick(['owl', 'r', 'Tiger.x', 'theme_', 'v-2'])}{number}"

    def policy(self, fragments=False):
        """A policy with layers of people's own, some of them on the lines of pools."""
        layers = [self._layer(unit, f"other.{unit}", [f"far.{unit}.svc.cluster.local"]) for unit in SERVICES]
        layers += [self._on_pool(unit) for unit in SERVICES if self.likely(0.4)]
        if fragments:
            layers = layers[:2] + self._fragments()
        return {
            "version": 1,
            "units": {"user": [{"header": "x-user-id"}], "device": [{"cookie": "device"}]},
            "lists": {"staff": ["ada", "grace"]},
            "holdouts": [{"id": "year", "unit": "user", "share": "1%", "layers": ["base.other.user"]},
                         {"id": "none", "unit": "device", "share": "2.5%", "layers": ["base.other.device"]}],
            "layers": layers,
        }

    def _layer(self, unit, line, services, slots=None):
        [variant] = [{"id": "canary", "share": self.pick(SHARES[:4]), "routes": {services[0]: "next"}}]
        experiment = {"id": f"exp.{line}", "services": services, "slots": slots or self.slots(), "variants": [variant]}
        experiment["variants"] += [{"id": "control", "share": "5%"}] * self.likely(0.5)
        if self.likely(0.2):
            experiment["enabled"] = False
        layer = {"id": f"base.{line}", "unit": unit, "line": line, "experiments": [experiment]}
        return layer | ({"enabled": False} if self.likely(0.1) else {})

    def _on_pool(self, unit):
        count = self.chance.randint(1, 2)
        return self._layer(unit, f"pool.{unit}", self.chance.sample(SERVICES[unit], count))

    def slots(self):
        """Some ranges of a line."""
        edges = sorted(self.chance.sample(range(LINE // 1000 + 1), 2 * self.chance.randint(1, 4)))
        return [[1000 * a, 1000 * b] for a, b in zip(edges[::2], edges[1::2])]

    def _fragments(self):
        """Two experiments that cut the line of a pool in about as many pieces as a release may have."""
        pieces, width = self.pick([1020, 1023, 1024, 1025, 1026, 1100]), self.pick([100, 200])
        owned = [[place * 800, place * 800 + width] for place in range(pieces)]
        first, second = owned[: pieces // 2], owned[pieces // 2:]
        layers = [self._layer("user", "pool.user", SERVICES["user"][:2], each) for each in (first, second)]
        layers[1]["id"] += ".b"
        layers[1]["experiments"][0]["id"] += ".b"
        layers[1]["experiments"][0]["variants"][0] |= {"routes": {SERVICES["user"][0]: "other"}}
        return layers

    def release(self, unit=None, arms=None, services=None):
        """A document; `arms` of a test, None for a release."""
        unit = unit or self.pick(["user", "user", "user", "device"])
        document = {"release": 1, "id": next(self.ids), "unit": unit}
        document |= self._test(unit, arms, services) if arms else self._release(unit, services)
        names = sorted(document.get("arms", {"canary": None}))
        if self.likely(0.3):
            document["touches"] = self.chance.sample(SERVICES[unit], self.chance.randint(1, 2))
        if self.likely(0.25):
            document["control"] = self.pick(["equal", "none", "none"])
        if self.likely(0.3):
            document["targeting"] = self.pick(CONDITIONS)
        if self.likely(0.3):
            document["rules"] = [self._rule(names) for _ in range(self.chance.randint(1, 3))]
        if self.likely(0.3):
            document["overrides"] = self._overrides(names)
        if self.likely(0.3):
            document["holdouts"] = self.chance.sample(["year", "none"], self.chance.randint(1, 2))
        return document

    def _rule(self, names):
        return {"when": self.pick(CONDITIONS), "variant": self.pick(names + ["stable"])}

    def _overrides(self, names):
        self.listed += 1
        units = [f"u{self.listed}.{number}" for number in range(self.chance.randint(1, 3))]
        own = [{"units": units, "variant": self.pick(names + ["stable"])}]
        return own + [{"list": "staff", "variant": self.pick(names)}] * self.likely(0.4)

    def _release(self, unit, services):
        routed = services or self.chance.sample(SERVICES[unit], self.chance.randint(1, 2))
        body = {"kind": "release", "services": {service: self._target() for service in routed}}
        if self.likely(0.7):
            body["traffic"] = self.pick(SHARES + ["100%"])
        if self.likely(0.4):
            body["env_tag"] = f"tag.{self.pick('abc')}{self.chance.randrange(10**9)}"
        return body | ({"steps": self._steps()} if self.likely(0.6) else {})

    def _target(self):
        return "v21" if self.likely(0.8) else {"service": "next.far.svc.cluster.local"}

    def _steps(self):
        shares = sorted(self.chance.sample([0.0001, 1, 2.5, 5, 10, 20, 33.3333, 49.9999, 50, 50.0001, 75, 95, 99.9999], 3))
        return [{"share": f"{share:g}%"} for share in [0][:self.likely(0.3)] + shares + [100]]

    def _test(self, unit, arms, services):
        routed = services or self.chance.sample(SERVICES[unit], 1)
        names = self.chance.sample([f"{kind}{number}" for kind in "abz" for number in range(1, 12)], arms)
        return {
            "kind": "test",
            "arms": {name: {"routes": {routed[0]: f"v{place}"}} for place, name in enumerate(names)},
            "traffic": self.pick(SHARES + ["100%"]),
        }

    def test_steps(self, release):
        """Steps that a test of so many arms may have, now and then."""
        most = len(release.arms) * LINE // len(release.variants())
        shares = sorted({self.chance.randint(1, most), most, self.chance.randint(0, most)})
        return [{"share": _percent(share)} for share in shares]


def _percent(share):
    whole, part = divmod(share, LINE // 100)
    return f"{whole}.{part:04d}".rstrip("0").rstrip(".") + "%"
