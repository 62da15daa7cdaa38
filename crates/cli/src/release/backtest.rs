//! `weir release backtest`: a release's guardrails over evidence that was recorded before.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};
use jiff::Timestamp;
use weir_release::{Recorded, Release, backtest};
use weir_remote::{Address, Client, Prometheus};

use crate::duration;
use crate::page::Pictures;
use crate::problems::Failure;

mod file;
mod page;
mod range;
mod report;
mod which;

use report::Report;
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
    #[command(flatten)]
    pictures: Pictures,
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
        let pictures = self.pictures.draw(|| page::page(&report))?;
        match self.json {
            true => println!("{}", report.json()),
            false => print!("{}{pictures}", report.text()),
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
