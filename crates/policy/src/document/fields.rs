//! Reading typed values out of a [`Spanned`] value, reporting everything that does not fit and going on.

use hashbrown::HashSet;

use crate::document::{At, Entry, Problems, Spanned, Value, codes};

/// The fields of one object. Every field must be taken; [`Fields::finish`] reports those that nobody asked for.
pub struct Fields<'a> {
    at: &'a At<'a>,
    entries: Vec<Entry>,
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The fields of an object; `None` (and a problem) if it is none.
    pub fn open(node: Spanned, at: &'a At<'a>, problems: &mut Problems) -> Option<Fields<'a>> {
        let entries = object(node, at, problems)?;
        Some(Fields { at, entries, asked: Vec::new() })
    }

    /// Whether the field is there.
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == name)
    }

    /// The field's value, if it is there.
    pub fn take(&mut self, name: &'static str) -> Option<Spanned> {
        self.asked.push(name);
        let index = self.entries.iter().position(|entry| entry.key == name)?;
        Some(self.entries.swap_remove(index).node)
    }

    /// The field's value; a problem if it is absent.
    pub fn require(&mut self, name: &'static str, problems: &mut Problems) -> Option<Spanned> {
        let node = self.take(name);
        if node.is_none() {
            problems.add(codes::MISSING_FIELD, self.at, format!("`{name}` is missing"));
        }
        node
    }

    /// What the field says, if it is there and can be read.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(Spanned, &At<'_>, &mut Problems) -> Option<T>,
    ) -> Option<T> {
        self.take(name).and_then(|node| read(node, &self.at.key(name), problems))
    }

    /// What the field says, if it can be read; a problem if it is absent.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(Spanned, &At<'_>, &mut Problems) -> Option<T>,
    ) -> Option<T> {
        self.require(name, problems).and_then(|node| read(node, &self.at.key(name), problems))
    }

    /// A list of objects, absent meaning empty. Every element counts, so that indices stay those of the document.
    pub fn each<T>(
        &mut self,
        name: &'static str,
        problems: &mut Problems,
        read: impl Fn(Spanned, &At<'_>, &mut Problems) -> T,
    ) -> Vec<T> {
        let at = self.at.key(name);
        let nodes = self.take(name).and_then(|node| list(node, &at, problems)).unwrap_or_default();
        nodes.into_iter().enumerate().map(|(i, node)| read(node, &at.index(i), problems)).collect()
    }

    /// Reports what is left.
    pub fn finish(self, problems: &mut Problems) {
        for entry in &self.entries {
            let known = self.asked.join(", ");
            problems.add(
                codes::UNKNOWN_FIELD,
                &self.at.key(&entry.key),
                format!("no such field; the fields here are {known}"),
            );
        }
    }
}

/// The entries of an object without duplicates, in their order.
pub fn object(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Vec<Entry>> {
    let Value::Map(entries) = node.value else {
        return mismatch(&node.value, "an object", at, problems);
    };
    let mut seen = HashSet::with_capacity(entries.len());
    let mut is_first = |entry: &Entry| {
        let first = seen.insert(entry.key.clone());
        if !first {
            problems.add(codes::DUPLICATE_KEY, &at.key(&entry.key), format!("`{}` stands twice; keep one", entry.key));
        }
        first
    };
    Some(entries.into_iter().filter(|entry| is_first(entry)).collect())
}

/// The elements of a list.
pub fn list(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Vec<Spanned>> {
    match node.value {
        Value::List(nodes) => Some(nodes),
        other => mismatch(&other, "a list", at, problems),
    }
}

/// A text; a number that somebody forgot to quote is told apart.
pub fn string(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<String> {
    match node.value {
        Value::Str(text) => Some(text),
        number @ Value::Int(..) => {
            let message = format!("a string is meant here; write \"{}\" in quotes", number.describe());
            problems.add(codes::UNQUOTED_NUMBER, at, message);
            None
        }
        Value::Float(text) => {
            // JSON, which records no places, keeps only as many digits of a number as a float has.
            let typed = if node.position.is_some() { format!("\"{text}\"") } else { "it".to_owned() };
            problems.add(codes::FLOAT, at, format!("a string is meant here; write {typed} in quotes"));
            None
        }
        other => mismatch(&other, "a string", at, problems),
    }
}

/// A list of texts. Unreadable elements are left out: they have been reported, and nothing refers to them by index.
pub fn strings(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    let nodes = list(node, at, problems)?;
    let mut texts = Vec::with_capacity(nodes.len());
    for (i, node) in nodes.into_iter().enumerate() {
        texts.extend(string(node, &at.index(i), problems));
    }
    Some(texts)
}

/// `true` or `false`.
pub fn boolean(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<bool> {
    match node.value {
        Value::Bool(value) => Some(value),
        other => mismatch(&other, "true or false", at, problems),
    }
}

/// An integer from `0` to `max`.
pub fn integer(node: Spanned, max: u64, at: &At<'_>, problems: &mut Problems) -> Option<u64> {
    match node.value {
        Value::Int(value, _) => {
            let in_range = u64::try_from(value).ok().filter(|value| *value <= max);
            if in_range.is_none() {
                problems.add(codes::BAD_VALUE, at, format!("found {value}; an integer from 0 to {max} would do"));
            }
            in_range
        }
        other => mismatch(&other, "an integer", at, problems),
    }
}

/// One of a few words.
pub fn word<T: Copy>(node: Spanned, words: &[(&str, T)], at: &At<'_>, problems: &mut Problems) -> Option<T> {
    let text = string(node, at, problems)?;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    if found.is_none() {
        let known = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or ");
        problems.add(
            codes::BAD_VALUE,
            at,
            format!("found {:?}; {known} would do", crate::document::spanned::shorten(&text)),
        );
    }
    found
}

/// Reports a value of the wrong type, once.
pub fn mismatch<T>(value: &Value, wanted: &str, at: &At<'_>, problems: &mut Problems) -> Option<T> {
    match value {
        Value::Unreadable => {}
        Value::Float(text) => {
            problems.add(
                codes::FLOAT,
                at,
                format!("found the number {text}; {wanted} is meant, and only integers of 64 bits are numbers here"),
            );
        }
        other => problems.add(codes::WRONG_TYPE, at, format!("found {}; {wanted} is meant", other.describe())),
    }
    None
}
