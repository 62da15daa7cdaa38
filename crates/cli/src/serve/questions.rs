//! What is asked of a Prometheus: between who decides about releases and knows what to ask, and who has the time to ask it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::timeout;
use weir_release::journal::Trouble;
use weir_release::{Queries, Release};
use weir_remote::Prometheus;

use super::log::Log;
use super::notice::Notice;
use super::queries::ask;
use crate::queries;

/// Questions, for all who have a part in them.
#[derive(Clone)]
pub struct Questions(Arc<Shared>);

struct Shared {
    prometheus: Option<Prometheus>,
    log: Log,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    /// The metrics that new documents ask for, by name.
    metrics: BTreeMap<String, Metric>,
    /// What was told.
    told: BTreeSet<String>,
}

/// What is known of a metric.
struct Metric {
    found: Found,
    /// Whether a document has asked for it since it was looked up last.
    is_wanted: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Found {
    NotYet,
    Known,
    Unknown,
    Unreachable,
}

/// How long metrics are looked up in one tick; queries have as long.
const TIME_MAX: Duration = Duration::from_secs(5);
/// Texts that are remembered as told; beyond, all may be told again.
const TOLD_MAX: usize = 1_000;

impl Questions {
    /// Questions to this server, if there is one.
    pub fn new(prometheus: Option<Prometheus>, log: Log) -> Questions {
        for warning in prometheus.iter().flat_map(|prometheus| prometheus.client().warnings()) {
            log.tell(&Notice::QueryWarnings { warnings: vec![warning] });
        }
        Questions(Arc::new(Shared { prometheus, log, asked: Mutex::default() }))
    }

    /// What is wrong with what a document asks for that nobody has judged before; none while that is looked up.
    pub fn troubles(&self, release: &Release) -> Option<Vec<Trouble>> {
        let written = queries::of(release);
        let Some(prometheus) = &self.0.prometheus else {
            let first = written.first().map(|one| {
                let text = format!("guardrail {} asks a Prometheus; start the server with --prometheus", one.name);
                Trouble::new("no_prometheus", text)
            });
            return Some(first.into_iter().collect());
        };
        let address = prometheus.client().address().to_string();
        let (mut troubles, mut asked) = (Vec::new(), self.asked());
        let (mut found, mut is_open) = (BTreeSet::new(), false);
        for one in &written {
            for name in queries::metrics(one) {
                let metric =
                    asked.metrics.entry(name.clone()).or_insert(Metric { found: Found::NotYet, is_wanted: true });
                metric.is_wanted = true;
                match metric.found {
                    // All of them are to be looked up at once.
                    Found::NotYet => is_open = true,
                    Found::Unknown if found.insert((one.name, name.clone())) => {
                        let text = format!("guardrail {}: {}", one.name, queries::unknown(&name, &address));
                        troubles.push(Trouble::new("unknown_metric", text));
                    }
                    // As long as nobody can say so, the text is one.
                    Found::Unreachable if troubles.iter().all(|trouble: &Trouble| trouble.code != "not_looked_up") => {
                        let text =
                            format!("its metrics cannot be looked up at {address}; that is tried again and again");
                        troubles.push(Trouble::new("not_looked_up", text));
                    }
                    Found::Known | Found::Unknown | Found::Unreachable => {}
                }
            }
        }
        (!is_open).then_some(troubles)
    }

    /// Asks what these releases ask for, and what new documents do; at most for a few seconds.
    pub async fn ask(&self, running: &[Release]) -> Queries {
        let running: Vec<&Release> = running.iter().collect();
        let prometheus = self.0.prometheus.as_ref();
        let ((queries, warnings), ()) = tokio::join!(ask(prometheus, &running), self.look_up());
        warnings.into_iter().for_each(|warning| self.tell(warning));
        queries
    }

    async fn look_up(&self) {
        let Some(prometheus) = &self.0.prometheus else { return };
        let names = self.wanted();
        let mut left = names.iter();
        let looked = timeout(TIME_MAX, async {
            for name in left.by_ref() {
                match prometheus.knows(name, SystemTime::now()).await {
                    Ok(true) => self.found(name, Found::Known),
                    Ok(false) => self.found(name, Found::Unknown),
                    Err(trouble) => {
                        self.found(name, Found::Unreachable);
                        return Some(trouble.to_string());
                    }
                }
            }
            None
        });
        let late = || Some(format!("no whole answer within {} s", TIME_MAX.as_secs()));
        let why = looked.await.unwrap_or_else(|_| late());
        if let Some(why) = why {
            // The one that took all the time is among those that are as they were.
            let unanswered = names.iter().filter(|name| self.is_not_yet(name));
            unanswered.chain(left).for_each(|name| self.found(name, Found::Unreachable));
            self.tell(format!("{}: metrics are not looked up: {why}", prometheus.client().address()));
        }
    }

    /// The metrics that are to be looked up; those that nobody asks for any more are forgotten.
    fn wanted(&self) -> Vec<String> {
        let mut asked = self.asked();
        asked.metrics.retain(|_, metric| std::mem::take(&mut metric.is_wanted));
        let unknown = asked.metrics.iter().filter(|(_, metric)| metric.found != Found::Known);
        unknown.map(|(name, _)| name.clone()).collect()
    }

    fn found(&self, name: &str, found: Found) {
        if let Some(metric) = self.asked().metrics.get_mut(name) {
            metric.found = found;
        }
    }

    fn is_not_yet(&self, name: &str) -> bool {
        self.asked().metrics.get(name).is_some_and(|metric| metric.found == Found::NotYet)
    }

    /// Tells what was not told before.
    fn tell(&self, warning: String) {
        let mut asked = self.asked();
        if asked.told.len() >= TOLD_MAX {
            asked.told.clear();
        }
        if asked.told.insert(warning.clone()) {
            self.0.log.tell(&Notice::QueryWarnings { warnings: vec![warning] });
        }
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
