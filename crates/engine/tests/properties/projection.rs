//! What an attachment is sent of a policy is all that it needs, and no more.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use weir_engine::{Counted, Plan};
use weir_policy::{Attachment, Join, Model, Revision, Role, Source, Sources, Steer, Sticky, Trace, read_policy};

use crate::fresh;
use crate::headers::Lines;
use crate::policy::{Made, UNITS, policy};
use crate::request::{destination, request};

proptest! {
    #![proptest_config(fresh())]

    #[test]
    fn it_is_a_good_policy_and_its_own_projection(made in policy(), attachment in attachment()) {
        let whole = model(&made);
        let projection = whole.project(&attachment);
        let canonical = projection.canonical();
        let again = match read_policy(&Sources::of([Source::json("projection", canonical.clone())]), attachment.role) {
            Ok(again) => again,
            Err(problems) => return Err(TestCaseError::fail(format!("{problems:#?}\n{canonical}"))),
        };
        prop_assert_eq!(&again, &*projection);
        prop_assert_eq!(again.canonical(), canonical);
        prop_assert_eq!(again.project(&attachment), projection);
        prop_assert!(attachment.role != Role::Edge || again == whole);
    }

    #[test]
    fn it_does_what_the_whole_does(
        (made, requests) in policy().prop_flat_map(|made| {
            let requests = prop::collection::vec(request(made.tags.clone()), 1..6);
            (Just(made), requests)
        }),
        destination in destination(),
        attachment in attachment(),
    ) {
        let whole = model(&made);
        let revision = Revision::of(&whole.canonical());
        let [by_whole, by_projection] = [&whole, &whole.project(&attachment)].map(|model| {
            let envelope = attachment.envelope(revision, &model.canonical());
            weir_engine::configure_json(envelope.as_bytes()).unwrap()
        });
        if attachment.role != Role::Inbound {
            prop_assert!(by_whole.series().eq(by_projection.series()));
        }
        for lines in &requests {
            let destination = destination.as_deref();
            prop_assert_eq!(told(&by_whole, lines, destination), told(&by_projection, lines, destination));
        }
    }

    #[test]
    fn nothing_is_in_it_that_only_deciding_needs(
        made in policy(),
        attachment in attachment().prop_filter("an edge decides", |attachment| attachment.role != Role::Edge),
    ) {
        let whole = model(&made);
        let projection: Value = serde_json::from_str(&whole.project(&attachment).canonical()).unwrap();
        only(&projection, &["version", "enabled", "env_tag", "units", "layers"])?;
        if let Some(units) = projection.get("units") {
            only(units, &named(&attachment))?;
        }
        prop_assert!(attachment.role == Role::Mesh || projection.get("layers").is_none());
        for layer in each(&projection, "layers") {
            only(layer, &["id", "enabled", "line", "experiments"])?;
            for experiment in each(layer, "experiments") {
                only(experiment, &["id", "enabled", "variants"])?;
                for variant in each(experiment, "variants") {
                    only(variant, &["id", "env_tag", "routes"])?;
                }
            }
        }
    }
}

fn attachment() -> impl Strategy<Value = Attachment> {
    let role = prop_oneof![1 => Just(Role::Edge), 8 => Just(Role::Mesh), 1 => Just(Role::Inbound)];
    let steer = select(vec![Steer::Tag, Steer::Subset, Steer::Cluster]);
    let sticky = prop::collection::vec(select(UNITS.to_vec()), 0..3);
    let log_unit = prop::option::of(select(UNITS.to_vec()));
    (role, steer, select(vec![Trace::Shaped, Trace::All]), sticky, log_unit).prop_map(
        |(role, steer, trace, sticky, log_unit)| Attachment {
            name: None,
            role,
            steer,
            trace,
            sticky: sticky.iter().enumerate().map(|(number, unit)| weight(number, unit)).collect(),
            log_unit: log_unit.map(str::to_owned),
            join: (role != Role::Edge).then_some(Join::Traceparent),
            offer: None,
        },
    )
}

fn weight(number: usize, unit: &str) -> Sticky {
    Sticky { id: format!("w{number}"), unit: unit.to_owned(), header: format!("x-weir-weight-{number}") }
}

fn named(attachment: &Attachment) -> Vec<&str> {
    attachment.sticky.iter().map(|sticky| sticky.unit.as_str()).chain(attachment.log_unit.as_deref()).collect()
}

fn model(made: &Made) -> Model {
    match read_policy(&Sources::of([Source::json("policy.json", made.policy.to_string())]), Role::Edge) {
        Ok(model) => model,
        Err(problems) => panic!("{problems:#?}"),
    }
}

/// The whole account of a request: outcomes, edits, cookies, what was dropped, the filter state, and what is counted.
fn told(plan: &Plan, lines: &Lines, destination: Option<&[u8]>) -> (String, Vec<Counted>) {
    let exchange = lines.sent_to(plan, destination);
    (exchange.json(), exchange.counted().collect())
}

fn each<'a>(object: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    object[field].as_array().into_iter().flatten()
}

fn only(object: &Value, known: &[&str]) -> Result<(), TestCaseError> {
    let unknown: Vec<_> = object.as_object().unwrap().keys().filter(|key| !known.contains(&key.as_str())).collect();
    prop_assert!(unknown.is_empty(), "{:?} in {}", unknown, object);
    Ok(())
}
