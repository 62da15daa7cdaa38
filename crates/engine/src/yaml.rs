//! YAML text to [`Node`]s by saphyr-parser's events. What makes YAML surprising is a problem here: aliases, merge
//! keys, tags, several documents.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use crate::document::{Entry, Node, Value};
use crate::limits;
use crate::problem::{At, Code, Path, Position, Problem, Problems};

/// Reads one YAML document. What could be read is returned beside the problems.
pub(crate) fn parse(text: &str, document: usize) -> (Node, Vec<Problem>) {
    let mut builder = Builder { document, open: Vec::new(), root: None, documents: 0, problems: Problems::default() };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => builder.event(event, span.start),
            Err(error) => {
                // The parser's own bound on `[[[…` comes before ours: it reads ahead.
                let code = if error.info().contains("recursion limit") { Code::TooDeep } else { Code::Syntax };
                builder.report(code, *error.marker(), &format!("not YAML: {}", error.info()));
                return (Node::from(Value::Unreadable), builder.problems.into_vec());
            }
        }
    }
    let nothing = || Node { value: Value::Null, position: Some(Position { line: 1, column: 1 }) };
    (builder.root.unwrap_or_else(nothing), builder.problems.into_vec())
}

/// A list or object whose end has not come yet.
enum Open {
    List { position: Position, nodes: Vec<Node> },
    Map { position: Position, entries: Vec<Entry>, key: Option<(String, Position)> },
}

struct Builder {
    document: usize,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    problems: Problems,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, marker: Marker) {
        let position = position(marker);
        match event {
            Event::DocumentStart(_) => {
                self.documents = self.documents.saturating_add(1);
                if self.documents == 2 {
                    self.report(
                        Code::SeveralDocuments,
                        marker,
                        "a second document starts here; write one document a file",
                    );
                }
            }
            Event::Alias(_) => {
                self.report(Code::Alias, marker, "an alias; write the value out where it is used");
                self.put(Value::Unreadable, position);
            }
            Event::Scalar(text, style, _, tag) => {
                if tag.is_some() {
                    self.report(Code::YamlTag, marker, "a YAML tag; quote the value if a string is meant");
                }
                let value = if style == ScalarStyle::Plain && tag.is_none() {
                    resolve(&text)
                } else {
                    Value::Str(text.into_owned())
                };
                self.scalar(value, position, marker);
            }
            Event::SequenceStart(_, tag) => {
                self.check_start(tag.is_some(), marker);
                self.open.push(Open::List { position, nodes: Vec::new() });
            }
            Event::MappingStart(_, tag) => {
                self.check_start(tag.is_some(), marker);
                self.open.push(Open::Map { position, entries: Vec::new(), key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { position, nodes }) => self.put(self.kept(Value::List(nodes)), position),
                Some(Open::Map { position, entries, .. }) => self.put(self.kept(Value::Map(entries)), position),
                None => {}
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }

    fn scalar(&mut self, value: Value, position: Position, marker: Marker) {
        if let Some(Open::Map { key: key @ None, .. }) = self.open.last_mut() {
            let (text, problem) = match value {
                Value::Str(text) if text == "<<" => (text, Some((Code::MergeKey, "a merge key; write the fields out"))),
                Value::Str(text) => (text, None),
                other => (other.describe(), Some((Code::UnquotedNumber, "a key must be a string; quote it"))),
            };
            *key = Some((text, position));
            if let Some((code, message)) = problem {
                self.report(code, marker, message);
            }
        } else {
            self.put(value, position);
        }
    }

    /// Puts a finished value where it belongs.
    fn put(&mut self, value: Value, position: Position) {
        let node = Node { value, position: Some(position) };
        match self.open.last_mut() {
            Some(Open::List { nodes, .. }) => nodes.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some((key, key_position)) => entries.push(Entry { key, key_position: Some(key_position), node }),
                None => {
                    // A list, an object or an alias as a key.
                    *key = Some((String::new(), position));
                    let message = "a key must be a string".to_owned();
                    self.problems.push(Problem {
                        code: Code::WrongType,
                        document: self.document,
                        path: Path::default(),
                        position: Some(position),
                        message,
                    });
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
            self.report(Code::YamlTag, marker, "a YAML tag; leave it out");
        }
        if self.open.len() == limits::DOCUMENT_DEPTH_MAX {
            self.report(Code::TooDeep, marker, "nested too deep; at most 64 levels");
        }
    }

    fn report(&mut self, code: Code, marker: Marker, message: &str) {
        let at = At::Root { document: self.document };
        self.problems.add(code, &at, message);
        self.problems.place_last(position(marker));
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
        return text.parse().map_or_else(|_| Value::Float(text.to_owned()), Value::Int);
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && digits.chars().all(|c| c.is_digit(radix))
            && !digits.is_empty()
        {
            return i64::from_str_radix(digits, radix).map_or_else(|_| Value::Float(text.to_owned()), Value::Int);
        }
    }
    if looks_like_float(unsigned) { Value::Float(text.to_owned()) } else { Value::Str(text.to_owned()) }
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
