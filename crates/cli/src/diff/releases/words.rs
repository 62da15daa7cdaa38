//! What a document of a release says otherwise, in words.

use std::collections::BTreeMap;
use std::time::Duration;

use weir_diff::percentage;
use weir_policy::written::Kind;
use weir_release::{Arm, End, Guardrail, Promote, Release, Step};

/// One that was not there.
pub fn added(release: &Release) -> String {
    let steps: Vec<String> = release.steps.iter().map(|step| percentage(step.share)).collect();
    let (kind, unit) = (kind(release.kind), &release.unit);
    format!("added: a {kind} of {unit}, of {}, in steps of {}", names(&release.services), steps.join(", "))
}

/// Field by field; what has no short text only changed.
pub fn changed(before: &Release, after: &Release) -> Vec<String> {
    let went = [
        went("kind", &before.kind, &after.kind, |kind| self::kind(*kind).to_owned()),
        went("unit", &before.unit, &after.unit, Clone::clone),
        went("control", &before.has_control, &after.has_control, |has| {
            (if *has { "equal" } else { "none" }).to_owned()
        }),
        went("services", &before.services, &after.services, |all| names(all)),
        went("traffic", &before.traffic, &after.traffic, |share| percentage(*share)),
        went("holdouts", &before.holdouts, &after.holdouts, |all| names(all)),
        went("priority", &before.priority, &after.priority, i8::to_string),
        went("after", &before.after, &after.after, |all| names(all)),
        went("not_before", &before.not_before, &after.not_before, |at| {
            at.map_or("none".to_owned(), |at| at.to_string())
        }),
        went("warmup", &before.warmup, &after.warmup, time),
        went("max_hold", &before.max_hold, &after.max_hold, time),
        went("design_effect", &before.design_effect, &after.design_effect, u32::to_string),
        went("promote", &before.promote, &after.promote, |promote| {
            (if *promote == Promote::Auto { "auto" } else { "by hand" }).to_owned()
        }),
        went("end", &before.end, &after.end, |end| (if *end == End::Hold { "hold" } else { "stable" }).to_owned()),
    ];
    let other = [
        ("targeting", before.targeting != after.targeting),
        ("rules", before.rules != after.rules),
        ("overrides", before.overrides != after.overrides),
        ("windows", before.windows != after.windows),
        ("on", before.on != after.on),
    ];
    let other = other.into_iter().filter(|(_, is_other)| *is_other).map(|(what, _)| format!("{what} changed"));
    let words = went.into_iter().flatten().chain(other).chain(arms(&before.arms, &after.arms));
    words.chain(steps(&before.steps, &after.steps)).chain(guardrails(&before.guardrails, &after.guardrails)).collect()
}

fn arms(before: &[Arm], after: &[Arm]) -> Vec<String> {
    by_name(
        "arm",
        before,
        after,
        |arm| &arm.id,
        |old, new| {
            let tag = went(&format!("tag of {}", new.id), &old.env_tag, &new.env_tag, Clone::clone);
            let routes = (old.routes != new.routes).then(|| format!("routes of {} changed", new.id));
            tag.into_iter().chain(routes).collect()
        },
    )
}

fn steps(before: &[Step], after: &[Step]) -> Vec<String> {
    let count = before.len().max(after.len());
    let each = (0..count).flat_map(|index| {
        let number = index + 1;
        match (before.get(index), after.get(index)) {
            (Some(old), Some(new)) => {
                let of = |field: &str| format!("step {number}: {field}");
                let parts = [
                    went(&of("share"), &old.share, &new.share, |share| percentage(*share)),
                    went(&of("hold"), &old.hold, &new.hold, time),
                    went(&of("requests"), &old.requests, &new.requests, u64::to_string),
                    went(&of("approve"), &old.approve, &new.approve, bool::to_string),
                ];
                parts.into_iter().flatten().collect()
            }
            (None, Some(new)) => {
                vec![format!("step {number} added: share {}, hold {}", percentage(new.share), time(&new.hold))]
            }
            (Some(old), None) => vec![format!("step {number} removed: share {}", percentage(old.share))],
            (None, None) => Vec::new(),
        }
    });
    each.collect()
}

fn guardrails(before: &[Guardrail], after: &[Guardrail]) -> Vec<String> {
    let changed = |old: &Guardrail, new: &Guardrail| {
        if old == new { Vec::new() } else { vec![format!("guardrail {} changed", new.name)] }
    };
    let words = by_name("guardrail", before, after, |one| &one.name, changed);
    if words.is_empty() && before != after { vec!["order of guardrails changed".to_owned()] } else { words }
}

fn by_name<T>(
    what: &str,
    before: &[T],
    after: &[T],
    name: impl Fn(&T) -> &String,
    changed: impl Fn(&T, &T) -> Vec<String>,
) -> Vec<String> {
    let [old, new] = [before, after].map(|all| all.iter().map(|one| (name(one), one)).collect::<BTreeMap<_, _>>());
    let of_new = |(name, new): (&&String, &&T)| match old.get(*name) {
        Some(old) => changed(old, new),
        None => vec![format!("{what} {name} added")],
    };
    let gone = old.keys().filter(|name| !new.contains_key(*name)).map(|name| format!("{what} {name} removed"));
    new.iter().flat_map(of_new).chain(gone).collect()
}

fn went<T: PartialEq>(what: &str, before: &T, after: &T, text: impl Fn(&T) -> String) -> Option<String> {
    (before != after).then(|| format!("{what} {} -> {}", text(before), text(after)))
}

fn names(all: &[String]) -> String {
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn time(time: &Duration) -> String {
    humantime::format_duration(*time).to_string()
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Release => "release",
        Kind::Test => "test",
    }
}
