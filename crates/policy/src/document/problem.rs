//! What can be wrong with a policy or an attachment: a code, a place, and words that say what would do.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident => $name:literal,)+) => {
        /// Why a document is refused. The names are stable: tools and tests rely on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code, in the order of the reference.
            pub const ALL: &[Code] = &[$(Code::$variant,)+];

            /// The stable name, as printed and as in `docs/policy.md`.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)+ }
            }

            /// One sentence for the reference.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$variant => concat!($($doc),+),)+ }
            }
        }
    };
}

codes! {
    /// The text is not YAML or JSON.
    Syntax => "syntax",
    /// A YAML file holds more than one document.
    SeveralDocuments => "several_documents",
    /// YAML anchors cannot be referred to.
    Alias => "alias",
    /// The YAML merge key `<<` is not read.
    MergeKey => "merge_key",
    /// YAML tags such as `!!str` are not read.
    YamlTag => "yaml_tag",
    /// Lists and objects are nested deeper than any policy needs.
    TooDeep => "too_deep",
    /// A key stands twice in one object.
    DuplicateKey => "duplicate_key",
    /// A number is not an integer of 64 bits; shares are strings such as "5%".
    Float => "float",
    /// An unquoted number stands where a string is meant.
    UnquotedNumber => "unquoted_number",
    /// A value has another type than the field asks for.
    WrongType => "wrong_type",
    /// The schema has no such field.
    UnknownField => "unknown_field",
    /// A required field is absent.
    MissingField => "missing_field",
    /// The field takes one of a few values, and this is none of them.
    BadValue => "bad_value",
    /// An id is not 1 to 64 of `A-Z a-z 0-9 . _ -`.
    BadId => "bad_id",
    /// `stable` is the version everybody else gets, and `-` no experiment; neither can be defined.
    ReservedId => "reserved_id",
    /// A layer, experiment, holdout or variant id is taken already.
    DuplicateId => "duplicate_id",
    /// An env tag breaks the grammar.
    BadEnvTag => "bad_env_tag",
    /// Two variants have one env tag.
    DuplicateEnvTag => "duplicate_env_tag",
    /// A service name is not lower-case without port.
    BadService => "bad_service",
    /// A subset is not a DNS label.
    BadSubset => "bad_subset",
    /// Not a header name.
    BadHeaderName => "bad_header_name",
    /// The header cannot be used here: pseudo-headers, `cookie`, `host`, the tag header and `x-weir-*`.
    ReservedHeader => "reserved_header",
    /// Not a cookie name, or not a key that a baggage member can have.
    BadCookieName => "bad_cookie_name",
    /// Not a cookie domain.
    BadDomain => "bad_domain",
    /// A share is not a percentage of at most 100% with at most four decimals.
    BadShare => "bad_share",
    /// The shares of an experiment are over 100% together.
    SharesOver100 => "shares_over_100",
    /// These shares have no order that the file could not change; ranges say what is meant.
    RangesNeeded => "ranges_needed",
    /// An experiment uses shares and ranges together.
    SharesAndRanges => "shares_and_ranges",
    /// A range is empty, reversed or leaves 0..1,000,000.
    BadRange => "bad_range",
    /// Two ranges of one experiment overlap.
    RangesOverlap => "ranges_overlap",
    /// Two experiments own the same slots of their line.
    SlotsOverlap => "slots_overlap",
    /// Layers on one line differ in unit or epoch.
    LineDisagrees => "line_disagrees",
    /// A service is routed by experiments of more than one line.
    ServiceOnTwoLines => "service_on_two_lines",
    /// A route goes to a service that `services` does not list.
    RouteOutsideServices => "route_outside_services",
    /// The file may only name services of its namespace.
    ForeignNamespace => "foreign_namespace",
    /// Files of one policy define one thing differently, or one header or cookie is wanted for two uses.
    Conflict => "conflict",
    /// A unit is not 1 to 256 bytes.
    BadUnit => "bad_unit",
    /// A unit is listed twice in the overrides of a layer.
    DuplicateUnit => "duplicate_unit",
    /// No unit has this name.
    UnknownUnit => "unknown_unit",
    /// No list has this name.
    UnknownList => "unknown_list",
    /// No layer has this id.
    UnknownLayer => "unknown_layer",
    /// The layer has no experiment with this id.
    UnknownExperiment => "unknown_experiment",
    /// The experiment has no variant with this id.
    UnknownVariant => "unknown_variant",
    /// A condition does not have the form of one.
    BadCondition => "bad_condition",
    /// Not a decimal number of at most 18 digits before and 9 after the point.
    BadNumber => "bad_number",
    /// Not a list of version comparators.
    BadVersion => "bad_version",
    /// A regular expression does not compile, or is too large once compiled.
    BadRegex => "bad_regex",
    /// A limit is passed.
    Limit => "limit",
}

impl Code {
    /// Whether the caret belongs under the key of the last step rather than under its value.
    pub(crate) fn points_at_key(self) -> bool {
        matches!(self, Code::UnknownField | Code::DuplicateKey | Code::MergeKey)
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
    /// Which of the documents that were read together, by index.
    pub document: usize,
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
        /// Which of the documents that were read together, by index.
        document: usize,
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

    fn path(&self) -> (usize, Path) {
        match self {
            At::Root { document } => (*document, Path::default()),
            At::Key(parent, key) => {
                let (document, mut path) = parent.path();
                path.0.push(Step::Key((*key).to_owned()));
                (document, path)
            }
            At::Index(parent, index) => {
                let (document, mut path) = parent.path();
                path.0.push(Step::Index(*index));
                (document, path)
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
        let (document, path) = at.path();
        self.0.push(Problem { code, document, path, position: None, message: message.into() });
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
