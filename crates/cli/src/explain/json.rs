//! The steps of a decision for machines. The shape is documented in `docs/cli.md`.

use serde_json::{Map, Value, json};
use weir_engine::Exchange;
use weir_engine::why::{Scope, SeenLeaf, Step, Verdict, Why};
use weir_policy::model::UnitSource;
use weir_policy::{Problem, Range, Sources};

use super::places::PolicyPlaces;

/// The decision in the shape that the filter logs, with the key `why`.
pub fn object(exchange: &Exchange<'_, '_>, told: &[Why<'_>], places: &PolicyPlaces<'_>) -> Value {
    let mut decision: Value = serde_json::from_str(&exchange.json()).unwrap_or_default();
    decision["why"] = why(told, places);
    decision
}

/// Problems that kept a decision from being made.
pub fn problems(sources: &Sources, problems: &[Problem]) -> Value {
    json!({ "good": false, "problems": crate::problems::json(sources, problems) })
}

fn why(told: &[Why<'_>], places: &PolicyPlaces<'_>) -> Value {
    let layer = |why: &Why<'_>| {
        let steps = why.steps.iter().map(|one| {
            let mut step = step(one);
            if let (Some(place), Some(fields)) = (places.of_step(one), step.as_object_mut()) {
                fields.insert("file".to_owned(), json!(place.file));
                fields.insert("line".to_owned(), json!(place.line));
            }
            step
        });
        json!({ "layer": why.layer, "steps": steps.collect::<Vec<_>>() })
    };
    told.iter().map(layer).collect()
}

fn step(step: &Step<'_>) -> Value {
    match step {
        Step::Off { of } => with_scope(*of, json!({ "step": "off" })),
        Step::Targeting { of, verdict } => with_verdict(verdict, with_scope(*of, json!({ "step": "targeting" }))),
        Step::Unit { unit, value, source, passed, is_made, is_too_long } => json!({
            "step": "unit",
            "unit": unit,
            "value": value.as_deref().map(weir_engine::bytes_json),
            "source": source.map(unit_source),
            "passed": passed.iter().map(|source| unit_source(source)).collect::<Vec<_>>(),
            "made": is_made,
            "too_long": is_too_long,
        }),
        Step::Override { of, number, list, experiment, variant } => with_scope(
            *of,
            json!({ "step": "override", "number": number, "list": list, "forces": forced(*experiment, *variant) }),
        ),
        Step::NoOverride { overrides, lists, units } => {
            json!({ "step": "override", "forces": null, "overrides": overrides, "lists": lists, "units": units })
        }
        Step::Rule { experiment, number, variant, verdict } => with_verdict(
            verdict,
            json!({
                "step": "rule",
                "experiment": experiment,
                "number": number,
                "forces": forced(Some(experiment), *variant),
            }),
        ),
        Step::Holdout { holdout, unit, slot, share } => json!({
            "step": "holdout",
            "holdout": holdout,
            "unit": unit,
            "slot": slot,
            "range": [0, share],
            "holds": slot.is_some_and(|slot| slot < *share),
        }),
        Step::Slot { line, slot, range: found, experiment } => json!({
            "step": "slot",
            "hash_line": line,
            "slot": slot,
            "range": range(found),
            "experiment": experiment,
        }),
        Step::Audience { experiment, audience, verdict } => {
            with_verdict(verdict, json!({ "step": "audience", "experiment": experiment, "audience": audience }))
        }
        Step::Share { experiment, slot, ranges, variant } => {
            let owned = |(id, ranges): &(&str, Vec<Range>)| ((*id).to_owned(), ranges.iter().map(range).collect());
            let ranges: Map<String, Value> = ranges.iter().map(owned).collect();
            json!({
                "step": "share",
                "experiment": experiment,
                "slot": slot,
                "ranges": ranges,
                "variant": variant.unwrap_or("stable"),
            })
        }
        Step::Tag { tag, from } => json!({ "step": "tag", "tag": tag, "from": from.map(|from| from.name()) }),
        Step::Conflict { layer, service, target } => {
            json!({ "step": "conflict", "with": layer, "service": service, "target": target })
        }
    }
}

fn with_scope(of: Scope<'_>, mut step: Value) -> Value {
    let (of, id) = match of {
        Scope::Policy => ("policy", None),
        Scope::Layer(id) => ("layer", Some(id)),
        Scope::Experiment(id) => ("experiment", Some(id)),
    };
    step["of"] = json!(of);
    step["id"] = json!(id);
    step
}

fn with_verdict(verdict: &Verdict<'_>, mut step: Value) -> Value {
    step["holds"] = json!(verdict.holds);
    step["because"] = verdict.because.iter().map(leaf).collect();
    step
}

fn leaf(SeenLeaf { leaf, values, holds, is_negated }: &SeenLeaf<'_>) -> Value {
    json!({
        "condition": as_written(&leaf.canonical()),
        "values": values.iter().map(|value| weir_engine::bytes_json(value)).collect::<Vec<_>>(),
        "holds": holds,
        "negated": is_negated,
    })
}

fn unit_source(source: &UnitSource) -> Value {
    as_written(&source.canonical())
}

/// A part of a policy, from its canonical form.
fn as_written(canonical: &str) -> Value {
    serde_json::from_str(canonical).unwrap_or_default()
}

fn forced(experiment: Option<&str>, variant: Option<&str>) -> Value {
    json!({ "experiment": experiment, "variant": variant.unwrap_or("stable") })
}

fn range(Range { start, end }: &Range) -> Value {
    json!([start, end])
}
