//! What happens tick by tick, in a world where every edge answers at once.

use std::collections::BTreeSet;

use weir_policy::SourceId;

use super::draft::Draft;
use super::testing::*;
use super::{Held, Inputs, Look, Written};
use crate::journal::{Event, Node, Trouble};
use crate::request::Verb;
use crate::state::{End, State};
use crate::tick::Tick;

mod kills;
mod people;

pub const STEPS: &str = r#", "warmup": "0s", "steps":
    [{"share": "5%", "hold": "20s"}, {"share": "50%", "hold": "20s"}, {"share": "100%", "hold": "20s"}]"#;

/// Everything that happens in so many ticks.
fn ticks(world: &mut World, count: usize) -> Vec<String> {
    (0..count).flat_map(|_| world.tick()).collect()
}

#[test]
fn a_release_goes_from_the_queue_to_the_end() {
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    assert_eq!(world.tick(), ["seen ant", "started ant"]);
    assert_eq!(ticks(&mut world, 30), ["begun ant 0", "begun ant 1", "begun ant 2"]);
    world.ask(Verb::Promote, "ant", None);
    assert_eq!(world.tick(), ["promoted ant", "finished ant"]);
    assert_eq!(world.state.in_force(), []);
    assert_eq!(world.until("reached ant"), 60);
    assert_eq!(ended(&world.state, "ant"), Some(End::Finished));
    // The same file again changes nothing.
    assert_eq!(ticks(&mut world, 20), [""; 0]);
}

#[test]
fn its_first_step_begins_a_tick_after_nine_of_ten_edges_know_its_tags() {
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    world.tick();
    world.nodes.values_mut().for_each(|answered| *answered = 0);
    for _ in 0..5 {
        let tick = world.next_tick();
        let (state, decided) = world.through(world.state.clone(), &tick);
        assert!(decided.lines.iter().all(|line| matches!(line.event, Event::Verdict { .. })), "{:?}", decided.lines);
        (world.state, world.now) = (state, tick.now);
    }
    world.nodes.values_mut().for_each(|answered| *answered = 1);
    assert_eq!(world.until("begun ant 0"), 2);
}

#[test]
fn a_line_that_does_not_follow_never_is() {
    let written = Written { policies: &[], problems: Vec::new(), source: SourceId::FIRST, check: &|_| Vec::new() };
    let look = Look { name: "releases".into(), files: Ok(Vec::new()) };
    let (unrouted, tick, state) = (BTreeSet::new(), Tick::default(), State::default());
    let (look, written, requests, held, unrouted, tick) = (&look, &written, &[][..], None, &unrouted, &tick);
    let inputs = Inputs { look, written, requests, held, unrouted, tick, has_room: true };
    let mut draft = Draft::of(&state, &inputs);
    draft.add(Event::Began);
    draft.add(Event::Cleared { release: "nobody".into(), push: 9 });
    draft.add(Event::Settled);
    let (after, lines) = (draft.state.clone(), draft.into_lines());
    let mut folded = State::default();
    assert!(lines.iter().all(|line| folded.apply(line).is_ok()), "{lines:?}");
    assert_eq!((lines.len(), after), (2, folded));
}

/// The ledger tells a fall once, and so does the journal, disk full or not; where nothing runs nothing is lost by it.
#[test]
fn numbers_that_fell_are_told_once_with_the_releases_that_may_lack_something() {
    let mut world = World::new().with("ant", "ant.shop", STEPS).with("cat", "ant.shop", STEPS);
    let fall = |world: &mut World| world.resets = vec!["edge-1".into(), "edge-2".into()];
    fall(&mut world);
    assert_eq!(world.tick(), ["seen ant", "seen cat", "started ant", "cat waits: slots ant"]);
    for has_room in [true, false] {
        (world.has_room, world.polls) = (has_room, false);
        fall(&mut world);
        let told = world.tick();
        assert_eq!(told, ["reset edge-1 edge-2 of ant"], "{has_room}");
        assert_eq!(ticks(&mut world, 3), [""; 0]);
    }
}

#[test]
fn a_step_begins_only_with_a_poll_that_was_accepted() {
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    world.polls = false;
    assert_eq!(ticks(&mut world, 10), ["seen ant", "started ant"]);
    world.polls = true;
    assert_eq!(world.until("begun ant 0"), 2);
}

#[test]
fn harm_rolls_back_and_the_layer_goes_when_it_was_seen_and_every_envoy_knows() {
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    world.until("begun ant 1");
    world.bad.insert("ant".into(), 30);
    world.until("rolled_back ant");
    assert_eq!(world.state.in_force()[0].stage, crate::effective::Stage::Off);
    assert_eq!(ticks(&mut world, 5), ["reached ant"]);
    world.ask(Verb::Acknowledge, "ant", None);
    assert_eq!(world.tick(), ["acknowledged ant", "cleared ant"]);
    assert_eq!(world.state.in_force(), []);
}

#[test]
fn nobody_steps_past_a_harm_that_only_holds() {
    let guardrails = r#", "guardrails": [{"name": "errors", "errors": {"margin": "20%"}, "on_harm": "hold"}]"#;
    let mut world = World::new().with("ant", "ant.shop", &format!("{STEPS}{guardrails}"));
    world.until("begun ant 1");
    world.bad.insert("ant".into(), 30);
    ticks(&mut world, 10);
    world.ask(Verb::StepNext, "ant", None);
    assert_eq!(world.tick(), ["refused step_next harm"]);
    world.write("ant", "ant.shop", &format!("{STEPS}{}", guardrails.replace("hold", "warn")));
    assert_eq!(world.tick(), ["changed ant", "begun ant 2"]);
}

#[test]
fn an_envoy_that_is_away_keeps_the_layer_off_for_a_day_and_is_named() {
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    world.until("begun ant 1");
    let away = world.nodes.remove("edge-2");
    assert!(away.is_some());
    world.ask(Verb::Abort, "ant", None);
    assert_eq!(world.tick(), ["aborted ant"]);
    assert_eq!(world.until("unreached ant edge-2"), 3);
    assert_eq!(ticks(&mut world, 10), [""; 0]);
    world.nodes.insert("edge-2".into(), 0);
    // It has answered before the next tick, and an abort needs no acknowledgement.
    world.tick();
    assert_eq!(world.tick(), ["reached ant", "cleared ant"]);
}

#[test]
fn what_ends_frees_its_slots_and_the_next_starts_in_the_same_tick_by_the_same_push() {
    let mut world = World::new().with("ant", "ant.shop", STEPS).with("cat", "ant.shop", STEPS);
    assert_eq!(world.tick(), ["seen ant", "seen cat", "started ant", "cat waits: slots ant"]);
    world.until("begun ant 2");
    ticks(&mut world, 5);
    world.ask(Verb::Promote, "ant", None);
    assert_eq!(world.tick(), ["promoted ant", "finished ant", "started cat"]);
    let pushes: BTreeSet<u64> = world.last.iter().filter_map(|line| line.event.push()).collect();
    assert_eq!(pushes.len(), 1);
    assert_eq!(world.state.changed_by(world.state.push()), ["cat", "ant"]);
}

#[test]
fn a_rollback_holds_the_queue_behind_it_until_somebody_has_seen_it() {
    let mut world = World::new().with("ant", "ant.shop", STEPS).with("cat", "ant.shop", STEPS);
    world.until("begun ant 1");
    world.bad.insert("ant".into(), 30);
    let harm = (0..60).map(|_| world.tick()).find(|happened| happened.contains(&"rolled_back ant".to_owned()));
    assert_eq!(harm.unwrap(), ["rolled_back ant", "cat waits: rollback ant"]);
    ticks(&mut world, 9);
    world.ask(Verb::Acknowledge, "ant", None);
    assert_eq!(world.tick(), ["acknowledged ant", "cleared ant", "started cat"]);
}

#[test]
fn several_steps_that_are_due_are_one_push() {
    let mut world = World::new().with("ant", "ant.shop", STEPS).with("cat", "cat.shop", STEPS);
    assert_eq!(world.tick(), ["seen ant", "seen cat", "started ant", "started cat"]);
    for step in 0..3 {
        world.until(&format!("begun cat {step}"));
        assert_eq!(world.last.iter().filter_map(|line| line.event.push()).collect::<Vec<_>>(), [step + 2, step + 2]);
    }
}

#[test]
fn files_that_change_or_go_or_turn_bad_leave_what_counts() {
    let mut world = World::new().with("ant", "ant.shop", STEPS).with("cat", "ant.shop", STEPS);
    world.until("begun ant 0");
    for (change, happens) in [
        (("ant", Some(STEPS.replace("50%", "60%"))), &["changed ant"][..]),
        // Nothing else may: the step has begun.
        (("ant", Some(STEPS.replace("5%", "6%"))), &["bad ant.json new_id_needed"]),
        (("ant", Some(STEPS.to_owned())), &["changed ant", "good ant.json"]),
        // One that waits may change all.
        (("cat", Some(STEPS.replace("5%", "6%"))), &["changed cat"]),
        (("ant", None), &["gone ant"]),
        (("ant", Some(STEPS.to_owned())), &["file ant"]),
        (("cat", None), &["withdrawn cat"]),
        (("cat", Some(STEPS.to_owned())), &["seen cat", "cat waits: slots ant"]),
    ] {
        match &change {
            (id, Some(fields)) => world.write(id, "ant.shop", fields),
            (id, None) => world.remove(id),
        }
        let happened = world.tick().into_iter().filter(|one| !one.starts_with("begun"));
        assert_eq!(happened.collect::<Vec<_>>(), happens, "{change:?}");
    }
}

#[test]
fn one_that_may_be_in_a_bad_file_is_not_withdrawn_and_an_empty_folder_withdraws_nothing() {
    let mut world = World::new().with("ant", "ant.shop", STEPS).with("cat", "ant.shop", STEPS);
    world.tick();
    world.spoil("cat");
    assert_eq!(world.tick(), ["bad cat.json syntax"]);
    world.remove("ant");
    world.remove("cat");
    assert_eq!(world.tick(), ["bad releases empty", "begun ant 0"]);
    let unreadable = vec![Trouble::new("io", "no such folder")];
    let before = std::mem::replace(&mut world.look.files, Err(unreadable));
    assert_eq!(world.tick().first().map(String::as_str), Some("bad releases io"));
    world.look.files = before;
    world.write("ant", "ant.shop", STEPS);
    let happened = world.tick();
    assert!(
        happened.starts_with(&["good cat.json", "good releases", "withdrawn cat"].map(str::to_owned)),
        "{happened:?}"
    );
}

#[test]
fn an_id_that_was_used_is_used_for_ever() {
    let mut world = World::new().with("ant", "ant.shop", STEPS).with("cat", "cat.shop", STEPS);
    world.tick();
    world.ask(Verb::Abort, "ant", None);
    world.tick();
    assert_eq!(ticks(&mut world, 5), ["reached ant", "cleared ant", "begun cat 0", "begun cat 1"]);
    world.write("ant", "ant.shop", &STEPS.replace("5%", "7%"));
    assert_eq!(world.tick(), ["bad ant.json used_id"]);
    assert!(!world.state.entries().contains_key("ant"));
}

#[test]
fn a_new_journal_pauses_all_that_is_there() {
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    let began = world.state.line(world.now, None, Event::Began);
    world.state.apply(&began).unwrap();
    world.spoil("cat");
    assert_eq!(world.tick(), ["seen ant paused", "bad cat.json syntax", "ant waits: paused"]);
    world.write("cat", "cat.shop", STEPS);
    assert_eq!(world.tick(), ["seen cat paused", "good cat.json", "settled", "cat waits: paused"]);
    world.write("dog", "dog.shop", STEPS);
    assert_eq!(world.tick(), ["seen dog", "started dog"]);
}

#[test]
fn a_document_that_others_are_still_asked_about_is_there_and_nothing_is_said_of_it() {
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    let began = world.state.line(world.now, None, Event::Began);
    world.state.apply(&began).unwrap();
    world.leave_open("ant");
    assert_eq!(world.tick(), [""; 0], "and a new journal is not settled");
    world.spoil("ant");
    assert_eq!(world.tick(), ["bad ant.json syntax"]);
    world.leave_open("ant");
    assert_eq!(world.tick(), [""; 0]);
    world.write("ant", "ant.shop", STEPS);
    assert_eq!(world.tick(), ["seen ant paused", "good ant.json", "settled", "ant waits: paused"]);
    world.leave_open("ant");
    assert_eq!(world.tick(), [""; 0], "what is in the queue stays there");
}

#[test]
fn a_step_waits_while_the_policy_with_it_is_not_good_and_a_rollback_does_not() {
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    world.tick();
    world.problems = vec![Trouble::new("slots_overlap", "somebody owns its slots")];
    assert_eq!(ticks(&mut world, 6), ["ant waits: policy"]);
    world.problems.clear();
    assert_eq!(world.tick(), ["ant waits: ", "begun ant 0"]);
    world.problems = vec![Trouble::new("slots_overlap", "somebody owns its slots")];
    world.bad.insert("ant".into(), 40);
    world.until("rolled_back ant");
    // Nobody starts either.
    world.write("cat", "cat.shop", STEPS);
    assert_eq!(world.tick(), ["seen cat", "reached ant", "cat waits: policy"]);
}

#[test]
fn a_step_is_checked_with_the_whole_policy() {
    use weir_policy::written::{Experiment, Layer, RouteTarget, Variant};
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    let variant = Variant {
        id: Some("v".into()),
        routes: vec![("ant.shop".into(), RouteTarget::Subset("v9".into()))],
        ..Variant::default()
    };
    let experiment = Experiment {
        id: Some("mine".into()),
        slots: Some(Vec::new()),
        variants: vec![variant],
        ..Experiment::default()
    };
    let layer = Layer {
        id: Some("other".into()),
        unit: Some("user".into()),
        experiments: vec![experiment],
        ..Layer::default()
    };
    world.policies[0].layers.push(layer);
    assert_eq!(world.tick(), ["seen ant", "ant waits: service_on_two_lines"]);
    world.policies[0].layers.clear();
    assert_eq!(world.tick(), ["started ant"]);
}

#[test]
fn a_policy_that_is_switched_off_holds_all() {
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    world.tick();
    world.policies[0].enabled = Some(false);
    assert_eq!(ticks(&mut world, 6), ["ant waits: switched_off"]);
    world.policies[0].enabled = None;
    assert_eq!(ticks(&mut world, 2), ["ant waits: ", "begun ant 0"]);
}

#[test]
fn a_step_that_first_nodes_did_not_take_is_taken_back() {
    let nodes = || vec![Node { node: "edge-1".into(), why: "bad".into() }];
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    world.until("begun ant 1");
    let push = world.state.push();
    world.held = Some(Held { taken: push - 1, push, nodes: nodes() });
    assert_eq!(world.tick(), ["held ant Some(0)"]);
    // It may be told again.
    assert_eq!(ticks(&mut world, 9), [""; 0]);
    assert_eq!(world.state.entries()["ant"].paused.as_ref().unwrap().why.as_deref(), Some("edge-1: bad"));
    world.ask(Verb::Resume, "ant", None);
    world.until("begun ant 1");

    let mut world = World::new().with("ant", "ant.shop", STEPS);
    world.tick();
    world.held = Some(Held { taken: 0, push: 1, nodes: nodes() });
    assert_eq!(world.tick(), ["held ant queued", "ant waits: paused"]);
    assert_eq!(world.state.in_force(), []);
}

#[test]
fn what_a_document_came_to_say_is_taken_back_too() {
    let rule = |value: &str| {
        let when = format!(r#"{{"header": {{"name": "who", "exact": "{value}"}}}}"#);
        format!(r#"{STEPS}, "rules": [{{"when": {when}, "variant": "canary"}}]"#)
    };
    let mut world = World::new().with("ant", "ant.shop", &rule("ann"));
    world.until("begun ant 1");
    world.write("ant", "ant.shop", &rule("bob"));
    assert_eq!(world.tick(), ["changed ant pushed"]);
    let push = world.state.push();
    let nodes = vec![Node { node: "edge-1".into(), why: "bad".into() }];
    world.held = Some(Held { taken: push - 1, push, nodes });
    assert_eq!(world.tick(), ["held ant Some(1) document", "bad ant.json held_back"]);
    // The step goes on with what counted before.
    assert_eq!(world.until("begun ant 2"), 1);
    world.write("ant", "ant.shop", &rule("cid"));
    assert_eq!(world.tick(), ["changed ant pushed", "good ant.json"]);
}

#[test]
fn without_room_in_the_journal_nobody_advances_and_harm_goes_back_all_the_same() {
    let mut world = World::new().with("ant", "ant.shop", STEPS).with("cat", "cat.shop", STEPS);
    world.until("begun ant 0");
    world.has_room = false;
    world.write("dog", "dog.shop", STEPS);
    world.ask(Verb::Approve, "ant", None);
    assert_eq!(ticks(&mut world, 9), [""; 0]);
    world.ask(Verb::Abort, "cat", None);
    assert_eq!(world.tick(), ["aborted cat"]);
    world.bad.insert("ant".into(), 40);
    world.until("rolled_back ant");
    world.has_room = true;
    assert_eq!(
        world.tick(),
        ["refused approve over", "seen dog", "reached ant", "reached cat", "cleared cat", "started dog"]
    );
}
