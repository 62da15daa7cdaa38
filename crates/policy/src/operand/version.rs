//! Versions of apps and clients, looser than semver, and the requirements that conditions put on them.

use std::borrow::Cow;
use std::cmp::Ordering;

const PARTS: usize = 4;

/// A version; parts that are missing are 0, build metadata is gone.
///
/// Ordered as semver orders; a release is above its prereleases.
#[derive(Clone, Debug)]
pub(crate) struct Version<'a> {
    parts: [Cow<'a, [u8]>; PARTS],
    /// Empty for a release.
    prerelease: Cow<'a, [u8]>,
}

impl<'a> Version<'a> {
    /// Reads `v1.2.3.4-prerelease+build`: `v` or `V` optional, 1 to 4 numeric parts of any length.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Version<'a>> {
        let text = text.strip_prefix(b"v").or_else(|| text.strip_prefix(b"V")).unwrap_or(text);
        let (text, build) = cut(text, b'+');
        let (numbers, prerelease) = cut(text, b'-');
        if build.is_some_and(|build| build.is_empty() || !build.iter().all(|byte| is_suffix(*byte)))
            || prerelease.is_some_and(|names| !names.split(|byte| *byte == b'.').all(is_identifier))
        {
            return None;
        }
        let mut numbers = numbers.split(|byte| *byte == b'.');
        let mut parts = [&b""[..]; PARTS];
        // Every split has a first piece, so the first part is there or refused.
        for (part, number) in parts.iter_mut().zip(numbers.by_ref()) {
            if !is_number(number) {
                return None;
            }
            *part = number;
        }
        if numbers.next().is_some() {
            return None;
        }
        Some(Version { parts: parts.map(Cow::Borrowed), prerelease: Cow::Borrowed(prerelease.unwrap_or_default()) })
    }

    fn into_owned(self) -> Version<'static> {
        Version {
            parts: self.parts.map(|part| Cow::Owned(part.into_owned())),
            prerelease: Cow::Owned(self.prerelease.into_owned()),
        }
    }

    fn numbers(&self) -> impl Iterator<Item = Number<'_>> {
        self.parts.iter().map(|part| Number::of(part))
    }

    fn identifiers(&self) -> impl Iterator<Item = Identifier<'_>> {
        self.prerelease
            .split(|byte| *byte == b'.')
            .map(|name| if is_number(name) { Identifier::Numeric(Number::of(name)) } else { Identifier::Text(name) })
    }
}

/// What stands before the first `at`, and what behind it.
fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    let mut halves = text.splitn(2, |byte| *byte == at);
    (halves.next().unwrap_or_default(), halves.next())
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

fn is_identifier(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

fn is_suffix(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')
}

/// Digits as a number: the order of the fields is the order of numbers without leading zeros.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Number<'a> {
    length: usize,
    digits: &'a [u8],
}

impl Number<'_> {
    fn of(mut digits: &[u8]) -> Number<'_> {
        while let [b'0', rest @ ..] = digits {
            digits = rest;
        }
        Number { length: digits.len(), digits }
    }
}

/// Numeric identifiers are below all others.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'a> {
    Numeric(Number<'a>),
    Text(&'a [u8]),
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers().cmp(other.numbers()).then_with(|| {
            match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
                (false, false) => self.identifiers().cmp(other.identifiers()),
                (released, other_released) => released.cmp(&other_released),
            }
        })
    }
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version<'_> {}

/// Comparators that must all hold, such as `>=1.2, <2`.
#[derive(Clone, Debug)]
pub struct Requirement {
    comparators: Vec<(Comparator, Version<'static>)>,
}

#[derive(Clone, Copy, Debug)]
enum Comparator {
    AtLeast,
    Above,
    AtMost,
    Below,
    Equal,
}

/// An operator comes before those that it begins with.
const COMPARATORS: [(&str, Comparator); 5] = [
    (">=", Comparator::AtLeast),
    (">", Comparator::Above),
    ("<=", Comparator::AtMost),
    ("<", Comparator::Below),
    ("=", Comparator::Equal),
];

impl Requirement {
    /// Reads comma-separated comparators, each with its operator.
    ///
    /// # Errors
    /// What was found and what would do.
    pub fn parse(text: &str) -> Result<Requirement, String> {
        let comparators = text.split(',').map(comparator).collect::<Result<_, _>>()?;
        Ok(Requirement { comparators })
    }

    /// Whether `value` is a version and meets every comparator, by plain order: 1.3.0-beta meets `>=1.2`.
    pub fn matches(&self, value: &[u8]) -> bool {
        Version::parse(value).is_some_and(|value| {
            self.comparators.iter().all(|(comparator, version)| {
                let order = value.cmp(version);
                match comparator {
                    Comparator::AtLeast => order.is_ge(),
                    Comparator::Above => order.is_gt(),
                    Comparator::AtMost => order.is_le(),
                    Comparator::Below => order.is_lt(),
                    Comparator::Equal => order.is_eq(),
                }
            })
        })
    }
}

fn comparator(text: &str) -> Result<(Comparator, Version<'static>), String> {
    let text = text.trim_matches([' ', '\t']);
    if text.is_empty() {
        return Err("a version comparator is empty; write comparators such as >=1.2 between commas".to_owned());
    }
    for (operator, comparator) in COMPARATORS {
        if let Some(version) = text.strip_prefix(operator) {
            let version = version.trim_matches([' ', '\t']);
            return match Version::parse(version.as_bytes()) {
                Some(version) => Ok((comparator, version.into_owned())),
                None => Err(format!(
                    "{:?} after {operator} is not a version; write 1 to 4 numbers such as 1.2 or 1.2.3-beta",
                    version,
                )),
            };
        }
    }
    Err(format!("version comparator {text:?} has no operator; begin it with >=, >, <=, < or ="))
}

#[cfg(test)]
mod tests;
