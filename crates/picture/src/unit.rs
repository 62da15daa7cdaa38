//! Numbers as people read them, and where the marks of an axis stand.

/// What a number counts, which says how it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// `1,234`, `0.0123`, `1.2e18`.
    #[default]
    Number,
    /// A part of 1: `0.05` is `5%`.
    Share,
    /// `5400` is `1 h 30 min`.
    Seconds,
}

impl Unit {
    /// The number, to three digits where it is no whole one.
    pub fn write(self, value: f64) -> String {
        if value.is_nan() {
            return "unknown".to_owned();
        }
        let sign = if value < 0.0 { "−" } else { "" };
        let size = value.abs();
        let written = match self {
            _ if size.is_infinite() => "∞".to_owned(),
            Unit::Number => number(size),
            Unit::Share => format!("{}%", number(size * 100.0)),
            Unit::Seconds => duration(size),
        };
        // What is rounded to 0 has no sign.
        if written.contains(|one: char| matches!(one, '1'..='9' | '∞')) {
            format!("{sign}{written}")
        } else {
            written
        }
    }

    /// At most so many round values from one to the other; none where there is nothing between them.
    pub(crate) fn marks(self, low: f64, high: f64, at_most: usize) -> Vec<f64> {
        let span = high - low;
        if !(span > 0.0 && span.is_finite()) || at_most == 0 {
            return Vec::new();
        }
        let least = span / at_most as f64;
        let step = match self {
            Unit::Seconds => TIMES.into_iter().find(|step| *step >= least).unwrap_or_else(|| round_up(least)),
            Unit::Number | Unit::Share => round_up(least),
        };
        let first = (low / step - 1e-9).ceil();
        let all = (0..=at_most).map(|index| (first + index as f64) * step);
        all.take_while(|mark| *mark <= high + step * 1e-9).map(|mark| if mark == 0.0 { 0.0 } else { mark }).collect()
    }
}

/// Steps of a time axis: no reader counts by 5,000 seconds.
const TIMES: [f64; 22] = [
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1800.0,
    3600.0,
    7200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    1_209_600.0,
    2_592_000.0,
];

/// The least of 1, 2 and 5 times a power of ten that is no smaller.
fn round_up(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(power * 10.0)
}

fn number(size: f64) -> String {
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e15).contains(&size) {
        return format!("{:.1e}", size).replace(".0e", "e");
    }
    // A hundred thousandth off a whole number is rounding of whoever computed it.
    if size >= 1000.0 || (size - size.round()).abs() < size * 1e-9 {
        return grouped(&format!("{:.0}", size));
    }
    let before = if size >= 1.0 { size.log10().floor() as usize + 1 } else { 0 };
    let zeros = if size < 1.0 { (-size.log10()).floor() as usize } else { 0 };
    let text = format!("{:.*}", (3 + zeros).saturating_sub(before), size);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, one) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(one);
    }
    text
}

/// The two largest units.
fn duration(size: f64) -> String {
    if size == 0.0 {
        return "0".to_owned();
    }
    if size < 1.0 {
        return format!("{} ms", number(size * 1000.0));
    }
    let seconds = size.round();
    let two = |larger: f64, name: &str, smaller: f64, other: &str| {
        let (whole, rest) = ((seconds / larger).floor(), ((seconds % larger) / smaller).floor());
        let rest = if rest > 0.0 && whole < 1000.0 { format!(" {rest:.0} {other}") } else { String::new() };
        format!("{} {name}{rest}", number(whole))
    };
    match seconds {
        _ if seconds < 60.0 => format!("{seconds:.0} s"),
        _ if seconds < 3600.0 => two(60.0, "min", 1.0, "s"),
        _ if seconds < 86_400.0 => two(3600.0, "h", 60.0, "min"),
        _ => two(86_400.0, "d", 3600.0, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        for (unit, value, expected) in [
            (Unit::Number, 0.0, "0"),
            (Unit::Number, 7.0, "7"),
            (Unit::Number, 999.0, "999"),
            (Unit::Number, 1000.0, "1,000"),
            (Unit::Number, 1_234_567.8, "1,234,568"),
            (Unit::Number, 1.5, "1.5"),
            (Unit::Number, 12.345, "12.3"),
            (Unit::Number, 0.012_345, "0.0123"),
            (Unit::Number, -3.0, "−3"),
            (Unit::Number, -1e-300, "−1e-300"),
            (Unit::Number, 1.25e18, "1.2e18"),
            (Unit::Number, f64::NAN, "unknown"),
            (Unit::Number, f64::NEG_INFINITY, "−∞"),
            (Unit::Share, 0.05, "5%"),
            (Unit::Share, 0.29, "29%"),
            (Unit::Share, 0.000_012, "0.0012%"),
            (Unit::Share, 1.0, "100%"),
            (Unit::Seconds, 0.0, "0"),
            (Unit::Seconds, 0.25, "250 ms"),
            (Unit::Seconds, 0.000_25, "0.25 ms"),
            (Unit::Seconds, 59.6, "1 min"),
            (Unit::Seconds, 5400.0, "1 h 30 min"),
            (Unit::Seconds, 86_400.0, "1 d"),
            (Unit::Seconds, 1e300, "1.2e295 d"),
            (Unit::Seconds, f64::INFINITY, "∞"),
        ] {
            assert_eq!(unit.write(value), expected, "{unit:?} {value}");
        }
    }

    #[test]
    fn marks_are_round_and_no_more_than_asked_for() {
        for (unit, low, high, at_most, expected) in [
            (Unit::Number, 0.0, 1_000_000.0, 4, &[0.0, 500_000.0, 1_000_000.0][..]),
            (Unit::Number, 0.0, 1_000_000.0, 5, &[0.0, 200_000.0, 400_000.0, 600_000.0, 800_000.0, 1_000_000.0]),
            (Unit::Number, -1.0, 1.0, 2, &[-1.0, 0.0, 1.0]),
            (Unit::Seconds, 0.0, 7200.0, 4, &[0.0, 1800.0, 3600.0, 5400.0, 7200.0]),
            (Unit::Share, 0.0, 0.0, 4, &[]),
            (Unit::Share, 0.0, f64::NAN, 4, &[]),
            (Unit::Share, 0.0, 1.0, 0, &[]),
        ] {
            assert_eq!(unit.marks(low, high, at_most), expected, "{unit:?} {low} to {high}");
        }
    }
}
