"""The canonical form of a policy and its revision, as docs/policy.md says under "The revision"."""

import json
from fractions import Fraction

from hashing import LINE, h


def revision(policy):
    """12 hex digits, equal for policies that mean the same."""
    return f"{h(canonical_text(policy).encode()):016x}"[:12]


def canonical_text(policy):
    """RFC 8785, for texts and integers, which is all that a policy has."""
    return json.dumps(canonical(policy), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical(policy):
    named = policy.get("conditions", {})
    return _shaped({
        "version": 1,
        "enabled": policy.get("enabled", True),
        "units": {name: [_source(each) for each in sources] for name, sources in policy.get("units", {}).items()},
        "lists": {name: sorted(set(values)) for name, values in policy.get("lists", {}).items()},
        "targeting": _condition(policy.get("targeting"), named),
        "env_tag": _env_tag(policy.get("env_tag", {})),
        "holdouts": _by_id(_holdout(each) for each in policy.get("holdouts", [])),
        "layers": _by_id(_layer(each, named) for each in policy.get("layers", [])),
    }, enabled=True)


def _shaped(fields, **defaults):
    """Without what is not there, what is empty, and what is as it is by default."""
    return {
        name: value for name, value in fields.items()
        if value is not None and value != {} and value != [] and (name not in defaults or value != defaults[name])
    }


def _by_id(items):
    return sorted(items, key=lambda item: item["id"])


def _source(source):
    return {**source, "issue": _cookie(source["issue"])} if "issue" in source else dict(source)


def _cookie(cookie):
    return _shaped(dict(cookie), same_site="lax", path="/", partitioned=False)


def _env_tag(env_tag):
    cookie = env_tag.get("cookie")
    return _shaped({**env_tag, "cookie": _cookie(cookie) if cookie else None}, header="x-env-tag")


def _holdout(holdout):
    share = _percentage(holdout.get("share", "0%"))
    return _shaped({**holdout, "share": share, "layers": sorted(set(holdout["layers"]))}, share="0%", epoch=0)


def _layer(layer, named):
    return _shaped({
        **layer,
        "targeting": _condition(layer.get("targeting"), named),
        "overrides": [_override(each) for each in layer.get("overrides", [])],
        "experiments": [_experiment(each, named) for each in layer.get("experiments", [])],
    }, enabled=True, line=layer["id"], epoch=0)


def _experiment(experiment, named):
    variants = experiment.get("variants", [])
    own = variant_ranges(variants)
    routed = sorted({service for variant in variants for service in variant.get("routes", {})})
    shaped = _shaped({
        **experiment,
        "services": sorted(set(experiment.get("services", routed))),
        "overrides": [_override(each) for each in experiment.get("overrides", [])],
        "rules": [{"when": _condition(rule["when"], named), "variant": rule["variant"]}
                  for rule in experiment.get("rules", [])],
        "targeting": _condition(experiment.get("targeting"), named),
        "variants": _by_id(_variant(each, own, experiment["id"]) for each in variants),
        "audiences": [_audience(each, named) for each in experiment.get("audiences", [])],
    }, enabled=True, kind="release", epoch=0, services=routed)
    return {**shaped, "slots": slots_of(experiment)}


def _variant(variant, own, experiment):
    return _shaped({
        "id": variant["id"],
        "ranges": own[variant["id"]],
        "env_tag": variant.get("env_tag"),
        "routes": {service: target_of(target) for service, target in variant.get("routes", {}).items()},
    }, env_tag=f"{experiment}.{variant['id']}")


def target_of(target):
    """A subset as text, or {"service": NAME}."""
    return target.get("subset", target) if isinstance(target, dict) else target


def _audience(audience, named):
    arms = {arm: ranges for arm, ranges in audience_ranges(audience).items() if ranges}
    return {"id": audience["id"], "ranges": arms, "when": _condition(audience["when"], named)}


def _override(override):
    return {**override, "units": sorted(set(override["units"]))} if "units" in override else dict(override)


def _condition(condition, named):
    """Written out, without defaults, sets sorted."""
    if condition is None:
        return None
    [(key, body)] = condition.items()
    if key == "condition":
        return _condition(named[body], named)
    if key == "not":
        return {"not": _condition(body, named)}
    if key in ("all", "any"):
        return {key: [_condition(each, named) for each in body]}
    return {key: _leaf(body, lower=key == "host")}


def _leaf(body, lower):
    """Numbers as texts, the texts of `host` in lower case, sets sorted."""
    leaf = {name: value for name, value in body.items() if (name, value) != ("ignore_case", False)}
    for operator, operand in leaf.items():
        if operator in ("lt", "le", "gt", "ge"):
            leaf[operator] = str(operand)
        elif operator in ("exact", "prefix", "suffix", "contains") and lower:
            leaf[operator] = ascii_lower(operand)
        elif isinstance(operand, list):
            leaf[operator] = sorted({ascii_lower(text) if lower else text for text in operand})
    return leaf


def ascii_lower(text):
    return "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in text)


def slots_of(experiment):
    """Ranges of the layer's line, sugar expanded."""
    slots = experiment["slots"]
    return {"all": [[0, LINE]], "none": []}[slots] if isinstance(slots, str) else merged(slots)


def variant_ranges(variants):
    """Ranges of the experiment's line by variant: those written, or shares at their anchors."""
    shares = {each["id"]: each["share"] for each in variants if "share" in each}
    return {each["id"]: [] for each in variants} | anchored(shares) | {
        each["id"]: merged(each["ranges"]) for each in variants if "ranges" in each
    }


def audience_ranges(audience):
    if "shares" in audience:
        return anchored(audience["shares"])
    return {arm: merged(ranges) for arm, ranges in audience["ranges"].items()}


def anchored(shares):
    """`control` down from the end of the line, the one other arm up from its start."""
    ranges = {}
    for arm, share in shares.items():
        size = share_slots(share)
        ranges[arm] = [] if size == 0 else [[LINE - size, LINE]] if arm == "control" else [[0, size]]
    return ranges


def share_slots(share):
    """How many slots of a line a percentage is."""
    return int(Fraction(share[:-1]) * (LINE // 100))


def merged(ranges):
    """Sorted, with those that touch made one."""
    result = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1][1] = max(result[-1][1], end)
        else:
            result.append([start, end])
    return result


def _percentage(share):
    """A percentage in its shortest form."""
    whole, part = divmod(share_slots(share), LINE // 100)
    return f"{whole}.{part:04d}".rstrip("0").rstrip(".") + "%"
