//! A time on the command line.

/// So long a time as it is written: numbers, each with its unit.
pub fn read(text: &str) -> Result<humantime::Duration, String> {
    text.parse().map_err(|_| "a number with its unit would do, such as 500ms, 10s or 5m".to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_time_has_a_unit() {
        for (text, millis) in
            [("5m", Some(300_000)), ("1s 500ms", Some(1_500)), ("0s", Some(0)), ("5", None), ("bla", None)]
        {
            assert_eq!(super::read(text).ok().map(|time| time.as_millis()), millis, "{text}");
        }
        assert!(super::read("").unwrap_err().contains("5m"));
    }
}
