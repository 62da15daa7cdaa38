//! What people ask of a server: each request is a file, which a command writes and the server takes once.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::journal::By;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The name of its file, by which it is told from others for ever.
    #[serde(skip)]
    pub id: String,
    /// What is to be done.
    pub verb: Verb,
    /// Of which release; none where it is for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The step that it is about: the one that is approved, or that is to begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// The number of the journal's last line when the person looked.
    pub journal: u64,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it.
    #[serde(flatten)]
    pub by: By,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// A step may begin.
    Approve,
    /// A release stays where it is.
    Pause,
    /// It goes on.
    Resume,
    /// It ends, and everybody is stable.
    Abort,
    /// Its rollback was seen.
    Acknowledge,
    /// It is finished.
    Promote,
    /// Its next step begins now.
    StepNext,
    /// Its last step begins now.
    StepFull,
    /// All stay where they are.
    Freeze,
    /// They go on.
    Thaw,
}

impl Verb {
    /// The word that stands in files.
    pub fn name(self) -> &'static str {
        match self {
            Verb::Approve => "approve",
            Verb::Pause => "pause",
            Verb::Resume => "resume",
            Verb::Abort => "abort",
            Verb::Acknowledge => "acknowledge",
            Verb::Promote => "promote",
            Verb::StepNext => "step_next",
            Verb::StepFull => "step_full",
            Verb::Freeze => "freeze",
            Verb::Thaw => "thaw",
        }
    }

    /// Whether all that it does is to stop something: it is done even where nothing can be written down.
    pub fn only_reduces(self) -> bool {
        matches!(self, Verb::Pause | Verb::Abort | Verb::Freeze)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_files_of_this_form() {
        let text = r#"{"verb":"step_next","release":"owl-v21","step":2,"journal":17,"at":"2026-12-01T01:00:00Z","user":"ann","host":"web-1","why":"looked at it"}"#;
        let request: Request = serde_json::from_str(text).unwrap();
        assert_eq!(request.verb, Verb::StepNext);
        assert_eq!(request.by, By { user: "ann".into(), host: "web-1".into() });
        assert_eq!(serde_json::to_string(&request).unwrap(), text);
        assert_eq!(serde_json::to_string(&request.verb).unwrap(), format!("\"{}\"", request.verb));
    }
}
