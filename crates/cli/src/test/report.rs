//! Results for people, a line a request, and for machines.

use serde_json::{Value, json};
use weir_policy::{Problem, Sources};

use super::trial::{Trial, Verdict};
use crate::explain::text::printable;
use crate::problems::{self, Texts, Weight};
use crate::requests::Requests;

/// A line a request, below it what did not come out, and at the end how many of each.
pub fn text(requests: &Requests, trials: &[Trial<'_>], colours: bool) -> String {
    let texts = Texts::of(&requests.sources);
    let mut text = String::new();
    for trial in trials {
        let place = format!("{}:{}", trial.file.path.display(), trial.case.line);
        text += &format!("{}  {place}  {}\n", word(trial.verdict(), colours), printable(trial.case.title().as_bytes()));
        text += &details(trial, &texts, colours);
    }
    let count = |verdict| trials.iter().filter(|trial| trial.verdict() == verdict).count();
    let (ok, failed, skipped) = (count(Verdict::Ok), count(Verdict::Failed), count(Verdict::Skipped));
    let plural = if trials.len() == 1 { "" } else { "s" };
    text += &format!("{} request{plural}: {ok} ok, {failed} failed", trials.len());
    text += &if skipped > 0 { format!(", {skipped} skipped: nothing is expected of them\n") } else { "\n".to_owned() };
    text
}

/// What did not come out, with carets, and the steps that led elsewhere.
fn details(trial: &Trial<'_>, texts: &Texts<'_>, colours: bool) -> String {
    let shown = trial.unmet.iter().map(|unmet| texts.show(&unmet.problem, Weight::Problem, colours));
    let mut text: String = shown.collect();
    if !trial.steps.is_empty() {
        text += &trial.steps;
        text.push('\n');
    }
    text
}

fn word(verdict: Verdict, colours: bool) -> String {
    let (word, colour) = match verdict {
        Verdict::Ok => ("ok     ", "\x1b[32m"),
        Verdict::Failed => ("FAILED ", "\x1b[1;31m"),
        Verdict::Skipped => ("skipped", "\x1b[33m"),
    };
    if colours { format!("{colour}{word}\x1b[0m") } else { word.to_owned() }
}

/// All results, in the shape that `docs/cli.md` documents.
pub fn json(requests: &Requests, trials: &[Trial<'_>]) -> Value {
    let one = |trial: &Trial<'_>| {
        let problems: Vec<Problem> = trial.unmet.iter().map(|unmet| unmet.problem.clone()).collect();
        json!({
            "name": trial.case.name,
            "file": trial.file.path.display().to_string(),
            "line": trial.case.line,
            "result": match trial.verdict() {
                Verdict::Ok => "ok",
                Verdict::Failed => "failed",
                Verdict::Skipped => "skipped",
            },
            "unmet": problems::json(&requests.sources, &problems),
            "decision": trial.decision,
        })
    };
    let good = trials.iter().all(|trial| trial.verdict() != Verdict::Failed);
    let trials: Vec<Value> = trials.iter().map(one).collect();
    json!({ "good": good, "revision": requests.revision.to_string(), "problems": [], "requests": trials })
}

/// Problems that kept requests from being decided, in the same shape.
pub fn json_of_problems(sources: &Sources, problems: &[Problem]) -> Value {
    json!({ "good": false, "revision": null, "problems": problems::json(sources, problems), "requests": [] })
}
