//! What readers of YAML take in several ways: keys that stand twice, and values that are numbers or switches to one and texts to
//! the other. Kubernetes reads by YAML 1.1, what is put in is written for both.

use weir_policy::{At, Problems, Spanned, Value, codes};

use super::lines::Lines;

/// Reports keys that stand twice in an object; whether there are none.
pub(super) fn check_keys(node: &Spanned, at: &At<'_>, problems: &mut Problems) -> bool {
    match &node.value {
        Value::List(nodes) => {
            // Every one is looked at.
            nodes.iter().enumerate().map(|(i, node)| check_keys(node, &at.index(i), problems)).fold(true, |a, b| a & b)
        }
        Value::Map(entries) => {
            let mut is_good = true;
            for (i, entry) in entries.iter().enumerate() {
                let at = at.key(&entry.key);
                if entries[..i].iter().any(|other| other.key == entry.key) {
                    let message = format!("{} stands here twice, and readers differ in which they heed", entry.key);
                    problems.add(codes::DUPLICATE_KEY, &at, message);
                    is_good = false;
                }
                is_good &= check_keys(&entry.node, &at, problems);
            }
            is_good
        }
        _ => true,
    }
}

/// Reports values below a node of this text that would be another in a copy.
pub(super) fn check_values(node: &Spanned, lines: &Lines<'_>, at: &At<'_>, problems: &mut Problems) {
    match &node.value {
        Value::List(nodes) => {
            nodes.iter().enumerate().for_each(|(i, node)| check_values(node, lines, &at.index(i), problems))
        }
        Value::Map(entries) => {
            entries.iter().for_each(|entry| check_values(&entry.node, lines, &at.key(&entry.key), problems));
        }
        Value::Int(_, Some(spelling)) => refuse(&spelling.0, at, problems),
        Value::Float(typed) if typed.parse().map_or(true, |value: f64| !value.is_finite()) => {
            refuse(typed, at, problems)
        }
        Value::Str(text) if is_typed_in_yaml_1_1(text) && is_plain(node, lines) => refuse(text, at, problems),
        _ => {}
    }
}

fn refuse(typed: &str, at: &At<'_>, problems: &mut Problems) {
    let message = format!(
        "found {typed} without quotes, which is a text to some readers and none to others; write \"{typed}\" for the text, or a \
         plain number, true or false"
    );
    problems.add(codes::BAD_VALUE, at, message);
}

/// Whether a text without quotes is a switch, a number or a time by YAML 1.1 alone.
fn is_typed_in_yaml_1_1(text: &str) -> bool {
    let is_switch = ["y", "n", "yes", "no", "on", "off"].contains(&text.to_lowercase().as_str());
    let is_number = text.contains(|c: char| c.is_ascii_digit())
        && !text.starts_with(|c: char| c.is_ascii_alphabetic())
        && (text.starts_with("0b") || text.contains('_'))
        && text.chars().all(|c| c.is_ascii_hexdigit() || "+-_.box".contains(c));
    let is_time = text.len() >= 8
        && text.split('-').count() == 3
        && text.split('-').all(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    is_switch || is_number || is_time
}

/// Whether a value stands there without quotes.
fn is_plain(node: &Spanned, lines: &Lines<'_>) -> bool {
    let Some((line, behind)) = lines.place(node.position) else { return false };
    !lines.all()[line][behind..].starts_with(['"', '\'', '|', '>'])
}
