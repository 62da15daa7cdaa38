//! What was looked through, in words and for machines. It is added up look by look: there may be a year of them.

use jiff::Timestamp;
use serde_json::{Value, json};
use weir_release::judge::GuardrailNumbers;
use weir_release::{Looked, Release, is_of_evidence};

use super::drawn::Drawn;
use crate::columns::columns;
use crate::release::words::{self, count, e, lasting, share};

/// What was looked through.
pub struct Report<'a> {
    /// The release.
    pub release: &'a Release,
    /// What a picture has of it.
    pub drawn: Drawn,
    /// What is worth a word.
    pub notes: Vec<String>,
    polls: u64,
    first: Option<Timestamp>,
    last: Option<Looked>,
    stop: Option<Looked>,
    suspected: Option<Looked>,
    reached: Vec<Reached>,
}

/// How far the evidence of one guardrail and arm came.
#[derive(Clone, Default)]
struct Reached {
    largest: Option<f64>,
    suspected: Option<String>,
    harm: Option<String>,
}

impl Report<'_> {
    /// Nothing yet.
    pub fn new(release: &Release) -> Report<'_> {
        let (drawn, notes, reached) = (Drawn::default(), Vec::new(), Vec::new());
        Report { release, drawn, notes, polls: 0, first: None, last: None, stop: None, suspected: None, reached }
    }

    /// The next look.
    pub fn add(&mut self, look: Looked) {
        self.polls += 1;
        self.first.get_or_insert(look.at);
        self.reached.resize(look.guardrails.len(), Reached::default());
        for (one, reached) in look.guardrails.iter().zip(&mut self.reached) {
            reached.add(one, || lasting(look.after));
        }
        if self.stop.is_none() && !look.rolls_back.is_empty() {
            self.stop = Some(look.clone());
        }
        if self.suspected.is_none() && look.is_suspected {
            self.suspected = Some(look.clone());
        }
        self.drawn.add(&look);
        self.last = Some(look);
    }

    /// Whether nothing was looked at.
    pub fn is_empty(&self) -> bool {
        self.polls == 0
    }

    /// In one sentence.
    pub fn verdict(&self) -> String {
        let Some(stop) = &self.stop else {
            return match &self.suspected {
                Some(look) => format!("not rolled back, but suspected after {}", lasting(look.after)),
                None => "neither rolled back nor suspected".to_owned(),
            };
        };
        let by: Vec<String> = stop.rolls_back.iter().map(|(guardrail, _)| guardrail.clone()).collect();
        let step = self.release.steps.get(stop.step).map(|step| share(step.share)).unwrap_or_default();
        let (after, by) = (lasting(stop.after), by.join(", "));
        format!("rolled back after {after}, in step {} of {step}, by {by}", stop.step + 1)
    }

    /// What was looked at.
    pub fn evidence(&self) -> String {
        let at = |at: Option<Timestamp>| at.map(|at| format!("{at:.0}")).unwrap_or_default();
        let polls = count(self.polls);
        format!("{polls} polls from {} to {}", at(self.first), at(self.last.as_ref().map(|look| look.at)))
    }

    fn left_out(&self) -> Vec<&str> {
        let asks = self.release.guardrails.iter().filter(|guardrail| !is_of_evidence(guardrail));
        asks.map(|guardrail| guardrail.name.as_str()).collect()
    }

    /// Each thing that is worth a word, with what could not be compared.
    pub fn all_notes(&self) -> Vec<String> {
        let guardrails = self.last.iter().flat_map(|look| &look.guardrails);
        let mut all = self.notes.clone();
        let lacks: Vec<String> = guardrails
            .filter(|one| one.all.unwrap_or_default() == 0.0 || one.control_all.unwrap_or_default() == 0.0)
            .map(|one| match &one.arm {
                Some(arm) => format!("{} of {arm}", one.name),
                None => one.name.clone(),
            })
            .collect();
        if self.last.as_ref().is_some_and(|look| look.guardrails.is_empty()) {
            all.push(format!("{} has no guardrail that looks at evidence, so nothing could be found", self.release.id));
        }
        if !lacks.is_empty() {
            all.push(format!(
                "{}: nothing was compared: no poll after a warm-up has requests of the arm and of control",
                lacks.join(", ")
            ));
        }
        all
    }

    /// In words.
    pub fn text(&self) -> String {
        let mut text = format!("{}: {}\n{}\n", self.release.id, self.verdict(), self.evidence());
        if !self.left_out().is_empty() {
            text += &format!("left out, because nothing answers their queries here: {}\n", self.left_out().join(", "));
        }
        text += &columns(&self.rows());
        self.all_notes().iter().fold(text, |text, note| text + &format!("note: {note}\n"))
    }

    /// Each guardrail and arm in a row, the first of which has the names of the columns.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let head = ["GUARDRAIL", "ARM", "BAD", "OF", "CONTROL", "OF", "LARGEST E", "BOUND", "SUSPECTED", "HARM"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let Some(last) = &self.last else { return rows };
        let never = || "-".to_owned();
        let number = |number: Option<f64>| number.map(words::amount).unwrap_or_default();
        for (now, reached) in last.guardrails.iter().zip(&self.reached) {
            rows.push(vec![
                now.name.clone(),
                now.arm.clone().unwrap_or_default(),
                number(now.bad),
                number(now.all),
                number(now.control_bad),
                number(now.control_all),
                reached.largest.map(e).unwrap_or_default(),
                now.ln_bound.map(e).unwrap_or_default(),
                reached.suspected.clone().unwrap_or_else(never),
                reached.harm.clone().unwrap_or_else(never),
            ]);
        }
        rows
    }

    /// For machines: times are in milliseconds since the first poll.
    pub fn json(&self) -> Value {
        let milliseconds = |look: &Looked| u64::try_from(look.after.as_millis()).unwrap_or(u64::MAX);
        let stop = self.stop.as_ref().map(|look| {
            let by = look.rolls_back.iter().map(|(guardrail, arm)| json!({"guardrail": guardrail, "arm": arm}));
            json!({"at": look.at, "after_ms": milliseconds(look), "step": look.step, "by": by.collect::<Vec<_>>()})
        });
        json!({
            "release": self.release.id,
            "polls": self.polls,
            "from": self.first,
            "to": self.last.as_ref().map(|look| look.at),
            "left_out": self.left_out(),
            "notes": self.all_notes(),
            "rolled_back": stop,
            "suspected_after_ms": self.suspected.as_ref().map(milliseconds),
            "guardrails": self.last.as_ref().map(|look| &look.guardrails),
        })
    }
}

impl Reached {
    fn add(&mut self, one: &GuardrailNumbers, after: impl Fn() -> String) {
        self.largest = [self.largest, one.ln_e_harm].into_iter().flatten().max_by(f64::total_cmp);
        let is_over = |number: Option<f64>| one.ln_bound.is_some_and(|bound| number.is_some_and(|e| e >= bound));
        if self.harm.is_none() && is_over(one.ln_e_harm) {
            self.harm = Some(after());
        }
        // Warm-ups count for suspicion alone, and may speak for an arm that does harm.
        if self.suspected.is_none() && (is_over(one.ln_e) || self.harm.is_some()) {
            self.suspected = Some(after());
        }
    }
}
