//! What of a document that is good by itself is not taken, by what the journal has of its release.

use super::State;
use crate::changes::changes;
use crate::codes;
use crate::journal::{Document, Trouble};

impl State {
    /// Why this document would not count: its release is over, or is in force and changed what stays. Nothing if it would.
    pub fn refuses(&self, document: &Document) -> Vec<Trouble> {
        let release = &document.release;
        if let Some(over) = self.over.get(&release.id) {
            let is_same = over.digest == document.digest();
            return if is_same { Vec::new() } else { vec![used(&release.id)] };
        }
        let Some(entry) = self.entries.get(&release.id) else { return Vec::new() };
        if entry.refused.as_ref() == Some(&document.digest()) {
            return vec![held_back()];
        }
        let before = &entry.document.release;
        match &entry.ramp {
            Some(ramp) if release.keeping_alphas_of(before) != *before => changes(before, release, ramp.step),
            _ => Vec::new(),
        }
    }
}

/// That first nodes did not take it.
pub fn held_back() -> Trouble {
    let text = "first nodes did not take what it says; what it said before counts";
    Trouble::new(codes::HELD_BACK.name(), text)
}

fn used(id: &str) -> Trouble {
    let text = format!("release {id} is over, and ids are never used twice; a new release has a new id");
    Trouble::new(codes::USED_ID.name(), text)
}
