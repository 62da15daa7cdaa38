//! The report for machines. The shape is documented in `docs/cli.md`.

use serde_json::{Value, json};
use weir_diff::{Amount, Arm, Counts, Flow, LayerMoves, Leaving, Place};
use weir_release::state::Lifecycle;

use super::releases::Told;
use super::report::Report;
use super::side::Side;

/// One object with all of it.
pub fn object(report: &Report<'_>) -> Value {
    let diff = &report.diff;
    let changes = diff.changes.iter().map(|one| json!({"of": one.of.name(), "id": one.id, "text": one.text}));
    json!({
        "good": report.is_good(),
        "old": side(report.old),
        "new": side(report.new),
        "changes": changes.collect::<Vec<_>>(),
        "releases": report.releases.iter().map(release).collect::<Vec<_>>(),
        "layers": diff.layers.iter().map(layer).collect::<Vec<_>>(),
        "leaving": diff.leaving.iter().map(|one| leaving(one, report.is_allowed(one))).collect::<Vec<_>>(),
    })
}

fn side(side: &Side) -> Value {
    json!({"name": side.name, "revision": side.policy.revision.to_string()})
}

fn release(told: &Told) -> Value {
    let refused = told.refused.iter().map(|one| json!({"code": one.code, "text": one.text}));
    json!({
        "id": told.id,
        "change": told.change.name(),
        "changes": told.words,
        "state": told.state.map(Lifecycle::name),
        "refused": refused.collect::<Vec<_>>(),
        "server": told.server,
    })
}

fn layer(layer: &LayerMoves<'_>) -> Value {
    let flow = |Flow { audience, from, to, part }: &Flow<'_>| {
        let audience = audience.map(|(experiment, id)| json!({"experiment": experiment, "id": id}));
        json!({"audience": audience, "from": place(*from), "to": place(*to), "part": part})
    };
    json!({
        "layer": layer.layer,
        "was": layer.was,
        "unit": layer.unit,
        "expected": layer.is_expected,
        "of": if layer.is_of_dealt { "dealt" } else { "all" },
        "flows": layer.flows.iter().map(flow).collect::<Vec<_>>(),
        "overridden": layer.named.as_ref().map(counts),
        "by_requests": layer.by_requests,
        "units": layer.asked.as_ref().map(counts),
    })
}

fn counts(counts: &Counts<'_>) -> Value {
    let flows = counts.flows.iter();
    let flows = flows.map(|((from, to), count)| json!({"from": place(*from), "to": place(*to), "count": count}));
    json!({"asked": counts.asked, "without_unit": counts.without_unit, "flows": flows.collect::<Vec<_>>()})
}

fn leaving(one: &Leaving<'_>, is_allowed: bool) -> Value {
    let (part, count, some) = match &one.amount {
        Amount::Part(part) => (Some(part), None, None),
        Amount::Units { count, some } => (None, Some(count), Some(some)),
    };
    let Arm { experiment, variant } = one.arm;
    json!({
        "experiment": experiment, "variant": variant, "layer": one.layer, "audience": one.audience,
        "part": part, "count": count, "units": some, "why": one.why, "allowed": is_allowed,
    })
}

fn place(place: Place<'_>) -> Value {
    match place {
        Place::Stable => json!("stable"),
        Place::Others => json!("others"),
        Place::Arm(Arm { experiment, variant }) => json!({"experiment": experiment, "variant": variant}),
    }
}
