//! Templates of release documents: `${NAME}` in a text is a place for a value.

use std::collections::{BTreeMap, BTreeSet};

use weir_policy::{At, Path, Position, Problem, Problems, SourceId};

use crate::{codes, limits};

/// The text with a value in each place. Nothing else is changed, comments included; `$variant` without braces is no place.
///
/// # Errors
/// Every name of the text that has no value, every value that no name of the text asks for, and values that could be read as
/// something else than a word where they are put.
pub fn fill(text: &str, source: SourceId, values: &[(String, String)]) -> Result<String, Vec<Problem>> {
    let mut problems = Problems::default();
    let values = judged(values, source, &mut problems);
    let (mut filled, mut asked) = (String::with_capacity(text.len()), BTreeSet::new());
    let (mut rest, mut position) = (text, Position { line: 1, column: 1 });
    while let Some((before, behind)) = rest.split_once(OPEN) {
        filled.push_str(before);
        position = after(position, before);
        let mut tell = |message: String| {
            let code = codes::TEMPLATE_NAME;
            problems.push(Problem { code, source, path: Path::default(), position: Some(position), message });
        };
        let (name, behind) = match behind.split_once(CLOSE).filter(|(name, _)| is_name(name)) {
            Some(found) => found,
            None => {
                tell(format!("a place for a value is {OPEN}NAME{CLOSE}, with a name of letters, digits and _"));
                ("", behind)
            }
        };
        match values.get(name) {
            Some(value) => filled.push_str(value),
            None if name.is_empty() => {}
            None => tell(format!("{name} has no value; say --set {name}=…")),
        }
        asked.insert(name);
        position = after(position, rest.get(before.len()..rest.len().saturating_sub(behind.len())).unwrap_or_default());
        rest = behind;
    }
    filled.push_str(rest);
    for name in values.keys().filter(|name| !asked.contains(**name)) {
        let known: Vec<String> = asked.iter().filter(|name| !name.is_empty()).map(|name| (*name).to_owned()).collect();
        let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        let message = format!("the template has no place for {name}; {known}");
        problems.add(codes::TEMPLATE_NAME, &At::Root { source }, message);
    }
    if problems.is_empty() { Ok(filled) } else { Err(problems.into_vec()) }
}

const OPEN: &str = "${";
const CLOSE: &str = "}";

/// `[A-Za-z_][A-Za-z0-9_]*`.
fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    text.bytes().next().is_some_and(is_letter) && text.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

/// Values by their names; what is wrong with one is told once, and not again as a name without a value.
fn judged<'a>(values: &'a [(String, String)], source: SourceId, problems: &mut Problems) -> BTreeMap<&'a str, &'a str> {
    let at = At::Root { source };
    let mut by_name = BTreeMap::new();
    for (name, value) in values {
        if by_name.insert(name.as_str(), value.as_str()).is_some() {
            problems.add(codes::TEMPLATE_NAME, &at, format!("{name} is set twice; say it once"));
        }
        // A word stays one word in YAML and JSON, in quotes and without, and so may stand anywhere.
        let fits = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/+%-".contains(&byte));
        let max = usize::try_from(limits::VALUE_BYTES_MAX).unwrap_or(usize::MAX);
        if !fits || !(1..=max).contains(&value.len()) {
            let message = format!("the value of {name} is 1 to {max} of A-Z a-z 0-9 . _ / + % -");
            problems.add(codes::TEMPLATE_VALUE, &at, message);
        }
    }
    by_name
}

/// The place behind a text that begins at a place.
fn after(position: Position, text: &str) -> Position {
    let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let lines = u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX);
    match text.rsplit_once('\n') {
        None => Position { column: position.column.saturating_add(count(text)), ..position },
        Some((_, last)) => {
            Position { line: position.line.saturating_add(lines), column: count(last).saturating_add(1) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code, line and column, message.
    type Told = (&'static str, Option<(u32, u32)>, String);

    fn fill(text: &str, values: &[(&str, &str)]) -> Result<String, Vec<Told>> {
        let values: Vec<(String, String)> = values.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        super::fill(text, SourceId::FIRST, &values).map_err(|problems| {
            let place = |problem: &Problem| problem.position.map(|position| (position.line, position.column));
            problems.iter().map(|problem| (problem.code.name(), place(problem), problem.message.clone())).collect()
        })
    }

    #[test]
    fn places_are_filled_and_nothing_else_changes() {
        let tag = [("tag", "owl-v21s3s11")];
        for (text, filled) in [
            ("id: ${tag}", "id: owl-v21s3s11"),
            ("${tag}${tag}", "owl-v21s3s11owl-v21s3s11"),
            (
                "# é ${tag}\r\n\tx: \"${tag}.a\" # $variant $ {x} $$\n",
                "# é owl-v21s3s11\r\n\tx: \"owl-v21s3s11.a\" # $variant $ {x} $$\n",
            ),
            ("$${tag}", "$owl-v21s3s11"),
        ] {
            assert_eq!(fill(text, &tag).as_deref(), Ok(filled), "{text}");
        }
        assert_eq!(fill("a $variant", &[]).as_deref(), Ok("a $variant"));
    }

    #[test]
    fn every_name_has_a_value_and_every_value_a_place() {
        let told = |text: &str, values: &[(&str, &str)]| {
            fill(text, values).unwrap_err().into_iter().map(|(_, place, message)| (place, message)).collect::<Vec<_>>()
        };
        let missing = |name: &str| format!("{name} has no value; say --set {name}=…");
        assert_eq!(
            told("a: ${x}\né: ${y} ${x}", &[("y", "1")]),
            [(Some((1, 4)), missing("x")), (Some((2, 9)), missing("x"))]
        );
        let unknown = "the template has no place for z; it has y".to_owned();
        assert_eq!(told("${y}", &[("y", "1"), ("z", "1")]), [(None, unknown)]);
        assert_eq!(told("", &[("z", "1")]), [(None, "the template has no place for z; it has none".to_owned())]);
        assert_eq!(told("${y}", &[("y", "1"), ("y", "2")]), [(None, "y is set twice; say it once".to_owned())]);
        let no_name = "a place for a value is ${NAME}, with a name of letters, digits and _";
        for text in ["x ${", "x ${}", "x ${a b}", "x ${1a}", "x ${a-b}", "x ${a\n}", "x ${é}"] {
            assert_eq!(told(text, &[]), [(Some((1, 3)), no_name.to_owned())], "{text}");
        }
    }

    #[test]
    fn a_value_is_a_word() {
        let code = |value: &str| fill("${a}", &[("a", value)]).err().map(|told| told[0].0);
        for value in ["owl-v21s3s11", "5%", "1.2.3+build", "team/owl", &"x".repeat(256)] {
            assert_eq!(code(value), None, "{value}");
        }
        for value in
            ["", "a b", "a: b", "a\nb", "\"", "'", "#", "[a]", "{a}", "${a}", "a,b", "a@b", "é", &"x".repeat(257)]
        {
            assert_eq!(code(value), Some("template_value"), "{value}");
        }
    }
}
