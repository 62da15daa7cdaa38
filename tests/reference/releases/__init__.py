"""What releases do, made from the text that fixes them alone; whoever implements them compares itself with this.

    cd tests/reference
    python3 -m releases.cases --seed 1 --count 5000 [--first 0] [--kind placement|effective|verdict]
    python3 -m releases.cases --self-test

Prints cases, one JSON object a line: inputs, and under `expect` what comes of them. Each has `case` (its name: seed, number,
kind) and `kind`. Documents are good ones; what they leave out has its default. Slots are sorted, merged, half-open ranges.

`placement`: one look at a queue. Read
    now, policy       the time, and the policy as people wrote it, with experiments on the lines of pools
    in_force          [{document, slots}]: releases that are dealt
    kept_off          [{document, state: rolled_back|aborted, acknowledged}]: still in the policy, switched off
    gone              ids that are over and no more in the policy, by state: finished, rolled_back, aborted
    queued            [{document, seen, paused, problem}]: `seen` is the order in which they came (some came together);
                      with `problem` the effective policy with this release would be bad, wherever it is placed
and expect
    first_slots       of each queued release, the slot from which it looks for free ones
    order             the queued ids by priority, first seen, id
    outcome           by id either {starts: slots} or {waits: [[code, ids]]}: all of blocked (ids that ended otherwise),
                      after (ids not finished), not_before, paused and rollback (ids not acknowledged), where it is not
                      ready; else one of full (64 are in the policy), evidence_full, behind (earlier ids), slots (whose
                      they are), fragmented and problem

`effective`: the effective policy. Read `policy` and releases: [{document, state: queued|running|rolled_back|aborted|finished,
step, slots}]; a running one with `step` null is pushed for the first time, and nobody is dealt. Expect
    layers            the layers that are added, as `weir check` takes them
    held_out          the holdouts of the policy that a release's layer is to be a layer of, by release
    policy, revision  the whole, one document, and its revision

Readings, where the text is silent or says two things:

 1. Fields of the example are the defaults where no other is said: warmup 60s, max_hold 24h, design_effect 3, promote by_hand,
    end hold, on.inconclusive hold, on.deviation hold, on.rollback hold_queue, priority 0. `kind` and `unit` are required.
 2. A test of one arm is placed as in a policy (up from 0, control down from the end); of several by the formula, and its
    default step is k/n rounded down to a slot.
 3. alpha by default divides by the comparing guardrails that roll back times arms, or by 1 where none rolls back; those
    that have an alpha of their own are counted too.
 4. Control is a variant at 0% and at 100% too, without ranges, and is counted for evidence.
 5. Off is `enabled: false` on the experiment, not on its layer; `slots: none`; it keeps targeting, tags, routes, holdouts.
 6. The first push has everything but shares, rules and overrides: also slots, targeting and holdouts.
 7. `holdouts: [year]` makes the release's layer one of the layers of that holdout of the policy.
 8. Queued and finished releases have no layer.
 9. Ranges are counted after they are merged, those that meet where slot 999,999 and slot 0 are do not touch.
10. What is off owns no slots, but a hand-written experiment that is off keeps its slots; its variants are not counted.
11. A release that starts in this look is no more an earlier ready one: later ones only lack its slots.
12. What is too much (64, evidence) is asked before slots; looks where that decides whether others are blocked are not made.
13. `after` one that is itself blocked is no more than not finished.
14. `after` and `rollback` are told together with `paused` and `not_before`: all that keep a release from being ready.
15. Whatever waits in front blocks nobody but who touches a service that it touches.
"""
