"""A release document (section 2) with everything filled in that it leaves out. Only good documents are read."""

from dataclasses import dataclass
from fractions import Fraction

from canonical import LINE, share_slots

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
RELEASE_STEPS = [{"share": share} for share in ("5%", "10%", "50%", "95%", "100%")]
MARGIN = "20%"
GUARDRAILS = [
    {"name": "errors", "errors": {"margin": MARGIN}},
    {"name": "unanswered", "unanswered": {"margin": MARGIN}},
    {"name": "slow", "slow": {"over_ms": 500, "margin": MARGIN}},
]
COMPARING = ("errors", "unanswered", "slow", "counts")
OUTCOMES = ["all", "error", "none", "over_250", "over_500", "over_1000", "over_2500"]


@dataclass
class Step:
    """How much traffic the arms get, for how long and for how many requests at least."""

    share: int
    hold_ms: int
    requests: int
    approve: bool


@dataclass
class Guardrail:
    """A number that may stop the release."""

    name: str
    kind: str
    body: dict
    on_harm: str
    alpha: Fraction | None

    def compares(self):
        return self.kind in COMPARING

    def margin(self):
        return Fraction(share_slots(self.body["margin"]), LINE)

    def outcome(self):
        """The column of the evidence that holds the bad requests."""
        name = {"errors": "error", "unanswered": "none"}.get(self.kind) or f"over_{self.body['over_ms']}"
        return OUTCOMES.index(name)


class Release:
    def __init__(self, document):
        self.document = document
        self.id = document["id"]
        self.kind = document["kind"]
        self.unit = document["unit"]
        self.line = f"pool.{self.unit}"
        self.routes = self._routes()
        self.arms = sorted(self.routes)
        self.has_control = document.get("control", "equal") == "equal"
        self.touches = {service for routes in self.routes.values() for service in routes}
        self.touches |= set(document.get("touches", []))
        self.traffic = share_slots(document.get("traffic", "100%"))
        self.priority = document.get("priority", 0)
        self.after = document.get("after", [])
        self.steps = [self._step(each) for each in document.get("steps", self._default_steps())]
        self.warmup_ms = milliseconds(document.get("warmup", "60s"))
        self.guardrails = [_guardrail(each) for each in document.get("guardrails", GUARDRAILS)]
        self._fill_alpha()
        self.windows = document.get("windows", [])
        self.max_hold_ms = milliseconds(document.get("max_hold", "24h"))
        self.design_effect = document.get("design_effect", 3)
        self.promote = document.get("promote", "by_hand")
        self.end = document.get("end", "hold")
        self.on = {"inconclusive": "hold", "deviation": "hold", "rollback": "hold_queue", **document.get("on", {})}

    def _routes(self):
        if "arms" in self.document:
            return {arm: body.get("routes", {}) for arm, body in self.document["arms"].items()}
        return {"canary": self.document.get("services", {})}

    def env_tag(self, arm):
        """What the document says; the default is the policy's own."""
        return self.document.get("env_tag") if arm == "canary" else None

    def variants(self):
        """The arms by id, then control."""
        return self.arms + ["control"] * self.has_control

    def _default_steps(self):
        if self.kind == "release":
            return RELEASE_STEPS
        slots = len(self.arms) * LINE // len(self.variants())
        return [{"share": slots}]

    def _step(self, written):
        share = written["share"]
        return Step(
            share if isinstance(share, int) else share_slots(share),
            milliseconds(written.get("hold", "10m" if self.kind == "release" else "7d")),
            written.get("requests", 0),
            written.get("approve", False),
        )

    def _fill_alpha(self):
        counted = [each for each in self.guardrails if each.compares() and each.on_harm == "rollback"]
        default = Fraction(1, 100) / (max(1, len(counted)) * len(self.arms))
        for guardrail in self.guardrails:
            guardrail.alpha = guardrail.alpha or default

    def ranges(self, step):
        """The ranges of every variant at a step (None: nobody is dealt), by variant; none is an empty list."""
        share = 0 if step is None else self.steps[step].share
        if len(self.arms) == 1:
            return self._anchored(share)
        count, size = len(self.variants()), share // len(self.arms)
        starts = {variant: place * LINE // count for place, variant in enumerate(self.variants())}
        return {variant: [[start, start + size]] if size else [] for variant, start in starts.items()}

    def _anchored(self, share):
        """One arm up from the start of the line, and control down from its end."""
        ranges = {self.arms[0]: [[0, share]] if share else []}
        if self.has_control:
            size = min(share, LINE - share)
            ranges["control"] = [[LINE - size, LINE]] if size else []
        return ranges

    def planned(self, step):
        """How many slots of the release's own line each variant has at a step."""
        return {variant: sum(end - start for start, end in own) for variant, own in self.ranges(step).items()}


def _guardrail(written):
    [kind] = [key for key in written if key in COMPARING + ("value",)]
    alpha = percentage(written["alpha"]) if "alpha" in written else None
    return Guardrail(written["name"], kind, written[kind], written.get("on_harm", "rollback"), alpha)


def percentage(text):
    return Fraction(text.rstrip("%")) / 100


def milliseconds(duration):
    return int(duration[:-1]) * SECONDS[duration[-1]] * 1000
