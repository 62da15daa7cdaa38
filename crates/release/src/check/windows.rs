//! Windows: days, times of day and zones.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use weir_policy::{At, Problems, codes as document};

use super::values::{self, at_most};
use crate::window::Window;
use crate::{codes, limits, written};

/// The windows of a document.
pub fn windows(written: &written::Release, at: &At<'_>, problems: &mut Problems) -> Vec<Window> {
    let at = at.key("windows");
    at_most(written.windows.len(), limits::WINDOWS_MAX, "windows", &at, problems);
    let windows = written.windows.iter().enumerate();
    windows.filter_map(|(i, window)| self::window(window, &at.index(i), problems)).collect()
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

fn window(window: &written::Window, at: &At<'_>, problems: &mut Problems) -> Option<Window> {
    let days = days(window.days.as_deref(), &at.key("days"), problems);
    let mut time = |text: &Option<String>, name: &str| {
        text.as_ref().and_then(|text| values::time_of_day(text, &at.key(name), problems))
    };
    let (from, to) = (time(&window.from, "from"), time(&window.to, "to"));
    if from.is_some() && window.from.as_deref() == Some("24:00") {
        problems.add(codes::BAD_WINDOW, &at.key("from"), "a day begins at 00:00");
    } else if from.is_some() && from == to && window.to.as_deref() != Some("24:00") {
        let message = "it would close when it opens; for a whole day write from: \"00:00\", to: \"24:00\"";
        problems.add(codes::BAD_WINDOW, &at.key("to"), message);
    }
    let zone = window.zone.as_ref().and_then(|name| zone(name, &at.key("zone"), problems));
    Some(Window { days, from: from?, to: to?, zone: zone? })
}

fn days(written: Option<&[String]>, at: &At<'_>, problems: &mut Problems) -> Vec<Weekday> {
    let Some(written) = written else { return DAYS.map(|(_, day)| day).to_vec() };
    if written.is_empty() {
        problems.add(codes::BAD_WINDOW, at, "no day; leave `days` out for every day, or put some in");
    }
    for (i, day) in written.iter().enumerate() {
        if !DAYS.iter().any(|(name, _)| name == day) {
            let known = DAYS.map(|(name, _)| name).join(", ");
            problems.add(document::BAD_VALUE, &at.index(i), format!("found {day:?}; {known} would do"));
        }
    }
    let is_named = |name: &str| written.iter().any(|day| day == name);
    DAYS.into_iter().filter(|(name, _)| is_named(name)).map(|(_, day)| day).collect()
}

fn zone(name: &str, at: &At<'_>, problems: &mut Problems) -> Option<TimeZone> {
    let zone = TimeZone::get(name).ok();
    if zone.is_none() {
        let message = format!("found {name:?}; a zone of the IANA database would do, such as Asia/Shanghai or UTC");
        problems.add(codes::UNKNOWN_ZONE, at, message);
    }
    zone
}
