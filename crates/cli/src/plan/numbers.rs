//! Numbers on the command line: rates, parts, and parts by a name.

/// Requests in a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RequestRate(pub f64);

/// A part by the name of what it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Of what.
    pub name: String,
    /// The part, above 0 and at most 1.
    pub part: f64,
}

/// So many requests in a second, minute or hour.
pub fn requests(text: &str) -> Result<RequestRate, String> {
    let (number, seconds) = match text.split_once('/') {
        Some((number, "s")) => (number, 1.0),
        Some((number, "m")) => (number, 60.0),
        Some((number, "h")) => (number, 3_600.0),
        _ => ("", 1.0),
    };
    let number = decimal(number).filter(|number| *number > 0.0);
    number
        .map(|number| RequestRate(number / seconds))
        .ok_or_else(|| "a number of requests would do, such as 2000/s or 300/m".to_owned())
}

/// A percentage above 0%, as a part of 1.
pub fn part(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%').and_then(decimal).filter(|percent| *percent > 0.0 && *percent <= 100.0);
    percent.map(|percent| percent / 100.0).ok_or_else(|| "a percentage above 0% would do, such as 0.5%".to_owned())
}

/// A name with its percentage.
pub fn named(text: &str) -> Result<Named, String> {
    let (name, of) =
        text.rsplit_once('=').ok_or_else(|| "a name and its percentage would do, such as carts=1%".to_owned())?;
    Ok(Named { name: name.to_owned(), part: part(of)? })
}

/// How many requests count for one.
pub fn effect(text: &str) -> Result<f64, String> {
    let effect = decimal(text).filter(|effect| (1.0..=1_000.0).contains(effect));
    effect.ok_or_else(|| "a number from 1 to 1000 would do, such as 1 or 2.5".to_owned())
}

/// Digits, perhaps with a point.
fn decimal(text: &str) -> Option<f64> {
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|_| is_decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_units() {
        for (text, expected) in [
            ("2000/s", Some(2_000.0)),
            ("90/m", Some(1.5)),
            ("1.5/h", Some(1.5 / 3_600.0)),
            ("2000", None),
            ("0/s", None),
            ("-1/s", None),
            ("inf/s", None),
            ("1e3/s", None),
            ("2/d", None),
        ] {
            assert_eq!(requests(text).ok(), expected.map(RequestRate), "{text}");
        }
        for (text, expected) in
            [("0.5%", Some(0.005)), ("100%", Some(1.0)), ("0%", None), ("101%", None), ("5", None), ("%", None)]
        {
            assert_eq!(part(text).ok(), expected, "{text}");
        }
        for (text, expected) in
            [("carts=1%", Some(("carts", 0.01))), ("a=b=5%", Some(("a=b", 0.05))), ("carts", None), ("x=5", None)]
        {
            let expected = expected.map(|(name, part)| Named { name: name.to_owned(), part });
            assert_eq!(named(text).ok(), expected, "{text}");
        }
        for (text, expected) in [("1", Some(1.0)), ("2.5", Some(2.5)), ("0.9", None), ("1001", None), ("NaN", None)] {
            assert_eq!(effect(text).ok(), expected, "{text}");
        }
    }
}
