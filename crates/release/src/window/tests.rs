//! Windows by the clocks of zones that change them.

use super::*;

fn window(days: &[Weekday], (from, to): (&str, &str), zone: &str) -> Window {
    let time = |text: &str| text.parse().unwrap();
    Window { days: days.to_vec(), from: time(from), to: time(to), zone: TimeZone::get(zone).unwrap() }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_window_is_open_on_its_days_from_its_first_moment_to_before_its_last() {
    use Weekday::{Friday, Monday};
    let shanghai = window(&[Monday], ("09:00", "17:00"), "Asia/Shanghai");
    let past_midnight = window(&[Friday], ("22:00", "02:00"), "UTC");
    let all_day = window(&[Friday], ("00:00", "00:00"), "UTC");
    for (window, now, is_open) in [
        (&shanghai, "2026-11-30T00:59:59.999Z", false),
        (&shanghai, "2026-11-30T01:00:00Z", true),
        (&shanghai, "2026-11-30T08:59:59.999Z", true),
        (&shanghai, "2026-11-30T09:00:00Z", false),
        (&shanghai, "2026-12-01T01:00:00Z", false),
        (&past_midnight, "2026-11-27T21:59:59Z", false),
        (&past_midnight, "2026-11-27T22:00:00Z", true),
        (&past_midnight, "2026-11-28T01:59:59Z", true),
        (&past_midnight, "2026-11-28T02:00:00Z", false),
        // Of the night before, which is not Friday's.
        (&past_midnight, "2026-11-27T01:00:00Z", false),
        (&all_day, "2026-11-26T23:59:59Z", false),
        (&all_day, "2026-11-27T00:00:00Z", true),
        (&all_day, "2026-11-27T23:59:59Z", true),
        (&all_day, "2026-11-28T00:00:00Z", false),
    ] {
        assert_eq!(window.is_open(at(now)), is_open, "{window:?} at {now}");
    }
}

#[test]
fn the_next_opening_is_the_first_moment_that_is_open() {
    use Weekday::{Monday, Sunday};
    // New York sets its clocks forward on March 8, 2026, at 02:00, and back on November 1, at 02:00.
    let new_york = |days: &[Weekday], from, to| window(days, (from, to), "America/New_York");
    for (window, now, opens) in [
        (window(&[Monday], ("09:00", "17:00"), "Asia/Shanghai"), "2026-11-30T08:00:00Z", "2026-11-30T08:00:00Z"),
        (window(&[Monday], ("09:00", "17:00"), "Asia/Shanghai"), "2026-11-30T09:00:00Z", "2026-12-07T01:00:00Z"),
        (new_york(&[Sunday], "09:00", "17:00"), "2026-03-07T12:00:00Z", "2026-03-08T13:00:00Z"),
        (new_york(&[Sunday], "09:00", "17:00"), "2026-10-31T12:00:00Z", "2026-11-01T14:00:00Z"),
        // It begins in the hour that never comes, and is open when that is skipped.
        (new_york(&[Sunday], "02:30", "04:00"), "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z"),
        // All of it never comes: the week after.
        (new_york(&[Sunday], "02:10", "02:50"), "2026-03-08T06:00:00Z", "2026-03-15T06:10:00Z"),
        (new_york(&[Sunday], "02:10", "02:50"), "2026-03-01T08:00:00Z", "2026-03-15T06:10:00Z"),
        // It comes twice.
        (new_york(&[Sunday], "01:30", "01:40"), "2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z"),
        (new_york(&[Sunday], "01:30", "01:40"), "2026-11-01T05:40:00Z", "2026-11-01T06:30:00Z"),
        // Its end comes twice.
        (new_york(&[Sunday], "00:30", "01:30"), "2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z"),
        (new_york(&[Sunday], "00:30", "01:30"), "2026-11-01T06:30:00Z", "2026-11-08T05:30:00Z"),
    ] {
        assert_eq!(window.next_opening(at(now)), Some(at(opens)), "{window:?} after {now}");
        assert!(window.is_open(at(opens)), "{window:?}");
    }
    assert_eq!(window(&[], ("09:00", "17:00"), "UTC").next_opening(at("2026-11-30T08:00:00Z")), None);
}

#[test]
fn no_moment_before_the_next_opening_is_open() {
    for zone in ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Shanghai"] {
        for (from, to) in [("00:15", "01:45"), ("01:50", "02:10"), ("22:00", "02:05"), ("03:00", "03:00")] {
            let window = window(&[Weekday::Sunday, Weekday::Wednesday], (from, to), zone);
            for day in ["2026-03-07T00:07:00Z", "2026-03-28T00:07:00Z", "2026-04-04T00:07:00Z", "2026-10-31T00:07:00Z"]
            {
                let now = at(day);
                let opens = window.next_opening(now).unwrap();
                let minutes = (0..).map(|minute| now + SignedDuration::from_mins(minute));
                let first = minutes.take(60 * 24 * 9).find(|now| window.is_open(*now)).unwrap();
                assert!(
                    opens <= first && first.duration_since(opens).as_secs() < 60,
                    "{window:?} after {day}: {opens}"
                );
            }
        }
    }
}
