//! The targeting of the whole policy and of a layer: a request is in, and all is as without it, or it is out.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use weir_engine::{Exchange, Reason};
use weir_policy::{Attachment, Role, Steer};

use crate::attachment::{attachment, plan};
use crate::condition::{condition, reads_unit, written_out};
use crate::fresh;
use crate::headers::{Lines, Outcomes, outcomes};
use crate::policy::{Made, policy};
use crate::request::request;

/// Layer, experiment, variant and reason.
type Outcome = (String, Option<String>, Option<String>, &'static str);

fn policy_and_request() -> impl Strategy<Value = (Made, Lines)> {
    policy().prop_flat_map(|made| {
        let request = request(made.tags.clone());
        (Just(made), request)
    })
}

fn condition_without_unit() -> impl Strategy<Value = Value> {
    condition().prop_filter("it asks for no unit", |condition| !reads_unit(condition))
}

proptest! {
    #![proptest_config(fresh())]

    /// Of a condition and its opposite one lets the request in.
    #[test]
    fn the_policy_is_for_a_request_or_out((made, lines) in policy_and_request(), targeting in condition_without_unit()) {
        let plan_with = |targeting: Option<Value>| {
            let mut made = made.clone();
            made.policy["targeting"] = targeting.clone().unwrap_or_default();
            if targeting.is_none() {
                made.policy.as_object_mut().unwrap().remove("targeting");
            }
            plan(&made, &attachment(Role::Edge, Steer::Subset))
        };
        let without = plan_with(None);
        let with = [plan_with(Some(targeting.clone())), plan_with(Some(json!({ "not": targeting })))];
        let without = lines.decided(&without);
        let [one, opposite] = with.each_ref().map(|plan| lines.decided(plan));
        let is_out = |outcomes: &Outcomes| outcomes.iter().all(|outcome| matches!(outcome.3, "not_targeted" | "disabled") && outcome.1.is_none());
        let (inside, outside) = if one.json() == without.json() { (one, opposite) } else { (opposite, one) };
        prop_assert!(is_out(&outcomes(outside.decision())));
        prop_assert_eq!(inside.json(), without.json());
        prop_assert!(!makes_id(&outside));
        let edits = outside.edits();
        prop_assert!(!edits.iter().any(|edit| edit.name == b"x-weir-subset" && !edit.lines.is_empty()), "{:?}", edits);
        for name in lines.0.iter().map(|(name, _)| name).filter(|name| name.starts_with(b"x-weir-")) {
            prop_assert!(edits.iter().any(|edit| edit.name == *name) || name.as_slice() == b"x-weir-weight");
        }
    }

    #[test]
    fn a_layer_is_for_a_request_or_out(
        (made, lines) in policy_and_request(),
        targeting in condition_without_unit(),
        place: Index,
    ) {
        let layers = made.policy["layers"].as_array().unwrap().len();
        prop_assume!(layers > 0);
        let place = place.index(layers);
        let id = made.policy["layers"][place]["id"].as_str().unwrap().to_owned();
        let decided = |targeting: Option<Value>| {
            let mut made = made.clone();
            let layer = made.policy["layers"][place].as_object_mut().unwrap();
            layer.remove("targeting");
            layer.extend(targeting.map(|targeting| ("targeting".to_owned(), targeting)));
            let plan = plan(&made, &attachment(Role::Edge, Steer::Subset));
            let (own, others): (Vec<Outcome>, Vec<Outcome>) =
                outcomes(lines.decided(&plan).decision()).into_iter().partition(|outcome| outcome.0 == id);
            // Routes of a layer may be in the way of those of another.
            let others: Vec<_> = others.into_iter().map(|(layer, experiment, variant, _)| (layer, experiment, variant)).collect();
            let [(_, experiment, variant, reason)] = <[Outcome; 1]>::try_from(own).unwrap();
            ((experiment, variant), reason == "not_targeted", reason == "disabled", others)
        };
        let without = decided(None);
        let [one, opposite] = [targeting.clone(), json!({ "not": targeting })].map(|targeting| decided(Some(targeting)));
        prop_assert_eq!(&one.3, &without.3);
        prop_assert_eq!(&opposite.3, &without.3);
        prop_assert!(one.0 == without.0 && (opposite.1 || opposite.2) || opposite.0 == without.0 && (one.1 || one.2));
        for (outcome, is_out, _, _) in [one, opposite] {
            prop_assert!(outcome == without.0 || is_out && outcome == (None, None));
        }
    }

    /// No cookie is made for a request whose layers are all out of play.
    #[test]
    fn an_id_is_made_for_a_layer_in_play((made, lines) in policy_and_request()) {
        let plan = plan(&made, &Attachment::default());
        // None is made for a preflight.
        let lines = lines.without(b"access-control-request-method");
        let exchange = lines.decided(&plan);
        let is_made = makes_id(&exchange);
        let holds = |layer: &str| {
            let holdouts = made.policy["holdouts"].as_array().unwrap().iter();
            holdouts.filter(|one| one["layers"].as_array().unwrap().contains(&json!(layer))).any(|one| one["unit"] == "device")
        };
        let uses = |id: &str| {
            let layer = made.policy["layers"].as_array().unwrap().iter().find(|layer| layer["id"] == id).unwrap();
            layer["unit"] == "device" || holds(id)
        };
        let may_be_in_play = |outcome: &weir_engine::LayerOutcome<'_>| {
            outcome.reason != Reason::NotTargeted || outcome.experiment.is_some()
        };
        let user = exchange.decision().layers().find(|outcome| uses(outcome.layer) && may_be_in_play(outcome));
        prop_assert!(!is_made || user.is_some());
        let dealt = user.is_some_and(|user| user.reason != Reason::Disabled);
        prop_assert!(is_made || !dealt || has_device(&exchange, &made, &lines));
    }

    /// What a name stands for may be written out in its place.
    #[test]
    fn names_are_what_they_stand_for((made, lines) in policy_and_request()) {
        let mut out = made.clone();
        out.policy = written_out(&made.policy);
        let [named, out] = [&made, &out].map(|made| plan(made, &attachment(Role::Edge, Steer::Subset)));
        prop_assert_eq!(lines.decided(&named).json(), lines.decided(&out).json());
    }
}

fn makes_id(exchange: &Exchange<'_, '_>) -> bool {
    exchange.set_cookies().iter().any(|line| line.starts_with("weir_id=") || line.starts_with("other="))
}

/// Whether no id is to be made, because there is one, or none can be.
fn has_device(exchange: &Exchange<'_, '_>, made: &Made, lines: &Lines) -> bool {
    let header = lines.values("x-device").first().is_some_and(|value| !value.is_empty());
    let was_made = |value: &Vec<u8>| value == b"AAAAAAAAAAAAAAAAAAAAAA";
    // What is not made by us may have any form.
    let is_issued = made.policy["units"]["device"][1]["issue"].is_object();
    let counts = |value: &Vec<u8>| if is_issued { was_made(value) } else { !value.is_empty() };
    let cookie = lines.crumbs("weir_id").first().is_some_and(counts);
    let other = lines.crumbs("other").first().is_some_and(was_made);
    header || cookie || other || exchange.is_grpc()
}
