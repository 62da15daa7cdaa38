//! Numbers, times and names of releases in words for people.

use std::path::Path;
use std::time::Duration;

use humantime::format_duration;
use serde::Serialize;
use serde_json::{Value, json};
use weir_release::journal::By;
use weir_release::state::Pause;

/// The word that stands for a value in JSON, as `rolled_back`.
pub fn word(value: &impl Serialize) -> String {
    match json!(value) {
        Value::String(word) => word,
        other => other.to_string(),
    }
}

/// The word with blanks, as in `rolled back`.
pub fn spoken(value: &impl Serialize) -> String {
    word(value).replace('_', " ")
}

/// What a command to the server of this folder ends with.
pub fn place(folder: Option<&Path>) -> String {
    format!(" --state {}", folder.unwrap_or(Path::new("DIR")).display())
}

/// Parts per million as a percentage.
pub fn share(ppm: u32) -> String {
    percent(f64::from(ppm) / 1e6)
}

/// A part as a percentage with up to four digits behind the point.
pub fn percent(part: f64) -> String {
    let text = format!("{:.4}", part * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A count with its digits in groups.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The same of a count that need not be whole.
pub fn amount(amount: f64) -> String {
    if amount.fract() == 0.0 && amount.abs() < 1e15 { count(amount.abs() as u64) } else { format!("{amount:.3}") }
}

/// A number of which only the logarithm is known, and may be very large.
pub fn e(ln: f64) -> String {
    match ln.exp() {
        e if e < 1e-4 => "0".to_owned(),
        e if e < 10.0 => format!("{e:.2}"),
        e if e < 1e6 => count(e.round() as u64),
        _ => format!("1e{:.0}", ln / std::f64::consts::LN_10),
    }
}

/// Milliseconds in hours, minutes and seconds.
pub fn time(ms: u64) -> String {
    lasting(Duration::from_millis(ms))
}

/// The same of a time that is no number yet.
pub fn lasting(time: Duration) -> String {
    format_duration(Duration::from_secs(time.as_secs())).to_string()
}

/// A step among all, counted from 1 as people do.
pub fn step(index: usize, of: usize) -> String {
    format!("step {} of {of}", index.saturating_add(1))
}

/// Names in a row.
pub fn names<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| name.escape_debug().to_string()).collect::<Vec<_>>().join(", ")
}

/// Who, when and why something was paused.
pub fn paused(pause: &Pause) -> String {
    let why = pause.why.as_ref().map(|why| format!(": {}", why.escape_debug())).unwrap_or_default();
    format!("{} since {:.0}{why}", by(pause.by.as_ref()), pause.at)
}

/// A person, or nobody.
pub fn by(by: Option<&By>) -> String {
    by.map_or_else(|| "Weir".to_owned(), |by| format!("{}@{}", by.user.escape_debug(), by.host.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        let table = [
            (share(50_000), "5%"),
            (share(1_000_000), "100%"),
            (share(1), "0.0001%"),
            (share(0), "0%"),
            (count(0), "0"),
            (count(999), "999"),
            (count(1_000), "1,000"),
            (count(1_234_567), "1,234,567"),
            (amount(1200.0), "1,200"),
            (amount(0.5), "0.500"),
            (e(0.0), "1.00"),
            (e(333.3_f64.ln()), "333"),
            (e(-50.0), "0"),
            (e(1_000.0), "1e434"),
            (time(252_999), "4m 12s"),
            (step(0, 5), "step 1 of 5"),
        ];
        for (is, expected) in table {
            assert_eq!(is, expected);
        }
    }
}
