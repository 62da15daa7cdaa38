"""What releases do, made from the text that fixes them alone; whoever implements them compares itself with this.

Left out: queries with an empty answer, kill switches.

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

`effective`: the effective policy. Read `policy` and releases, each {document, state, step, slots}; `state` is one of
queued, running, rolled_back, aborted and finished; a running one with `step` null is pushed for the first time, and
nobody is dealt. Expect
    layers            the layers that are added, as `weir check` takes them
    held_out          the holdouts of the policy that a release's layer is to be a layer of, by release
    policy, revision  the whole, one document, and its revision

`verdict`: the life of a running release, tick by tick. Read `aim` (the corner it was made for), `document`, and ticks, each:
    events            what happened between the tick before and this one, right after the one before:
                      {event: step, step, push, why}  a step (from 0) is pushed; `why`: people passed suspicion
                      {event: announce, push, unrouted}   the first push, by which nobody is dealt; `unrouted`: its tags
                                                      steer routes that are not there
                      {event: routes}                 they are there
                      {event: held_back, step, push}  first nodes did not take the step: it is paused at the one before,
                                                      null before the first
                      {event: approve, step}          pause, resume, freeze, thaw: no more fields
                      {event: problem, problem}       the next step waits with it; null when it is gone
                      The first tick has the event of the first push or of the first step. Events happen whatever
                      verdicts say.
    now, since_ms     wall clock; monotonic time since the tick before, null where the server started anew
                      (a few ticks come soon, without a poll: somebody asked something)
    poll              null where none was accepted, else [{mark, counts}], `mark` the number of the push by which the
                      edges decided when the poll began (text, or null where it is not known); counts by variant, those
                      with any, 16 parts, each [all, error, none, over_250, over_500, over_1000, over_2500]. No two of a
                      poll are of the same step
    answered          the highest push that 90% of the connected edges have answered
    queries           null where the provider is not reached, else by guardrail the number of a `value`, and of `counts`
                      by variant {bad, all} as the counters stand (not what they grew by)
and in each tick expect
    phase             null where the verdict is advance or rollback
    action            advance (also: finish, where `promote: auto` or `end: stable` let it), hold or rollback
    reasons           [[code, guardrail, arm]] sorted, null where there is none. Of guardrails: harm (e divided by D),
                      above (the absolute bound), value, suspected. Of data: no_poll, unreachable, no_traffic, arm_silent
                      (the silent arm). deviation (who is further off), inconclusive, paused, frozen, problem. Of the
                      minimum: edges (90% never answered), hold, warmup, requests (arm), not_evaluated. Of what is next: window,
                      approval, promotion (waits for a person), poll (nothing else holds it or rolls it back, but this
                      tick has none)
    inconclusive      null, or what set it first: deviation or max_hold
    held_ms, requests how much of `hold` and of `requests`, by arm, there is
    guardrails        of each comparing guardrail and arm: d, and ln e as `suspected` (undivided) and `harm` (divided)
    edge              true where a tick more or less of `max_hold` or of the last five minutes would tell otherwise,
                      which the text leaves open: who compares passes over phase, action and reasons of these ticks
The case ends with a rollback, or some time after the end of the last step.

Readings, where the text is silent or says two things:

 1. Fields of the example are the defaults where no other is said: warmup 60s, max_hold 24h, design_effect 3, promote
    by_hand, end hold, on.inconclusive hold, on.deviation hold, on.rollback hold_queue, priority 0. `kind` and `unit` are
    required.
 2. A test of one arm is placed as in a policy (up from 0, control down from the end); of several by the formula, and its
    default step is k/n rounded down to a slot.
 3. alpha by default divides by the comparing guardrails that roll back, at least one, times arms; those that have an
    alpha of their own are counted too.
 4. Control is a variant at 0% and at 100% too, without ranges, and is counted for evidence.
 5. Off is `enabled: false` on the experiment, not on its layer; `slots: none`; it keeps targeting, tags, routes,
    holdouts.
 6. The first push has everything but shares, rules and overrides: also slots, targeting and holdouts.
 7. `holdouts: [year]` makes the release's layer one of the layers of that holdout of the policy.
 8. Queued and finished releases have no layer.
 9. Ranges are counted after they are merged, those that meet where slot 999,999 and slot 0 are do not touch.
10. What is off owns no slots, but a hand-written experiment that is off keeps its slots; its variants are not counted.
11. A release that starts in this look is no more an earlier ready one: later ones only lack its slots.
12. What is too much (64, evidence) is asked before slots; looks where that decides whether others are blocked are not
    made.
13. `after` one that is itself blocked is no more than not finished.
14. `after` and `rollback` are told together with `paused` and `not_before`: all that keep a release from being ready.
15. Whatever waits in front blocks nobody but who touches a service that it touches.
16. The warm-up is over when the monotonic time since the push, gaps included, is `warmup`; a poll that began then is not
    in it. A start of the server adds no time. A poll began at the tick of the accepted poll before.
17. Evidence with a mark below the step's push, or none, is of an earlier step and counts for harm even if it comes in
    this step's warm-up, unless the accepted poll before was in that step's warm-up: then it is of that. So the first poll
    after a push is of the step before. What comes of before the first step is as of a warm-up. Harm is judged only when
    the warm-up is over.
18. Evidence of one poll that is of several steps is added as so many polls, since each has its own exposure.
19. No traffic: no variant, control included, had a request in this step, warm-up included; it is told after the warm-up,
    with the poll after that in which 90% have answered: a step's first ticks are no alarm. Not at 0%. `arm_silent` leaves the warm-up out, pairs each
    arm with control, and is asked only where both are dealt.
20. No poll is said 25 s after the last one, three ticks that need not be on time; an unreachable provider in the first
    tick. Guardrails with `on_harm: warn` hold nothing, neither when their provider is unreachable nor when they were not
    evaluated.
21. `requests` counts polls after the warm-up, from the poll on in which 90% were first seen to have answered, that one
    too. `hold` runs from that tick. Once begun it goes on, whoever connects.
22. Evaluated: one poll of this step after the warm-up with requests in both arms. A step with a share does not end in
    its warm-up.
23. D, for `harm`, comes of what counts for harm, polls in which both arms had requests; e is the mean of the ratios' e,
    each logarithm divided by the D of now.
24. Suspicion and harm are kept at 100% and after: what was found before does not end where control does. `no_control` is
    no reason. Suspicion of `on_harm: warn` is a reason, and holds nothing; passed suspicion too, until the minimum is
    reached.
25. `on_harm: hold` is phase `suspected`; `step --why` does not pass it.
26. Above: more than the bound, in the polls that ended less than five minutes ago and began after the warm-up, or are of
    an earlier step; each arm without control; also where there is no control.
27. A `value` is above from the tick on in which it is first found above after the warm-up; its run goes on over 30 s, not
    over a start of the server.
28. `counts` are told of by growth since the answer before. It waits until both the arm and control have grown, and is then
    one poll, of the step or warm-up in which it began to wait. A counter that falls is a gap for five minutes: if it comes
    back it is counted from where it was, else from the lowest since.
29. The least p of the multinomial is that of this step's polls after the warm-up. The deviation is named after control
    where control was planned less than the arm, else after the arm.
30. `max_hold` adds the time since the tick before if that one came to `holding` or `suspected` with all of `hold` over;
    a gap adds nothing, nor does what waits with a problem or for a poll. It is passed when it is reached.
31. A deviation on hold makes a release inconclusive in the same verdict. `on.inconclusive: rollback` acts in all phases.
32. Window and approval of the next step are told all the time, not only when the minimum is reached; so is promotion.
33. Advance needs an accepted poll in this tick, a finish by itself too; a finish needs no window.
34. Before the first step: `edges` until the time of one tick that is no gap went by since 90% had answered; `approve` of
    the first step serves for its routes too; no `hold`, no `max_hold`, no harm: everything is as in a warm-up.
35. One that is held back begins the step before anew, with all of its minimum; a yes was for the step that began with it.
"""
