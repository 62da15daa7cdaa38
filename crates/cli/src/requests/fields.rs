//! The values that fields of a request have: texts, one or several, and headers in either form.

use weir_policy::fields::{list, object, string};
use weir_policy::{At, Problems, Spanned, Value, codes};

use crate::request::{Header, syntax};

/// Header lines of one request.
pub const HEADERS_MAX: usize = 1_000;

/// A text, or a list of some; each by itself may be refused with what would do.
pub fn each<T>(
    node: Spanned,
    at: &At<'_>,
    problems: &mut Problems,
    read: impl Fn(&str) -> Result<T, String>,
) -> Vec<T> {
    let mut all = Vec::new();
    let mut one = |node, at: &At<'_>, problems: &mut Problems| all.extend(self::one(node, at, problems, &read));
    match node.value {
        Value::List(nodes) => {
            for (i, node) in nodes.into_iter().enumerate() {
                one(node, &at.index(i), problems);
            }
        }
        _ => one(node, at, problems),
    }
    all
}

/// A text that may be refused with what would do.
pub fn one<T>(
    node: Spanned,
    at: &At<'_>,
    problems: &mut Problems,
    read: impl Fn(&str) -> Result<T, String>,
) -> Option<T> {
    let text = string(node, at, problems)?;
    read(&text).map_err(|message| problems.add(codes::BAD_VALUE, at, message)).ok()
}

/// `{NAME: VALUE}`, where a value may be a list, or `[[NAME, VALUE]]`; each line in its order.
pub fn headers(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Vec<Header> {
    let mut headers = Vec::new();
    let read = |name: &str, node, at: &At<'_>, problems: &mut Problems| {
        each(node, at, problems, |value| {
            syntax::header(name.as_bytes(), value.as_bytes(), |part| format!("the field {part} of the request"))
        })
    };
    if let Value::List(_) = node.value {
        for (i, pair) in list(node, at, problems).unwrap_or_default().into_iter().enumerate() {
            let at = at.index(i);
            let Some(pair) = list(pair, &at, problems) else { continue };
            let Ok([name, value]) = <[Spanned; 2]>::try_from(pair) else {
                problems.add(codes::BAD_VALUE, &at, "a header is [NAME, VALUE]");
                continue;
            };
            let Some(name) = string(name, &at.index(0), problems) else { continue };
            headers.extend(read(&name, value, &at.index(1), problems));
        }
    } else {
        for entry in object(node, at, problems).unwrap_or_default() {
            headers.extend(read(&entry.key, entry.node, &at.key(&entry.key), problems));
        }
    }
    if headers.len() > HEADERS_MAX {
        problems.add(codes::LIMIT, at, format!("{} header lines; at most {HEADERS_MAX} are read", headers.len()));
    }
    headers
}
