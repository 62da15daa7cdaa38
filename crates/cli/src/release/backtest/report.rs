//! What was looked through, in words and for machines.

use serde_json::{Value, json};
use weir_release::judge::GuardrailNumbers;
use weir_release::{Looked, Release, is_of_evidence};

use crate::columns::columns;
use crate::release::words::{self, count, e, lasting, share};

/// What was looked through.
pub struct Report<'a> {
    /// The release.
    pub release: &'a Release,
    /// Each poll, in the order of time.
    pub looked: Vec<Looked>,
}

impl Report<'_> {
    /// The first poll with which it would have been rolled back.
    fn stop(&self) -> Option<&Looked> {
        self.looked.iter().find(|look| !look.rolls_back.is_empty())
    }

    /// In one sentence.
    pub fn verdict(&self) -> String {
        let Some(stop) = self.stop() else {
            let suspected = self.looked.iter().find(|look| look.is_suspected);
            return match suspected {
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
        let (first, last) = (self.looked.first(), self.looked.last());
        let at = |look: Option<&Looked>| look.map(|look| format!("{:.0}", look.at)).unwrap_or_default();
        let polls = count(self.looked.len() as u64);
        format!("{polls} polls from {} to {}", at(first), at(last))
    }

    fn left_out(&self) -> Vec<&str> {
        let asks = self.release.guardrails.iter().filter(|guardrail| !is_of_evidence(guardrail));
        asks.map(|guardrail| guardrail.name.as_str()).collect()
    }

    /// In words.
    pub fn text(&self) -> String {
        let mut text = format!("{}: {}\n{}\n", self.release.id, self.verdict(), self.evidence());
        if !self.left_out().is_empty() {
            text += &format!("left out, because nothing answers their queries here: {}\n", self.left_out().join(", "));
        }
        text + &columns(&self.rows())
    }

    /// Each guardrail and arm in a row, the first of which has the names of the columns.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let head = ["GUARDRAIL", "ARM", "BAD", "OF", "CONTROL", "OF", "LARGEST E", "BOUND", "SUSPECTED", "HARM"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let Some(last) = self.looked.last() else { return rows };
        for (place, now) in last.guardrails.iter().enumerate() {
            let of = |look: &Looked| look.guardrails.get(place).and_then(|one| one.ln_e_harm);
            let largest = self.looked.iter().filter_map(of).max_by(f64::total_cmp);
            let bound = now.ln_bound;
            let reaches = |of: fn(&GuardrailNumbers) -> Option<f64>| {
                let is_over = |look: &&Looked| look.guardrails.get(place).and_then(of) >= bound && bound.is_some();
                self.looked.iter().find(is_over).map_or_else(|| "-".to_owned(), |look| lasting(look.after))
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

    /// For machines: times are in milliseconds since the first poll.
    pub fn json(&self) -> Value {
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
