//! `weir release backtest`: a release's guardrails over evidence that was recorded before.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};
use jiff::Timestamp;
use serde_json::{Value, json};
use weir_release::{Looked, Recorded, Release, backtest, is_of_evidence};
use weir_remote::{Address, Client, Prometheus};

use super::words::{self, count, e, share};
use crate::columns::columns;
use crate::duration;
use crate::problems::Failure;

mod file;
mod page;
mod range;
mod which;

use which::Which;

/// The time of which the first poll tells, and between two that Prometheus is asked for.
const EVERY: &str = "10s";

/// Says what a release's guardrails would have said to evidence that was recorded, of this release or another one
#[derive(Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("source").required(true))]
pub struct Backtest {
    /// A document of a release; or the id of one in the journal of --state, whose steps are then as they were
    #[arg(value_name = "ID|FILE")]
    release: PathBuf,
    /// The folder that weir serve was given as --state
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// A file of polls, each a line of JSON: {"at": TIME, "step": 1, "counts": {ARM: {OUTCOME: [16 NUMBERS]}}}
    #[arg(long, value_name = "FILE", group = "source")]
    evidence: Option<PathBuf>,
    /// A Prometheus that scraped the Envoys: http://HOST:PORT or https://HOST, with the path that stands before /api/v1
    #[arg(long, value_name = "URL", group = "source", value_parser = Address::prometheus, requires_all = ["from", "to"])]
    from_prometheus: Option<Address>,
    /// A file with the bearer token that it lets in
    #[arg(long, value_name = "FILE", requires = "from_prometheus")]
    prometheus_token: Option<PathBuf>,
    /// The only authorities that may vouch for it, PEM, instead of those of the system
    #[arg(long, value_name = "FILE", requires = "from_prometheus")]
    prometheus_ca: Option<PathBuf>,
    /// The experiment whose evidence it is, if it is not the release's own
    #[arg(long, value_name = "ID", requires = "from_prometheus")]
    experiment: Option<String>,
    /// From when on, such as 2026-12-01T09:00:00Z
    #[arg(long, value_name = "TIME", requires = "from_prometheus")]
    from: Option<Timestamp>,
    /// Until when
    #[arg(long, value_name = "TIME", requires = "from_prometheus")]
    to: Option<Timestamp>,
    /// The time between two polls
    #[arg(long, value_name = "TIME", default_value = EVERY, value_parser = duration::read)]
    every: humantime::Duration,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Write a page with pictures there too
    #[arg(short, value_name = "FILE.html")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  weir release backtest owl-v22.yaml --evidence evidence.jsonl
  weir release backtest owl-v21 --state /var/lib/weir --from-prometheus https://prometheus.example \\
      --from 2026-12-01T09:00:00Z --to 2026-12-01T10:00:00Z
  weir release backtest owl-v22.yaml --experiment owl-v21 --from-prometheus 127.0.0.1:9090 \\
      --from 2026-12-01T09:00:00Z --to 2026-12-01T10:00:00Z -o backtest.html

Guardrails look on to the end, whatever they say on the way. Those that ask queries are left out. Without a journal and without \"step\" in
the file, all is taken for the first step in which arms are compared.

Exit codes: 0 looked through, whatever was found, 1 no such release, or a document or the evidence has problems, 2 wrong use, or no
answer";

/// What was looked through.
struct Report<'a> {
    release: &'a Release,
    looked: Vec<Looked>,
}

impl Backtest {
    /// Looks through it, and prints what guardrails would have said.
    pub fn run(self) -> Result<(), Failure> {
        let Which { release, steps } = Which::read(&self.release, self.state.as_deref())?;
        let every = Duration::from(self.every);
        if every < Duration::from_secs(1) {
            return Err(Failure::Usage(format!("--every: found {}; a second or more would do", self.every)));
        }
        let polls = self.polls(&release, &steps, every)?;
        if polls.is_empty() {
            return Err(Failure::Message(format!("weir: there is no evidence of {} there\n", release.id)));
        }
        let report = Report { looked: backtest(&release, &polls, every), release: &release };
        if let Some(path) = &self.out {
            let page = page::page(&report).html();
            fs::write(path, page).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
        }
        match self.json {
            true => println!("{}", report.json()),
            false => print!("{}", report.text()),
        }
        Ok(())
    }

    fn polls(&self, release: &Release, steps: &which::Steps, every: Duration) -> Result<Vec<Recorded>, Failure> {
        if let Some(path) = &self.evidence {
            return file::read(path, release, steps);
        }
        let (Some(address), Some(from), Some(to)) = (&self.from_prometheus, self.from, self.to) else {
            return Err(Failure::Usage("--evidence or --from-prometheus would do".to_owned()));
        };
        let client = Client::new(address.clone(), self.prometheus_token.clone(), self.prometheus_ca.clone());
        let asked = range::Asked { experiment: self.experiment.as_deref().unwrap_or(&release.id), from, to, every };
        range::read(&Prometheus::new(client), &asked, release, steps)
    }
}

impl Report<'_> {
    /// The first poll with which it would have been rolled back.
    fn stop(&self) -> Option<&Looked> {
        self.looked.iter().find(|look| !look.rolls_back.is_empty())
    }

    /// In one sentence.
    fn verdict(&self) -> String {
        let Some(stop) = self.stop() else {
            let suspected = self.looked.iter().find(|look| look.is_suspected);
            return match suspected {
                Some(look) => format!("not rolled back, but suspected after {}", time(look.after)),
                None => "neither rolled back nor suspected".to_owned(),
            };
        };
        let by: Vec<String> = stop.rolls_back.iter().map(|(guardrail, _)| guardrail.clone()).collect();
        let step = self.release.steps.get(stop.step).map(|step| share(step.share)).unwrap_or_default();
        let (after, by) = (time(stop.after), by.join(", "));
        format!("rolled back after {after}, in step {} of {step}, by {by}", stop.step + 1)
    }

    /// What was looked at.
    fn evidence(&self) -> String {
        let (first, last) = (self.looked.first(), self.looked.last());
        let at = |look: Option<&Looked>| look.map(|look| format!("{:.0}", look.at)).unwrap_or_default();
        let polls = count(self.looked.len() as u64);
        format!("{polls} polls from {} to {}", at(first), at(last))
    }

    fn left_out(&self) -> Vec<&str> {
        let asks = self.release.guardrails.iter().filter(|guardrail| !is_of_evidence(guardrail));
        asks.map(|guardrail| guardrail.name.as_str()).collect()
    }

    fn text(&self) -> String {
        let mut text = format!("{}: {}\n{}\n", self.release.id, self.verdict(), self.evidence());
        if !self.left_out().is_empty() {
            text += &format!("left out, because nothing answers their queries here: {}\n", self.left_out().join(", "));
        }
        text + &columns(&self.rows())
    }

    /// Each guardrail and arm in a row, the first of which has the names of the columns.
    fn rows(&self) -> Vec<Vec<String>> {
        let head = ["GUARDRAIL", "ARM", "BAD", "OF", "CONTROL", "OF", "LARGEST E", "BOUND", "SUSPECTED", "HARM"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let Some(last) = self.looked.last() else { return rows };
        for (place, now) in last.guardrails.iter().enumerate() {
            let of = |look: &Looked| look.guardrails.get(place).and_then(|one| one.ln_e_harm);
            let largest = self.looked.iter().filter_map(of).max_by(f64::total_cmp);
            let bound = now.ln_bound;
            let reaches = |of: fn(&weir_release::judge::GuardrailNumbers) -> Option<f64>| {
                let is_over = |look: &&Looked| look.guardrails.get(place).and_then(of) >= bound && bound.is_some();
                self.looked.iter().find(is_over).map_or_else(|| "-".to_owned(), |look| time(look.after))
            };
            let number = |number: Option<f64>| number.map(words::amount).unwrap_or_default();
            rows.push(vec![
                now.name.clone(),
                now.arm.clone().unwrap_or_default(),
                number(now.bad),
                number(now.all),
                number(now.control_bad),
                number(now.control_all),
                largest.map(e).unwrap_or_default(),
                bound.map(e).unwrap_or_default(),
                reaches(|one| one.ln_e),
                reaches(|one| one.ln_e_harm),
            ]);
        }
        rows
    }

    /// Times are in milliseconds since the first poll.
    fn json(&self) -> Value {
        let milliseconds = |look: &Looked| u64::try_from(look.after.as_millis()).unwrap_or(u64::MAX);
        let stop = self.stop().map(|look| {
            let by = look.rolls_back.iter().map(|(guardrail, arm)| json!({"guardrail": guardrail, "arm": arm}));
            json!({"at": look.at, "after_ms": milliseconds(look), "step": look.step, "by": by.collect::<Vec<_>>()})
        });
        let suspected = self.looked.iter().find(|look| look.is_suspected).map(milliseconds);
        json!({
            "release": self.release.id,
            "polls": self.looked.len(),
            "from": self.looked.first().map(|look| look.at),
            "to": self.looked.last().map(|look| look.at),
            "left_out": self.left_out(),
            "rolled_back": stop,
            "suspected_after_ms": suspected,
            "guardrails": self.looked.last().map(|look| &look.guardrails),
        })
    }
}

fn time(time: Duration) -> String {
    words::time(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
