//! A text that a person wrote: its name, its format, and where in it a problem stands.

use crate::document::{self, Node};
use crate::json;
use crate::problem::Problem;
#[cfg(feature = "yaml")]
use crate::yaml;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON (RFC 8259).
    Json,
    /// YAML 1.2, core schema.
    #[cfg(feature = "yaml")]
    Yaml,
}

/// One text of a policy.
#[derive(Clone, Debug)]
pub struct Source {
    /// What to call it in messages, usually the file's path.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// How it is written.
    pub format: Format,
}

impl Source {
    /// A YAML text.
    #[cfg(feature = "yaml")]
    pub fn yaml(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source { name: name.into(), text: text.into(), format: Format::Yaml }
    }

    /// A JSON text.
    pub fn json(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source { name: name.into(), text: text.into(), format: Format::Json }
    }

    /// The document in the text; `index` says which of the documents read together this is.
    ///
    /// # Errors
    /// Everything that keeps the text from being one document.
    pub fn parse(&self, index: usize) -> Result<Node, Vec<Problem>> {
        match self.format {
            Format::Json => json::parse(self.text.as_bytes(), index).map_err(|problem| vec![problem]),
            #[cfg(feature = "yaml")]
            Format::Yaml => {
                let (node, problems) = yaml::parse(&self.text, index);
                if problems.is_empty() { Ok(node) } else { Err(problems) }
            }
        }
    }

    /// Tells problems of this text where they stand in it, those that do not know it yet.
    pub fn locate<'p>(&self, problems: impl IntoIterator<Item = &'p mut Problem>) {
        let mut problems = problems.into_iter().filter(|problem| problem.position.is_none()).peekable();
        // However many problems, the text is read again once, and not at all where there are none.
        let places = problems.peek().is_some().then(|| self.places()).flatten();
        for problem in problems {
            let place = |places| document::locate(places, &problem.path, problem.code.points_at_key());
            problem.position = places.as_ref().and_then(place);
        }
    }

    fn places(&self) -> Option<Node> {
        match self.format {
            Format::Json => json::places(&self.text),
            #[cfg(feature = "yaml")]
            Format::Yaml => Some(yaml::parse(&self.text, 0).0),
        }
    }
}
