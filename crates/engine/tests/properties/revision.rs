//! A revision names what a policy means: the same for other words, another for another meaning.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use weir_engine::Plan;
use weir_policy::{Model, Revision, Role, Source, Sources, Steer, read_policy};

use crate::attachment::attachment;
use crate::condition::written_out;
use crate::fresh;
use crate::headers::{Lines, hop};
use crate::policy::{Made, policy};
use crate::request::request;
use crate::same::{Dice, rewritten};

proptest! {
    #![proptest_config(fresh())]

    #[test]
    fn other_words_are_the_same_policy((made, requests) in policy_and_requests(), seed: u64) {
        let model = model(&made.policy);
        let sources = rewritten(&made.policy, &mut Dice(seed));
        let other = match read_policy(&Sources::of(sources.clone()), Role::Edge) {
            Ok(other) => other,
            Err(problems) => return Err(TestCaseError::fail(format!("{problems:#?}"))),
        };
        prop_assert_eq!(other.canonical(), model.canonical());
        assert_decided_alike(&model, &other, &requests)?;
    }

    #[test]
    fn the_canonical_form_is_the_same_policy((made, requests) in policy_and_requests()) {
        let model = model(&made.policy);
        let canonical = model.canonical();
        let again = read_policy(&Sources::of([Source::json("canonical", canonical.clone())]), Role::Edge).unwrap();
        prop_assert_eq!(again.canonical(), canonical);
        prop_assert_eq!(&again, &model);
        assert_decided_alike(&model, &again, &requests)?;
    }

    /// One text, number or switch changed: the policy is refused or it is another one.
    #[test]
    fn another_meaning_is_another_revision(made in policy(), place: Index) {
        // A condition that nobody names means nothing.
        let made = Made { policy: written_out(&made.policy), ..made };
        let model = model(&made.policy);
        let places = leaves(&mut made.policy.clone(), usize::MAX);
        let (mut accepted, tried) = (0, places.min(20));
        for i in 0..tried {
            let mut changed = made.policy.clone();
            leaves(&mut changed, (place.index(places) + i) % places);
            if let Ok(other) = read_policy(&Sources::of([Source::json("changed", changed.to_string())]), Role::Edge) {
                accepted += 1;
                prop_assert_ne!(revision(&other), revision(&model), "{} is not told from {}", changed, made.policy);
            }
        }
        prop_assume!(accepted > 0);
    }

    /// Rules, overrides and experiments have an order, and it means something.
    #[test]
    fn the_order_of_experiments_is_part_of_the_meaning(made in policy()) {
        let mut reversed = made.policy.clone();
        for layer in reversed["layers"].as_array_mut().unwrap() {
            layer["experiments"].as_array_mut().unwrap().reverse();
        }
        let (model, other) = (model(&made.policy), model(&reversed));
        prop_assert_eq!(reversed == made.policy, revision(&model) == revision(&other));
    }
}

fn policy_and_requests() -> impl Strategy<Value = (Made, Vec<Lines>)> {
    policy().prop_flat_map(|made| {
        let requests = prop::collection::vec(request(made.tags.clone()), 1..6);
        (Just(made), requests)
    })
}

fn model(policy: &Value) -> Model {
    match read_policy(&Sources::of([Source::json("policy.json", policy.to_string())]), Role::Edge) {
        Ok(model) => model,
        Err(problems) => panic!("{problems:#?}"),
    }
}

fn revision(model: &Model) -> Revision {
    Revision::of(&model.canonical())
}

fn assert_decided_alike(one: &Model, other: &Model, requests: &[Lines]) -> Result<(), TestCaseError> {
    for role in [Role::Edge, Role::Mesh] {
        let attachment = attachment(role, Steer::Tag);
        let plans = [one, other].map(|model| Plan::compile(model, &attachment, Some(revision(model))));
        for lines in requests {
            let [one, other] = plans.each_ref().map(|plan| hop(plan, lines, None));
            prop_assert_eq!(one, other);
        }
    }
    Ok(())
}

/// Counts the texts, numbers and switches of a document, and changes the one at `place`.
fn leaves(value: &mut Value, place: usize) -> usize {
    let mut count = 0;
    let mut within = |value| count += leaves(value, place.wrapping_sub(count));
    match value {
        Value::Object(object) => object.values_mut().for_each(&mut within),
        Value::Array(items) => items.iter_mut().for_each(&mut within),
        leaf => {
            if place == 0 {
                *leaf = another(leaf);
            }
            return 1;
        }
    }
    count
}

fn another(leaf: &Value) -> Value {
    match leaf {
        Value::Bool(value) => json!(!value),
        Value::Number(number) => json!(number.as_i64().unwrap() + 1),
        Value::String(text) => match text.strip_suffix('%') {
            Some(share) if share.ends_with('9') => json!(format!("{}8%", &share[..share.len() - 1])),
            Some(share) => json!(format!("{}9%", &share[..share.len() - 1])),
            None => json!(format!("{text}x")),
        },
        other => other.clone(),
    }
}
