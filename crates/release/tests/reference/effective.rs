//! The policy that releases make with what people wrote.

use serde_json::Value;
use weir_policy::written::Kind;
use weir_policy::{Range, Revision, Role, SourceId, check};
use weir_release::effective::{InForce, Stage, effective};

use crate::compare::{Reached, difference};
use crate::documents;

/// What cases have to come to.
pub const REACHED: &[&str] = &[
    "announced",
    "step",
    "off",
    "release",
    "test",
    "share 0",
    "share 100%",
    "arms 1",
    "arms 15",
    "control",
    "no control",
    "rules",
    "overrides",
    "targeting",
    "held out",
    "nothing in force",
];

/// Whether a case makes the same policy here.
pub fn compared(case: &Value, reached: &mut Reached) -> Result<(), String> {
    let written = documents::policy(&case["policy"])?;
    let cases = case["releases"].as_array().unwrap();
    let releases = documents::releases(cases.iter().map(|one| &one["document"]), Some(&written))?;
    let slots: Vec<Vec<Range>> = cases.iter().map(|one| ranges(&one["slots"])).collect();
    let in_force = cases.iter().zip(&releases).zip(&slots).filter_map(|((one, release), slots)| {
        let stage = stage(one)?;
        Some(InForce { release, slots, stage })
    });
    let in_force: Vec<InForce<'_>> = in_force.collect();
    let policy = check(&effective(&written, &in_force, SourceId::default()), Role::Edge)
        .map_err(|problems| format!("{problems:?}\n{case}"))?;
    let here = policy.canonical();
    if Revision::of(&here).to_string() != case["expect"]["revision"].as_str().unwrap() {
        let there = documents::policy(&case["expect"]["policy"])?;
        let there = check(&there, Role::Edge).unwrap().canonical();
        let parsed = |text: &str| serde_json::from_str(text).unwrap();
        return Err(difference("policy", &parsed(&here), &parsed(&there))
            .unwrap_or_else(|| format!("the same policy has the revision {} there", case["expect"]["revision"])));
    }
    in_force.iter().for_each(|one| reach(one, reached));
    if in_force.is_empty() {
        reached.add("nothing in force");
    }
    Ok(())
}

/// How far a release is; none where it has no layer.
fn stage(one: &Value) -> Option<Stage> {
    match one["state"].as_str().unwrap() {
        "running" => {
            let step = one["step"].as_u64();
            Some(step.map_or(Stage::Announced, |step| Stage::Step(usize::try_from(step).unwrap())))
        }
        "rolled_back" | "aborted" => Some(Stage::Off),
        "queued" | "finished" => None,
        other => panic!("{other}"),
    }
}

pub fn ranges(slots: &Value) -> Vec<Range> {
    let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    let range = |pair: &Value| Range { start: number(&pair[0]), end: number(&pair[1]) };
    slots.as_array().unwrap().iter().map(range).collect()
}

fn reach(one: &InForce<'_>, reached: &mut Reached) {
    let release = one.release;
    match one.stage {
        Stage::Announced => reached.add("announced"),
        Stage::Off => reached.add("off"),
        Stage::Step(step) => {
            reached.add("step");
            match release.steps[step].share {
                0 => reached.add("share 0"),
                1_000_000 => reached.add("share 100%"),
                _ => {}
            }
        }
    }
    reached.add(if release.kind == Kind::Test { "test" } else { "release" });
    reached.add(if release.has_control { "control" } else { "no control" });
    reached.add(format!("arms {}", release.arms.len()));
    for (has, what) in [
        (!release.rules.is_empty(), "rules"),
        (!release.overrides.is_empty(), "overrides"),
        (release.targeting.is_some(), "targeting"),
        (!release.holdouts.is_empty(), "held out"),
    ] {
        if has {
            reached.add(what);
        }
    }
}
