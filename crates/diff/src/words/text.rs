//! Numbers, lists and names as people read them.

use weir_policy::Range;

use crate::sweep::size;

/// Things of one kind that are told; of more only the number is.
const SHOWN: usize = 5;
/// Characters of what somebody wrote freely.
const CHARACTERS_MAX: usize = 120;

/// A part of a line as people write it.
pub fn percentage(share: u32) -> String {
    let text = format!("{}.{:04}", share / 10_000, share % 10_000);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// How much of a line is owned before and after.
pub(crate) fn share(what: &str, before: &[Range], after: &[Range]) -> Option<String> {
    match (size(before), size(after)) {
        _ if before == after => None,
        (old, new) if old == new => Some(format!("{what} {} elsewhere", percentage(new))),
        (old, new) => Some(format!("{what} {} -> {}", percentage(old), percentage(new))),
    }
}

/// What was there and what is there, if they differ; nothing is `none`.
pub(crate) fn went_to<T: PartialEq>(
    what: &str,
    before: &T,
    after: &T,
    text: impl Fn(&T) -> Option<String>,
) -> Option<String> {
    let none = || "none".to_owned();
    let told = |value: &T| text(value).unwrap_or_else(none);
    (before != after).then(|| format!("{what} {} -> {}", told(before), told(after)))
}

/// Whether something was switched.
pub(crate) fn switched(before: bool, after: bool) -> Option<String> {
    (before != after).then(|| format!("switched {}", if after { "on" } else { "off" }))
}

/// A number of things.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Some of these, and how many more there are.
pub(crate) fn some(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    let shown = items.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// What somebody wrote, so that it breaks no line and is no longer than fits.
pub(crate) fn cut(text: &str) -> String {
    let escaped = text.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'");
    match escaped.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", escaped.get(..end).unwrap_or_default()),
        None => escaped,
    }
}
