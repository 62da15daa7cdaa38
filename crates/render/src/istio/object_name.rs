//! Names of Kubernetes objects.

use weir_policy::{At, Problems, codes};

/// Reports what Kubernetes would not take as a name.
pub(crate) fn is_name(text: &str, what: &str, at: &At<'_>, problems: &mut Problems) -> bool {
    let good = is_dns_label(text);
    if !good {
        let a = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        let message = format!("found {text:?}; Kubernetes takes 1 to 63 of a-z 0-9 - as the name of {a} {what}");
        problems.add(codes::BAD_VALUE, at, message);
    }
    good
}

/// Reports what is not `NAMESPACE/NAME`.
pub(crate) fn is_title(text: &str, what: &str, at: &At<'_>, problems: &mut Problems) -> bool {
    let good = text.split_once('/').is_some_and(|(namespace, name)| is_dns_label(namespace) && is_dns_label(name));
    if !good {
        let name = text.split_once('/').map_or(text, |(_, name)| name);
        let name = if is_dns_label(name) { name } else { "NAME" };
        let message = format!("found {text:?}; NAMESPACE/{name} says which {what} is meant");
        problems.add(codes::BAD_VALUE, at, message);
    }
    good
}

fn is_dns_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| plain(byte) || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}
