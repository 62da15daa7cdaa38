//! Labels of pods, as attachment files give them.

use weir_policy::fields;
use weir_policy::{At, Problems, Spanned, codes};

use crate::entries::by_name;

/// Labels with their values, in the order of the file.
pub(crate) type Labels = Vec<(String, String)>;

/// The most characters of a label's value, and of its key behind the prefix.
pub(crate) const NAME_BYTES_MAX: usize = 63;
/// The most characters of the prefix of a label's key.
const PREFIX_BYTES_MAX: usize = 253;

/// Reads labels, at least one, such as `proposed`: without any the object would mean every pod of its namespace.
pub(crate) fn labels(node: Spanned, proposed: &str, at: &At<'_>, problems: &mut Problems) -> Option<Labels> {
    let mut found = Problems::default();
    let labels = by_name(Some(node), at, &mut found, fields::string);
    if labels.is_empty() && found.is_empty() {
        found.add(codes::BAD_VALUE, at, format!("found no label; {{{proposed}}} would do"));
    }
    for (key, value) in &labels {
        if let Some(message) = refused(key, value) {
            found.add(codes::BAD_VALUE, &at.key(key), message);
        }
    }
    let is_good = found.is_empty();
    problems.extend(found.into_vec());
    is_good.then_some(labels)
}

/// Reads the labels of subsets, each at least one that tells its pods from others.
pub(crate) fn of_subsets(node: Option<Spanned>, at: &At<'_>, problems: &mut Problems) -> Vec<(String, Labels)> {
    by_name(node, at, problems, |node, at, problems| {
        let proposed = match at {
            At::Key(_, subset) => format!("version: {subset}"),
            _ => String::new(),
        };
        labels(node, &proposed, at, problems)
    })
}

/// Why no pod has a label, if none can. Istio takes it in a selector all the same, which then selects nothing.
fn refused(key: &str, value: &str) -> Option<String> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let what = "1 to 63 of A-Z a-z 0-9 - _ . that begin and end with a letter or a digit";
    if !is_label_name(name) {
        return Some(format!(
            "no pod has a label {key:?}: the key is {what}, perhaps with the domain of its owner and / before"
        ));
    }
    if prefix.is_some_and(|prefix| !is_prefix(prefix)) {
        return Some(format!("no pod has a label {key:?}: before the / stands a domain in lower case"));
    }
    (!value.is_empty() && !is_label_name(value))
        .then(|| format!("no pod has the value {value:?} of a label: it is {what}, or empty"))
}

/// Whether a text can be the value of a label, or its key behind the prefix; a value may be empty too.
pub(crate) fn is_label_name(text: &str) -> bool {
    let at_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= NAME_BYTES_MAX
        && at_end(bytes.first())
        && at_end(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

fn is_prefix(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(plain) && !part.starts_with('-') && !part.ends_with('-');
    text.len() <= PREFIX_BYTES_MAX && text.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_pods_can_have() {
        let name = |bytes: usize| "a".repeat(bytes);
        for (key, value, is_good) in [
            ("app", "owl", true),
            ("app.kubernetes.io/name", "Owl_1.2-3", true),
            ("a", "", true),
            (&name(NAME_BYTES_MAX), &name(NAME_BYTES_MAX), true),
            (&format!("{}/a", name(PREFIX_BYTES_MAX)), "x", true),
            (&name(NAME_BYTES_MAX + 1), "x", false),
            ("a", &name(NAME_BYTES_MAX + 1), false),
            (&format!("{}/a", name(PREFIX_BYTES_MAX + 1)), "x", false),
            ("", "x", false),
            ("a b", "x", false),
            ("-a", "x", false),
            ("a*", "x", false),
            ("/a", "x", false),
            ("a/", "x", false),
            ("a/b/c", "x", false),
            ("Example.com/a", "x", false),
            ("a", "x y", false),
            ("a", "x-", false),
            ("a", "*", false),
        ] {
            assert_eq!(refused(key, value).is_none(), is_good, "{key}: {value}");
        }
    }
}
