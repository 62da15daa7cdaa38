//! Decimal numbers of request values, compared exactly.

const WHOLE_DIGITS_MAX: usize = 18;
const FRACTION_DIGITS_MAX: usize = 9;

/// A decimal number; `-0` equals `0` and `1.50` equals `1.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal {
    billionths: i128,
}

impl Decimal {
    /// Reads `-?\d{1,18}(\.\d{1,9})?`; nothing else is a number.
    pub fn parse(text: &[u8]) -> Option<Decimal> {
        let (negative, unsigned) = match text.strip_prefix(b"-") {
            Some(unsigned) => (true, unsigned),
            None => (false, text),
        };
        let mut halves = unsigned.splitn(2, |byte| *byte == b'.');
        let whole = halves.next()?;
        let fraction = halves.next();
        if !(1..=WHOLE_DIGITS_MAX).contains(&whole.len())
            || fraction.is_some_and(|digits| !(1..=FRACTION_DIGITS_MAX).contains(&digits.len()))
        {
            return None;
        }
        let padded = fraction.unwrap_or_default().iter().chain(std::iter::repeat(&b'0')).take(FRACTION_DIGITS_MAX);
        let billionths = whole.iter().chain(padded).try_fold(0_i128, |sum, byte| {
            let digit = char::from(*byte).to_digit(10)?;
            sum.checked_mul(10)?.checked_add(i128::from(digit))
        })?;
        Some(Decimal { billionths: if negative { billionths.checked_neg()? } else { billionths } })
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text:?} is a number"))
    }

    #[test]
    fn the_grammar_and_both_sides_of_its_limits() {
        for text in [
            "0",
            "-0",
            "007",
            "-1.5",
            "999999999999999999",
            "-999999999999999999.999999999",
            "000000000000000000",
            "0.000000001",
        ] {
            assert!(Decimal::parse(text.as_bytes()).is_some(), "{text:?}");
        }
        for text in [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "-.5",
            "+1",
            "--1",
            " 1",
            "1 ",
            "1,5",
            "1e3",
            "1.2.3",
            "0x1",
            "1-",
            "1.-5",
            "NaN",
            "٣",
            "1000000000000000000",
            "0000000000000000000",
            "0.0000000000",
        ] {
            assert_eq!(Decimal::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(Decimal::parse(b"1\xff"), None);
    }

    #[test]
    fn order() {
        for (left, order, right) in [
            ("-0", Ordering::Equal, "0.000000000"),
            ("1.50", Ordering::Equal, "1.5"),
            ("007", Ordering::Equal, "7"),
            ("1.25", Ordering::Less, "1.5"),
            ("-1.5", Ordering::Less, "-1.25"),
            ("10", Ordering::Greater, "9.999999999"),
            ("0.000000001", Ordering::Greater, "0"),
            ("-0.000000001", Ordering::Less, "0"),
            ("900719925474099.3", Ordering::Greater, "900719925474099.2"),
            ("999999999999999999", Ordering::Less, "999999999999999999.000000001"),
        ] {
            assert_eq!(decimal(left).cmp(&decimal(right)), order, "{left} against {right}");
        }
    }

    proptest! {
        #[test]
        fn total(bytes: Vec<u8>) {
            Decimal::parse(&bytes);
        }

        #[test]
        fn orders_as_integers_do(left in -999_999_999_999_999_999_i64.., right in -999_999_999_999_999_999_i64..) {
            let (left, right) = (left % 1_000_000_000_000_000_000, right % 1_000_000_000_000_000_000);
            prop_assert_eq!(decimal(&left.to_string()).cmp(&decimal(&right.to_string())), left.cmp(&right));
        }

        #[test]
        fn orders_fractions_by_their_digits(whole in 0..1_000_u32, left in "[0-9]{9}", right in "[0-9]{9}") {
            // Equal lengths: digits order as text does.
            let (a, b) = (decimal(&format!("{whole}.{left}")), decimal(&format!("{whole}.{right}")));
            prop_assert_eq!(a.cmp(&b), left.cmp(&right));
            let (a, b) = (decimal(&format!("-{whole}.{left}")), decimal(&format!("-{whole}.{right}")));
            prop_assert_eq!(a.cmp(&b), right.cmp(&left));
        }
    }
}
