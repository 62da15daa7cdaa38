"""Cases of the kind `effective`: releases with their stands, and the policy that they make."""

import canonical

from .documents import Release
from .effective import IN_FORCE, effective, holdouts_of
from .people import People
from .placing import Placed, found
from .pool import hand_written

STATES = ["running", "running", "running", "rolled_back", "aborted", "queued", "finished"]


def standing(chance):
    """Releases with their stands, and the policy that they make with what people wrote."""
    people = People(chance)
    policy, releases, placed = people.policy(), [], []
    for _ in range(chance.randint(1, 4)):
        release = _with_steps(people, people.release(arms=chance.choice([None, None, None, 1, 2, 3, 6, 15])))
        state = chance.choice(STATES)
        slots = found(release, placed, hand_written(policy))
        if not slots:
            continue
        if state == "running":
            placed.append(Placed(release, slots))
        step = chance.randrange(-1, len(release.steps)) if state == "running" else -1
        releases.append((release, state, None if step < 0 else step, slots if state == "running" else []))
    whole = effective(policy, releases)
    return {
        "kind": "effective",
        "policy": policy,
        "releases": [
            {"document": release.document, "state": state, "step": step, "slots": slots}
            for release, state, step, slots in releases
        ],
        "expect": {
            "layers": whole["layers"][len(policy["layers"]):],
            "held_out": {each[0].id: sorted(holdouts_of(each[0])) for each in releases if each[1] in IN_FORCE},
            "policy": whole,
            "revision": canonical.revision(whole),
        },
    }


def _with_steps(people, document):
    release = Release(document)
    if release.kind == "test" and people.likely(0.7):
        document["steps"] = people.test_steps(release)
    return Release(document)
