//! `weir release backtest`: a release's guardrails over evidence that was recorded before.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};
use jiff::Timestamp;
use weir_release::{Recorded, Release};
use weir_remote::{Address, Client, Prometheus};

use crate::duration;
use crate::moment;
use crate::page::Pictures;
use crate::problems::Failure;

mod arms;
mod drawn;
mod file;
mod page;
mod progress;
mod range;
mod report;
mod which;

use progress::Progress;
use report::Report;
use which::Which;

/// The time of which the first poll tells, and between two that Prometheus is asked for.
const EVERY: &str = "10s";

/// Says what a release's guardrails would have said to evidence that was recorded, of this release or another one
#[derive(Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("source").required(true))]
pub struct Backtest {
    /// A document of a release; or the id of one in the journal of --state
    #[arg(value_name = "ID|FILE")]
    release: PathBuf,
    /// The folder that weir serve was given as --state: its journal says when the steps began of the experiment whose evidence it is
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// A file of polls, or - for standard input, each a line of JSON: {"at": TIME, "step": 1, "counts": {ARM: {OUTCOME: [16 NUMBERS]}}}
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
    /// Only counters with this label, such as namespace=shop, or prometheus_replica=a where two scraped the same Envoys
    #[arg(long = "label", value_name = "NAME=VALUE", requires = "from_prometheus", value_parser = label)]
    labels: Vec<(String, String)>,
    /// From when on, such as 2026-12-01T09:00:00Z or 2026-12-01T10:00:00+01:00
    #[arg(long, value_name = "TIME", requires = "from_prometheus", value_parser = moment::read)]
    from: Option<Timestamp>,
    /// Until when
    #[arg(long, value_name = "TIME", requires = "from_prometheus", value_parser = moment::read)]
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
  zcat evidence.jsonl.gz | weir release backtest owl-v22.yaml --evidence -
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
        let Which { release, steps } = Which::read(&self.release, self.state.as_deref(), self.experiment.as_deref())?;
        let every = Duration::from(self.every);
        if every < Duration::from_secs(1) {
            return Err(Failure::Usage(format!("--every: found {}; a second or more would do", self.every)));
        }
        let (mut report, mut progress) = (Report::new(&release), Progress::default());
        let mut backtest = weir_release::Backtest::new(&release, every);
        let notes = self.read(&release, &steps, every, |poll| {
            progress.add(poll.at);
            report.add(backtest.look(&poll));
        });
        drop(progress);
        report.notes = notes?;
        if report.is_empty() {
            return Err(Failure::Message(format!("weir: there is no evidence of {} there\n", release.id)));
        }
        let pictures = self.pictures.draw(|| page::page(&report))?;
        match self.json {
            true => println!("{}", report.json()),
            false => print!("{}{pictures}", report.text()),
        }
        Ok(())
    }

    /// Hands on each poll. What is worth a word comes back.
    fn read(
        &self,
        release: &Release,
        steps: &which::Steps,
        every: Duration,
        polls: impl FnMut(Recorded),
    ) -> Result<Vec<String>, Failure> {
        if let Some(path) = &self.evidence {
            return file::read(path, release, steps, polls).map(|()| Vec::new());
        }
        let (Some(address), Some(from), Some(to)) = (&self.from_prometheus, self.from, self.to) else {
            return Err(Failure::Usage("--evidence or --from-prometheus would do".to_owned()));
        };
        let client = Client::new(address.clone(), self.prometheus_token.clone(), self.prometheus_ca.clone());
        let (prometheus, labels) = (&Prometheus::new(client), &self.labels);
        let experiment = self.experiment.as_deref().unwrap_or(&release.id);
        range::Asked { prometheus, experiment, labels, from, to, every }.read(release, steps, polls)
    }
}

/// A label with its value.
fn label(text: &str) -> Result<(String, String), String> {
    let is_name = |name: &str| {
        !name.starts_with(|first: char| first.is_ascii_digit())
            && !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let label = text.split_once('=').filter(|(name, _)| is_name(name));
    let (name, value) = label.ok_or("a label and its value would do, such as namespace=shop")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_label_has_a_name_and_a_value() {
        for (text, label) in [
            ("namespace=shop", Some(("namespace", "shop"))),
            ("a_1==b\"", Some(("a_1", "=b\""))),
            ("pod=", Some(("pod", ""))),
            ("shop", None),
            ("=shop", None),
            ("1a=b", None),
            ("a-b=c", None),
            ("namespace!=shop", None),
        ] {
            let expected = label.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(super::label(text).ok(), expected, "{text}");
        }
    }
}
