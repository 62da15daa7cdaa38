//! A text that a person wrote: its name, its format, and where in it a problem stands.

use crate::document::spanned::{self, Spanned, Value};
#[cfg(feature = "yaml")]
use crate::document::yaml;
use crate::document::{At, Code, Path, Position, Problem, SourceId, codes, json};

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON (RFC 8259).
    Json,
    /// YAML 1.2, core schema.
    #[cfg(feature = "yaml")]
    Yaml,
}

/// One text that is read: a file of a policy, an attachment, resources, or manifests.
#[derive(Clone, Debug)]
pub struct Source {
    /// What to call it in messages, usually the file's path.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// How it is written.
    pub format: Format,
    /// The bytes before the first that is not UTF-8, if there is one.
    good_bytes: Option<usize>,
}

impl Source {
    /// A YAML text.
    #[cfg(feature = "yaml")]
    pub fn yaml(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source { name: name.into(), text: text.into(), format: Format::Yaml, good_bytes: None }
    }

    /// A JSON text.
    pub fn json(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source { name: name.into(), text: text.into(), format: Format::Json, good_bytes: None }
    }

    /// A text from bytes that should be UTF-8. Where they are not, [`Source::parse`] says so.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>, format: Format) -> Source {
        let name = name.into();
        match String::from_utf8(bytes) {
            Ok(text) => Source { name, text, format, good_bytes: None },
            Err(error) => {
                let good_bytes = Some(error.utf8_error().valid_up_to());
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                Source { name, text, format, good_bytes }
            }
        }
    }

    /// The document in the text, and everything that keeps the text from being one; problems point to the text as `id`. What
    /// could not be read is [`Value::Unreadable`].
    pub fn parse(&self, id: SourceId) -> (Spanned, Vec<Problem>) {
        if let Some(problem) = self.not_utf8(id) {
            return (Spanned::from(Value::Unreadable), vec![problem]);
        }
        match self.format {
            Format::Json => match json::parse(self.text.as_bytes(), id) {
                Ok(node) => (node, Vec::new()),
                Err(problem) => (Spanned::from(Value::Unreadable), vec![problem]),
            },
            #[cfg(feature = "yaml")]
            Format::Yaml => yaml::parse(&self.text, id),
        }
    }

    /// What is wrong with a text that is not UTF-8: what is read of it is not what stands there.
    pub fn not_utf8(&self, id: SourceId) -> Option<Problem> {
        let good_bytes = self.good_bytes?;
        let message = format!("not UTF-8 after {good_bytes} bytes; save it as UTF-8");
        let position = Some(json::position_after(&self.text, good_bytes));
        Some(Problem { code: codes::SYNTAX, source: id, path: Path::default(), position, message })
    }

    /// Tells problems of this text where they stand in it, those that do not know it yet.
    pub fn locate<'p>(&self, problems: impl IntoIterator<Item = &'p mut Problem>) {
        let mut problems = problems.into_iter().filter(|problem| problem.position.is_none()).peekable();
        // However many problems, the text is read again once, and not at all where there are none.
        let places = problems.peek().map(|_| self.places());
        for problem in problems {
            let place = |places: &Places| places.find(&problem.path, points_at_key(problem.code));
            problem.position = places.as_ref().and_then(place);
        }
    }

    /// The places of all that the text holds: it is read once, however many are looked up.
    pub fn places(&self) -> Places {
        Places(match self.format {
            Format::Json => json::places(&self.text),
            #[cfg(feature = "yaml")]
            Format::Yaml => Some(yaml::parse(&self.text, SourceId::FIRST).0),
        })
    }
}

/// Where everything stands in a text.
pub struct Places(Option<Spanned>);

impl Places {
    /// Where a value begins, or what is nearest on the way to it.
    pub fn position(&self, at: &At<'_>) -> Option<Position> {
        self.find(&at.path().1, false)
    }

    fn find(&self, path: &Path, wants_key: bool) -> Option<Position> {
        self.0.as_ref().and_then(|root| spanned::locate(root, path, wants_key))
    }
}

/// Whether the caret belongs under the key of the last step rather than under its value.
fn points_at_key(code: Code) -> bool {
    [codes::UNKNOWN_FIELD, codes::DUPLICATE_KEY, codes::MERGE_KEY, codes::OTHER_DOCUMENT].contains(&code)
}
