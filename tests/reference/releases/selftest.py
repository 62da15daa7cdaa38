"""The numbers that the text gives, and what follows from it in a few small lives of releases."""

import math

from . import cases
from .documents import Release
from .effective import layer_of
from .pool import first_slot, taken
from .running import Running
from .statistics import SIZE, EProcess, design_effect, deviates_far, ln_ratio_e, threshold_of
from .windows import is_open


def run():
    _check_slots()
    _check_ranges()
    _check_layer()
    _check_e()
    _check_deviation()
    _check_windows()
    _check_life()
    _check_harm()
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
    assert ideas.guardrails[0].alpha * 600 == 1


def _check_layer():
    off = layer_of(Release({**OWL, "env_tag": "owl", "rules": [{}]}), "rolled_back", None, [[0, 5]])
    [experiment] = off["experiments"]
    assert experiment["slots"] == "none" and experiment["enabled"] is False and "rules" not in experiment
    assert experiment["variants"] == [{"id": "canary", "env_tag": "owl", "routes": {"owl.shop": "v21"}}, {"id": "control"}]


def _check_e():
    """The vectors of section 3.4, which have margin 0; and one scattered arm."""
    for (x, y, n_arm, n_control), ln_e in {
        (40, 400, 5000, 95000): 4.679840242813756, (30, 400, 5000, 95000): 0.045523108089879916,
        (60, 600, 5000, 95000): 7.629988075328086, (70, 30, 10_000, 10_000): 6.877161479014924,
        (50, 50, 10_000, 10_000): -2.1508766235992156,
    }.items():
        found = EProcess(0)
        found.add(x, y, n_arm, n_control)
        assert math.isclose(found.ln_e(), ln_e, rel_tol=1e-12), found.ln_e()
    alike, unlike = [(100, 5)] * 16, [(100, 0), (100, 10)] * 8
    assert design_effect([alike, alike], 3) == 1 and design_effect([[(100, 0)] * 16] * 2, 3) == 3
    assert math.isclose(design_effect([alike, unlike], 3), 16 * 25 / (0.05 * 0.95 * 100) / 30)


def _check_deviation():
    grown = [-0.091164945, 0.182835932, 2.516761816, 9.369319191]
    for polls, ln_e in enumerate(grown, start=1):
        counts = [1000 * polls + 50 * polls * (polls - 1), 1000 * polls]
        assert math.isclose(ln_ratio_e(counts, [0.5, 0.5]), ln_e, abs_tol=1e-8)
    assert math.isclose(SIZE / 10 * 0.95 / 0.05 / 0.2**2, 5756, abs_tol=2)
    assert [threshold_of(share) for share in (0, 50_000, 50_001, 500_000, 950_000)] == [20, 20, 10, 5, 3]
    slots = [50_000, 50_000]
    assert deviates_far([160] * 16, [80] * 16, slots, 20) and not deviates_far([100] * 16, [80] * 16, slots, 20)
    assert not deviates_far([120] * 16, [60] * 16, slots, 20), "too few"
    assert not deviates_far([1360] + [80] * 15, [80] * 16, slots, 20), "one heavy user"


def _check_windows():
    window = {"days": ["tue"], "from": "09:00", "to": "17:00", "zone": "Asia/Shanghai"}
    times = {"2026-12-01T00:59:59Z": False, "2026-12-01T01:00:00Z": True, "2026-12-01T08:59:59.9Z": True,
             "2026-12-01T09:00:00Z": False, "2026-12-02T01:00:00Z": False}
    assert all(is_open([window], now) == told for now, told in times.items()) and is_open([], "2026-12-01T00:00:00Z")


STEPS = [{"share": "50%", "hold": "20s"}, {"share": "100%", "hold": "10s", "approve": True}]
QUIET = {**OWL, "warmup": "30s", "steps": STEPS}


def _lived(document, polls, events=()):
    """(phase, action) of each tick of ten seconds; polls are (mark, errors of the canary)."""
    running, found = Running(Release(document)), []
    for number, poll in enumerate(polls):
        happened = [{"event": "step", "step": 0, "push": 5, "why": False}] if number == 0 else dict(events).get(number, [])
        mark, errors = poll or (None, None)
        counts = {"canary": [[1000, errors, 0, 9, 9, 9, 9]] * 16, "control": [[1000, 9, 0, 9, 9, 9, 9]] * 16}
        evidence = [{"mark": mark, "counts": counts}] if mark else []
        verdict = running.tick({
            "now": "2026-12-01T09:00:00Z", "since_ms": 10_000, "events": happened, "poll": evidence if poll else None,
            "answered": 9, "queries": {},
        })
        found.append((verdict["phase"], verdict["action"]))
    return found


def _check_life():
    """The first poll began before the step, the next two in its warm-up; hold runs from the first all the same."""
    polls = [("4", 9), ("5", 9), ("5", 9), None, ("5", 9), ("5", 9)]
    approved = {5: [{"event": "approve", "step": 1}]}
    assert _lived(QUIET, polls, approved.items()) == [
        ("holding", "hold"), ("holding", "hold"), ("holding", "hold"), ("holding", "hold"),
        ("waiting_approval", "hold"), (None, "advance"),
    ]
    silent = _lived(QUIET, [("5", 9)] + [None] * 3)
    assert silent[-2:] == [("holding", "hold"), ("no_data", "hold")]


def _check_harm():
    """What is bad in the warm-up is suspected, and harm only if it goes on after it."""
    assert _lived(QUIET, [("4", 9), ("5", 40), ("5", 40), ("5", 9)])[2:] == [("suspected", "hold"), ("suspected", "hold")]
    assert _lived(QUIET, [("4", 9), ("5", 9), ("5", 9), ("5", 40)])[2:] == [("holding", "hold"), (None, "rollback")]
    earlier = _lived(QUIET, [("4", 40), ("5", 9), ("5", 9)])
    assert earlier == [("suspected", "hold")] * 3, "before the first step is as a warm-up"
