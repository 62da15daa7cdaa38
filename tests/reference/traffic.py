"""Random requests for a policy at an attachment, which often hit the borders of what the policy asks for.

A request is what judge.py prints: headers in order of arrival, random bytes, a destination.
"""

import json
from urllib.parse import quote

from generate import HEADERS, USERS

WORDS = ["", "x", "shenzhen", "SHENZHEN", "bot", "ĸbot", "上海", "0", "1.2.3", "r42", "a,b", "us"]
NUMBERS = [
    "18", "17", "18.000000001", "17.999999999", "-1", "-0.5", "0", "-0", "65.4", "65.50", "007", "1e3", "1.", "", "7.0",
    "123456789012345678.123456789", "1234567890123456789", "0.0000000001", "-123456789012345678",
]
VERSIONS = [
    "1.2", "v1.2.0", "1.1.9", "2", "7.2", "7.2.0.1", "7.2.0.0.1", "07.2", "1.3.0-beta", "2.0.0-beta", "2.0.0-rc.1",
    "1.2.3-beta", "1.2.3-beta.2", "1.2.3+build.5", "1.0.0-alpha.1", "1.0.0-alpha", "1.0.0-alpha.beta", "1.0.0-2",
    "1..2", "v", "1.2-", "ver1",
]
MATCHING = {
    "r[0-9]+": ["r1", "r42", "r", "xr1"],
    "(a|bc)+": ["a", "abca", "abcb"],
    "[a-z]{2,5}": ["ab", "abcde", "abcdef", "aB"],
    ".*bot.*": ["bot", "a bot!", "Bot", "bo"],
    r"v\d+(\.\d+)?": ["v1", "v1.25", "v1.", "v٣"],
    r"\w+": ["a_1", "é", "a b"],
    "us|eu": ["us", "eu", "use"],
    "用.*": ["用", "用户", "x用"],
    "[^x]+": ["abc", "axc", "用"],
    "x?": ["", "x", "xx"],
}
LEAVES = ("header", "cookie", "query", "path", "host", "method", "unit")
ODD_USERS = ["", "", "x" * 256, "y" * 257, "用户7", "a%41", "a b", "é" * 128, "é" * 128 + "x", "%", "+1"]
ODD_VALUES = ["7", "-1.50e2", "0", "12345678901234567890", "true", "null", "[]", '{"a":"b"}', '""', "1E+2", "-"]
ODD_TAGS = ["no tag", "-x", "用", "a=b", "", " ", ".a", "x" * 130]
CONTENT_TYPES = [
    "application/grpc", "application/grpc+proto", "application/grpc;a=b", "application/grpc-web", "application/json",
]
GOOD_MEMBERS = ['"n":{"a":[1,2e5,null,true]}', '"s":"\\ud83d\\ude00\\n"', '"d":' + "[" * 63 + "]" * 63, '"":-0.0E-1']
BAD_MEMBERS = [
    '"t":"\\ud83d"', '"\\udc00":1', '"d":' + "[" * 64 + "]" * 64, '"f":01',
    '"g":"\t"', '"h":NaN', '"i":"\\x"', '"j":+1',
]
PATHS = ["/", "/shop", "/shop/", "/shop/x", "/shopping", "/sho", "/checkout", "/checkout/a%20b", "/beta/%41", "/SHOP"]


class Traffic:
    """Requests for one policy at one attachment."""

    def __init__(self, chance, document, attachment, policy):
        self.chance = chance
        self.pick = chance.choice
        self.document = document
        self.attachment = attachment
        self.policy = policy
        self.leaves = list(_leaves(document))
        self.listed = sorted({unit for units in _listed(document) for unit in units}) or USERS
        self.sources = [(unit, source) for unit, sources in document["units"].items() for source in sources]
        self.issued = sorted({source["cookie"] for _, source in self.sources if "issue" in source})
        self.tags = list(policy.arms)
        self.destinations = _destinations(document)

    def likely(self, share):
        return self.chance.random() < share

    def request(self):
        self.headers, self.crumbs, self.parameters, self.path = [], [], [], self.pick(PATHS)
        self.host, self.method = self.pick(["shop.example", "EU.shop.example.:8443", "localhost"]), "GET"
        for leaf in self.leaves:
            if self.likely(0.6):
                self._answer(*leaf)
        self._units()
        self._arrived_tags()
        self._forged()
        self._kind()
        return {
            "headers": self._assembled(),
            "random": [self.chance.randbytes(16).hex() for _ in self.issued],
            "destination": self._destination(),
        }

    # Conditions

    def _answer(self, key, name, operator, operand):
        """Brings a value that meets a leaf, or nearly does."""
        value = self._value(operator, operand)
        if key == "header":
            self._header(name, value)
        elif key == "cookie":
            self.crumbs.append((name, _crumb_value(value)))
        elif key == "query":
            self.parameters.append((name, value))
        elif key == "path":
            self.path = "/" + quote(value.lstrip("/"), safe="/%-._~!$&'()*+,:@")
        elif key == "host":
            self.host = self._spelled_host(value)
        elif key == "method" and value.isascii() and value:
            self.method = value

    def _value(self, operator, operand):
        if operator == "regex":
            return self.pick(MATCHING[operand])
        if operator in ("lt", "le", "gt", "ge"):
            return self.pick([str(operand), *NUMBERS])
        if operator == "version":
            return self.pick(VERSIONS)
        if operator == "present" or self.likely(0.15):
            return self.pick(WORDS)
        if isinstance(operand, dict):
            operand = self.document["lists"][operand["list"]]
        text = operand if isinstance(operand, str) else self.pick(operand)
        return self._near({
            "prefix": [text, text + "x", "x" + text],
            "suffix": [text, "x" + text, text + "x"],
            "contains": ["a" + text + "b", text],
        }.get(operator, [text]))

    def _near(self, texts):
        """One of the texts, mostly as it is."""
        text = self.pick(texts)
        return self.pick([text, text, text, text.swapcase(), text[:-1], text + "x"]).strip()

    def _spelled_host(self, value):
        host = quote(value.strip("."), safe=".-") or "localhost"
        host = value[:1] + host if value.startswith(".") and len(value) > 1 else host
        return self.pick([host, host.upper(), host + ".", host + ":8080", host + ".:80"])

    def _header(self, name, value):
        self.headers.append([name, value.strip()])

    # Units

    def _units(self):
        documents = {}
        for unit, source in self.sources:
            if "issue" in source:
                self._issued(source["cookie"])
            elif self.likely(0.6):
                self._source(source, self._user(), documents)
        for name, (members, decode) in documents.items():
            text = self._json(members)
            self.crumbs.append((name, quote(text, safe=self.pick(["", "{}:,"])) if decode else _crumb_value(text)))

    def _user(self):
        kind = self.chance.random()
        if kind < 0.4:
            return self.pick(self.listed)
        if kind < 0.85:
            return f"user-{self.chance.randrange(3000)}"
        return self.pick(ODD_USERS)

    def _source(self, source, user, documents):
        if "header" in source:
            self._header(source["header"], user)
            if self.likely(0.1):
                self._header(source["header"], self._user())
        elif "query" in source:
            self.parameters.append((source["query"], user))
        elif "json" in source:
            documents.setdefault(source["cookie"], ([], "decode" in source))[0].append((source["json"], user))
        else:
            value = _quoted(user, self.chance) if "decode" in source else _crumb_value(user)
            self.crumbs.append((source["cookie"], value))
        if "cookie" in source and self.likely(0.1):
            self.crumbs.append((source["cookie"], self.pick(["", "second", "{}"])))

    def _issued(self, name):
        ids = ["AAECAwQFBgcICQoLDA0ODw", "zzzzzzzzzzzzzzzzzzzzz_", "0" * 22, f"{self.chance.randrange(10**21):022}"]
        wrong = ["", "guessed", "A" * 21, "A" * 23, "A" * 21 + "+", "A" * 21 + "é"]
        for _ in range(self.pick([0, 0, 0, 1, 1, 1, 2])):
            self.crumbs.append((name, self.pick(ids if self.likely(0.6) else wrong)))

    def _json(self, members):
        """A JSON object with these members, or nearly one."""
        if self.likely(0.12):
            members = [*members, (members[0][0], self._user())]
        parts = [f"{_json_text(key, self.chance)}:{self._json_value(user)}" for key, user in members]
        parts += [self.pick(GOOD_MEMBERS if self.likely(0.7) else BAD_MEMBERS)] * self.likely(0.5)
        self.chance.shuffle(parts)
        text = "{" + self.pick([",", " , "]).join(parts) + "}"
        odd = self.chance.random()
        if odd < 0.06:
            around = ["[" + text + "]", text + "x", text[:-1], "\ufeff" + text, text[:-1] + ",}"]
            return self.pick([*around, '"x"', "{'a':1}"])
        if odd < 0.1:
            return text[:-1] + ',"pad":"' + "p" * (8192 - len(text.encode()) - 9 + self.pick([0, 1])) + '"}'
        return text

    def _json_value(self, user):
        kind = self.chance.random()
        if kind < 0.75:
            return _json_text(user, self.chance)
        return self.pick(ODD_VALUES)

    # What carries tags

    def _arrived_tags(self):
        if self.likely(0.5):
            for _ in range(self.pick([1, 1, 1, 2])):
                self._header(self.policy.tag_header, self._tag_line())
        if self.policy.baggage and self.likely(0.6) or self.likely(0.1):
            for _ in range(self.pick([1, 1, 1, 2])):
                self.headers.append(["baggage", self._baggage_line()])
        page = self.policy.tag_cookie and self.policy.tag_cookie["name"]
        for name in sorted({self.policy.request_cookie, page} - {None}):
            for _ in range(self.pick([0, 0, 1, 1, 2])):
                comma = self.pick(["%2C"] * 7 + ["%2c", ",", "%2C "])
                self.crumbs.append((name, comma.join(self._tags(self.pick([0, 1, 1, 1, 2, 2, 3])))))

    def _tags(self, count):
        known = self.tags or ["none"]
        unknown = ["theirs", f"other.{self.chance.randrange(9)}"]
        return [self.pick([self.pick(known)] * 3 + unknown) for _ in range(count)]

    def _tag_line(self):
        kind = self.chance.random()
        tags = self._tags(self.pick([1, 1, 2, 3, 5]))
        if kind < 0.1:
            tags += [f"u{number}" for number in range(self.pick([15, 16, 17]))]
        elif kind < 0.16:
            tags += [f"{number}".ljust(self.pick([127, 128, 129, 130]), "l") for number in range(9)] + ["short"]
        elif kind < 0.3:
            tags.insert(self.chance.randrange(len(tags) + 1), self.pick(ODD_TAGS))
        return self.pick([",", ",", ",", ", ", " ,", "\t,"]).join(tags)

    def _baggage_line(self):
        key = self.policy.baggage or "env_tag"
        parts = [self._baggage_member(key) for _ in range(self.pick([1, 1, 2, 3]))]
        kind = self.chance.random()
        if kind < 0.03:
            return ""
        if kind < 0.07:
            parts += [f"m{number}=1" for number in range(self.pick([61, 62, 63, 64, 65]))]
        elif kind < 0.1:
            size = len(",".join(parts)) + len(",pad=")
            parts.append("pad=" + "p" * (8192 + self.pick([0, 0, 1]) - size))
        if self.likely(0.3):
            self.chance.shuffle(parts)
        return self.pick([",", ",", ", ", " , "]).join(parts)

    def _baggage_member(self, key):
        tags = self._tags(self.pick([1, 1, 2, 3]))
        ours = key + self.pick(["=", "=", "=", " = "]) + self.pick(["%2C", "%2C", "%2c", "%2C%20"]).join(tags)
        ours += self.pick(["", "", "", ";p=1", " ; q"])
        return self.pick([ours, ours, "a=1", "b=%2C;p=2", f"{key.upper()}=x", key, f"{key}2=x"])

    def _forged(self):
        sticky = [each["header"] for each in self.attachment.get("sticky", [])]
        for name in ["x-weir-subset", "x-weir-cluster", "x-weir-foo", *sticky]:
            if self.likely(0.12):
                self._header(name, self.pick(["v1", "7", "outbound|80|v1|a.b", ""]))

    # What kind of request it is

    def _kind(self):
        kind = self.chance.random()
        if kind < 0.08:
            self.method = self.pick(["OPTIONS", "OPTIONS", "OPTIONS", "options"])
            self._header("access-control-request-method", self.pick(["GET", ""]))
        elif kind < 0.1:
            self.method = "OPTIONS"
        elif kind < 0.2:
            self._header("content-type", self.pick(CONTENT_TYPES))
        self.scheme = self.pick(["http", "https"])
        for value in self.pick([[], [], ["https"], ["https"], ["http"], ["https", "http"], ["http", "https"]]):
            self._header("x-forwarded-proto", value)
        if self.likely(0.2):
            self._header(self.pick(HEADERS), self.pick(WORDS))

    def _destination(self):
        kind = self.chance.random()
        if kind < 0.12 or not self.destinations:
            return None
        if kind < 0.2:
            return "outbound|80||nobody.example.com"
        service = self.pick(self.destinations)
        others = [f"outbound|8443|v9|{service}", f"inbound|80||{service}"]
        others += [f"outbound|80|v0|{service}|more", f"|||{service}"]
        strange = [service, f"cluster_{service}", f"a|{service}", f"outbound|80|{service}"]
        return self.pick([f"outbound|80||{service}"] * 5 + others + strange)

    # Put together

    def _assembled(self):
        """Pseudo-headers, then all lines in a random order."""
        lines = self.headers + [["cookie", line] for line in self._cookie_lines()]
        self.chance.shuffle(lines)
        pseudo = {":method": self.method, ":scheme": self.scheme, ":authority": self.host}
        return [[name, value] for name, value in pseudo.items()] + [[":path", self.path + self._query()]] + lines

    def _cookie_lines(self):
        """One line as browsers send it, or several, some of them odd, with the crumbs in a random order."""
        crumbs = self.crumbs + [("other", "1")] * self.likely(0.5)
        if crumbs and self.likely(0.1):
            crumbs.append((self.pick(crumbs)[0], self.pick(["", "again", "0" * 22])))
        self.chance.shuffle(crumbs)
        odd = self.likely(0.25)
        texts = [self._crumb(*crumb, odd) for crumb in crumbs]
        if odd and self.likely(0.3):
            texts.insert(self.chance.randrange(len(texts) + 1), self._no_crumb())
        cuts = sorted(self.chance.randrange(len(texts) + 1) for _ in range(self.pick([0] * 7 + [1, 1, 2])))
        parts = [texts[start:end] for start, end in zip([0, *cuts], [*cuts, len(texts)])]
        return [self._cookie_line(part, odd) for part in parts if part or odd and self.likely(0.2)]

    def _crumb(self, name, value, odd):
        return name + (self.pick(["=", "=", "=", " =", "= ", " = ", "\t=  "]) if odd else "=") + value

    def _no_crumb(self):
        """What has no name that anybody asks for, or no `=`."""
        names = [name for name, _ in self.crumbs] or ["other"]
        return self.pick([self.pick(names), "=1", "=", "a b"])

    def _cookie_line(self, texts, odd):
        """A line of crumbs; an odd one has other blanks between them, or one `;` too many."""
        line = texts[0] if texts else ""
        for text in texts[1:]:
            line += (self.pick(["; ", "; ", ";", " ; ", ";\t", ";  "]) if odd else "; ") + text
        if odd and texts and self.likely(0.15):
            line = self.pick([line + ";", ";" + line, "; " + line])
        return line.strip(" \t")

    def _query(self):
        if not self.parameters:
            return self.pick(["", "", "?", "?debug", "?x=1&debug"])
        self.chance.shuffle(self.parameters)
        return "?" + "&".join(self._parameter(name, value) for name, value in self.parameters)

    def _parameter(self, name, value):
        safe = self.pick(["", "!*'(),:@/"])
        name, value = (quote(text, safe=safe).replace("%20", self.pick(["+", "%20"])) for text in (name, value))
        return name if not value and self.likely(0.5) else f"{name}={value}"

    def echoed(self, request, expected):
        """The request again, with some of what was written as if it had arrived so, and to a service that is routed."""
        changed = {name: lines for name, lines in expected["edits"] if self.likely(0.6)}
        kept = [header for header in request["headers"] if header[0] not in changed]
        lines = [[name, line] for name, lines in changed.items() for line in lines]
        sent = [line.split("; ")[0] for line in expected["set_cookies"] if self.likely(0.7)]
        names = {crumb.split("=")[0] for crumb in sent}
        headers = _with_crumbs(kept + lines, names, [crumb for crumb in sent if not crumb.endswith("=")])
        return {**request, "headers": headers, "destination": self._routed(expected) or request["destination"]}

    def _routed(self, expected):
        """A destination that a variant in force routes."""
        in_force = {(experiment, variant) for _, _, experiment, _, variant, *_ in expected["layers"]}
        arms = [arm for arm in self.policy.arms.values() if (arm.experiment.id, arm.id) in in_force]
        services = [service for arm in arms for service in arm.routes]
        return f"outbound|{self.pick([80, 8443])}||{self.pick(services)}" if services else None


def _with_crumbs(headers, names, crumbs):
    """The headers where the cookies of these names are the crumbs, in front of all others on one line."""
    if not names:
        return headers
    sent = [crumb.strip(" \t") for name, line in headers if name == "cookie" for crumb in line.split(";")]
    kept = [crumb for crumb in sent if crumb and crumb.split("=")[0].strip(" \t") not in names]
    line = "; ".join(crumbs + kept)
    return [header for header in headers if header[0] != "cookie"] + ([["cookie", line]] if line else [])


def _leaves(document):
    """(key, name, operator, operand) of each leaf anywhere in the policy."""
    if isinstance(document, list):
        for each in document:
            yield from _leaves(each)
    elif isinstance(document, dict):
        for key, body in document.items():
            if key in LEAVES and isinstance(body, dict) and "max_age_seconds" not in body:
                [operator] = [name for name in body if name not in ("name", "ignore_case")]
                yield key, body.get("name"), operator, body[operator]
            else:
                yield from _leaves(body)


def _listed(document):
    yield from document.get("lists", {}).values()
    for layer in document["layers"]:
        for owner in [layer, *layer.get("experiments", [])]:
            yield from (override.get("units", []) for override in owner.get("overrides", []))


def _destinations(document):
    """All services that the policy routes, and all that it routes to."""
    found = set()
    for layer in document["layers"]:
        for experiment in layer.get("experiments", []):
            for variant in experiment.get("variants", []):
                for service, target in variant.get("routes", {}).items():
                    found.add(service)
                    found |= {target["service"]} if isinstance(target, dict) and "service" in target else set()
    return sorted(found)


def _crumb_value(text):
    """A text as a cookie can have it: no `;`, no blanks at the ends."""
    return text.replace(";", "").strip()


def _quoted(text, chance):
    """Percent-encoded, with a stray `%` now and then."""
    return quote(text, safe=chance.choice(["", "+,:@"])) + chance.choice([""] * 8 + ["%", "%zz", "+"])


def _json_text(text, chance):
    return json.dumps(text, ensure_ascii=chance.random() < 0.4)
