//! What is wrong, and what a release waits for: a stable code, and words for people.

use serde::{Deserialize, Serialize};

/// Something that is wrong: a stable code, and what a person should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Trouble {
    /// The code.
    pub code: String,
    /// The text.
    pub text: String,
}

/// Something that a release waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Wait {
    /// The code.
    pub code: String,
    /// The releases and experiments that it waits for, if it is these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// What a person should know.
    pub text: String,
}

/// A node that did not take something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub node: String,
    /// Why.
    pub why: String,
}

impl Trouble {
    /// A code with its text.
    pub fn new(code: &str, text: impl Into<String>) -> Trouble {
        Trouble { code: code.to_owned(), text: text.into() }
    }
}

impl Wait {
    /// A code with its text, and with nobody's id.
    pub fn new(code: &str, text: impl Into<String>) -> Wait {
        Wait { code: code.to_owned(), ids: Vec::new(), text: text.into() }
    }

    /// The same for these.
    pub fn of(self, ids: Vec<String>) -> Wait {
        Wait { ids, ..self }
    }
}
