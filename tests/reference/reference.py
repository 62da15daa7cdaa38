"""What a policy decides on a request, made from the text of docs/policy.md and docs/filter.md alone.

It judges the product: whoever reads the same text must come to the same answers. `decide` is the whole of it;
`python3 tests/reference/reference.py --self-test` runs the examples of the documentation.
"""

import sys
from dataclasses import dataclass

from conditions import holds
from hashing import part, slot
from policies import Arm, Experiment, Layer, Policy, within
from request import Request
from travel import (
    arrived, baggage_lines, cookie_fits, cookie_lines, follow, kept_tag, set_cookie,
)
from units import new_id, unit_of

STATE_BYTES = 2048
UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


@dataclass
class Outcome:
    """What a layer came to for this request."""

    layer: Layer
    reason: str
    experiment: Experiment | None = None
    arm: Arm | None = None
    slot: int | None = None
    experiment_slot: int | None = None
    audience: str | None = None
    routes: dict | None = None
    part: int | None = None

    def variant(self):
        return self.arm.id if self.arm else "stable"

    def row(self):
        experiment = self.experiment.id if self.experiment else None
        return [
            self.layer.id, self.slot, experiment, self.experiment_slot, self.variant(), self.reason, self.evidence(),
        ]

    def evidence(self):
        """The part that the request is counted in for releases, if it is."""
        return self.part if self.reason == "assigned" and self.layer.line.startswith("pool.") else None


@dataclass
class Decision:
    """All that follows from the request: outcomes, and what of the request and of the answer changes."""

    outcomes: list
    edits: list
    set_cookies: list
    state: str
    counted: list

    def document(self):
        return {
            "layers": [each.row() for each in self.outcomes],
            "edits": [[name, [line.decode() for line in lines]] for name, lines in self.edits],
            "set_cookies": self.set_cookies,
            "state": self.state,
            "counted": self.counted,
        }


def decide(policy, attachment, headers, random=(), destination=None):
    """The decision of a request by a policy at an attachment; random bytes are taken in order."""
    came = Request.of_text(headers)
    sticky = {each["header"] for each in attachment.get("sticky", [])}
    request = came.without(lambda name: name.startswith("x-weir-") or name in sticky)
    edge = attachment.get("role", "edge") == "edge"
    hop = _Edge(policy, attachment, request, random) if edge else _Mesh(policy, request)
    _settle_routes(hop.outcomes)
    service = _service(attachment, came, destination)
    return Decision(
        hop.outcomes,
        _edits(policy, attachment, came, hop, destination),
        hop.set_cookies(),
        _state(policy, attachment, hop),
        _counted(hop, request, service),
    )


class _Edge:
    """Where clients come in: decides by the whole policy."""

    role = "edge"

    def __init__(self, policy, attachment, request, random):
        self.policy = policy
        self.request = request
        self.targeted = policy.enabled and _targets(policy.targeting, policy, request)
        self.in_play = {layer.id for layer in policy.layers if self._in_play(layer)}
        self.issues = self._issues(attachment)
        self.made = self._made(iter(random))
        self.view = request.with_cookies(self.made)
        self.units = {name: _arrived(unit, self.view) for name, unit in policy.units.items()}
        self.outcomes = [self._outcome(layer) for layer in policy.layers]
        self.tags = [outcome.arm.tag for outcome in self.outcomes if outcome.arm]

    def _can_make(self, source):
        request = self.request
        return (
            self.policy.enabled and not request.is_grpc() and not request.is_preflight()
            and cookie_fits(source["issue"], request)
        )

    def _in_play(self, layer):
        unit = unit_of(self.policy.units[layer.unit], self.request, self._can_make)[0]
        return self.targeted and _targets(layer.targeting, self.policy, self.request, unit)

    def _used(self, attachment):
        """The units that an id may be made for."""
        used = {layer.unit for layer in self.policy.layers if layer.id in self.in_play}
        used |= {holdout.unit for holdout in self.policy.holdouts if holdout.layers & self.in_play}
        if self.targeted:
            used |= {each["unit"] for each in attachment.get("sticky", [])}
        return used

    def _issues(self, attachment):
        """The cookies to make, by name, in the order of the units."""
        units = [self.policy.units[name] for name in sorted(self._used(attachment))]
        sources = [unit_of(unit, self.request, self._can_make)[1] for unit in units]
        return {source["cookie"]: source["issue"] for source in sources if source}

    def _made(self, random):
        return {name: new_id(next(random)) for name in self.issues}

    def _holds(self, condition, layer):
        return condition is None or holds(condition, self.policy, self.view, self.units[layer.unit])

    def _outcome(self, layer):
        if not (self.policy.enabled and layer.enabled):
            return Outcome(layer, "disabled")
        if layer.id not in self.in_play:
            return Outcome(layer, "not_targeted")
        return self._override(layer) or self._rule(layer) or self._dealt(layer)

    def _override(self, layer):
        forced = layer.forced.get(self.units[layer.unit])
        return _forced(layer, "override", *forced) if forced else None

    def _rule(self, layer):
        for experiment in layer.experiments:
            for rule in experiment.rules if experiment.enabled else []:
                if self._holds(rule["when"], layer):
                    return _forced(layer, "rule", experiment, rule["variant"])
        return None

    def _dealt(self, layer):
        unit = self.units[layer.unit]
        if unit is None:
            return Outcome(layer, "no_unit")
        if any(self._held_out(holdout) for holdout in self.policy.holdouts if layer.id in holdout.layers):
            return Outcome(layer, "holdout")
        found = slot("L", layer.line, layer.epoch, unit)
        experiment = layer.owner(found)
        if experiment is None:
            return Outcome(layer, "not_owned", slot=found)
        if not experiment.enabled:
            return Outcome(layer, "experiment_disabled", experiment, slot=found)
        if not self._holds(experiment.targeting, layer):
            return Outcome(layer, "not_targeted", experiment, slot=found)
        return self._arm(layer, experiment, found, unit)

    def _held_out(self, holdout):
        unit = self.units[holdout.unit]
        return unit is not None and slot("H", holdout.id, holdout.epoch, unit) < holdout.below

    def _arm(self, layer, experiment, found, unit):
        own = slot("E", experiment.id, experiment.epoch, unit)
        audience, ranges = self._audience(layer, experiment)
        arm = next((arm for arm in experiment.arms.values() if within(own, ranges.get(arm.id, []))), None)
        reason = "assigned" if arm else "no_variant"
        outcome = Outcome(layer, reason, experiment, arm, found, own, audience)
        outcome.part = part("E", experiment.id, experiment.epoch, unit)
        return outcome

    def _audience(self, layer, experiment):
        for name, when, ranges in experiment.audiences:
            if self._holds(when, layer):
                return name, ranges
        return None, experiment.ranges

    def set_cookies(self):
        """The lines of the answer: the ids that were made, then the tag cookie."""
        lines = [
            set_cookie(name, self.made[name].decode(), issue, self.request, http_only=True)
            for name, issue in self.issues.items()
        ]
        return lines + self._tag_cookie()

    def _tag_cookie(self):
        cookie, request = self.policy.tag_cookie, self.request
        if cookie is None or request.is_grpc() or request.is_preflight() or not cookie_fits(cookie, request):
            return []
        value, sent = "%2C".join(self._shown_tags()), request.cookie(cookie["name"])
        if value and value.encode() != sent:
            return [set_cookie(cookie["name"], value, cookie, request)]
        if not value and sent is not None:
            return [set_cookie(cookie["name"], "", cookie, request, max_age=0)]
        return []

    def _shown_tags(self):
        """The tags in force, and for layers that are not targeted those that the page has."""
        shown = []
        for outcome in self.outcomes:
            if outcome.arm:
                shown.append(outcome.arm.tag)
            elif outcome.reason == "not_targeted":
                shown.append(kept_tag(outcome.layer.id, self.policy, self.request))
        return [tag for tag in shown if tag]

    def cookies(self):
        """The cookies that the upstream is to see, by name; None is to go."""
        cookies = dict(self.made)
        if self.policy.request_cookie:
            value = "%2C".join(self.tags).encode() if self.tags and not self.request.is_grpc() else None
            cookies[self.policy.request_cookie] = value
        return cookies


class _Mesh:
    """Between services: follows the tags that arrive, and nothing else."""

    role = "mesh"

    def __init__(self, policy, request):
        self.policy = policy
        self.deciding, self.tags = follow(policy, arrived(policy, request))
        self.units = {name: _arrived(unit, request) for name, unit in policy.units.items()}
        self.outcomes = [self._outcome(layer) for layer in policy.layers]

    def _outcome(self, layer):
        if not (self.policy.enabled and layer.enabled):
            return Outcome(layer, "disabled")
        arm = self.deciding.get(layer.id)
        if arm is None:
            return Outcome(layer, "no_tag")
        if not arm.experiment.enabled:
            return Outcome(layer, "experiment_disabled", arm.experiment)
        return Outcome(layer, "tag", arm.experiment, arm)

    def set_cookies(self):
        return []

    def cookies(self):
        return {}


def _arrived(sources, request):
    """The unit of a request to which no id is added any more: what does not have its own asks the next source."""
    return unit_of(sources, request, lambda source: False)[0]


def _targets(condition, policy, request, unit=None):
    return condition is None or holds(condition, policy, request, unit)


def _forced(layer, reason, experiment, variant):
    arm = None if variant == "stable" else experiment.arms[variant]
    return Outcome(layer, reason, experiment, arm)


def _settle_routes(outcomes):
    """The lowest layer id routes a service; who routes it elsewhere loses that route and says so."""
    winning = {}
    for outcome in outcomes:
        routes = outcome.arm.routes if outcome.arm else {}
        outcome.routes = {
            service: target for service, target in routes.items() if winning.setdefault(service, target) == target
        }
        if len(outcome.routes) < len(routes):
            outcome.reason = "route_conflict"


def _service(attachment, came, destination):
    """The service that the request is for, or None."""
    if destination is None or attachment.get("steer") == "cluster" and came.lines("x-weir-cluster"):
        return None
    parts = destination.split("|")
    return parts[3] if _istio_form(parts) else destination


def _istio_form(parts):
    return len(parts) >= 4


def _target(outcomes, service):
    """Where a service is routed: by its name, or because it is already where somebody routes to."""
    for outcome in outcomes:
        if service in outcome.routes:
            return outcome.routes[service]
    led = _led_to(outcomes, service)
    return led and led[1]


def _led_to(outcomes, service):
    """The route (key, target) that leads to this service: of the lowest layer id, then of the lowest key."""
    here = {"service": service}
    for outcome in outcomes:
        for key, target in sorted(outcome.arm.routes.items()) if outcome.arm else []:
            if target == here:
                return key, target
    return None


def _steered(attachment, came, outcomes, destination):
    """The steering header, as {name: value}."""
    steer, service = attachment.get("steer", "tag"), _service(attachment, came, destination)
    target = None if steer == "tag" or service is None else _target(outcomes, service)
    if target is None:
        return {}
    other = target["service"] if isinstance(target, dict) else None
    if steer == "subset":
        return {"x-weir-subset": other or target}
    parts = destination.split("|")
    if not _istio_form(parts):
        return {}
    return {"x-weir-cluster": f"outbound|{parts[1]}||{other}" if other else "|".join([*parts[:2], target, *parts[3:]])}


def _edits(policy, attachment, came, hop, destination):
    """What changes in the request's headers, in order: [(name, lines)]; no lines, no header."""
    steered = _steered(attachment, came, hop.outcomes, destination)
    sticky = {each["header"]: each for each in attachment.get("sticky", [])}
    weighed = {name: slot("W", each["id"], 0, unit)
               for name, each in sticky.items() if (unit := hop.units[each["unit"]]) is not None}
    replaced = {**steered, **weighed}
    ours = [name for name in came.names() if name.startswith("x-weir-") or name in sticky]
    written = [(name, []) for name in ours if name not in replaced]
    written.append((policy.tag_header, [",".join(hop.tags).encode()] if hop.tags else []))
    if policy.baggage:
        lines = came.lines("baggage")
        written.append(("baggage", baggage_lines(lines, policy.baggage, hop.tags, hop.role == "edge")))
    written.append(("cookie", cookie_lines(came.lines("cookie"), hop.cookies())))
    written += [(name, [str(value).encode()]) for name, value in replaced.items()]
    return [(name, lines) for name, lines in written if lines != came.lines(name)]


def _state(policy, attachment, hop):
    """The filter state `wasm.weir`, at most 2,048 bytes."""
    shown = [_shown(each, hop.role) for each in hop.outcomes if each.experiment or attachment.get("trace") == "all"]
    unit = hop.units.get(attachment.get("log_unit"))
    tail = "" if unit is None else ";u=" + _percent_encoded(unit)
    head = f"1;{policy.revision};"
    whole = head + ",".join(shown) + tail
    while len(whole) > STATE_BYTES:
        shown.pop()
        whole = head + ",".join(shown) + tail + ";cut"
    return whole


def _shown(outcome, role):
    experiment = outcome.experiment
    text = f"{outcome.layer.id}={experiment.id if experiment else '-'}/{outcome.variant()}/{outcome.reason}"
    return f"{text}/{outcome.audience or '-'}" if role == "edge" and experiment and experiment.audiences else text


def _percent_encoded(data):
    return "".join(chr(byte) if byte in UNRESERVED else f"%{byte:02X}" for byte in data)


def _counted(hop, request, service):
    """[experiment, variant, reason] of each variant in force that counts this request."""
    if request.is_preflight():
        return []
    in_force = [each for each in hop.outcomes if each.arm]
    counting = in_force if hop.role == "edge" else _routing(in_force, service)
    return [[each.experiment.id, each.arm.id, each.reason] for each in counting]


def _routing(outcomes, service):
    """The outcomes whose variant routed a request for this service."""
    if service is None:
        return []
    by_key = [each for each in outcomes if service in each.routes]
    if by_key or not (led := _led_to(outcomes, service)):
        return by_key
    key, target = led
    return [each for each in outcomes if each.arm.routes.get(key) == target]


if __name__ == "__main__":
    if sys.argv[1:] != ["--self-test"]:
        sys.exit("usage: reference.py --self-test")
    from selftest import run

    run()
