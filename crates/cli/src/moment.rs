//! A moment on the command line.

use jiff::Timestamp;

/// A date and a time with its offset: a time of day alone is there twice when clocks are set back, and is another one elsewhere.
pub fn read(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        "a date and a time with its offset would do, such as 2026-12-01T09:00:00Z or 2026-12-01T10:00:00+01:00"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_moment_has_an_offset() {
        for (text, second) in [
            ("2026-10-25T00:30:00Z", Some(1_792_888_200)),
            // The same half hour twice, as clocks in Berlin are set back.
            ("2026-10-25T02:30:00+02:00", Some(1_792_888_200)),
            ("2026-10-25T02:30:00+01:00", Some(1_792_891_800)),
            ("2026-10-25T02:30:00", None),
            ("2026-10-25", None),
            ("1792888200", None),
            ("now", None),
            ("", None),
        ] {
            assert_eq!(super::read(text).ok().map(|at| at.as_second()), second, "{text}");
        }
        assert!(super::read("").unwrap_err().contains("+01:00"));
    }
}
