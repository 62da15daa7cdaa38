//! Numbers on the command line: rates, parts, and parts by a name. Every verb takes the same words.

/// The most requests that anybody has in an hour, a minute or a second.
const REQUESTS_MAX: f64 = 1e9;

/// A part by the name of what it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Of what.
    pub name: String,
    /// The part, above 0 and at most 1.
    pub part: f64,
}

/// So many requests in a second, minute or hour, in a second.
pub fn rate(text: &str) -> Result<f64, String> {
    let seconds = |unit: &str| match unit {
        "s" => Some(1.0),
        "m" | "min" => Some(60.0),
        "h" => Some(3_600.0),
        _ => None,
    };
    let parts = text.split_once('/').and_then(|(number, unit)| Some((decimal(number)?, seconds(unit)?)));
    let parts = parts.filter(|(number, _)| *number > 0.0 && *number <= REQUESTS_MAX);
    parts
        .map(|(number, seconds)| number / seconds)
        .ok_or_else(|| format!("found {text:?}; such as 300/s, 2000/m or 50000/h would do"))
}

/// A percentage, as a part of 1.
pub fn part(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%').and_then(decimal).filter(|percent| *percent <= 100.0);
    percent.map(|percent| percent / 100.0).ok_or_else(|| format!("found {text:?}; a percentage such as 0.5% would do"))
}

/// A percentage that something can be a multiple of.
pub fn some(text: &str) -> Result<f64, String> {
    part(text).and_then(|part| match part > 0.0 {
        true => Ok(part),
        false => Err("found 0%, of which twice as much is nothing; a percentage above 0% would do".to_owned()),
    })
}

/// A name with its percentage.
pub fn named(text: &str) -> Result<Named, String> {
    let (name, of) =
        text.rsplit_once('=').ok_or_else(|| "a name and its percentage would do, such as carts=1%".to_owned())?;
    Ok(Named { name: name.to_owned(), part: some(of)? })
}

/// How many requests count for one.
pub fn effect(text: &str) -> Result<f64, String> {
    let effect = decimal(text).filter(|effect| (1.0..=1_000.0).contains(effect));
    effect.ok_or_else(|| "a number from 1 to 1000 would do, such as 1 or 2.5".to_owned())
}

/// Digits, perhaps with a point and digits behind it.
fn decimal(text: &str) -> Option<f64> {
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_decimal =
        text.split_once('.').map_or(are_digits(text), |(whole, rest)| are_digits(whole) && are_digits(rest));
    text.parse().ok().filter(|_| is_decimal)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn numbers_have_their_units() {
        for (text, expected) in [
            ("2000/s", Some(2_000.0)),
            ("90/m", Some(1.5)),
            ("90/min", Some(1.5)),
            ("36/h", Some(0.01)),
            ("0.5/s", Some(0.5)),
            ("", None),
            ("2000", None),
            ("2000/", None),
            ("/s", None),
            ("0/s", None),
            ("-1/s", None),
            ("+1/s", None),
            ("nan/s", None),
            ("inf/s", None),
            ("1e3/s", None),
            ("1./s", None),
            (".5/s", None),
            ("10000000000/s", None),
            ("2/d", None),
        ] {
            assert_eq!(rate(text).ok(), expected, "{text}");
        }
        for (text, expected) in [
            ("0.5%", Some(0.005)),
            ("0.00001%", Some(0.00001 / 100.0)),
            ("100%", Some(1.0)),
            ("0%", Some(0.0)),
            ("101%", None),
            ("-1%", None),
            ("NaN%", None),
            ("5", None),
            ("%", None),
            (".%", None),
            ("", None),
        ] {
            assert_eq!(part(text).ok(), expected, "{text}");
            assert_eq!(some(text).ok(), expected.filter(|part| *part > 0.0), "{text}");
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

    /// Who learnt words at one verb need not learn others at the next.
    #[test]
    fn plan_and_simulate_take_the_same_words() {
        for (option, word) in [
            ("--rate", "300/s"),
            ("--rate", "2000/min"),
            ("--rate", "1.5/h"),
            ("--rate", "2000"),
            ("--rate", "1e3/s"),
            ("--rate", "2/d"),
            ("--errors", "0.5%"),
            ("--unanswered", "0.00001%"),
            ("--slow", "100%"),
            ("--slow", "101%"),
            ("--errors", ".5%"),
            ("--errors", "0.005"),
        ] {
            let taken =
                |verb: &[&str]| crate::Weir::try_parse_from([&["weir"], verb, &[option, word]].concat()).is_ok();
            let plan = taken(&["plan", "--policy", "p", "--releases", "r"]);
            let simulate = taken(&["simulate", "owl", "--policy", "p", "--releases", "r"]);
            assert_eq!(plan, simulate, "{option} {word}");
        }
    }
}
