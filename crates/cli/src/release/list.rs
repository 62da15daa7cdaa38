//! `weir release list`: every release in a line.

use clap::Args;
use serde_json::json;
use weir_release::state::Pause;

use super::follow::{Follow, Row, Shown};
use super::source::Source;
use super::view::{ReleaseView, ReleasesView};
use super::words::{self, spoken, word};
use crate::columns::columns;
use crate::problems::Failure;

/// Shows every release: its state, how far it is, and what it waits for
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct List {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    follow: Follow,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  weir release list --state /var/lib/weir
  weir release list --http 127.0.0.1:18001 --watch
  weir release list --state /var/lib/weir --wait --timeout 2h

With --wait all that are not over are waited for.

Exit codes: 0 shown, or with --wait all are finished, 1 with --wait: one was rolled back, aborted or withdrawn, 2 wrong use, no
answer, or a journal that cannot be read, 3 with --timeout: they are not over";

impl List {
    /// Shows the list, once or for as long as asked.
    pub fn run(self) -> Result<(), Failure> {
        let look = || {
            let view = self.source.releases()?;
            let note = self.source.note()?;
            Ok(Some(Shown {
                text: text(&view, note.as_deref()),
                json: format!("{}\n", json!(view)),
                rows: view.releases.iter().map(|release| row(release, view.frozen.as_ref())).collect(),
            }))
        };
        self.follow.show(self.json, look, || Failure::AlreadyPrinted)
    }
}

const HEAD: [&str; 7] = ["ID", "STATE", "PHASE", "STEP", "SHARE", "SINCE", "WAITS FOR"];

fn text(view: &ReleasesView, note: Option<&str>) -> String {
    let mut text = String::new();
    note.iter().for_each(|note| text += &format!("{note}\n"));
    if let Some(frozen) = &view.frozen {
        text += &format!("all releases are frozen: by {}\n", words::paused(frozen));
    }
    for (file, problems) in &view.bad {
        let problems: Vec<String> = problems.iter().map(|problem| problem.text.escape_debug().to_string()).collect();
        text += &format!("{} does not count: {}\n", file.escape_debug(), problems.join("; "));
    }
    if view.releases.is_empty() {
        return text + "no releases\n";
    }
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(view.releases.iter().map(|release| cells(release, view.frozen.as_ref())));
    let gap = if text.is_empty() { "" } else { "\n" };
    text + gap + &columns(&rows)
}

fn cells(view: &ReleaseView, frozen: Option<&Pause>) -> [String; HEAD.len()] {
    let none = || "-".to_owned();
    let step = match (view.step, view.steps.len()) {
        (_, 0) => none(),
        (Some(step), of) => format!("{}/{of}", step.saturating_add(1)),
        (None, of) => format!("-/{of}"),
    };
    [
        view.id.clone(),
        word(&view.state),
        view.phase.as_ref().map_or_else(none, word),
        step,
        words::share(view.share),
        view.since.map_or_else(none, |since| format!("{since:.0}")),
        waiting(view, frozen).unwrap_or_else(none),
    ]
}

/// What it waits for, or what somebody has still to do for one that is over.
fn waiting(view: &ReleaseView, frozen: Option<&Pause>) -> Option<String> {
    if let Some(over) = &view.over {
        let acknowledged = over.unacknowledged.then(|| "somebody to acknowledge it".to_owned());
        let unreached = (!over.reached).then(|| format!("Envoys to answer it: {}", words::names(&over.unreached)));
        let unreached = unreached.map(|text| text.trim_end_matches(": ").to_owned());
        return acknowledged.or(unreached);
    }
    let said: Vec<String> = view.reasons(frozen).into_iter().map(|said| said.what).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// A release in one line, for who follows many.
pub fn row(view: &ReleaseView, frozen: Option<&Pause>) -> Row {
    let mut line = format!("{}: {}", view.id, headline(view));
    if let Some(waiting) = waiting(view, frozen) {
        line += &format!(": {waiting}");
    }
    let reasons = view.verdict.as_ref().filter(|_| view.phase.is_some()).map(|verdict| &verdict.reasons);
    let over = view.over.as_ref().map(|over| (over.unacknowledged, over.reached));
    // Numbers change with each look; what is worth a line are these.
    let is_paused = (view.paused.is_some(), frozen.is_some());
    let key = json!([view.state, view.phase, view.step, view.waits, reasons, over, is_paused]).to_string();
    Row { id: view.id.clone(), state: view.state, key, line }
}

/// What it is and how far, in words.
pub fn headline(view: &ReleaseView) -> String {
    let state = spoken(&view.state);
    if view.phase.is_none() && view.step.is_none() || view.is_over() {
        return state;
    }
    let step = match view.step {
        Some(step) => format!(", {} ({})", words::step(step, view.steps.len()), words::share(view.share)),
        None => ", before its first step".to_owned(),
    };
    let phase = view.phase.as_ref().map(|phase| format!(", {}", spoken(phase))).unwrap_or_default();
    state + &step + &phase
}
