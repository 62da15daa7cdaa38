//! Guardrails: what they look at, what they accept, and the chance that they stop a harmless release.

use std::collections::HashSet;
use std::time::Duration;

use weir_policy::evidence::Outcome;
use weir_policy::{At, Problems, SourceId, codes as document, names};

use super::queries::Queries;
use super::values::{self, at_most};
use crate::release::{Guardrail, Measure, OnHarm, Release};
use crate::{codes, limits, written};

/// The guardrails of a document, or those of one that names none.
pub fn guardrails(
    written: &written::Release,
    arms: usize,
    queries: &Queries<'_>,
    at: &At<'_>,
    problems: &mut Problems,
) -> Vec<Guardrail> {
    let Some(guardrails) = &written.guardrails else {
        let alpha = default_alpha(DEFAULTS.len(), arms);
        return DEFAULTS.into_iter().map(|(name, outcome)| by_default(name, outcome, alpha)).collect();
    };
    let at = at.key("guardrails");
    at_most(guardrails.len(), limits::GUARDRAILS_MAX, "guardrails", &at, problems);
    let rolls_back = |one: &&written::Guardrail| one.on_harm == OnHarm::Rollback && is_comparing(one);
    let alpha = default_alpha(guardrails.iter().filter(rolls_back).count(), arms);
    let (mut read, mut seen) = (Vec::with_capacity(guardrails.len()), HashSet::new());
    for (i, one) in guardrails.iter().enumerate() {
        let at = at.index(i);
        if let Some(name) = &one.name {
            names::id(name, &at.key("name"), problems);
            if !seen.insert(name) {
                let message = format!("another guardrail is called {name}");
                problems.add(codes::DUPLICATE_GUARDRAIL, &at.key("name"), message);
            }
        }
        let measure = one.measure.as_ref().and_then(|measure| self::measure(measure, queries, &at, problems));
        let alpha = one.alpha.as_ref().map_or(Some(alpha), |text| self::alpha(one, text, &at.key("alpha"), problems));
        let (Some(name), Some(measure), Some(alpha)) = (&one.name, measure, alpha) else { continue };
        read.push(Guardrail { name: name.clone(), measure, alpha, on_harm: one.on_harm });
    }
    read
}

/// Warns of a release that nothing can stop.
pub fn warn_unjudged(release: &Release, source: SourceId, warnings: &mut Problems) {
    if let Some(message) = unjudged(release) {
        warnings.add(codes::UNJUDGED, &At::Root { source }, message);
    }
}

/// What is to be said of a release that nothing can stop.
pub fn unjudged(release: &Release) -> Option<&'static str> {
    let can_stop = |one: &Guardrail| {
        one.on_harm != OnHarm::Warn
            && match &one.measure {
                Measure::Value { .. } => true,
                Measure::Outcome { above, .. } | Measure::Counts { above, .. } => {
                    release.has_control || above.is_some()
                }
            }
    };
    (!release.guardrails.iter().any(can_stop)).then_some(if release.has_control {
        "no guardrail can stop this release; leave `guardrails` out for the default ones, or put some in"
    } else {
        "with `control: none` nothing is compared, so that no guardrail can stop this; say `above`, or leave `control` out"
    })
}

/// The chance that is left for each guardrail that compares, where all of them and all arms together have one per cent.
pub fn default_alpha(comparing: usize, arms: usize) -> f64 {
    let shared = u32::try_from(comparing.max(1).saturating_mul(arms.max(1))).unwrap_or(u32::MAX);
    ALPHA / f64::from(shared)
}

/// One per cent.
const ALPHA: f64 = 0.01;
/// The guardrails of a release that names none.
const DEFAULTS: [(&str, Outcome); 3] =
    [("errors", Outcome::Error), ("unanswered", Outcome::None), ("slow", Outcome::Over500)];
const MARGIN: f64 = 0.2;

fn by_default(name: &str, outcome: Outcome, alpha: f64) -> Guardrail {
    let measure = Measure::Outcome { outcome, margin: MARGIN, above: None };
    Guardrail { name: name.to_owned(), measure, alpha, on_harm: OnHarm::Rollback }
}

/// Whether arms are compared by it, as far as it could be read.
fn is_comparing(guardrail: &written::Guardrail) -> bool {
    !matches!(guardrail.measure, Some(written::Measure::Value { .. }) | None)
}

fn alpha(guardrail: &written::Guardrail, text: &str, at: &At<'_>, problems: &mut Problems) -> Option<f64> {
    if matches!(guardrail.measure, Some(written::Measure::Value { .. })) {
        problems.add(
            codes::NO_EFFECT,
            at,
            "a value is not compared, so that chance has no part in it; leave `alpha` out",
        );
    }
    let alpha = values::percentage(text, 100, at, problems)?;
    let is_inside = alpha > 0.0 && alpha < 1.0;
    if !is_inside {
        problems.add(codes::BAD_PERCENTAGE, at, format!("found {text:?}; alpha is above 0% and below 100%"));
    }
    is_inside.then_some(alpha)
}

fn measure(measure: &written::Measure, queries: &Queries<'_>, at: &At<'_>, problems: &mut Problems) -> Option<Measure> {
    let mut outcome = |outcome: Outcome, bounds: &written::Bounds, key: &str| {
        let (margin, above) = self::bounds(bounds, &at.key(key), problems);
        Some(Measure::Outcome { outcome, margin: margin?, above: above? })
    };
    match measure {
        written::Measure::Errors(bounds) => outcome(Outcome::Error, bounds, "errors"),
        written::Measure::Unanswered(bounds) => outcome(Outcome::None, bounds, "unanswered"),
        written::Measure::Slow(over_ms, bounds) => {
            let slow = over_ms.and_then(|over_ms| self::slow(over_ms, &at.key("slow").key("over_ms"), problems));
            let (margin, above) = self::bounds(bounds, &at.key("slow"), problems);
            Some(Measure::Outcome { outcome: slow?, margin: margin?, above: above? })
        }
        written::Measure::Counts { bad, all, bounds } => {
            let at = at.key("counts");
            for (text, key) in [(bad, "bad"), (all, "all")] {
                if let Some(text) = text {
                    queries.judge(text, true, &at.key(key), problems);
                }
            }
            let (margin, above) = self::bounds(bounds, &at, problems);
            Some(Measure::Counts { bad: bad.clone()?, all: all.clone()?, margin: margin?, above: above? })
        }
        written::Measure::Value { query: text, above, lasts } => {
            let at = at.key("value");
            if let Some(text) = text {
                queries.judge(text, false, &at.key("query"), problems);
            }
            let above = above.as_ref().and_then(|above| values::decimal(above, &at.key("above"), problems));
            let lasts = lasts.as_ref();
            let lasts = lasts.and_then(|lasts| duration(lasts, &at.key("for"), problems));
            Some(Measure::Value { query: text.clone()?, above: above?, lasts: lasts? })
        }
    }
}

fn duration(text: &str, at: &At<'_>, problems: &mut Problems) -> Option<Duration> {
    values::duration(text, limits::FOR_SECONDS_MAX, at, problems)
}

/// Margin, and the bound of the rate itself if there is one. `None` for what was reported.
fn bounds(bounds: &written::Bounds, at: &At<'_>, problems: &mut Problems) -> (Option<f64>, Option<Option<f64>>) {
    let margin = bounds.margin.as_ref();
    let margin =
        margin.and_then(|text| values::percentage(text, limits::MARGIN_PERCENT_MAX, &at.key("margin"), problems));
    let Some(text) = &bounds.above else { return (margin, Some(None)) };
    let at = at.key("above");
    let above = values::percentage(text, 100, &at, problems);
    if above.is_some_and(|above| above >= 1.0) {
        problems.add(codes::BAD_PERCENTAGE, &at, "no rate is above 100%, so that this bound would never be passed");
    }
    (margin, above.map(Some))
}

/// The outcome of a bound that the edge counts.
fn slow(over_ms: u64, at: &At<'_>, problems: &mut Problems) -> Option<Outcome> {
    let bounds = || Outcome::ALL.into_iter().filter_map(|outcome| Some((outcome, outcome.over_milliseconds()?)));
    let found = bounds().find(|(_, bound)| *bound == over_ms).map(|(outcome, _)| outcome);
    if found.is_none() {
        let known: Vec<String> = bounds().map(|(_, bound)| bound.to_string()).collect();
        let message = format!("found {over_ms}; the edges count what takes longer than {}", known.join(", "));
        problems.add(document::BAD_VALUE, at, message);
    }
    found
}
