//! Words for what came, went or changed by name, no longer than fits in a line.

use std::collections::BTreeMap;

/// Parts of what is told of one name.
const PARTS: usize = 6;
/// Characters of a name that somebody chose freely.
pub const NAME_CHARS_MAX: usize = 80;

/// What is there only before, only after, or otherwise, by the name that each key has in words.
pub fn came_went_changed<K: Ord, V: PartialEq>(
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
    name: impl Fn(&K) -> String,
) -> Vec<String> {
    let of_after = |(key, value): (&K, &V)| match before.get(key) {
        None => Some(format!("{} came", name(key))),
        Some(known) if known != value => Some(format!("{} changed", name(key))),
        Some(_) => None,
    };
    let went = before.keys().filter(|key| !after.contains_key(key)).map(|key| format!("{} went", name(key)));
    after.iter().filter_map(of_after).chain(went).collect()
}

/// What is there only before or only after, and of all else what is told of it.
pub fn came_went_or<T>(
    before: &BTreeMap<&str, T>,
    after: &BTreeMap<&str, T>,
    prefix: &str,
    tell: impl Fn(&str, &T, &T) -> Vec<String>,
) -> Vec<String> {
    let mut words = Vec::new();
    for (id, new) in after {
        match before.get(id) {
            None => words.push(format!("{prefix}{id} came")),
            Some(old) => words.extend(tell(&format!("{prefix}{id}"), old, new)),
        }
    }
    words.extend(before.keys().filter(|id| !after.contains_key(*id)).map(|id| format!("{prefix}{id} went")));
    words
}

/// That something changed, if it did.
pub fn changed<T: PartialEq>(what: &str, before: &T, after: &T) -> Option<String> {
    (before != after).then(|| format!("{what} changed"))
}

/// The parts of what is told of one name together, if there are any; after some they are only counted.
pub fn lines(name: &str, parts: Vec<String>) -> Vec<String> {
    let parts = bounded(parts, PARTS);
    if parts.is_empty() { Vec::new() } else { vec![format!("{name}: {}", parts.join(", "))] }
}

/// A name that cannot break the line, and is no longer than fits.
pub fn named(name: &str) -> String {
    let escaped = name.escape_debug().to_string();
    match escaped.char_indices().nth(NAME_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &escaped[..end]),
        None => escaped,
    }
}

/// The first of these, and how many more there are.
pub fn bounded(mut words: Vec<String>, shown: usize) -> Vec<String> {
    let more = words.len().saturating_sub(shown);
    if more > 0 {
        words.truncate(shown);
        words.push(format!("and {more} more"));
    }
    words
}
