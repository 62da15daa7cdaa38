//! YAML text to [`Spanned`] values by saphyr-parser's events. What makes YAML surprising is a problem here: aliases, merge
//! keys, tags, several documents.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use crate::document::{Code, Entry, Path, Position, Problem, SourceId, Spanned, Spelling, Step, Value, codes};
use crate::limits;

/// Reads one YAML document. What could be read is returned beside the problems; what could not is [`Value::Unreadable`].
pub(crate) fn parse(text: &str, source: SourceId) -> (Spanned, Vec<Problem>) {
    let mut builder = Builder { source, open: Vec::new(), root: None, documents: 0, problems: Vec::new() };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => builder.event(event, span.start),
            Err(error) => {
                // The parser's own bound on `[[[…` comes before ours: it reads ahead.
                let code = if error.info().contains("recursion limit") { codes::TOO_DEEP } else { codes::SYNTAX };
                builder.report(code, *error.marker(), &format!("not YAML: {}", error.info()));
                return (Spanned::from(Value::Unreadable), builder.problems);
            }
        }
    }
    let nothing = || Spanned { value: Value::Null, position: Some(Position { line: 1, column: 1 }) };
    (builder.root.unwrap_or_else(nothing), builder.problems)
}

/// A list or object whose end has not come yet.
enum Open {
    List { position: Position, nodes: Vec<Spanned> },
    Map { position: Position, entries: Vec<Entry>, key: Option<Key>, merges: bool },
}

/// A key whose value has not come yet.
struct Key {
    /// `None` if it cannot be used; that has been reported, and its value is left out.
    text: Option<String>,
    position: Position,
}

struct Builder {
    source: SourceId,
    open: Vec<Open>,
    root: Option<Spanned>,
    documents: usize,
    problems: Vec<Problem>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, marker: Marker) {
        let position = position(marker);
        match event {
            Event::DocumentStart(_) => {
                self.documents = self.documents.saturating_add(1);
                if self.documents == 2 {
                    self.report(
                        codes::SEVERAL_DOCUMENTS,
                        marker,
                        "a second document starts here; write one document a file",
                    );
                }
            }
            Event::Alias(_) => {
                self.report(codes::ALIAS, marker, "an alias; write the value out where it is used");
                self.put(Value::Unreadable, position);
            }
            Event::Scalar(text, style, _, tag) => {
                if tag.is_some() {
                    self.report(codes::YAML_TAG, marker, "a YAML tag; quote the value if a string is meant");
                }
                match style {
                    _ if tag.is_some() => self.scalar(Value::Unreadable, &text, marker),
                    ScalarStyle::Plain => self.scalar(resolve(&text), &text, marker),
                    _ => self.scalar(Value::Str(text.into_owned()), "", marker),
                }
            }
            Event::SequenceStart(_, tag) => {
                self.check_start(tag.is_some(), marker);
                self.open.push(Open::List { position, nodes: Vec::new() });
            }
            Event::MappingStart(_, tag) => {
                self.check_start(tag.is_some(), marker);
                self.open.push(Open::Map { position, entries: Vec::new(), key: None, merges: false });
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { position, nodes }) => self.put(self.kept(Value::List(nodes)), position),
                // What a merge key would have brought cannot be told from what is missing.
                Some(Open::Map { position, merges: true, .. }) => self.put(Value::Unreadable, position),
                Some(Open::Map { position, entries, .. }) => self.put(self.kept(Value::Map(entries)), position),
                None => {}
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }

    /// `typed` is the text of what is no string.
    fn scalar(&mut self, value: Value, typed: &str, marker: Marker) {
        let position = position(marker);
        let Some(Open::Map { key: None, .. }) = self.open.last() else { return self.put(value, position) };
        let text = match value {
            Value::Str(text) if text == "<<" => {
                self.report(codes::MERGE_KEY, marker, "a merge key; write the fields out");
                if let Some(Open::Map { merges, .. }) = self.open.last_mut() {
                    *merges = true;
                }
                None
            }
            Value::Str(text) => Some(text),
            Value::Unreadable => None,
            _ => {
                let message = format!("a key must be a string; write \"{typed}\" in quotes");
                self.report(codes::UNQUOTED_NUMBER, marker, &message);
                None
            }
        };
        self.put_key(Key { text, position });
    }

    fn put_key(&mut self, new: Key) {
        if let Some(Open::Map { key, .. }) = self.open.last_mut() {
            *key = Some(new);
        }
    }

    /// Puts a finished value where it belongs.
    fn put(&mut self, value: Value, position: Position) {
        let node = Spanned { value, position: Some(position) };
        match self.open.last_mut() {
            Some(Open::List { nodes, .. }) => nodes.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some(Key { text: Some(key), position }) => {
                    entries.push(Entry { key, key_position: Some(position), node });
                }
                Some(Key { text: None, .. }) => {}
                None => {
                    // A list, an object or an alias as a key.
                    self.report_at(codes::WRONG_TYPE, position, "a key must be a string");
                    self.put_key(Key { text: None, position });
                }
            },
            // Only the first document counts; the others have been reported.
            None => {
                self.root.get_or_insert(node);
            }
        }
    }

    /// What is nested too deep is dropped, so that nothing that walks the tree can run out of stack.
    fn kept(&self, value: Value) -> Value {
        if self.open.len() >= limits::DOCUMENT_DEPTH_MAX { Value::Unreadable } else { value }
    }

    fn check_start(&mut self, tagged: bool, marker: Marker) {
        if tagged {
            self.report(codes::YAML_TAG, marker, "a YAML tag; leave it out");
        }
        if self.open.len() == limits::DOCUMENT_DEPTH_MAX {
            self.report(codes::TOO_DEEP, marker, "nested too deep; at most 64 levels");
        }
    }

    fn report(&mut self, code: Code, marker: Marker, message: &str) {
        self.report_at(code, position(marker), message);
    }

    fn report_at(&mut self, code: Code, position: Position, message: &str) {
        let (source, message) = (self.source, message.to_owned());
        // Where the text itself is broken, its structure says nothing.
        let path = if [codes::SYNTAX, codes::TOO_DEEP].contains(&code) { Path::default() } else { self.path() };
        self.problems.push(Problem { code, source, path, position: Some(position), message });
    }

    /// The way to what comes next.
    fn path(&self) -> Path {
        let step = |open: &Open| match open {
            Open::List { nodes, .. } => Some(Step::Index(nodes.len())),
            Open::Map { key, .. } => key.as_ref()?.text.clone().map(Step::Key),
        };
        Path(self.open.iter().filter_map(step).collect())
    }
}

/// A plain scalar by the core schema of YAML 1.2 (section 10.3.2 of that text).
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(text.to_owned()),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Value::Float(text.to_owned());
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return integer(text, text.parse().ok());
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && digits.chars().all(|c| c.is_digit(radix))
            && !digits.is_empty()
        {
            return integer(text, i64::from_str_radix(digits, radix).ok());
        }
    }
    if looks_like_float(unsigned) { Value::Float(text.to_owned()) } else { Value::Str(text.to_owned()) }
}

/// The integer that a text stands for; none if it has more than 64 bits.
fn integer(text: &str, value: Option<i64>) -> Value {
    let Some(value) = value else { return Value::Float(text.to_owned()) };
    let is_printed_so = value.to_string() == text;
    Value::Int(value, (!is_printed_so).then(|| Box::new(Spelling(text.to_owned()))))
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, the sign already taken.
fn looks_like_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty()),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    mantissa_ok && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

fn position(marker: Marker) -> Position {
    let column = marker.col().saturating_add(1);
    Position {
        line: u32::try_from(marker.line()).unwrap_or(u32::MAX).max(1),
        column: u32::try_from(column).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests;
