//! The corpus' YAML as values: strict fields, bytes, and repeated texts for what would be too large to write down.

use weir_policy::{Entry, Spanned, Value};

/// Bytes that are mostly text.
pub type Bytes = Vec<u8>;

/// The fields of one object; each must be taken.
pub struct Fields {
    /// Where it stands, for messages.
    pub context: String,
    entries: Vec<Entry>,
}

impl Fields {
    pub fn open(context: &str, node: Spanned) -> Fields {
        let Value::Map(entries) = node.value else { panic!("{context}: an object is wanted, not {:?}", node.value) };
        Fields { context: context.to_owned(), entries }
    }

    pub fn finish(self) {
        let left: Vec<&str> = self.entries.iter().map(|entry| entry.key.as_str()).collect();
        assert!(left.is_empty(), "{}: unknown or repeated {left:?}", self.context);
    }

    pub fn take(&mut self, name: &str) -> Option<Spanned> {
        let index = self.entries.iter().position(|entry| entry.key == name)?;
        Some(self.entries.remove(index).node)
    }

    pub fn list(&mut self, name: &str) -> Vec<Spanned> {
        self.optional_list(name).unwrap_or_else(|| panic!("{}: no {name}", self.context))
    }

    pub fn optional_list(&mut self, name: &str) -> Option<Vec<Spanned>> {
        self.take(name).map(|node| list(&self.context, node))
    }

    pub fn fields(&mut self, name: &str) -> Option<Fields> {
        self.take(name).map(|node| Fields::open(&self.context, node))
    }

    /// A text; numbers need no quotes here.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.take(name).map(|node| text(&self.context, node))
    }

    /// A text or several; none if the field is absent.
    pub fn texts(&mut self, name: &str) -> Vec<String> {
        match self.take(name) {
            Some(Spanned { value: Value::List(nodes), .. }) => {
                nodes.into_iter().map(|node| text(&self.context, node)).collect()
            }
            other => other.map(|node| text(&self.context, node)).into_iter().collect(),
        }
    }

    pub fn bytes(&mut self, name: &str) -> Option<Bytes> {
        self.take(name).map(|node| bytes(&self.context, node))
    }

    pub fn map(&mut self, name: &str) -> Option<Vec<(String, Spanned)>> {
        let fields = self.fields(name)?;
        Some(fields.entries.into_iter().map(|entry| (entry.key, entry.node)).collect())
    }
}

pub fn list(context: &str, node: Spanned) -> Vec<Spanned> {
    let Value::List(nodes) = node.value else { panic!("{context}: a list is wanted, not {:?}", node.value) };
    nodes
}

pub fn text(context: &str, node: Spanned) -> String {
    match node.value {
        Value::Str(text) | Value::Float(text) => text,
        Value::Int(number, _) => number.to_string(),
        other => panic!("{context}: a text is wanted, not {other:?}"),
    }
}

/// A text, or `{hex: ...}`.
pub fn bytes(context: &str, node: Spanned) -> Bytes {
    if !matches!(node.value, Value::Map(_)) {
        return text(context, node).into_bytes();
    }
    let mut fields = Fields::open(context, node);
    let hex = fields.text("hex").unwrap_or_else(|| panic!("{context}: bytes are a text or hex"));
    fields.finish();
    unhex(context, &hex)
}

pub fn unhex(context: &str, hex: &str) -> Bytes {
    let byte = |at: usize| {
        let digits = hex.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        digits.unwrap_or_else(|| panic!("{context}: hex {hex}"))
    };
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// A header: its name and its value.
pub fn pair(context: &str, node: Spanned) -> (String, Bytes) {
    let Ok([name, value]) = <[Spanned; 2]>::try_from(list(context, node)) else {
        panic!("{context}: not a name and a value")
    };
    (text(context, name), bytes(context, value))
}

/// The scenario with each `<NAME>` of its texts replaced by what its `repeat` says.
pub fn repeated(context: &str, node: Spanned) -> Spanned {
    let mut fields = Fields::open(context, node);
    let Some(repeats) = fields.map("repeat") else { return Spanned::from(Value::Map(fields.entries)) };
    let mut texts = Vec::new();
    for (name, node) in repeats {
        let mut repeat = Fields::open(context, node);
        let number = |text: String| text.parse::<usize>().unwrap_or_else(|_| panic!("{context}: {name}: {text}"));
        let times = number(repeat.text("times").unwrap_or_else(|| panic!("{context}: {name} without times")));
        let first = repeat.text("first").map_or(0, number);
        let text = repeat.text("text").unwrap_or_else(|| panic!("{context}: {name} without text"));
        let joined = repeat.text("joined").unwrap_or_default();
        repeat.finish();
        let copies = if text.contains("<i>") || !joined.is_empty() {
            let copy = |i: usize| text.replace("<i>", &i.to_string());
            (first..first + times).map(copy).collect::<Vec<_>>().join(&joined)
        } else {
            text.repeat(times)
        };
        texts.push((format!("<{name}>"), copies));
    }
    let entries = fields.entries.into_iter();
    let filled: Vec<Entry> = entries.map(|entry| Entry { node: fill(entry.node, &texts), ..entry }).collect();
    Spanned::from(Value::Map(filled))
}

fn fill(node: Spanned, texts: &[(String, String)]) -> Spanned {
    let value = match node.value {
        Value::Str(text) => Value::Str(
            texts
                .iter()
                .fold(text, |text, (name, copies)| if text.contains(name) { text.replace(name, copies) } else { text }),
        ),
        Value::List(nodes) => Value::List(nodes.into_iter().map(|node| fill(node, texts)).collect()),
        Value::Map(entries) => {
            let filled = |entry: Entry| Entry {
                key: filled(entry.key, texts),
                node: fill(entry.node, texts),
                key_position: entry.key_position,
            };
            Value::Map(entries.into_iter().map(filled).collect())
        }
        other => other,
    };
    Spanned { value, ..node }
}

/// In the order in which they are written: a repeated text may hold a later one.
fn filled(text: String, texts: &[(String, String)]) -> String {
    // Most texts hold none, and some are megabytes.
    let replace = |text: String, (name, copies): &(String, String)| match text.contains(name.as_str()) {
        true => text.replace(name, copies),
        false => text,
    };
    texts.iter().fold(text, replace)
}

/// A document as JSON, duplicate keys and all; `None` where JSON has no such number.
pub fn json_text(node: &Spanned) -> Option<String> {
    Some(match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value, _) => value.to_string(),
        Value::Float(text) => serde_json::from_str::<serde_json::Number>(text).ok().map(|_| text.clone())?,
        Value::Str(text) => serde_json::Value::from(text.as_str()).to_string(),
        Value::List(nodes) => format!("[{}]", nodes.iter().map(json_text).collect::<Option<Vec<_>>>()?.join(",")),
        Value::Map(entries) => {
            let entry = |entry: &Entry| {
                Some(format!("{}:{}", serde_json::Value::from(entry.key.as_str()), json_text(&entry.node)?))
            };
            format!("{{{}}}", entries.iter().map(entry).collect::<Option<Vec<_>>>()?.join(","))
        }
        Value::Unreadable => return None,
    })
}
