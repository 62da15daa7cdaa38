//! The steps that are told of a decision end where the decision ended: a rule that was passed over does not hold, and the first
//! that holds is the one that the index of rules found.

use proptest::prelude::*;
use weir_engine::why::{Scope, SeenLeaf, Step, Verdict, Why};
use weir_engine::{LayerOutcome, Plan, Reason};
use weir_policy::model::{Layer, Who};
use weir_policy::{Role, Steer, open};

use crate::attachment::{ROLES, attachment};
use crate::fresh;
use crate::policy::policy;
use crate::request::{arbitrary, request};

proptest! {
    #![proptest_config(fresh())]

    #[test]
    fn the_steps_end_where_the_decision_ended(
        (made, lines) in policy().prop_flat_map(|made| {
            let request = prop_oneof![4 => request(made.tags.clone()), 1 => arbitrary()];
            (Just(made), request)
        }),
    ) {
        for role in ROLES {
            let attachment = attachment(role, Steer::Tag);
            let opened = open(made.envelope(&attachment).as_bytes()).unwrap();
            let plan = Plan::compile(&opened.model, &attachment, Some(opened.revision));
            let exchange = lines.decided(&plan);
            let headers = lines.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
            let told = exchange.why(&opened.model, headers);
            let outcomes: Vec<_> = exchange.decision().layers().collect();
            prop_assert_eq!(told.len(), outcomes.len());
            for ((why, outcome), layer) in told.iter().zip(outcomes).zip(&opened.model.layers) {
                prop_assert_eq!(conclusion(why, layer, role), settled(outcome), "{:#?}", why);
                why.steps.iter().for_each(assert_its_leaves_settle_it);
                assert_overrides_are_told_where_they_are_asked(why, layer, &opened.model.lists);
            }
        }
    }
}

/// What the steps say that the decision says too.
#[derive(Debug, Default, PartialEq)]
struct Conclusion {
    layer: String,
    slot: Option<u32>,
    experiment: Option<String>,
    experiment_slot: Option<u32>,
    variant: Option<String>,
    reason: Option<Reason>,
}

fn settled(outcome: LayerOutcome<'_>) -> Conclusion {
    let LayerOutcome { layer, slot, experiment, experiment_slot, variant, reason, audience: _, part: _ } = outcome;
    let [experiment, variant] = [experiment, variant].map(|id| id.map(str::to_owned));
    Conclusion { layer: layer.to_owned(), slot, experiment, experiment_slot, variant, reason: Some(reason) }
}

/// The steps, read by somebody who knows only what a step means.
fn conclusion(why: &Why<'_>, layer: &Layer, role: Role) -> Conclusion {
    let mut end = Conclusion { layer: why.layer.to_owned(), ..Conclusion::default() };
    let owned = |id: &Option<&str>| id.map(str::to_owned);
    for step in &why.steps {
        let is_open = end.reason.is_none_or(|reason| reason == Reason::NoUnit)
            || matches!(step, Step::Conflict { .. })
            || role == Role::Mesh;
        assert!(is_open, "a step after the last one: {step:?}");
        match step {
            Step::Off { of: Scope::Experiment(id) } => {
                (end.reason, end.experiment, end.variant) =
                    (Some(Reason::ExperimentDisabled), Some((*id).to_owned()), None);
            }
            Step::Off { .. } => end.reason = Some(Reason::Disabled),
            Step::Targeting { verdict, .. } if !verdict.holds => end.reason = Some(Reason::NotTargeted),
            Step::Unit { value: None, .. } => end.reason = Some(Reason::NoUnit),
            Step::Override { experiment, variant, .. } => {
                (end.reason, end.experiment, end.variant) = (Some(Reason::Override), owned(experiment), owned(variant));
            }
            Step::Rule { experiment, variant, verdict, .. } if verdict.holds => {
                (end.reason, end.experiment, end.variant) =
                    (Some(Reason::Rule), Some((*experiment).to_owned()), owned(variant));
            }
            Step::Holdout { slot: Some(slot), share, .. } if slot < share => end.reason = Some(Reason::Holdout),
            Step::Slot { slot, range, experiment, .. } => {
                assert!((range.start..range.end).contains(slot));
                (end.slot, end.experiment) = (Some(*slot), owned(experiment));
                end.reason = experiment.is_none().then_some(Reason::NotOwned);
            }
            Step::Share { slot, ranges, variant, .. } => {
                let owner =
                    ranges.iter().find(|(_, owned)| owned.iter().any(|one| (one.start..one.end).contains(slot)));
                assert_eq!(owner.map(|(id, _)| *id), *variant);
                (end.experiment_slot, end.variant) = (Some(*slot), owned(variant));
                end.reason = Some(if variant.is_some() { Reason::Assigned } else { Reason::NoVariant });
            }
            Step::Tag { tag: None, .. } => end.reason = Some(Reason::NoTag),
            Step::Tag { tag: Some(tag), .. } => {
                let mut variants = layer.experiments.iter().flat_map(|one| one.variants.iter().map(move |v| (one, v)));
                let (experiment, variant) = variants.find(|(_, variant)| variant.env_tag == *tag).unwrap();
                (end.experiment, end.variant) = (Some(experiment.id.clone()), Some(variant.id.clone()));
                end.reason = Some(Reason::Tag);
            }
            Step::Conflict { .. } => end.reason = Some(Reason::RouteConflict),
            _ => {}
        }
    }
    end
}

fn assert_its_leaves_settle_it(step: &Step<'_>) {
    let (Step::Targeting { verdict, .. } | Step::Rule { verdict, .. } | Step::Audience { verdict, .. }) = step else {
        return;
    };
    let Verdict { holds, because } = verdict;
    let agrees = |leaf: &SeenLeaf<'_>| (leaf.holds != leaf.is_negated) == *holds;
    assert!(!because.is_empty() && because.iter().all(agrees), "{verdict:?}");
}

/// Where a unit comes to the overrides in force, one step says which names it, or what they name.
fn assert_overrides_are_told_where_they_are_asked(why: &Why<'_>, layer: &Layer, lists: &[(String, Vec<String>)]) {
    let Some(Step::Unit { value: Some(unit), .. }) = why.steps.iter().find(|step| matches!(step, Step::Unit { .. }))
    else {
        assert!(!why.steps.iter().any(|step| matches!(step, Step::NoOverride { .. })), "{why:#?}");
        return;
    };
    let on = || layer.experiments.iter().filter(|experiment| experiment.enabled);
    let is_on = |id: &String| on().any(|experiment| experiment.id == *id);
    let of_layer = layer.overrides.iter().filter(|one| one.experiment.as_ref().is_none_or(is_on));
    let in_force: Vec<_> = of_layer.chain(on().flat_map(|experiment| &experiment.overrides)).collect();
    let named = |who: &Who| match who {
        Who::Units(units) => units.clone(),
        Who::List(name) => lists.iter().find(|(known, _)| known == name).map(|(_, units)| units.clone()).unwrap(),
    };
    let is_named = in_force.iter().any(|one| named(&one.who).iter().any(|name| name.as_bytes() == unit));
    let passed = why.steps.iter().find_map(|step| match step {
        Step::NoOverride { overrides, lists, units } => Some((*overrides, lists.len(), *units)),
        _ => None,
    });
    let list = |who: &Who| if let Who::List(name) = who { Some(name.clone()) } else { None };
    let mut lists: Vec<String> = in_force.iter().filter_map(|one| list(&one.who)).collect();
    lists.sort_unstable();
    lists.dedup();
    let written = in_force.iter().filter(|one| list(&one.who).is_none()).map(|one| named(&one.who).len()).sum();
    let expected = (!is_named && !in_force.is_empty()).then_some((in_force.len(), lists.len(), written));
    assert_eq!(passed, expected, "{why:#?}");
}
