//! What people ask for, and what comes of it in the same tick.

use super::super::testing::*;
use super::{STEPS, ticks};
use crate::request::Verb;

#[test]
fn a_step_that_asks_for_a_yes_waits_for_one_which_may_come_before() {
    let steps = STEPS.replace(r#""50%","#, r#""50%", "approve": true,"#);
    let mut world = World::new().with("ant", "ant.shop", &steps);
    assert_eq!(ticks(&mut world, 20), ["seen ant", "started ant", "begun ant 0"]);
    world.ask(Verb::Approve, "ant", Some(1));
    assert_eq!(world.tick(), ["approved ant 1", "begun ant 1"]);

    let mut world = World::new().with("ant", "ant.shop", &steps);
    world.tick();
    world.ask(Verb::Approve, "ant", Some(1));
    assert_eq!(world.tick(), ["approved ant 1"]);
    world.until("begun ant 1");
}

#[test]
fn routes_that_are_missing_are_waited_for_or_approved() {
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    world.unrouted.insert("ant".into());
    assert_eq!(ticks(&mut world, 9), ["seen ant", "started ant", "ant waits: routes"]);
    let mut approved = world.clone();
    // Who wants a step at once may not know of it.
    world.ask(Verb::StepNext, "ant", None);
    assert_eq!(world.tick(), ["refused step_next routes"]);
    approved.ask(Verb::Approve, "ant", Some(0));
    let mut stepped = approved.clone();
    stepped.ask(Verb::StepFull, "ant", None);
    assert_eq!(stepped.tick(), ["approved ant 0", "stepped ant 2", "ant waits: ", "begun ant 2 passed"]);
    assert_eq!(approved.tick(), ["approved ant 0", "ant waits: ", "begun ant 0"]);
    world.unrouted.clear();
    assert_eq!(world.tick(), ["ant waits: ", "begun ant 0"]);
}

/// It was asked for before anybody knew that routes are missing.
#[test]
fn a_step_at_once_waits_for_routes() {
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    world.unrouted.insert("ant".into());
    world.tick();
    world.ask(Verb::StepNext, "ant", None);
    assert_eq!(ticks(&mut world, 9), ["stepped ant 0", "ant waits: routes"]);
    world.unrouted.clear();
    assert_eq!(world.tick(), ["ant waits: ", "begun ant 0 passed"]);
}

#[test]
fn a_pause_holds_one_and_a_freeze_holds_all() {
    let mut world = World::new().with("ant", "ant.shop", STEPS).with("cat", "ant.shop", STEPS);
    world.until("begun ant 0");
    world.ask(Verb::Pause, "ant", None);
    assert_eq!(ticks(&mut world, 20), ["paused ant"]);
    world.ask(Verb::Resume, "ant", None);
    assert_eq!(world.tick(), ["resumed ant", "begun ant 1"]);
    world.ask(Verb::Freeze, "", None);
    assert_eq!(ticks(&mut world, 20), ["frozen", "cat waits: frozen"]);
    world.ask(Verb::StepNext, "ant", Some(2));
    assert_eq!(world.tick(), ["refused step_next frozen"]);
    world.ask(Verb::Thaw, "", None);
    assert_eq!(world.tick(), ["thawed", "begun ant 2", "cat waits: slots ant"]);
}

#[test]
fn one_that_is_paused_in_the_queue_is_in_nobodys_way() {
    let mut world = World::new();
    for id in ["ant", "cat", "dog"] {
        world.write(id, "ant.shop", STEPS);
    }
    assert_eq!(
        world.tick(),
        ["seen ant", "seen cat", "seen dog", "started ant", "cat waits: slots ant", "dog waits: behind cat"]
    );
    world.ask(Verb::Pause, "cat", None);
    assert_eq!(world.tick(), ["paused cat", "cat waits: paused", "dog waits: slots ant"]);
    world.ask(Verb::Abort, "ant", None);
    assert_eq!(world.tick(), ["aborted ant", "started dog"]);
}

#[test]
fn a_person_may_begin_a_step_at_once_and_never_past_a_harm() {
    let mut world = World::new().with("ant", "ant.shop", &STEPS.replace("20s", "2h"));
    world.until("begun ant 0");
    world.ask(Verb::StepNext, "ant", Some(1));
    assert_eq!(world.tick(), ["stepped ant 1", "begun ant 1 passed"]);
    let mut full = world.clone();
    full.ask(Verb::StepFull, "ant", None);
    assert_eq!(full.tick(), ["stepped ant 2", "begun ant 2 passed"]);
    // Without a poll it waits, and with harm it never begins.
    world.polls = false;
    world.ask(Verb::StepNext, "ant", None);
    assert_eq!(ticks(&mut world, 5), ["stepped ant 2"]);
    world.polls = true;
    let mut harmed = world.clone();
    harmed.bad.insert("ant".into(), 1_600 / 16);
    assert_eq!(harmed.tick(), ["rolled_back ant"]);
    assert_eq!(world.tick(), ["begun ant 2 passed"]);
}

#[test]
fn a_request_is_answered_once_and_what_is_over_is_refused() {
    let mut world = World::new().with("ant", "ant.shop", STEPS);
    world.tick();
    world.ask(Verb::Promote, "ant", None);
    assert_eq!(world.tick(), ["refused promote not_waiting"]);
    world.ask(Verb::Abort, "ant", None);
    world.ask(Verb::Pause, "ant", None);
    assert_eq!(world.tick(), ["aborted ant", "refused pause over"]);
    // They stand there for ever, and nothing happens twice.
    assert_eq!(ticks(&mut world, 3), ["reached ant", "cleared ant"]);
}
