//! A Prometheus, or what speaks its API: asked for one number at one moment.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use form_urlencoded::Serializer;
use hyper::body::Bytes;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::client::{Client, DEADLINE, Question, Reply};
use crate::query::metrics;
use crate::trouble::Trouble;

mod answer;

pub use answer::{Answer, Range, Ranges, Series, Told};

/// One number with its labels is some hundred bytes; a query that forgot its `sum` may have many.
const NUMBER_BYTES_MAX: usize = 1024 * 1024;
/// Servers that do not know `match[]` here answer with all names that they have.
const NAMES_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longer ones are posted: what stands between refuses long URLs. Shorter ones are not: some let nobody in who posts.
const URL_BYTES_MAX: usize = 2_000;
/// What one person waits for may take longer than what a server asks in each tick.
const RANGE_DEADLINE: Duration = Duration::from_secs(20);
/// A Prometheus answers 20 at a time as it comes, and has others to answer.
const AT_ONCE: usize = 8;
/// How far back a metric may have been seen last.
const KNOWN: Duration = Duration::from_secs(60 * 60);

/// A server that is asked for numbers.
#[derive(Clone)]
pub struct Prometheus(Arc<Client>);

impl Prometheus {
    /// The server at this address.
    pub fn new(client: Client) -> Prometheus {
        Prometheus(Arc::new(client))
    }

    /// Where it is, and how one is let in.
    pub fn client(&self) -> &Client {
        &self.0
    }

    /// What a query has as its only number at this time.
    ///
    /// # Errors
    /// There is no answer, or one that is not one number.
    pub async fn number(&self, query: &str, at: SystemTime) -> Result<Told, Trouble> {
        let deadline = format!("{}s", DEADLINE.as_secs());
        let form = [("query", query), ("time", &seconds(at)), ("timeout", &deadline)];
        let Reply { status, body } = self.ask("/api/v1/query", &form, NUMBER_BYTES_MAX).await?;
        answer::number(status, &body)
    }

    /// The same of several queries, in their order, some at a time. All of them together take no longer than one may.
    pub async fn numbers(&self, queries: &[String], at: SystemTime) -> Vec<Result<Told, Trouble>> {
        let until = Instant::now() + DEADLINE;
        let late = || Err(Trouble::Late(DEADLINE.as_secs()));
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut asked = JoinSet::new();
        for (place, query) in queries.iter().cloned().enumerate() {
            let (prometheus, turns) = (self.clone(), turns.clone());
            asked.spawn(async move {
                let one = async {
                    let _turn = turns.acquire().await;
                    prometheus.number(&query, at).await
                };
                (place, timeout_at(until, one).await.unwrap_or_else(|_| late()))
            });
        }
        let mut answers: Vec<_> = queries.iter().map(|_| late()).collect();
        while let Some(one) = asked.join_next().await {
            if let Ok((place, answer)) = one
                && let Some(slot) = answers.get_mut(place)
            {
                *slot = answer;
            }
        }
        answers
    }

    /// All series that a query has now, by the server's own clock.
    ///
    /// # Errors
    /// There is no answer, one of more bytes, or one that is no instant vector.
    pub async fn series(&self, query: &str, bytes_max: usize) -> Result<Vec<Series>, Trouble> {
        let Reply { status, body } = self.ask("/api/v1/query", &[("query", query)], bytes_max).await?;
        answer::series(status, &body)
    }

    /// All series that a query has between two times, this far apart; as many bytes of them at most.
    ///
    /// # Errors
    /// There is no answer, one of more bytes, or one that is no range of vectors.
    pub async fn range(
        &self,
        query: &str,
        (from, to): (SystemTime, SystemTime),
        step: Duration,
        bytes_max: usize,
    ) -> Result<Ranges, Trouble> {
        let step = format!("{}.{:03}", step.as_secs(), step.subsec_millis());
        let form = [("query", query), ("start", &seconds(from)), ("end", &seconds(to)), ("step", &step)];
        let Reply { status, body } = self.ask_within(RANGE_DEADLINE, "/api/v1/query_range", &form, bytes_max).await?;
        answer::ranges(status, &body)
    }

    /// Whether it has had a series of this metric within the hour before.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn knows(&self, metric: &str, at: SystemTime) -> Result<bool, Trouble> {
        let escaped = metric.replace('\\', r"\\").replace('"', "\\\"");
        let selector = format!("{{__name__=\"{escaped}\"}}");
        let start = seconds(at.checked_sub(KNOWN).unwrap_or(SystemTime::UNIX_EPOCH));
        let form = [("match[]", selector.as_str()), ("start", &start), ("end", &seconds(at))];
        let path = "/api/v1/label/__name__/values";
        let question = Question { path: &format!("{path}?{}", encoded(&form)), body: None, headers: Vec::new() };
        let Reply { status, body } = self.0.ask(question, NAMES_BYTES_MAX).await?;
        Ok(answer::names(status, &body)?.iter().any(|name| name == metric))
    }

    /// The metrics of a filled query that it has had no series of within the hour before.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn unknown(&self, query: &str, at: SystemTime) -> Result<Vec<String>, Trouble> {
        let mut unknown = Vec::new();
        for metric in metrics(query) {
            if !self.knows(&metric, at).await? {
                unknown.push(metric);
            }
        }
        Ok(unknown)
    }

    async fn ask(&self, path: &str, form: &[(&str, &str)], bytes_max: usize) -> Result<Reply, Trouble> {
        self.ask_within(DEADLINE, path, form, bytes_max).await
    }

    async fn ask_within(
        &self,
        deadline: Duration,
        path: &str,
        form: &[(&str, &str)],
        bytes_max: usize,
    ) -> Result<Reply, Trouble> {
        let form = encoded(form);
        let headers = Vec::new();
        if form.len() <= URL_BYTES_MAX {
            let question = Question { path: &format!("{path}?{form}"), body: None, headers };
            return self.0.ask_within(deadline, question, bytes_max).await;
        }
        let body = Some(("application/x-www-form-urlencoded", Bytes::from(form)));
        self.0.ask_within(deadline, Question { path, body, headers }, bytes_max).await
    }
}

fn encoded(form: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(form).finish()
}

/// Seconds of Unix time, to the millisecond, as Prometheus keeps it.
fn seconds(at: SystemTime) -> String {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:03}", since.as_secs(), since.subsec_millis())
}

#[cfg(test)]
mod real;
#[cfg(test)]
mod tests;
