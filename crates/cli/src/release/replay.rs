//! `weir release replay`: each verdict made again of what it was made of.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use weir_picture::{Page, Picture, Section, Table};
use weir_release::journal::Event;
use weir_release::judge::{GuardrailNumbers, Inputs, Verdict};
use weir_release::state::State;

use super::evidence;
use super::source::unknown;
use super::words::word;
use crate::page::Pictures;
use crate::problems::Failure;
use crate::state_dir::StateDir;

/// Judges a release again by what stands in the journal, and fails where a verdict differs from the one that was written down
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Replay {
    /// The release
    id: String,
    /// The folder that weir serve was given as --state
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pictures: Pictures,
}

const EXAMPLES: &str = "Examples:
  weir release replay owl-v21 --state /var/lib/weir
  weir release replay owl-v21 --state /var/lib/weir -o replay.html

The journal has a verdict with all its inputs whenever it or a reason changes. Numbers of two machines may differ by 1e-9 of their
size.

Exit codes: 0 all are the same, or there is none, 1 one differs, or there is no such release, 2 wrong use, or a journal that
cannot be read";

/// A verdict that was made again.
struct Again {
    line: u64,
    at: Timestamp,
    written: Verdict,
    /// Where it differs: what was written, and what it is.
    differences: Vec<(String, Value, Value)>,
}

impl Replay {
    /// Makes each verdict again and tells what differs.
    pub fn run(self) -> Result<(), Failure> {
        let (mut state, mut again, mut left_out) = (State::default(), Vec::new(), None);
        let is_there = StateDir::existing(&self.state)?.read_journal(|text| {
            let Some(line) = state.read_line(text).map_err(|broken| broken.to_string())? else {
                left_out = Some(state.number());
                return Ok(());
            };
            if matches!(&line.event, Event::Seen { release, .. } if *release == self.id) {
                left_out = None;
            }
            if let Event::Verdict { release, verdict, inputs } = line.event
                && release == self.id
            {
                let differences = differences(&state, &release, &verdict, &inputs);
                again.push(Again { line: line.number, at: line.at, written: *verdict, differences });
            }
            Ok(())
        })?;
        if !is_there || state.lifecycle(&self.id).is_none() {
            return Err(unknown(&self.id, state.entries().keys().chain(state.over().keys()).map(String::as_str)));
        }
        let pictures = self.pictures.draw(|| self.page(&again, left_out))?;
        if self.json {
            println!("{}", self.json(&again, left_out));
        } else {
            print!("{}{pictures}", self.text(&again, left_out));
        }
        let is_same = again.iter().all(|one| one.differences.is_empty());
        if is_same { Ok(()) } else { Err(Failure::AlreadyPrinted) }
    }

    fn text(&self, again: &[Again], left_out: Option<u64>) -> String {
        let mut text = String::new();
        let differing: Vec<&Again> = again.iter().filter(|one| !one.differences.is_empty()).collect();
        for Again { line, at, written, differences } in &differing {
            text += &format!("line {line}, verdict {} at {at:.0}, differs:\n", word(&written.decision));
            for (place, written, now) in differences {
                text += &format!("  {place}: {written} was written, and it is {now}\n");
            }
        }
        if let Some(number) = left_out {
            text +=
                &format!("verdicts up to line {number} are not in this file of the journal, and were not made again\n");
        }
        let (all, id) = (again.len(), &self.id);
        text + &match (all, differing.len()) {
            (0, _) => format!("the journal has no verdict on {id}\n"),
            (1, 0) => format!("the verdict on {id} is the same again\n"),
            (all, 0) => format!("{all} verdicts on {id} are the same again\n"),
            (all, differing) => format!("{differing} of {all} verdicts on {id} differ\n"),
        }
    }

    /// Each verdict, and the evidence that guardrails had by then.
    fn page(&self, again: &[Again], left_out: Option<u64>) -> Page {
        let first = again.first().map(|one| one.at);
        let since = |at: Timestamp| first.map_or(0.0, |first| at.duration_since(first).as_secs_f64());
        let looks: Vec<(f64, &[GuardrailNumbers])> =
            again.iter().map(|one| (since(one.at), one.written.numbers.guardrails.as_slice())).collect();
        let row = |one: &Again| {
            let mut reasons: Vec<String> = one.written.reasons.iter().map(|reason| word(&reason.code)).collect();
            reasons.dedup();
            let differs = if one.differences.is_empty() { "same" } else { "differs" };
            let (decision, phase) = (word(&one.written.decision), word(&one.written.phase));
            vec![
                one.line.to_string(),
                format!("{:.0}", one.at),
                decision,
                phase,
                reasons.join(", "),
                differs.to_owned(),
            ]
        };
        let columns = ["line", "at", "verdict", "phase", "reasons", "again"].map(str::to_owned).into();
        let table = Table { columns, rows: again.iter().map(row).collect() };
        let verdicts =
            Section { heading: "Verdicts".to_owned(), sentences: Vec::new(), picture: Some(Picture::Table(table)) };
        Page {
            title: format!("Replay of {}", self.id),
            lead: self.text(again, left_out).trim_end().to_owned(),
            sections: [verdicts].into_iter().chain(evidence::sections(&looks)).collect(),
        }
    }

    fn json(&self, again: &[Again], left_out: Option<u64>) -> Value {
        let differences = again.iter().flat_map(|one| {
            one.differences
                .iter()
                .map(|(at, written, now)| json!({"line": one.line, "at": at, "written": written, "now": now}))
        });
        json!({"release": self.id, "verdicts": again.len(), "left_out": left_out, "differences": differences.collect::<Vec<_>>()})
    }
}

/// Its line tells nothing new of the document, which is that of the lines before.
fn differences(state: &State, id: &str, written: &Verdict, inputs: &Inputs) -> Vec<(String, Value, Value)> {
    let Some(entry) = state.entries().get(id) else { return Vec::new() };
    let revision = entry.document.digest();
    if revision != inputs.revision {
        return vec![("inputs.revision".to_owned(), json!(inputs.revision), json!(revision))];
    }
    let again = inputs.judge(&entry.document.release);
    written.differences(&again).into_iter().map(|one| (one.at, one.written, one.now)).collect()
}
