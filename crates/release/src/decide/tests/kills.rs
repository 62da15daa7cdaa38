//! A kill between any two lines: the fold of those that were written, the record and the same tick lead to the same state. And what
//! holds of every journal.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use weir_policy::Range;

use super::super::testing::*;
use super::super::{Decided, Held};
use super::STEPS;
use crate::effective::{InForce, Stage};
use crate::journal::{Event, Line, Node, Trouble};
use crate::judge::testing::{evidence, had};
use crate::pool;
use crate::request::Verb;
use crate::state::{Memory, State};
use crate::tick::Tick;

/// A tick that is also killed after each of its lines; `all` folds the whole journal each time.
fn tick_with_kills(world: &mut World, all: bool) -> Vec<String> {
    let tick = world.next_tick();
    let (after, decided) = world.through(world.state.clone(), &tick);
    let texts: Vec<String> = decided.lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
    let record = serde_json::to_string(world.state.memory()).unwrap();
    for written in 0..=texts.len() {
        let mut state = if all { State::default() } else { world.state.clone() };
        let before = world.journal.iter().filter(|_| all);
        for text in before.chain(&texts[..written]) {
            state.read_line(text).unwrap_or_else(|broken| panic!("{broken}: {text}"));
        }
        state.remember(serde_json::from_str::<Memory>(&record).unwrap());
        let (again, _) = world.through(state, &tick);
        assert_eq!(projected(&again), projected(&after), "killed after {written} of {:#?}", short_of(&decided.lines));
    }
    world.tick()
}

fn short_of(lines: &[Line]) -> Vec<String> {
    lines.iter().filter_map(|line| short(&line.event)).collect()
}

/// Where the record of evidence is older than the journal's last lines, be it of a step before, what a step asks for is counted anew
/// from there: none is shorter or has fewer requests than it says. Killed at each tick, with records of so many ticks before.
#[test]
fn no_record_however_old_makes_a_step_shorter() {
    let warmup = STEPS.replace(r#""warmup": "0s""#, r#""warmup": "10s""#);
    let mut begun = 0;
    // 10 s go by until all have answered; the requests of that poll are of the warm-up.
    for (asks, least) in [(r#""hold": "40s""#, 50), (r#""hold": "10s", "requests": 9000"#, 70)] {
        let mut world = World::new().with("ant", "ant.shop", &warmup.replace(r#""hold": "20s""#, asks));
        let (mut records, mut mark) = (Vec::new(), 0);
        for ticks in 0..20 {
            records.push((world.state.memory().clone(), mark));
            for lost in [0, 1, 2, 3, 5, 8, 13_usize] {
                let Some((memory, mark)) = records.iter().rev().nth(lost) else { continue };
                let mut killed = world.clone();
                killed.state.remember(memory.clone());
                // What came since the record is one poll, and has the mark of the readings in it.
                let came = had(1_600 * (lost as u64 + 1), 16 * (lost as u64 + 1));
                let came = evidence("ant", Some(&mark.to_string()), &[("canary", came), ("control", came)]);
                let tick = Tick { since: None, poll: Some(vec![came]), ..killed.next_tick() };
                let (state, Decided { mut lines, .. }) = killed.through(killed.state.clone(), &tick);
                (killed.state, killed.now) = (state, tick.now);
                for _ in 0..9 {
                    killed.nodes.values_mut().for_each(|answered| *answered = killed.state.push());
                    killed.tick();
                    lines.append(&mut killed.last);
                }
                let ramp = world.state.entries().get("ant").and_then(|entry| entry.ramp.as_ref());
                let mut before = ramp.map(|ramp| ramp.begun);
                for line in lines.iter().filter(|line| matches!(line.event, Event::Begun { .. })) {
                    let since = before.replace(line.at).map(|before| line.at.duration_since(before).as_secs());
                    let is_first = matches!(line.event, Event::Begun { step: 0, .. });
                    assert!(is_first || since.is_some_and(|since| since >= least), "{since:?}: {ticks}, {lost} lost");
                    begun += usize::from(!is_first);
                }
            }
            mark = world.state.push();
            world.tick();
        }
    }
    assert!(begun > 50, "{begun} steps began");
}

/// However a server was killed, what comes of releases in the end is the same, and so is what was judged of them.
#[test]
fn a_kill_after_any_line_ends_as_without() {
    let mut world = World::new();
    for (id, service) in [("ant", "ant.shop"), ("cat", "ant.shop"), ("dog", "dog.shop")] {
        world.write(id, service, STEPS);
    }
    world.bad.insert("dog".into(), 3);
    let quiet = |mut world: World| {
        (0..40).for_each(|_| drop(world.tick()));
        (projected(&world.state), judged(&world.state))
    };
    let end = quiet(world.clone());
    for _ in 0..25 {
        let tick = world.next_tick();
        let (_, decided) = world.through(world.state.clone(), &tick);
        for written in 1..=decided.lines.len() {
            let mut killed = world.clone();
            let mut state = State::default();
            for text in &world.journal {
                state.read_line(text).unwrap();
            }
            for line in &decided.lines[..written] {
                state.apply(line).unwrap();
            }
            state.remember(world.state.memory().clone());
            (killed.state, killed.now) = (state, world.now + jiff::SignedDuration::from_secs(60));
            killed.nodes.values_mut().for_each(|answered| *answered = killed.state.push());
            assert_eq!(quiet(killed), end, "killed after {written} of {:#?}", short_of(&decided.lines));
        }
        world.tick();
    }
}

#[test]
fn a_kill_after_any_line_of_a_long_story_changes_nothing() {
    let mut world = World::new();
    let mut happened = Vec::new();
    let go = |world: &mut World, count: usize, happened: &mut Vec<String>| {
        (0..count).for_each(|_| happened.extend(tick_with_kills(world, true)));
    };
    for (id, service) in [("ant", "ant.shop"), ("cat", "ant.shop"), ("dog", "dog.shop")] {
        world.write(id, service, STEPS);
    }
    go(&mut world, 5, &mut happened);
    world.ask(Verb::Pause, "dog", None);
    world.ask(Verb::Approve, "ant", Some(2));
    go(&mut world, 4, &mut happened);
    world.held = Some(Held {
        taken: world.state.push() - 1,
        push: world.state.push(),
        nodes: vec![Node { node: "edge-1".into(), why: "bad".into() }],
    });
    go(&mut world, 2, &mut happened);
    (world.held, world.problems) = (None, vec![Trouble::new("limit", "too much")]);
    world.ask(Verb::Resume, "ant", None);
    world.ask(Verb::Resume, "dog", None);
    go(&mut world, 5, &mut happened);
    world.problems.clear();
    world.write("emu", "dog.shop", &STEPS.replace("5%", "7%"));
    go(&mut world, 6, &mut happened);
    world.ask(Verb::Promote, "ant", None);
    world.bad.insert("dog".into(), 60);
    go(&mut world, 5, &mut happened);
    world.ask(Verb::StepFull, "cat", None);
    go(&mut world, 15, &mut happened);
    world.ask(Verb::Acknowledge, "dog", None);
    world.ask(Verb::Abort, "cat", None);
    go(&mut world, 70, &mut happened);
    for one in [
        "started cat",
        "started emu",
        "held ant Some(1)",
        "ant waits: policy",
        "begun cat 2 passed",
        "finished ant",
        "reached ant",
        "rolled_back dog",
        "emu waits: rollback dog",
        "cleared dog",
        "aborted cat",
        "cleared cat",
        "begun emu 2",
    ] {
        assert!(happened.iter().any(|other| other == one), "{one}: {happened:#?}");
    }
}

/// What a document came to say keeps a release from its next step, and is taken back when that step would be due: it is judged by
/// what counts from then on in the same tick, as after a kill.
#[test]
fn a_document_that_is_taken_back_is_judged_by_no_more() {
    let when = r#"{"header": {"name": "who", "exact": "me"}}"#;
    let rules = format!(r#", "rules": [{{"when": {when}, "variant": "canary"}}]"#);
    let asks = STEPS.replace(r#""50%","#, r#""50%", "approve": true,"#) + &rules;
    let mut world = World::new().with("cat", "cat.shop", STEPS);
    world.until("begun cat 0");
    world.write("cat", "cat.shop", &asks);
    world.until("changed cat pushed");
    let push = world.state.push();
    let nodes = vec![Node { node: "edge-1".into(), why: "bad".into() }];
    let held = Held { taken: push - 1, push, nodes };
    let mut begun = 0;
    for _ in 0..8 {
        let mut one = World { held: Some(held.clone()), ..world.clone() };
        let happened = tick_with_kills(&mut one, true);
        assert!(happened.contains(&"held cat Some(0) document".to_owned()), "{happened:?}");
        begun += usize::from(happened.contains(&"begun cat 1".to_owned()));
        world.tick();
    }
    assert!(begun > 0, "the step was never due");
}

/// What holds of every journal, line by line.
#[derive(Default)]
struct Rules {
    steps: BTreeMap<String, Option<usize>>,
    over: BTreeSet<String>,
    wanted: BTreeMap<String, usize>,
}

impl Rules {
    fn line(&mut self, event: &Event) {
        if let Some(id) = event.release()
            && matches!(event, Event::Seen { .. } | Event::Started { .. } | Event::Begun { .. })
        {
            assert!(!self.over.contains(id), "{event:?} after its end");
        }
        match event {
            Event::Started { release, .. } => {
                assert_eq!(self.steps.insert(release.clone(), None), None, "{release} started twice");
            }
            Event::Stepped { release, step, .. } => drop(self.wanted.insert(release.clone(), *step)),
            Event::Begun { release, step, .. } => {
                let before = self.steps.insert(release.clone(), Some(*step)).expect("it has started");
                let next = before.map_or(0, |before| before + 1);
                let is_wanted = self.wanted.remove(release) == Some(*step) && *step >= next;
                assert!(*step == next || is_wanted, "{release} goes from {before:?} to {step}");
            }
            Event::HeldBack { release, step, queued, .. } => {
                self.wanted.remove(release);
                match queued {
                    true => drop(self.steps.remove(release)),
                    false => drop(self.steps.insert(release.clone(), *step)),
                }
            }
            Event::RolledBack { release, .. } | Event::Finished { release, .. } | Event::Aborted { release, .. } => {
                self.steps.remove(release);
                assert!(self.over.insert(release.clone()), "{release} ended twice");
            }
            _ => {}
        }
    }
}

fn overlap(some: &[Range], others: &[Range]) -> bool {
    some.iter().any(|one| others.iter().any(|other| one.start < other.end && other.start < one.end))
}

/// Slots of those that conflict are disjoint, and from one tick to the next a unit goes from control to the canary or out at an end.
fn nobody_moves(before: &State, after: &State) {
    let in_force: Vec<InForce<'_>> = after.in_force();
    for (i, one) in in_force.iter().enumerate() {
        for other in &in_force[i + 1..] {
            let is_apart = !overlap(one.slots, other.slots);
            assert!(is_apart || !pool::conflict(&one.release.services, &other.release.services));
        }
    }
    for one in before.in_force() {
        let Some(now) = in_force.iter().find(|now| now.release.id == one.release.id) else { continue };
        let (Stage::Step(step), Stage::Step(step_now)) = (one.stage, now.stage) else { continue };
        assert_eq!(one.slots, now.slots);
        let ranges = |one: &InForce<'_>, step: usize, arm: &str| {
            let shares = one.release.shares(one.release.steps[step].share);
            shares.into_iter().find(|(id, _)| *id == arm).map(|(_, ranges)| ranges).unwrap_or_default()
        };
        let is_taken_back = step_now < step;
        let [canary, canary_now] = [ranges(&one, step, "canary"), ranges(now, step_now, "canary")];
        let [control, control_now] = [ranges(&one, step, "control"), ranges(now, step_now, "control")];
        let within = |some: &[Range], others: &[Range]| {
            some.iter().all(|one| others.iter().any(|other| other.start <= one.start && one.end <= other.end))
        };
        assert!(is_taken_back || within(&canary, &canary_now), "{canary:?} {canary_now:?}");
        // Who leaves control comes to the canary.
        let lost = control.iter().flat_map(|range| [range.start, range.end - 1]);
        let is_in = |ranges: &[Range], slot: u32| ranges.iter().any(|range| range.start <= slot && slot < range.end);
        let mut lost = lost.filter(|slot| !is_in(&control_now, *slot));
        assert!(is_taken_back || lost.all(|slot| is_in(&canary_now, slot)), "{control:?} {control_now:?}");
    }
}

const IDS: [(&str, &str); 4] = [("ant", "ant.shop"), ("cat", "ant.shop"), ("dog", "dog.shop"), ("emu", "dog.shop")];
const VERBS: [Verb; 10] = [
    Verb::Approve,
    Verb::Pause,
    Verb::Resume,
    Verb::Resume,
    Verb::Abort,
    Verb::Acknowledge,
    Verb::Promote,
    Verb::StepNext,
    Verb::StepFull,
    Verb::Thaw,
];

/// Something happens to the world.
fn act(world: &mut World, action: u8, which: u8) {
    let (id, service) = IDS[usize::from(which) % IDS.len()];
    match action {
        0..=4 => world.ask(VERBS[usize::from(which) % VERBS.len()], IDS[usize::from(action) % IDS.len()].0, None),
        5 => world.write(id, service, STEPS),
        // A rule of its own each time.
        6 if which > 128 => {
            let when = format!(r#"{{"header": {{"name": "who", "exact": "{which}"}}}}"#);
            world.write(id, service, &format!(r#"{STEPS}, "rules": [{{"when": {when}, "variant": "canary"}}]"#));
        }
        6 => world.write(id, service, &STEPS.replace("50%", "70%")),
        7 => world.write(id, service, &STEPS.replace(r#""50%","#, r#""50%", "approve": true,"#)),
        8 => world.remove(id),
        9 => world.spoil(id),
        10 => drop(world.bad.insert(id.into(), u64::from(which % 3) * 40)),
        11 => world.problems = vec![Trouble::new("limit", "too much"); usize::from(which % 2)],
        12 => {
            let push = world.state.push();
            let nodes = vec![Node { node: "edge-1".into(), why: "bad".into() }];
            world.held = (which.is_multiple_of(2)).then(|| Held { taken: push.saturating_sub(1), push, nodes });
        }
        13 if which.is_multiple_of(2) => drop(world.unrouted.insert(id.into())),
        13 => world.unrouted.clear(),
        14 => world.polls = !which.is_multiple_of(3),
        15 => world.ask(if which.is_multiple_of(3) { Verb::Freeze } else { Verb::Thaw }, "", None),
        16 => world.policies[0].enabled = (which.is_multiple_of(3)).then_some(false),
        17 if which.is_multiple_of(2) => drop(world.nodes.insert(format!("edge-{which}"), 0)),
        17 => drop(world.nodes.remove("edge-2")),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn a_kill_after_any_line_of_any_story_changes_nothing(
        acts in prop::collection::vec(prop::option::of((0_u8..18, any::<u8>())), 20..60)
    ) {
        let mut world = World::new();
        IDS.iter().for_each(|(id, service)| world.write(id, service, STEPS));
        let mut rules = Rules::default();
        for act_now in acts {
            act_now.iter().for_each(|(action, which)| act(&mut world, *action, *which));
            let before = world.state.clone();
            tick_with_kills(&mut world, false);
            world.last.iter().for_each(|line| rules.line(&line.event));
            nobody_moves(&before, &world.state);
            let pushes: BTreeSet<u64> = world.last.iter().filter_map(|line| line.event.push()).collect();
            prop_assert!(pushes.len() <= 1);
            // The same tick again decides nothing new, and no file is taken in twice.
            prop_assert_eq!(world.state.push(), before.push().max(pushes.into_iter().next().unwrap_or(0)));
        }
        // The whole journal folds to what there is.
        let mut folded = State::default();
        for text in &world.journal {
            prop_assert!(folded.read_line(text).is_ok());
        }
        prop_assert_eq!(projected(&folded), projected(&world.state));
    }
}
