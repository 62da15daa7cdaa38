//! The rules of one document by itself.

use std::time::Duration;

use weir_policy::written::Kind;
use weir_policy::{At, Problems, SLOTS, codes as document, names, parse_share};

use super::queries::{Queries, QueryCheck};
use super::{arms, guardrails, steps, values, windows};
use crate::release::{CONTROL, Promote, Release};
use crate::{codes, limits, written};

/// What a document means; `None` if something of it was reported. Defaults are filled in.
pub fn release(written: &written::Release, query: Option<&QueryCheck<'_>>, problems: &mut Problems) -> Option<Release> {
    let at = At::Root { source: written.source };
    if let Some(id) = &written.id {
        names::experiment_id(id, &at.key("id"), problems);
    }
    unit(written, &at, problems);
    wrong_kind(written, &at, problems);
    let has_control = written.has_control.unwrap_or(true);
    let arms = arms::arms(written, has_control, &at, problems);
    let services = arms::services(written, &at, problems);
    let steps = steps::steps(written, arms.len(), has_control, &at, problems);
    let ids = arms.iter().map(|arm| arm.id.as_str()).chain(has_control.then_some(CONTROL)).collect::<Vec<_>>();
    let queries = Queries { check: query, arms: &ids, release: written.id.as_deref().unwrap_or_default() };
    let guardrails = guardrails::guardrails(written, arms.len(), &queries, &at, problems);
    let windows = windows::windows(written, &at, problems);
    let traffic = traffic(written, &at, problems);
    for (list, name, max) in
        [(&written.holdouts, "holdouts", limits::HOLDOUTS_MAX), (&written.after, "after", limits::AFTER_MAX)]
    {
        values::at_most(list.len(), max, name, &at.key(name), problems);
    }
    let mut time = |written: &Option<String>, name, max, default| {
        let read = |text: &String| values::duration(text, max, &at.key(name), problems);
        written.as_ref().map_or(Some(default), read)
    };
    let warmup = time(&written.warmup, "warmup", limits::WARMUP_SECONDS_MAX, WARMUP);
    let max_hold = time(&written.max_hold, "max_hold", limits::MAX_HOLD_SECONDS_MAX, MAX_HOLD);
    let not_before = written.not_before.as_ref();
    let not_before = not_before.map(|text| values::timestamp(text, &at.key("not_before"), problems));
    Some(Release {
        id: written.id.clone()?,
        kind: written.kind,
        unit: written.unit.clone()?,
        arms,
        has_control,
        services,
        traffic: traffic?,
        targeting: written.targeting.clone(),
        rules: written.rules.clone(),
        overrides: written.overrides.clone(),
        holdouts: sorted(&written.holdouts),
        priority: written.priority,
        after: sorted(&written.after),
        not_before: not_before.unwrap_or_default(),
        steps,
        warmup: warmup?,
        guardrails,
        windows,
        max_hold: max_hold?,
        design_effect: design_effect(written, &at, problems)?,
        promote: written.promote.unwrap_or_default(),
        end: written.end.unwrap_or_default(),
        on: written.on,
    })
}

/// Until evidence of a step counts for harm.
const WARMUP: Duration = Duration::from_secs(60);
/// Until a release that gets no further is inconclusive.
const MAX_HOLD: Duration = Duration::from_secs(86_400);
/// Where no parts tell how unlike each other users are.
const DESIGN_EFFECT: u32 = 3;

fn unit(written: &written::Release, at: &At<'_>, problems: &mut Problems) {
    let Some(unit) = &written.unit else { return };
    let at = at.key("unit");
    names::id(unit, &at, problems);
    let max = usize::try_from(limits::UNIT_LENGTH_MAX).unwrap_or(usize::MAX);
    if unit.len() > max {
        let message =
            format!("{} characters; a unit of releases has at most {max}, as pool.{unit} is a line", unit.len());
        problems.add(document::LIMIT, &at, message);
    }
}

/// What one kind has and the other has not.
fn wrong_kind(written: &written::Release, at: &At<'_>, problems: &mut Problems) {
    match written.kind {
        Kind::Release => {
            if written.end.is_some() {
                let message = "`end` is of a test; a release ends at 100%, see `promote`";
                problems.add(codes::WRONG_KIND, &at.key("end"), message);
            }
        }
        Kind::Test => {
            if written.promote == Some(Promote::Auto) {
                let message = "a test becomes nobody's version by itself; `end: stable` ends one";
                problems.add(codes::WRONG_KIND, &at.key("promote"), message);
            }
        }
    }
}

fn traffic(written: &written::Release, at: &At<'_>, problems: &mut Problems) -> Option<u32> {
    let traffic_at = at.key("traffic");
    match (&written.traffic, written.kind) {
        (Some(text), _) => {
            let traffic = parse_share(text, &traffic_at, problems)?;
            if traffic == 0 {
                problems.add(document::BAD_SHARE, &traffic_at, "found \"0%\"; without traffic nobody could be dealt");
            }
            Some(traffic)
        }
        (None, Kind::Release) => Some(SLOTS),
        (None, Kind::Test) => {
            if !written.unreadable {
                let message = "`traffic` is missing: the part of the pool that the test takes, such as 20%";
                problems.add(document::MISSING_FIELD, at, message);
            }
            None
        }
    }
}

fn design_effect(written: &written::Release, at: &At<'_>, problems: &mut Problems) -> Option<u32> {
    let Some(effect) = written.design_effect else { return Some(DESIGN_EFFECT) };
    let effect = Some(effect).filter(|effect| *effect > 0);
    if effect.is_none() {
        let message = format!("found 0; an integer from 1 to {} would do", limits::DESIGN_EFFECT_MAX);
        problems.add(document::BAD_VALUE, &at.key("design_effect"), message);
    }
    effect.and_then(|effect| u32::try_from(effect).ok())
}

fn sorted(texts: &[String]) -> Vec<String> {
    let mut texts = texts.to_vec();
    texts.sort_unstable();
    texts.dedup();
    texts
}
