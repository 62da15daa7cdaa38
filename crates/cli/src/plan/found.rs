//! What is wrong with a plan, and what somebody should know of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use weir_plan::part::{self, RATIO_MAX};
use weir_plan::sight::{Finds, SURE, Seen};
use weir_plan::times::TICK;
use weir_plan::traffic::Traffic;
use weir_policy::evidence::Outcome;
use weir_policy::written::Kind;
use weir_release::{Guardrail, Measure, Release, codes, unjudged};

use super::planned::{Planned, milliseconds};
use crate::release::words;

/// From here on parts of a minute are of no interest in a hold.
const LONG: Duration = Duration::from_secs(2 * 3_600);
/// The most that a canary may have beside a control that is as large.
const HALF: f64 = 500_000.0;

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Which kind of thing.
    pub code: &'static str,
    /// The release, if it is one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Its step, from 1 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// Its guardrail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail: Option<String>,
    /// What a person should know.
    pub text: String,
}

impl Found {
    fn new(code: &'static str, text: String) -> Found {
        Found { code, release: None, step: None, guardrail: None, text }
    }

    fn by(release: &Release, guardrail: &Guardrail, step: Option<usize>, code: &'static str, text: String) -> Found {
        let guardrail = Some(guardrail.name.clone());
        Found {
            release: Some(release.id.clone()),
            step: step.map(|step| step + 1),
            guardrail,
            ..Found::new(code, text)
        }
    }

    /// Of a release as a whole.
    pub fn of_release(release: &str, code: &'static str, text: String) -> Found {
        Found { release: Some(release.to_owned()), ..Found::new(code, text) }
    }

    /// Where, and what.
    pub fn told(&self) -> String {
        let place = [
            self.release.clone(),
            self.step.map(|step| format!("step {step}")),
            self.guardrail.as_ref().map(|name| name.escape_debug().to_string()),
        ];
        let place: Vec<String> = place.into_iter().flatten().collect();
        if place.is_empty() { self.text.clone() } else { format!("{}: {}", place.join(", "), self.text) }
    }
}

/// Guardrails that can never fire.
pub fn problems(planned: &Planned<'_>) -> Vec<Found> {
    let release = planned.release;
    let mut found = Vec::new();
    for (index, guardrail) in release.guardrails.iter().enumerate() {
        let (Measure::Outcome { above, .. } | Measure::Counts { above, .. }) = &guardrail.measure else { continue };
        if above.is_none() && !release.steps.iter().any(|step| release.is_compared(step.share)) {
            let text = "compares nobody in any step: at 0% and 100%, and with control: none, there is nobody to compare with; a step \
                        between, such as 50%, would do";
            found.push(Found::by(release, guardrail, None, "never_compared", text.to_owned()));
        }
        for (step, seen) in planned.sight.steps.iter().enumerate() {
            if let Some(Seen::Finds(finds)) = seen.guardrails.get(index)
                && finds.smallest.is_none()
            {
                let text = format!(
                    "can never fire in this step: not even that all requests are bad would be found with {}; {}",
                    words::percent(SURE),
                    would_do(release, step, seen.takes, finds)
                );
                found.push(Found::by(release, guardrail, Some(step), "never_fires", text));
            }
        }
    }
    found
}

/// The hold, or the share, with which it could fire.
fn would_do(release: &Release, step: usize, takes: Duration, finds: &Finds) -> String {
    let Some(needed) = finds.all_bad_takes else { return "no hold would do".to_owned() };
    let hold = format!("a hold of {} would do", hold(needed));
    let seconds = |time: Duration| time.saturating_sub(release.warmup).as_secs_f64();
    let share = release.steps.get(step).map_or(0.0, |step| f64::from(step.share));
    let share = (share * seconds(needed) / seconds(takes) / 1e4).ceil() * 1e4;
    let most = if release.kind == Kind::Release { HALF } else { f64::from(release.share_max()) };
    match share.is_finite() && share <= most {
        true => format!("{hold}, or a share of {}", words::percent(share / 1e6)),
        false => hold,
    }
}

/// What somebody should know of a release.
pub fn notes(planned: &Planned<'_>, traffic: &Traffic, parts: &BTreeMap<String, f64>) -> Vec<Found> {
    let release = planned.release;
    let mut found = Vec::new();
    if release.targeting.is_some() && traffic.requests.is_some() {
        let text =
            "has targeting: its arms have requests of those alone whom it targets; give as --rate what they make";
        found.push(Found { release: Some(release.id.clone()), ..Found::new("targeting", text.to_owned()) });
    }
    if let Some(text) = unjudged(release) {
        found.push(Found::of_release(&release.id, codes::UNJUDGED.name(), text.to_owned()));
    }
    for (index, guardrail) in release.guardrails.iter().enumerate() {
        let steps = planned.sight.steps.iter().enumerate();
        let finds = steps.filter_map(|(step, seen)| match seen.guardrails.get(index) {
            Some(Seen::Finds(finds)) => Some((step, finds)),
            _ => None,
        });
        let finds: Vec<(usize, &Finds)> = finds.collect();
        let Some((last, at_last)) = finds.last() else { continue };
        if at_last.twice < SURE {
            let soonest = finds.iter().filter_map(|(step, finds)| Some((finds.twice_takes?, *step))).min();
            let proposal = match soonest {
                Some((takes, step)) => format!(
                    "a hold of {} in step {} would find it with {}",
                    hold(takes),
                    step + 1,
                    words::percent(SURE)
                ),
                None => "no hold would find it".to_owned(),
            };
            let chance = chance(at_last.twice);
            let text = format!("twice as many are found with {chance} by the end of step {}; {proposal}", last + 1);
            found.push(Found::by(release, guardrail, None, "twice_missed", text));
        }
        let is_at_edge = matches!(guardrail.measure, Measure::Outcome { .. });
        let met = release.services.iter().filter_map(|service| Some((service, *parts.get(service)?)));
        for (service, part) in met.filter(|_| is_at_edge) {
            found.extend(
                diluted(service, part, at_last).map(|text| Found::by(release, guardrail, None, "diluted", text)),
            );
        }
    }
    found
}

/// What an edge shows of a service that only some requests meet, where that is too little.
fn diluted(service: &str, part: f64, finds: &Finds) -> Option<String> {
    let at_edge = finds.smallest?;
    let needed = part::at_service(at_edge, part);
    (needed > RATIO_MAX).then(|| {
        format!(
            "{} of requests meet {}: twice as many of it are x{:.2} at the edge, which finds x{}; so of the service it finds x{}",
            words::percent(part),
            service.escape_debug(),
            part::at_edge(2.0, part),
            ratio(at_edge),
            ratio(needed),
        )
    })
}

/// What was given and is of nobody, and what was not and is missing.
pub fn unused(planned: &[Planned<'_>], traffic: &Traffic, parts: &BTreeMap<String, f64>) -> Vec<Found> {
    let releases = || planned.iter().map(|planned| planned.release);
    let guardrails = || releases().flat_map(|release| &release.guardrails);
    let mut found = Vec::new();
    if traffic.requests.is_none() {
        let text = "what guardrails see is not known without --rate, the requests of everybody whom releases may deal";
        found.push(Found::new("no_rate", text.to_owned()));
    } else {
        let unknown = guardrails().filter(|guardrail| traffic.rate(guardrail).is_none());
        let missing: BTreeSet<(&str, String)> =
            unknown.filter_map(|guardrail| Some((guardrail.name.as_str(), wanted(guardrail)?))).collect();
        found.extend(missing.into_iter().map(|(name, wanted)| {
            let text = format!("it is not known how many requests are bad: give {wanted}");
            Found { guardrail: Some(name.to_owned()), ..Found::new("unknown_rate", text) }
        }));
    }
    for name in traffic.bad.keys().filter(|name| !guardrails().any(|guardrail| guardrail.name == **name)) {
        found
            .push(Found::new("unknown_guardrail", format!("--bad {}: no guardrail is called so", name.escape_debug())));
    }
    for name in parts.keys().filter(|name| !releases().any(|release| release.services.contains(name))) {
        found.push(Found::new("unknown_service", format!("--part {}: no release touches it", name.escape_debug())));
    }
    found
}

/// The option that says how many requests are bad to a guardrail.
fn wanted(guardrail: &Guardrail) -> Option<String> {
    match &guardrail.measure {
        Measure::Outcome { outcome: Outcome::Error, .. } => Some("--errors".to_owned()),
        Measure::Outcome { outcome: Outcome::None, .. } => Some("--unanswered".to_owned()),
        Measure::Outcome { .. } => Some("--slow".to_owned()),
        Measure::Counts { .. } => Some(format!("--bad {}=1%", guardrail.name)),
        Measure::Value { .. } => None,
    }
}

/// The hold of a step that takes so long, as people write one.
fn hold(takes: Duration) -> String {
    let hold = takes.saturating_sub(TICK);
    let whole = if hold > LONG { 600 } else { 60 };
    words::time(milliseconds(Duration::from_secs(hold.as_secs().div_ceil(whole).saturating_mul(whole))))
}

/// A time, as far as it matters: rounded up to whole minutes, and to hours where it is days.
pub fn about(ms: u64) -> String {
    let seconds = ms.div_ceil(1_000);
    let whole = if seconds > 2 * 86_400 { 3_600 } else { 60 };
    words::time(seconds.div_ceil(whole).saturating_mul(whole).saturating_mul(1_000))
}

/// A chance, as far as it matters.
pub fn chance(chance: f64) -> String {
    let digits = if chance < 0.1 { 1e3 } else { 1e2 };
    match chance {
        small if small > 0.0 && small < 0.0005 => "<0.1%".to_owned(),
        large if large < 1.0 && large > 0.995 => ">99%".to_owned(),
        other => words::percent((other * digits).round() / digits),
    }
}

/// A ratio, as far as it matters.
pub fn ratio(ratio: f64) -> String {
    match ratio {
        small if small < 3.0 => format!("{small:.2}"),
        some if some < 20.0 => format!("{some:.1}"),
        large => words::count(large.ceil() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_far_as_they_matter() {
        for (said, expected) in [
            (chance(0.0), "0%"),
            (chance(1e-6), "<0.1%"),
            (chance(0.0123), "1.2%"),
            (chance(0.412), "41%"),
            (chance(0.9994), ">99%"),
            (chance(1.0), "100%"),
            (ratio(1.537), "1.54"),
            (ratio(6.84), "6.8"),
            (ratio(45.2), "46"),
            (about(930_000), "16m"),
            (about(200_000_000), "2days 8h"),
            (hold(Duration::from_secs(3_910)), "1h 5m"),
            (hold(Duration::from_secs(19_960)), "5h 40m"),
        ] {
            assert_eq!(said, expected);
        }
    }
}
