//! The page's parts: a promise with what was found, tables, numbers.

use std::fmt::Write;
use std::time::Duration;

use weir_simulate::Tally;

/// A sentence that releases rely on, and whether it held.
pub struct Promise {
    pub says: String,
    /// The most that is promised, as a part of runs.
    pub most: f64,
    /// The worst of what was tried for it.
    pub found: f64,
    pub runs: usize,
    pub holds: bool,
}

impl Promise {
    /// Kept by this part of the runs of each of these, such as [`Tally::stopped`].
    pub fn of(says: impl Into<String>, most: f64, part: fn(&Tally) -> f64, tallies: &[&Tally]) -> Promise {
        let found = tallies.iter().map(|tally| part(tally)).fold(0.0, f64::max);
        let holds = tallies.iter().all(|tally| tally.keeps(part(tally), most));
        Promise { says: says.into(), most, found, runs: runs(tallies), holds }
    }
}

fn runs(tallies: &[&Tally]) -> usize {
    tallies.iter().map(|tally| tally.runs()).min().unwrap_or_default()
}

/// What was promised, in one table.
pub fn promises(all: &[Promise]) -> String {
    let rows = all.iter().map(|promise| {
        let holds = if promise.holds { "yes" } else { "**no**" };
        [
            promise.says.clone(),
            percent(promise.most),
            percent(promise.found),
            thousands(promise.runs as f64),
            holds.into(),
        ]
        .to_vec()
    });
    table(&["promise", "at most", "found", "runs each", "holds"], rows)
}

/// A table of Markdown.
pub fn table(head: &[impl AsRef<str>], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// `0.25%`.
pub fn percent(part: f64) -> String {
    format!("{:.2}%", part * 100.0)
}

/// `40%`, or `0.2%`: a tenth of a percent matters only where there are few.
pub fn part_of_runs(part: f64) -> String {
    if part < 0.1 { format!("{:.1}%", part * 100.0) } else { format!("{:.0}%", part * 100.0) }
}

/// `12 min`, or nothing.
pub fn minutes(time: Option<Duration>) -> String {
    time.map_or("-".into(), |time| format!("{:.0} min", time.as_secs_f64() / 60.0))
}

/// `77,912`.
pub fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let numbers = [0.0, 999.0, 1000.0, 77_912.4, 1_234_567.0].map(thousands);
        assert_eq!(numbers, ["0", "999", "1,000", "77,912", "1,234,567"]);
        assert_eq!([percent(0.0025), part_of_runs(0.404), part_of_runs(0.002)], ["0.25%", "40%", "0.2%"]);
        assert_eq!((minutes(Some(Duration::from_secs(750))), minutes(None)), ("12 min".into(), "-".into()));
        assert_eq!(table(&["a", "b"], [vec!["1".into(), "2".into()]]), "| a | b |\n|---|---|\n| 1 | 2 |\n");
    }
}
