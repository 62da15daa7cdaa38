//! What became of a release, again and again: in words and for machines.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use weir_release::Release;
use weir_release::evidence::TICK;
use weir_simulate::{End, Lived};
use weir_stats::Interval;
use weir_stats::proportions::{Share, wilson};

use super::crowd::Crowd;
use crate::columns::columns;
use crate::release::words::{count, lasting, percent, share, word};

/// The chance that a part is not in the interval that is told of it.
const ALPHA: f64 = 0.05;

/// A release that was lived through.
pub struct Fates<'a> {
    /// The release.
    pub release: &'a Release,
    /// How often it was looked at.
    pub every: Duration,
    /// Guardrails that were left out.
    pub left_out: Vec<&'a str>,
    /// Its lives.
    pub lives: Vec<Lived>,
}

impl Fates<'_> {
    /// In words.
    pub fn text(&self, crowd: &Crowd) -> String {
        let runs = match self.lives.len() {
            1 => "once".to_owned(),
            runs => format!("{} times", count(runs as u64)),
        };
        let mut text = format!("{}: {runs} through its steps, with {}\n", self.release.id, crowd.text());
        text += &columns(&self.ends().iter().map(|(end, lives)| self.row(end, lives)).collect::<Vec<_>>());
        self.sentences().iter().for_each(|sentence| text += &format!("{sentence}\n"));
        text + &columns(&self.steps())
    }

    /// What is to be known of all lives.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if self.every > TICK {
            sentences.push(format!("it takes long, so its judge looked each {} only", lasting(self.every)));
        }
        if !self.left_out.is_empty() {
            let left_out = self.left_out.join(", ");
            sentences.push(format!("left out, because nothing answers their queries here: {left_out}"));
        }
        sentences.extend(self.causes());
        let suspected = self.lives.iter().filter(|life| life.suspected.is_some()).count();
        sentences.push(format!("suspected at some time: {}", self.part(suspected)));
        sentences.push(self.met());
        sentences
    }

    /// For machines. Times are in milliseconds.
    pub fn json(&self) -> Value {
        let ends: BTreeMap<String, Value> =
            self.ends().into_iter().map(|(end, lives)| (end, of_lives(&lives))).collect();
        let suspected = self.lives.iter().filter(|life| life.suspected.is_some()).count();
        let steps = self.release.steps.iter().enumerate().map(|(place, step)| {
            let (begun, ended) = self.of_step(place);
            json!({"share": step.share, "begun": begun, "rolled_back_in_it": ended})
        });
        json!({
            "id": self.release.id,
            "runs": self.lives.len(),
            "polled_every_ms": self.every.as_millis() as u64,
            "left_out": self.left_out,
            "ends": ends,
            "rolled_back_by": self.by(),
            "suspected": suspected,
            "steps": steps.collect::<Vec<_>>(),
            "met": {"requests": median(&self.lives, |life| life.met.requests), "users": median(&self.lives, |life| life.met.users)},
            "met_trouble": {
                "requests": median(&self.lives, |life| life.met_trouble.requests),
                "users": median(&self.lives, |life| life.met_trouble.users),
            },
        })
    }

    /// Lives by how they ended.
    pub fn ends(&self) -> BTreeMap<String, Vec<&Lived>> {
        let mut ends: BTreeMap<String, Vec<&Lived>> = BTreeMap::new();
        for life in &self.lives {
            ends.entry(name(&life.end)).or_default().push(life);
        }
        ends
    }

    fn row(&self, end: &str, lives: &[&Lived]) -> [String; 4] {
        let after: Vec<Duration> = lives.iter().map(|life| life.after).collect();
        let since: Vec<Duration> =
            lives.iter().filter_map(|life| Some(life.after.saturating_sub(life.trouble?))).collect();
        let median = |times: &[Duration]| quantile(times, 0.5).map(lasting).unwrap_or_default();
        let most = |times: &[Duration]| quantile(times, 0.9).map(lasting).unwrap_or_default();
        let since = if since.is_empty() || end == "finished" {
            String::new()
        } else {
            format!("{} after trouble began, 9 of 10 within {}", median(&since), most(&since))
        };
        [end.replace('_', " "), self.part(lives.len()), format!("median after {}", median(&after)), since]
    }

    /// What rolled it back, and how often; a life may have several reasons.
    fn by(&self) -> BTreeMap<String, usize> {
        let mut by = BTreeMap::new();
        for life in &self.lives {
            let End::RolledBack(reasons) = &life.end else { continue };
            let named = reasons.iter().map(|reason| reason.guardrail.clone().unwrap_or_else(|| word(&reason.code)));
            let mut named: Vec<String> = named.collect();
            named.sort_unstable();
            named.dedup();
            named.into_iter().for_each(|name| *by.entry(name).or_default() += 1);
        }
        by
    }

    fn causes(&self) -> Option<String> {
        let by = self.by().into_iter().map(|(name, lives)| format!("{name} {}", count(lives as u64)));
        let causes: Vec<String> = by.collect();
        (!causes.is_empty()).then(|| format!("rolled back by: {}", causes.join(", ")))
    }

    /// Of half of its lives fewer met it, of half of them more: one that is never stopped is no measure of the others.
    fn met(&self) -> String {
        let median = |of: fn(&Lived) -> f64| count(median(&self.lives, of).round() as u64);
        if self.lives.iter().all(|life| life.trouble.is_none()) {
            let (requests, users) = (median(|life| life.met.requests), median(|life| life.met.users));
            return format!("met the new version: {requests} requests of {users} users (median)");
        }
        let (requests, users) = (median(|life| life.met_trouble.requests), median(|life| life.met_trouble.users));
        format!("met the trouble: {requests} requests of {users} users (median)")
    }

    /// Each step in a row, the first of which has the names of the columns.
    pub fn steps(&self) -> Vec<[String; 4]> {
        let head = ["STEP", "SHARE", "BEGAN IN", "ROLLED BACK IN IT"].map(str::to_owned);
        let steps = self.release.steps.iter().enumerate().map(|(place, step)| {
            let (begun, ended) = self.of_step(place);
            [(place + 1).to_string(), share(step.share), self.rate(begun), self.rate(ended)]
        });
        [head].into_iter().chain(steps).collect()
    }

    /// Lives in which a step began, and in which it was the last before a rollback.
    fn of_step(&self, place: usize) -> (usize, usize) {
        let begun = self.lives.iter().filter(|life| life.steps.len() > place);
        let ended =
            self.lives.iter().filter(|life| life.steps.len() == place + 1 && matches!(life.end, End::RolledBack(_)));
        (begun.count(), ended.count())
    }

    /// So many of all lives, and where the true part of them may be.
    fn part(&self, lives: usize) -> String {
        let interval = self.interval(lives);
        format!("{} ({} to {})", self.rate(lives), rounded(interval.low), rounded(interval.high))
    }

    /// Where the true part of so many lives may be.
    pub fn interval(&self, lives: usize) -> Interval {
        wilson(Share { x: lives as f64, n: self.lives.len() as f64 }, ALPHA)
    }

    fn rate(&self, lives: usize) -> String {
        rounded(lives as f64 / self.lives.len().max(1) as f64)
    }
}

fn rounded(part: f64) -> String {
    percent((part * 1000.0).round() / 1000.0)
}

fn name(end: &End) -> String {
    match end {
        End::Finished => "finished".to_owned(),
        End::RolledBack(_) => "rolled_back".to_owned(),
        End::Inconclusive => "inconclusive".to_owned(),
        End::Waits(phase) => word(phase),
    }
}

fn of_lives(lives: &[&Lived]) -> Value {
    let after: Vec<Duration> = lives.iter().map(|life| life.after).collect();
    let since: Vec<Duration> = lives.iter().filter_map(|life| Some(life.after.saturating_sub(life.trouble?))).collect();
    json!({"lives": lives.len(), "after_ms": quantiles(&after), "after_trouble_ms": quantiles(&since)})
}

fn quantiles(times: &[Duration]) -> Value {
    let of = |part| quantile(times, part).map(|time| time.as_millis() as u64);
    json!({"median": of(0.5), "ninth_tenth": of(0.9)})
}

fn median(lives: &[Lived], of: fn(&Lived) -> f64) -> f64 {
    let mut all: Vec<f64> = lives.iter().map(of).collect();
    all.sort_unstable_by(f64::total_cmp);
    all.get(all.len().div_ceil(2).saturating_sub(1)).copied().unwrap_or_default()
}

/// The time within which this part of them are.
fn quantile(times: &[Duration], part: f64) -> Option<Duration> {
    let mut times = times.to_vec();
    times.sort_unstable();
    let place = ((times.len() as f64 * part).ceil() as usize).saturating_sub(1);
    times.get(place).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_those_that_there_are() {
        let seconds = |seconds: &[u64]| seconds.iter().map(|one| Duration::from_secs(*one)).collect::<Vec<_>>();
        for (times, part, expected) in
            [(&[][..], 0.5, None), (&[7], 0.9, Some(7)), (&[3, 1, 2], 0.5, Some(2)), (&[4, 3, 2, 1], 0.5, Some(2))]
        {
            assert_eq!(quantile(&seconds(times), part), expected.map(Duration::from_secs), "{times:?}");
        }
    }
}
