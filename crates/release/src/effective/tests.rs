//! What releases add to a policy.

use weir_policy::written::{Condition, Holdout, Kind, Leaf, Operator, Override, Rule, Subject, UnitSource};
use weir_policy::{Role, check};

use super::*;
use crate::testing;

fn written() -> Vec<Policy> {
    let units = vec![("user".to_owned(), vec![UnitSource::Header("x-user".into())])];
    let holdout = |id: &str| Holdout {
        id: Some(id.into()),
        unit: Some("user".into()),
        share: Some("1%".into()),
        layers: Some(Vec::new()),
        ..Holdout::default()
    };
    vec![Policy { units, holdouts: vec![holdout("year"), holdout("other")], ..Policy::default() }]
}

fn owl() -> Release {
    let mut owl = testing::release(Kind::Release, 1, true);
    owl.holdouts = vec!["year".into()];
    let when = Leaf { subject: Subject::Method, operator: Operator::Exact("GET".into()), ignore_case: false };
    owl.rules = vec![Rule { when: Some(Condition::Leaf(when)), variant: Some("canary".into()) }];
    let who = weir_policy::written::Who::Units(vec!["ann".into()]);
    owl.overrides = vec![Override { who: Some(who), experiment: None, variant: Some("canary".into()) }];
    owl
}

const SLOTS: [Range; 2] = [Range { start: 0, end: 10 }, Range { start: 20, end: 30 }];

fn model(stage: Stage) -> weir_policy::Model {
    let owl = owl();
    let documents = effective(&written(), &[InForce { release: &owl, slots: &SLOTS, stage }], SourceId::default());
    check(&documents, Role::Edge).unwrap_or_else(|problems| panic!("{problems:?}"))
}

#[test]
fn without_releases_it_is_what_people_wrote() {
    assert_eq!(effective(&written(), &[], SourceId::default()), written());
}

#[test]
fn a_release_is_a_layer_of_one_experiment_on_its_units_pool() {
    let model = model(Stage::Step(1));
    let [layer] = model.layers.as_slice() else { panic!("{:?}", model.layers) };
    assert_eq!((layer.id.as_str(), layer.line.as_str(), layer.epoch), ("owl-v21", "pool.user", 0));
    let [experiment] = layer.experiments.as_slice() else { panic!() };
    assert_eq!((experiment.id.as_str(), experiment.epoch, experiment.enabled), ("owl-v21", 0, true));
    assert_eq!(experiment.slots, SLOTS);
    assert_eq!((experiment.rules.len(), experiment.overrides.len()), (1, 1));
    let arms = experiment.variants.iter().map(|variant| (variant.id.as_str(), variant.ranges.clone()));
    let half = Range { start: 0, end: 500_000 };
    let other = Range { start: 500_000, end: 1_000_000 };
    assert_eq!(arms.collect::<Vec<_>>(), [("canary", vec![half]), ("control", vec![other])]);
    assert_eq!(model.holdouts[1].layers, ["owl-v21"]);
    assert_eq!(model.holdouts[0].layers, [""; 0]);
}

#[test]
fn one_that_is_announced_deals_nobody_and_one_that_is_off_owns_nothing() {
    for (stage, enabled, slots) in [(Stage::Announced, true, &SLOTS[..]), (Stage::Off, false, &[])] {
        let model = model(stage);
        let experiment = &model.layers[0].experiments[0];
        assert_eq!((experiment.enabled, experiment.slots.as_slice()), (enabled, slots));
        assert!(experiment.variants.iter().all(|variant| variant.ranges.is_empty()));
        assert_eq!(experiment.variants.len(), 2);
        assert!(experiment.rules.is_empty() && experiment.overrides.is_empty());
    }
}

#[test]
fn a_holdout_that_is_gone_is_told() {
    let owl = owl();
    let at = |stage| [InForce { release: &owl, slots: &SLOTS, stage }];
    assert_eq!(missing_holdouts(&written(), &at(Stage::Step(0))), []);
    assert_eq!(missing_holdouts(&[], &at(Stage::Step(0)))[0].code, "unknown_holdout");
    assert_eq!(missing_holdouts(&[], &at(Stage::Off)), []);
}

#[test]
fn what_people_switch_off_is_off_in_other_documents_too() {
    let experiment = |id: &str, enabled| Experiment { id: Some(id.into()), enabled, ..Experiment::default() };
    let document = |enabled, layer, one| Policy {
        enabled,
        layers: vec![Layer {
            id: Some("a".into()),
            enabled: layer,
            experiments: vec![experiment("e", one), experiment("f", None)],
            ..Layer::default()
        }],
        ..Policy::default()
    };
    let (on, off) = (None, Some(false));
    for (policy, layer, one) in [(on, on, on), (off, on, on), (on, off, on), (on, on, off), (off, off, off)] {
        let switched = with_kill_switches(&[document(on, on, on)], &[document(policy, layer, one)]);
        assert_eq!(switched, [document(policy, layer, one)]);
        // Nothing is switched on so.
        let switched = with_kill_switches(&[document(policy, layer, one)], &[document(on, on, Some(true))]);
        assert_eq!(switched, [document(policy, layer, one)]);
    }
}
