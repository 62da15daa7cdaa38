//! The grammars of values: each function reports what is not as it says.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Time;
use weir_policy::operand::Decimal;
use weir_policy::{At, Problems, codes as document};

use crate::codes;

/// Reports more than are allowed.
pub fn at_most(found: usize, max: u64, what: &str, at: &At<'_>, problems: &mut Problems) {
    if found > usize::try_from(max).unwrap_or(usize::MAX) {
        problems.add(document::LIMIT, at, format!("{found} {what}; at most {max} are allowed"));
    }
}

/// `\d+(s|m|h|d)`, at most so many seconds.
pub fn duration(text: &str, seconds_max: u64, at: &At<'_>, problems: &mut Problems) -> Option<Duration> {
    let Some(seconds) = seconds(text) else {
        let message = format!("found {text:?}; a number and its unit would do, such as 30s, 10m, 1h or 7d");
        problems.add(codes::BAD_DURATION, at, message);
        return None;
    };
    let seconds = seconds.filter(|seconds| *seconds <= seconds_max);
    if seconds.is_none() {
        let max = in_short(seconds_max);
        problems.add(document::LIMIT, at, format!("found {text}; at most {max} are allowed"));
    }
    seconds.map(Duration::from_secs)
}

/// `None` within where it is more than can be counted.
fn seconds(text: &str) -> Option<Option<u64>> {
    let digits = text.get(..text.len().checked_sub(1)?)?;
    let unit = match text.bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3_600,
        b'd' => 86_400,
        _ => return None,
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse::<u64>().ok()?.checked_mul(unit))
}

fn in_short(seconds: u64) -> String {
    let whole = |unit: u64| seconds.is_multiple_of(unit).then(|| seconds.checked_div(unit)).flatten();
    match whole(86_400) {
        Some(days) => format!("{days}d"),
        None => format!("{seconds}s"),
    }
}

/// A percentage with up to four decimals as a part of 1, of at most so many per cent.
pub fn percentage(text: &str, max: u64, at: &At<'_>, problems: &mut Problems) -> Option<f64> {
    let part = text.strip_suffix('%').and_then(part_of_one);
    let part = part.filter(|part| *part <= f64::from(u32::try_from(max).unwrap_or(u32::MAX)) / 100.0);
    if part.is_none() {
        let message = format!("found {text:?}; a percentage from 0% to {max}% with up to four decimals would do");
        problems.add(codes::BAD_PERCENTAGE, at, message);
    }
    part
}

fn part_of_one(number: &str) -> Option<f64> {
    let (whole, decimals) = number.split_once('.').map_or((number, None), |(whole, decimals)| (whole, Some(decimals)));
    let is_digits = |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || decimals.is_some_and(|decimals| !is_digits(decimals)) {
        return None;
    }
    // Whole millionths first, so that 0.3% is the number nearest to 0.003.
    let millionths = format!("{whole}{:0<4}", decimals.unwrap_or_default()).parse::<u32>().ok()?;
    Some(f64::from(millionths) / 1e6)
}

/// A decimal number such as conditions compare with.
pub fn decimal(text: &str, at: &At<'_>, problems: &mut Problems) -> Option<f64> {
    let number = Decimal::parse(text.as_bytes()).and_then(|_| text.parse().ok());
    if number.is_none() {
        let message = format!("found {text:?}; a number of at most 18 digits before and 9 after the point would do");
        problems.add(document::BAD_NUMBER, at, message);
    }
    number
}

/// A time of day in hours and minutes; 24:00 is midnight too, that at the end of the day.
pub fn time_of_day(text: &str, at: &At<'_>, problems: &mut Problems) -> Option<Time> {
    let read = || {
        let (hours, minutes) = text.split_once(':')?;
        let two = |digits: &str| {
            let is_two = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_two.then(|| digits.parse::<i8>().ok()).flatten()
        };
        match (two(hours)?, two(minutes)?) {
            (24, 0) => Some(Time::midnight()),
            (hours, minutes) => Time::new(hours, minutes, 0, 0).ok(),
        }
    };
    let time = read();
    if time.is_none() {
        problems.add(
            codes::BAD_TIME,
            at,
            format!("found {text:?}; a time from 00:00 to 24:00 would do, such as 09:30"),
        );
    }
    time
}

/// A moment, with the offset of its clock.
pub fn timestamp(text: &str, at: &At<'_>, problems: &mut Problems) -> Option<Timestamp> {
    let read = text.parse().ok();
    if read.is_none() {
        let message =
            format!("found {text:?}; a date, a time and an offset would do, such as 2026-12-01T09:00:00+08:00");
        problems.add(codes::BAD_TIME, at, message);
    }
    read
}

#[cfg(test)]
mod tests {
    use weir_policy::SourceId;

    use super::*;

    const ROOT: At<'_> = At::Root { source: SourceId::FIRST };

    fn good<T>(read: impl FnOnce(&mut Problems) -> Option<T>) -> Option<T> {
        let mut problems = Problems::default();
        let value = read(&mut problems);
        assert_eq!(value.is_some(), problems.is_empty());
        value
    }

    #[test]
    fn durations() {
        for (text, seconds) in [
            ("0s", Some(0)),
            ("90s", Some(90)),
            ("10m", Some(600)),
            ("1h", Some(3_600)),
            ("007h", Some(25_200)),
            ("1d", Some(86_400)),
            ("24h", Some(86_400)),
            ("86401s", None),
            ("2d", None),
            ("99999999999999999999d", None),
            ("18446744073709551615h", None),
            ("", None),
            ("s", None),
            ("10", None),
            ("10 m", None),
            ("1.5h", None),
            ("-1h", None),
            ("1h30m", None),
            ("10M", None),
            ("1w", None),
            ("10ms", None),
            ("１h", None),
            ("1é", None),
        ] {
            let read = good(|problems| duration(text, 86_400, &ROOT, problems));
            assert_eq!(read.map(|duration| duration.as_secs()), seconds, "{text}");
        }
        let mut problems = Problems::default();
        duration("25h", 86_400, &ROOT, &mut problems);
        assert_eq!(problems.into_vec()[0].message, "found 25h; at most 1d are allowed");
    }

    #[test]
    fn percentages() {
        for (text, part) in [
            ("0%", Some(0.0)),
            ("0.3%", Some(0.003)),
            ("20%", Some(0.2)),
            ("0.0001%", Some(1e-6)),
            ("1000%", Some(10.0)),
            ("1000.0001%", None),
            ("1001%", None),
            ("10000%", None),
            ("5", None),
            ("%", None),
            ("-1%", None),
            (".5%", None),
            ("5.%", None),
            ("0.00001%", None),
            ("20 %", None),
            ("1e2%", None),
        ] {
            assert_eq!(good(|problems| percentage(text, 1_000, &ROOT, problems)), part, "{text}");
        }
    }

    #[test]
    fn times() {
        for (text, time) in [
            ("00:00", Some("00:00")),
            ("09:30", Some("09:30")),
            ("23:59", Some("23:59")),
            ("24:00", Some("00:00")),
            ("24:01", None),
            ("9:30", None),
            ("09:60", None),
            ("09:30:00", None),
            ("0930", None),
            ("+9:30", None),
            ("noon", None),
            ("", None),
        ] {
            let time: Option<Time> = time.map(|time: &str| time.parse().unwrap());
            assert_eq!(good(|problems| time_of_day(text, &ROOT, problems)), time, "{text}");
        }
        for (text, moment) in [
            ("2026-12-01T09:00:00+08:00", Some("2026-12-01T01:00:00Z")),
            ("2026-12-01T01:00:00Z", Some("2026-12-01T01:00:00Z")),
            ("2026-12-01T09:00+08:00", Some("2026-12-01T01:00:00Z")),
            ("2026-12-01T09:00:00", None),
            ("2026-12-01", None),
            ("tomorrow", None),
        ] {
            let moment: Option<Timestamp> = moment.map(|moment: &str| moment.parse().unwrap());
            assert_eq!(good(|problems| timestamp(text, &ROOT, problems)), moment, "{text}");
        }
    }

    #[test]
    fn decimals() {
        for (text, number) in
            [("2000000000", Some(2e9)), ("-0.5", Some(-0.5)), ("1e3", None), ("NaN", None), ("", None)]
        {
            assert_eq!(good(|problems| decimal(text, &ROOT, problems)), number, "{text}");
        }
    }
}
