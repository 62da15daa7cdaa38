"""The effective policy (section 3): the policy as written, and a layer for each release in force."""

from canonical import LINE

OFF = ("rolled_back", "aborted")
IN_FORCE = ("running",) + OFF


def effective(policy, releases):
    """The whole policy. `releases` are (release, state, step, slots); a running one with step None deals nobody yet."""
    layers = [layer_of(*each) for each in releases if each[1] in IN_FORCE]
    held_out = {name: [] for release, state, *_ in releases if state in IN_FORCE for name in holdouts_of(release)}
    for release, state, *_ in releases:
        for name in holdouts_of(release) if state in IN_FORCE else []:
            held_out[name].append(release.id)
    holdouts = [
        {**each, "layers": each["layers"] + held_out.get(each["id"], [])} for each in policy.get("holdouts", [])
    ]
    whole = {**policy, "layers": policy.get("layers", []) + layers}
    return {**whole, "holdouts": holdouts} if holdouts else whole


def holdouts_of(release):
    return release.document.get("holdouts", [])


def layer_of(release, state, step, slots):
    """The layer of a release in force, as `weir check` would take it."""
    return {
        "id": release.id,
        "unit": release.unit,
        "line": release.line,
        "epoch": 0,
        "experiments": [_experiment(release, state, step, slots)],
    }


def _experiment(release, state, step, slots):
    document, off = release.document, state in OFF
    experiment = {"id": release.id, "kind": release.kind, "services": sorted(release.touches)}
    experiment["slots"] = "none" if off else "all" if slots == [[0, LINE]] else slots
    if off:
        experiment["enabled"] = False
    if "targeting" in document:
        experiment["targeting"] = document["targeting"]
    if not off and step is not None:
        experiment |= {name: document[name] for name in ("rules", "overrides") if document.get(name)}
    ranges = release.ranges(None if off else step)
    return {**experiment, "variants": [_variant(release, variant, ranges[variant]) for variant in release.variants()]}


def _variant(release, variant, ranges):
    tag, routes = release.env_tag(variant), release.routes.get(variant)
    shaped = {"id": variant}
    shaped |= {"ranges": ranges} if ranges else {}
    shaped |= {"env_tag": tag} if tag else {}
    return shaped | ({"routes": routes} if routes else {})
