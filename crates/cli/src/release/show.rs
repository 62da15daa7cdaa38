//! `weir release show`: all that there is to see of one release.

use clap::Args;
use weir_release::judge::{GuardrailNumbers, Numbers};

use super::because::because;
use super::list;
use super::one::One;
use super::view::{DetailView, EventView, ReleaseView};
use super::words::{amount, count, percent, time, word};
use crate::columns::columns;
use crate::page::Pictures;
use crate::problems::Failure;

mod page;
mod rows;

/// Shows a release: its steps, its guardrails with their numbers, the verdict, and what happened to it
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Show {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    pictures: Pictures,
}

const EXAMPLES: &str = "Examples:
  weir release show owl-v21 --state /var/lib/weir
  weir release show owl-v21 --http 127.0.0.1:18001 --watch
  weir release show owl-v21 --state /var/lib/weir --wait --timeout 6h
  weir release show owl-v21 --state /var/lib/weir -o owl-v21.html

Exit codes: 0 shown, or with --wait it is finished, 1 no such release, or with --wait it was rolled back, aborted or withdrawn,
2 wrong use, no answer, or a journal that cannot be read, 3 with --timeout: it is not over";

impl Show {
    /// Shows it, once or for as long as asked.
    pub fn run(self) -> Result<(), Failure> {
        if self.one.goes_on() && self.pictures.are_asked_for() {
            return Err(Failure::Usage(
                "--pictures and -o are of what there is now: without --watch and --wait they would do".to_owned(),
            ));
        }
        self.one.show(|view, place| Ok(text(view, place) + &self.pictures.draw(|| page::page(view))?))
    }
}

fn text(view: &DetailView, place: &str) -> String {
    let release = &view.release;
    let kind = release.kind.as_ref().map(|kind| format!(" ({kind})")).unwrap_or_default();
    let mut text = format!("{}{kind}: {}", release.id, list::headline(release));
    text += &release.since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
    text += &match (&release.file, release.is_over()) {
        (Some(file), _) => format!("\nfile {}\n", file.escape_debug()),
        (None, true) => "\n".to_owned(),
        (None, false) => "\nits file is gone; only abort and promote end it\n".to_owned(),
    };
    text += &because(view, place);
    text += &steps(release);
    if let Some(verdict) = &release.verdict {
        text += &format!("\nverdict {}", word(&verdict.decision));
        text += &view.judged.map(|judged| format!(" at {judged:.0}")).unwrap_or_default();
        text += "\n";
        text += &of_step(&verdict.numbers);
        text += &guardrails(&verdict.numbers.guardrails);
        text += &deviations(&verdict.numbers);
    }
    let left_out = view.left_out.map(|number| {
        format!("\nwhat happened up to line {number} of the journal is left out: its files in --state have what is still known\n")
    });
    text + &left_out.unwrap_or_default() + &events(&view.events)
}

fn steps(release: &ReleaseView) -> String {
    if release.steps.is_empty() { String::new() } else { format!("\n{}", columns(&rows::of_steps(release))) }
}

fn of_step(numbers: &Numbers) -> String {
    let step = &numbers.step;
    let held = step.held_ms.map_or_else(|| "not yet answered by nine of ten edges".to_owned(), time);
    let mut text = format!("held {held} of {}", time(step.hold_ms));
    if step.waited_ms > 0 {
        text += &format!(", waited {} of {}", time(step.waited_ms), time(step.max_hold_ms));
    }
    for (arm, requests) in &step.requests {
        text += &format!("; {arm} {} requests", count(*requests));
        if step.requests_min > 0 {
            text += &format!(" of {}", count(step.requests_min));
        }
    }
    text + "\n"
}

fn guardrails(guardrails: &[GuardrailNumbers]) -> String {
    if guardrails.is_empty() {
        return String::new();
    }
    let troubles = guardrails.iter().filter_map(|one| Some((&one.name, one.trouble.as_ref()?)));
    let troubles: String = troubles.map(|(name, trouble)| format!("{name}: {}\n", trouble.escape_debug())).collect();
    format!("\n{}{troubles}", columns(&rows::of_guardrails(guardrails)))
}

fn deviations(numbers: &Numbers) -> String {
    let mut text = String::new();
    for of in &numbers.deviations {
        let arm = if of.is_control { "control" } else { &of.arm };
        text += &format!(
            "\n{}: {} requests, control {}; {arm} is {} off its planned part, acts from {} and {} requests of both on\n",
            of.arm,
            count(of.requests),
            count(of.control),
            percent((of.deviation * 1e4).round() / 1e4),
            percent(of.threshold),
            amount(of.requests_min.ceil()),
        );
    }
    text
}

fn events(events: &[EventView]) -> String {
    let mut rows: Vec<[String; 3]> = Vec::new();
    for line in events {
        rows.push([line.number.to_string(), format!("{:.0}", line.at), line.text.clone()]);
    }
    if rows.is_empty() { String::new() } else { format!("\n{}", columns(&rows)) }
}
