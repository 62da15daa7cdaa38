//! What can be wrong with a document: a code, a place, and words that say what would do.

use std::fmt;

use crate::document::SourceId;

/// Why a document is refused: a stable name, as printed, on which tools and tests rely, and one sentence for the reference.
/// A crate may have a table of its own; [`codes`](crate::codes) is that of policies and attachments, and of other documents
/// as far as it fits them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code {
    name: &'static str,
    meaning: &'static str,
}

impl Code {
    /// A code. Names are unique over all crates.
    pub const fn new(name: &'static str, meaning: &'static str) -> Code {
        Code { name, meaning }
    }

    /// The stable name.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// One sentence for the reference.
    pub fn meaning(self) -> &'static str {
        self.meaning
    }
}

/// A place in a text: 1-based line and column, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in characters.
    pub column: u32,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem.
    pub code: Code,
    /// The text that has it, of those that were read together.
    pub source: SourceId,
    /// Where in the document.
    pub path: Path,
    /// Where in the text; known once a [`crate::Source`] has located it.
    pub position: Option<Position>,
    /// What was found and what would do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.code.name(), self.path, self.message)
    }
}

/// A path into a document, from its root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(pub(crate) Vec<Step>);

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    /// The way from `parent` to here, if this lies in it.
    pub fn below(&self, parent: &Path) -> Option<Path> {
        self.0.strip_prefix(parent.0.as_slice()).map(|steps| Path(steps.to_vec()))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("(root)");
        }
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if i == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A path that is still being walked: a chain of steps on the stack, made into a [`Path`] only for a problem.
#[derive(Clone, Copy)]
pub enum At<'a> {
    /// The root of a document.
    Root {
        /// The text that holds it.
        source: SourceId,
    },
    /// A field of an object.
    Key(&'a At<'a>, &'a str),
    /// An element of a list.
    Index(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    /// A field of this object.
    pub fn key(&'a self, key: &'a str) -> At<'a> {
        At::Key(self, key)
    }

    /// An element of this list.
    pub fn index(&'a self, index: usize) -> At<'a> {
        At::Index(self, index)
    }

    /// The text that holds it.
    pub(crate) fn source(&self) -> SourceId {
        match self {
            At::Root { source } => *source,
            At::Key(parent, _) | At::Index(parent, _) => parent.source(),
        }
    }

    /// The text that holds it, and the path in there.
    pub fn path(&self) -> (SourceId, Path) {
        match self {
            At::Root { source } => (*source, Path::default()),
            At::Key(parent, key) => {
                let (source, mut path) = parent.path();
                path.0.push(Step::Key((*key).to_owned()));
                (source, path)
            }
            At::Index(parent, index) => {
                let (source, mut path) = parent.path();
                path.0.push(Step::Index(*index));
                (source, path)
            }
        }
    }
}

/// The problems found so far. Reading and checking go on after one, so that all are reported at once.
#[derive(Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds what is wrong at a place.
    pub fn add(&mut self, code: Code, at: &At<'_>, message: impl Into<String>) {
        let (source, path) = at.path();
        self.0.push(Problem { code, source, path, position: None, message: message.into() });
    }

    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds problems.
    pub fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.0.extend(problems);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that is wrong, in the order of finding.
    pub fn into_vec(self) -> Vec<Problem> {
        self.0
    }
}
