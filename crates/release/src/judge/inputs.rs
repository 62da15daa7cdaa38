//! What a verdict was made of, written down beside it, so that anybody can make it again.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::judge;
use super::stand::Stand;
use super::verdict::Verdict;
use crate::release::Release;
use crate::running::Running;

/// The inputs of a verdict. The release's document stands in the journal, under its revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// Which text of the document was in force.
    pub revision: String,
    /// Where the release stood.
    pub stand: Stand,
    /// What was counted.
    pub running: Running,
    /// When.
    pub now: Timestamp,
}

impl Inputs {
    /// The verdict that they lead to.
    pub fn judge(&self, release: &Release) -> Verdict {
        judge(release, &self.stand, &self.running, self.now)
    }
}

/// Where a verdict that was made again differs from the one that was written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where, as a path of names.
    pub at: String,
    /// What was written.
    pub written: Value,
    /// What it is now.
    pub now: Value,
}

/// How far numbers of two machines may be apart, relatively: their logarithms are not the same to the last bit.
const APART_MAX: f64 = 1e-9;

impl Verdict {
    /// Where one that was made again of its inputs differs from this one.
    pub fn differences(&self, again: &Verdict) -> Vec<Difference> {
        let mut differences = Vec::new();
        let json = |verdict: &Verdict| serde_json::to_value(verdict).unwrap_or(Value::Null);
        compare("verdict", &json(self), &json(again), &mut differences);
        differences
    }
}

fn compare(at: &str, written: &Value, now: &Value, differences: &mut Vec<Difference>) {
    let is_same = match (written, now) {
        (Value::Object(before), Value::Object(after)) => {
            let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
            for name in names {
                let of = |object: &serde_json::Map<String, Value>| object.get(name).cloned().unwrap_or(Value::Null);
                compare(&format!("{at}.{name}"), &of(before), &of(after), differences);
            }
            true
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                compare(&format!("{at}[{index}]"), before, after, differences);
            }
            true
        }
        (Value::Number(before), Value::Number(after)) if before.is_f64() || after.is_f64() => {
            let (before, after) = (before.as_f64().unwrap_or(f64::NAN), after.as_f64().unwrap_or(f64::NAN));
            (before - after).abs() <= APART_MAX * before.abs().max(after.abs()).max(1.0)
        }
        _ => written == now,
    };
    if !is_same {
        differences.push(Difference { at: at.to_owned(), written: written.clone(), now: now.clone() });
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { at, written, now } = self;
        write!(f, "{at}: {written} was written, and it is {now}")
    }
}
