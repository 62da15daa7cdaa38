"""Random good policies with an attachment each, from a seed.

They use all that docs/policy.md has, in every combination that it allows. What requests they meet is in traffic.py.
"""

import random

from canonical import LINE

USERS = [f"user-{number}" for number in range(40)] + ["ada", "grace", "7", "007", "用户1", "ann b", "é", "a%41"]
UNITS = ["user", "device", "session", "Tenant.1"]
HEADERS = ["x-city", "x-app-version", "x-age", "user-agent", "x-deal"]
COOKIES = ["build", "plan", "city"]
QUERIES = ["plan", "debug", "user", "a b"]
TEXTS = ["shenzhen", "Shenzhen", "bot", "münchen", "上海", "a,b", "black & white", "1.2", "Zürich-ß", "x"]
NUMBERS = [18, "65.5", -1, 0, "-0.5", "18.0", "123456789012345678.123456789", "0.000000001", 7]
VERSIONS = [">=1.2, <2", "=1.2", ">1.2.3-beta, <=2.0.0", "<7.2.0.1", ">=7.2", ">=1.0.0-alpha.1, <1.0.0", "=2.0.0-rc.1"]
PATTERNS = ["r[0-9]+", "(a|bc)+", "[a-z]{2,5}", ".*bot.*", r"v\d+(\.\d+)?", r"\w+", "us|eu", "用.*", "[^x]+", "x?"]
PATHS = ["/", "/shop", "/shop/", "/checkout", "/shop/a", "/beta/%41"]
HOSTS = ["shop.example", "eu.shop.example", ".example", "EU.Shop", "staging"]
METHODS = ["GET", "POST", "OPTIONS", "DELETE"]
NODES, LEVELS = 64, 8


def made(seed, index):
    """(the policy, its attachment) of a number under a seed."""
    chance = random.Random(f"{seed}:{index}")
    policy = _Policy(chance).document()
    return policy, _attachment(chance, policy)


def _attachment(chance, policy):
    units = list(policy["units"])
    attachment = {
        "role": "edge" if chance.random() < 0.72 else "mesh",
        "steer": chance.choice(["tag", "subset", "subset", "cluster", "cluster"]),
        "trace": chance.choice(["shaped", "all"]),
    }
    headers = chance.sample(["x-weir-weight", "x-deal", "x-dice", "x-weir-b"], chance.choice([0, 0, 1, 1, 2, 3]))
    if headers:
        attachment["sticky"] = [
            {"id": f"w.{number}", "unit": chance.choice(units), "header": header}
            for number, header in enumerate(headers)
        ]
    if chance.random() < 0.6:
        attachment["log_unit"] = chance.choice(units)
    return attachment


class _Policy:
    """One policy in the making; what is taken already is remembered."""

    def __init__(self, chance):
        self.chance = chance
        self.pick = chance.choice
        self.namespace = "shop" if self.likely(0.15) else None
        self.tags = set()
        self.experiment_ids = self._ids("exp")
        self.conditions = {}
        self.condition_sizes = {}
        self.with_unit = set()

    def likely(self, share):
        return self.chance.random() < share

    def document(self):
        self.units = self._units()
        self.lists = self._lists()
        self.env_tag = self._env_tag()
        self._name_conditions()
        layers = self._layers()
        policy = {
            "version": 1,
            "units": self.units,
            "layers": layers,
            "lists": self.lists,
            "conditions": self.conditions,
            "holdouts": self._holdouts(layers),
            "env_tag": self.env_tag,
        }
        if self.likely(0.2):
            policy["targeting"] = self._targeting(unit=False)
        if self.namespace:
            policy["namespace"] = self.namespace
        if self.likely(0.05):
            policy["enabled"] = False
        elif self.likely(0.1):
            policy["enabled"] = True
        return {name: value for name, value in policy.items() if value or name in ("enabled", "version")}

    def _ids(self, word):
        """Endless different ids, some long, some odd, in no order."""
        number = self.chance.randrange(10)
        while True:
            number += 1
            head = self.pick([word, word.upper(), "z", "9", "a.b"])
            tail = "-x_" * self.pick([0, 0, 0, 1, 15])
            yield f"{head}{number}{tail}"

    # Units, lists, how tags travel

    def _units(self):
        names = self.chance.sample(UNITS, self.pick([1, 1, 2, 2, 3]))
        units = {name: self._sources(name) for name in names}
        issued = [source for sources in units.values() for source in sources if "issue" in source]
        if len(names) > 1 and issued and self.likely(0.08):
            last = units[names[-1]]
            units[names[-1]] = [each for each in last if "issue" not in each][:1] + [dict(self.pick(issued))]
        return units

    def _sources(self, unit):
        name = unit.lower().replace(".", "_")
        kinds = {
            "header": {"header": self.pick([f"x-{name}-id"] * 4 + ["x-who"])},
            "cookie": {"cookie": self.pick([f"{name}_id"] * 4 + ["who"])},
            "decode": {"cookie": self.pick([f"{name}_pct"] * 4 + ["who_pct"]), "decode": "percent"},
            "json": {"cookie": self.pick([f"{name}_json", "profile_raw"]), "json": self._key(unit)},
            "both": {"cookie": self.pick([f"{name}_both", "profile"]), "json": self._key(unit), "decode": "percent"},
            "query": {"query": name},
            "issue": {"cookie": f"{name}_made", "issue": self._cookie()},
        }
        weights = {"header": 3, "cookie": 2, "decode": 2, "json": 1.5, "both": 1.5, "query": 2, "issue": 6}
        picked = sorted(kinds, key=lambda kind: self.chance.random() ** (1 / weights[kind]), reverse=True)
        return [kinds[kind] for kind in picked[:self.pick([1, 2, 2, 3])]]

    def _key(self, unit):
        return self.pick([unit, unit, "id", "用户", 'a"b\\', "é"])

    def _cookie(self):
        cookie = {"max_age_seconds": self.pick([60, 86400, 31536000, 34560000])}
        if self.likely(0.3):
            cookie["domain"] = self.pick(["shop.example", "example.com"])
        if self.likely(0.4):
            cookie["path"] = self.pick(["/", "/shop", "/shop", "/shop/", "/checkout"])
        if self.likely(0.4):
            cookie["same_site"] = self.pick(["lax", "strict", "none"])
        if self.likely(0.25):
            cookie["partitioned"] = self.likely(0.7)
        return cookie

    def _lists(self):
        """Lists that share no value, so that overrides of one layer may name them all."""
        values = self.chance.sample(USERS, len(USERS))
        names = ["staff", "testers", "b.eta"][:self.pick([0, 1, 2, 3])]
        lists = {}
        for name in names:
            lists[name] = [values.pop() for _ in range(self.pick([1, 2, 4]))]
            if self.likely(0.2):
                lists[name].append(lists[name][0])
        self.free_users = values
        return lists

    def _env_tag(self):
        env_tag = {}
        if self.likely(0.4):
            env_tag["header"] = self.pick(["x-lane", "x-env-tag"])
        if self.likely(0.55):
            env_tag["baggage"] = self.pick(["env_tag", "lane"])
        if self.likely(0.45):
            env_tag["cookie"] = {"name": self.pick(["lane", "tags"]), **self._cookie()}
        if self.likely(0.45):
            env_tag["request_cookie"] = self.pick(["lane", "up.tags"])
        return env_tag

    def _holdouts(self, layers):
        ids = [layer["id"] for layer in layers]
        count = self.pick([0, 0, 0, 1, 1, 2])
        return [self._holdout(f"hold-{number}", ids) for number in range(count)]

    def _holdout(self, name, layers):
        reached = self.chance.sample(layers, self.chance.randint(1, len(layers)))
        holdout = {"id": name, "unit": self._unit(), "layers": reached}
        if self.likely(0.95):
            holdout["share"] = self.pick(["0%", "5%", "20%", "33.3300%", "12.3456%", "50.5%", "100%"])
        if self.likely(0.4):
            holdout["epoch"] = self.pick([0, 1, 4294967295])
        return holdout

    def _unit(self):
        return self.pick(list(self.units))

    # Layers and experiments

    def _layers(self):
        many = self.likely(0.04)  # so that the filter state has to be cut
        count = self.chance.randint(22, 28) if many else self.pick([1, 1, 2, 2, 3, 4])
        ids = self._ids("layer")
        layers = [self._layer(next(ids).ljust(64 if many else 1, "y")) for _ in range(count)]
        shared = self.chance.sample(layers, self.chance.randint(2, count)) if count > 1 and self.likely(0.4) else []
        self._share_line(shared)
        for number, layer in enumerate(layers):
            if layer not in shared:
                services = self._services(f"l{number}")
                layer["experiments"] = self._experiments(self._segments(), services)
        self._fill_line(shared)
        for layer in layers:
            self._add_overrides(layer)
        return layers

    def _layer(self, name):
        layer = {"id": name, "unit": self._unit()}
        if self.likely(0.12):
            layer["enabled"] = self.likely(0.25)
        if self.likely(0.15):
            layer["line"] = self.pick(["of", "pool"]) + f".{name}"[:60]
        if self.likely(0.3):
            layer["epoch"] = self.pick([0, 1, 7, 4294967295])
        if self.likely(0.25):
            layer["targeting"] = self._targeting()
        return layer

    def _share_line(self, layers):
        """Layers on one line agree on unit and epoch."""
        for layer in layers[1:]:
            layer["unit"] = layers[0]["unit"]
            layer.pop("epoch", None)
            if "epoch" in layers[0]:
                layer["epoch"] = layers[0]["epoch"]
        for layer in layers:
            layer["line"] = layers[0].get("line", layers[0]["id"])

    def _fill_line(self, layers):
        """Layers on one line: with services in common and different slots, or with neither."""
        apart = self.likely(0.35)
        segments, services = self._segments(), self._services("shared")
        for number, layer in enumerate(layers):
            if apart:
                layer["experiments"] = self._experiments(self._segments(), self._services(f"apart{number}"))
            else:
                own, segments = segments[:len(segments) // 2 + 1], segments[len(segments) // 2 + 1:]
                layer["experiments"] = self._experiments(own, services)

    def _services(self, word):
        count = self.pick([0, 1, 1, 2, 3])
        tail = "shop.svc.cluster.local"
        tails = [tail, tail, "shop"] if self.namespace else [tail, tail, "other.svc.cluster.local", "example.com"]
        return [f"{word}-{number}.{self.pick(tails)}" for number in range(count)]

    def _segments(self):
        """Ranges of a line that do not overlap, shuffled: all of it, or what lies between cuts."""
        if self.likely(0.45):
            return [[0, LINE]]
        places = [1, 999999, *range(50000, LINE, 50000), 123457, 777777]
        cuts = sorted(self.chance.sample(places, self.chance.randint(1, 6)))
        segments = [[start, end] for start, end in zip([0, *cuts], [*cuts, LINE])]
        self.chance.shuffle(segments)
        return segments

    def _experiments(self, segments, services):
        count = self.pick([1, 1, 1, 2, 2, 3, 4]) if self.likely(0.95) else 0
        segments = list(segments)
        experiments = []
        for _ in range(count):
            taken = [segments.pop() for _ in range(self.pick([1, 2, 3, 4])) if segments]
            experiments.append(self._experiment(next(self.experiment_ids)[:50], self._slots(taken), services))
        return experiments

    def _slots(self, taken):
        if not taken or self.likely(0.06):
            return "none"
        return "all" if taken == [[0, LINE]] and self.likely(0.7) else taken

    def _experiment(self, name, slots, services):
        variants, territories = self._variants(name, services)
        experiment = {"id": name, "slots": slots}
        if variants:
            experiment["variants"] = variants
        if self.likely(0.15):
            experiment["enabled"] = self.likely(0.25)
        if self.likely(0.3):
            experiment["kind"] = self.pick(["release", "test"])
        if self.likely(0.3):
            experiment["epoch"] = self.pick([0, 1, 3, 4294967295])
        if services and self.likely(0.25):
            routed = {service for variant in variants for service in variant.get("routes", {})}
            experiment["services"] = sorted(routed | set(self.chance.sample(services, 1)), reverse=True)
        if self.likely(0.3):
            experiment["targeting"] = self._targeting()
        if variants and self.likely(0.3):
            arms = [*(variant["id"] for variant in variants), "stable"]
            experiment["rules"] = [
                {"when": self.condition(), "variant": self.pick(arms)}
                for _ in range(self.pick([1, 1, 1, 2, 3]))
            ]
        if variants and self.likely(0.4):
            experiment["audiences"] = [
                self._audience(f"aud.{number}", territories) for number in range(self.pick([1, 1, 2, 3]))
            ]
        return experiment

    # Arms

    def _variants(self, experiment, services):
        count = self.pick([1, 1, 2, 2, 2, 3, 4]) if self.likely(0.97) else 0
        ids = self.chance.sample(["canary", "night", "a", "b", "1"], count)
        if count and self.likely(0.55):
            ids[self.chance.randrange(count)] = "control"
        territories = self._territories(ids)
        sizes = self._shares(territories) if self.likely(0.6) else self._ranges(territories)
        return [self._variant(experiment, arm, sizes, services) for arm in ids], territories

    def _variant(self, experiment, arm, sizes, services):
        variant = {"id": arm}
        if arm in sizes:
            variant["share" if isinstance(sizes[arm], str) else "ranges"] = sizes[arm]
        tag = f"{experiment}.{arm}"
        if self.likely(0.3):
            tag = f"T{len(self.tags)}{self.pick(['', '.x', '_' * 120])}"
            variant["env_tag"] = tag
        elif self.likely(0.05):
            variant["env_tag"] = tag
        self.tags.add(tag)
        if services and self.likely(0.15 if arm == "control" else 0.7):
            routed = self.chance.sample(services, self.chance.randint(1, min(2, len(services))))
            variant["routes"] = {service: self._target(service, services) for service in routed}
        return variant

    def _target(self, service, services):
        others = [each for each in services if each != service] + [f"canary-{service}"]
        return self.pick(["v1", "v1", "v2", {"subset": "v2"}, {"service": self.pick(others)}])

    def _territories(self, arms):
        """Parts of the experiment's line that are one arm's whatever the audience: `control` has the last."""
        ordered = sorted(arms, key=lambda arm: arm == "control")
        cuts = sorted(self.chance.sample([*range(50000, LINE, 50000), 123457, 654321], max(len(ordered) - 1, 0)))
        return {arm: [start, end] for arm, start, end in zip(ordered, [0, *cuts], [*cuts, LINE])}

    def _shares(self, territories):
        """Shares for `control` and the first arm, which alone have an anchor."""
        shares = {}
        for arm, (start, end) in territories.items():
            if (arm == "control" or start == 0) and self.likely(0.9):
                shares[arm] = self._percentage(end - start)
            elif self.likely(0.1):
                shares[arm] = "0%"
        return shares

    def _percentage(self, most):
        slots = self.pick([most, most // 2, self.chance.randint(0, most), 50000 if most >= 50000 else most])
        whole, part = divmod(slots, 10000)
        text = f"{whole}.{part:04d}"
        return (text if self.likely(0.2) else text.rstrip("0").rstrip(".")) + "%"

    def _ranges(self, territories):
        return {arm: self._parts(*territory) for arm, territory in territories.items() if self.likely(0.85)}

    def _parts(self, start, end):
        """One to three ranges within a territory, some of which touch."""
        if self.likely(0.4):
            return [[start, end]]
        cuts = sorted(self.chance.sample(range(start + 1, end), 3))
        parts = [[start, cuts[0]], [cuts[0], cuts[1]], [cuts[2], end]]
        return self.chance.sample(parts, self.chance.randint(1, 3))

    def _audience(self, name, territories):
        sizes = self._shares(territories) if self.likely(0.5) else self._ranges(territories)
        sizes = {} if self.likely(0.08) else sizes
        kind = "ranges" if any(isinstance(size, list) for size in sizes.values()) else "shares"
        return {"id": name, "when": self.condition(), kind: sizes}

    # Overrides

    def _add_overrides(self, layer):
        """No unit stands in two overrides of the layer: lists share none, and the rest is for those written out."""
        lists = self.chance.sample(list(self.lists), len(self.lists))
        users = self.chance.sample(self.free_users, 12)
        for owner in [layer, *layer["experiments"]]:
            overrides = []
            for _ in range(self.pick([0, 0, 1, 2])):
                target = self._forced(layer if owner is layer else None, owner)
                if target and lists and self.likely(0.5):
                    overrides.append({"list": lists.pop(), **target})
                elif target and len(users) > 3:
                    taken = [users.pop() for _ in range(self.chance.randint(1, 3))]
                    overrides.append({"units": taken + taken[:self.pick([0, 0, 1])], **target})
            if overrides:
                owner["overrides"] = overrides

    def _forced(self, layer, experiment):
        """What an override forces: of a layer with the experiment, of an experiment without."""
        if layer is None:
            arms = [variant["id"] for variant in experiment.get("variants", [])]
            return {"variant": self.pick([*arms, *arms, "stable"])}
        if not layer["experiments"] or self.likely(0.3):
            return {"variant": "stable"}
        experiment = self.pick(layer["experiments"])
        return {"experiment": experiment["id"], **self._forced(None, experiment)}

    # Conditions

    def _targeting(self, unit=True):
        """A condition that holds for many requests."""
        condition = self.condition(unit)
        others = [self.condition(unit), self.condition(unit)]
        whole = self.pick([{"not": condition}, {"any": [condition, *others]}])
        nodes, levels = self._size(whole)
        return whole if nodes <= NODES and levels <= LEVELS else condition

    def _name_conditions(self):
        for name in ["bots", "Near.by", "nested", "deep"][:self.pick([0, 0, 1, 2, 3, 4])]:
            unit = self.likely(0.4)
            condition = self.condition(unit)
            self.conditions[name] = condition
            self.condition_sizes[name] = self._size(condition)
            if unit:
                self.with_unit.add(name)

    def condition(self, unit=True):
        """A condition within the limits of nodes and levels; `unit`: whether it may read the unit."""
        while True:
            condition = self._any_condition(unit, self.pick([0, 0, 1, 1, 2, 3]))
            nodes, levels = self._size(condition)
            if nodes <= NODES and levels <= LEVELS:
                return condition

    def _any_condition(self, unit, depth):
        known = [name for name in self.conditions if unit or name not in self.with_unit]
        if known and self.likely(0.3):
            return {"condition": self.pick(known)}
        if depth == 0:
            return self._leaf(unit)
        kind = self.pick(["all", "any", "any", "not"])
        if kind == "not":
            return {"not": self._any_condition(unit, depth - 1)}
        return {kind: [self._any_condition(unit, depth - 1) for _ in range(self.pick([1, 2, 2, 3]))]}

    def _size(self, condition):
        [(key, body)] = condition.items()
        if key == "condition":
            return self.condition_sizes[body]
        if key not in ("all", "any", "not"):
            return 1, 1
        parts = [self._size(each) for each in (body if isinstance(body, list) else [body])]
        return 1 + sum(nodes for nodes, _ in parts), 1 + max(levels for _, levels in parts)

    def _leaf(self, unit):
        single = ["path", "path", "host", "method"] + ["unit"] * 2 * unit
        key = self.pick(["header"] * 4 + ["cookie"] * 3 + ["query"] * 2 + single)
        names = {"header": HEADERS, "cookie": COOKIES + self._own_cookies(), "query": QUERIES}.get(key)
        body = {"name": self.pick(names)} if names else {}
        return {key: {**body, **self._test(key)}}

    def _own_cookies(self):
        """Cookies that have another use too: units are read from them, ids are made, tags go up in them."""
        names = [source["cookie"] for sources in self.units.values() for source in sources if "cookie" in source]
        up, page = self.env_tag.get("request_cookie"), self.env_tag.get("cookie", {}).get("name")
        return names + [up] * (up is not None and up != page)

    def _test(self, key):
        texts = {"path": PATHS, "host": HOSTS, "method": METHODS, "unit": USERS}.get(key, TEXTS)
        kinds = ["exact", "prefix", "suffix", "contains", "in", "regex", "present"]
        kinds += ["list"] * bool(self.lists)
        kinds += ["number", "number", "version", "version"] * (key in ("header", "cookie", "query"))
        kind = self.pick(kinds)
        if kind == "regex":
            return {"regex": self.pick(PATTERNS)}
        if kind == "present":
            return {"present": self.likely(0.7)}
        if kind == "number":
            return {self.pick(["lt", "le", "gt", "ge"]): self.pick(NUMBERS)}
        if kind == "version":
            return {"version": self.pick(VERSIONS)}
        fold = {"ignore_case": self.likely(0.8)} if self.likely(0.3) else {}
        if kind == "list":
            return {"in": {"list": self.pick(list(self.lists))}, **fold}
        if kind == "in":
            chosen = self.chance.sample(texts, self.chance.randint(1, 3))
            return {"in": chosen + chosen[:self.likely(0.1)], **fold}
        text = self.pick(texts)
        return {kind: text if kind in ("exact", "in") or len(text) < 3 else self._part(kind, text), **fold}

    def _part(self, kind, text):
        cut = self.chance.randint(1, len(text) - 1)
        return {"prefix": text[:cut], "suffix": text[cut:], "contains": text[cut - 1:cut + 1]}[kind]
