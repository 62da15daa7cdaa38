"""The numbers that the text gives, and shapes that follow from it."""

from . import cases
from .documents import Release
from .effective import layer_of
from .pool import first_slot, taken


def run():
    _check_slots()
    _check_ranges()
    _check_layer()
    for kind in cases.MAKERS:
        for index in range(30):
            cases.case(1, index, kind)
    print("good: releases")


def _check_slots():
    assert first_slot("pool.user", "owl-v21") == 548765
    assert first_slot("pool.user", "tiger-v7") == 707705
    assert taken([], 548765, 1_000_000) == [[0, 1_000_000]]
    assert taken([], 900_000, 200_000) == [[0, 100_000], [900_000, 1_000_000]]
    assert taken([[100, 200], [300, 400]], 150, 250) == [[200, 300], [400, 550]]
    assert taken([[0, 999_999]], 5, 2) is None and taken([[0, 999_999]], 5, 1) == [[999_999, 1_000_000]]


OWL = {"release": 1, "id": "owl-v21", "kind": "release", "unit": "user", "services": {"owl.shop": "v21"}}
IDEAS = {"release": 1, "id": "i", "kind": "test", "unit": "user", "arms": {"b": {}, "a": {}}, "traffic": "10%"}


def _check_ranges():
    owl = Release(OWL)
    assert owl.ranges(None) == {"canary": [], "control": []}
    assert owl.ranges(0) == {"canary": [[0, 50_000]], "control": [[950_000, 1_000_000]]}
    assert owl.ranges(3) == {"canary": [[0, 950_000]], "control": [[950_000, 1_000_000]]}
    assert owl.ranges(4) == {"canary": [[0, 1_000_000]], "control": []}
    ideas = Release(IDEAS)
    assert ideas.steps[0].share == 666_666 and ideas.steps[0].hold_ms == 7 * 86_400_000
    assert ideas.ranges(0) == {"a": [[0, 333_333]], "b": [[333_333, 666_666]], "control": [[666_666, 999_999]]}


def _check_layer():
    off = layer_of(Release({**OWL, "env_tag": "owl", "rules": [{}]}), "rolled_back", None, [[0, 5]])
    [experiment] = off["experiments"]
    assert experiment["slots"] == "none" and experiment["enabled"] is False and "rules" not in experiment
    assert experiment["variants"] == [{"id": "canary", "env_tag": "owl", "routes": {"owl.shop": "v21"}}, {"id": "control"}]
