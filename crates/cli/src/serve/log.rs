//! The log on standard error: one line, or one JSON object, for each thing that happens, with its time.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::SystemTime;

use clap::ValueEnum;
use serde_json::{Map, Value};
use weir_xds::{Event, Report};

use super::notice::Notice;

/// The form of the log.
#[derive(Clone, Copy, ValueEnum)]
pub enum Log {
    /// For people: each line begins with its time.
    Text,
    /// One object a line, with `time` and `event`.
    Json,
}

impl Log {
    /// Writes what happened on streams, but for what a healthy server does all the time. At once: a push makes many lines.
    pub fn reports(self, reports: &[Report]) {
        let usual =
            |event: &Event| matches!(event, Event::Sent { .. } | Event::Offered { .. } | Event::CaughtUp { .. });
        let (now, mut lines) = (now(), String::new());
        for report in reports.iter().filter(|report| !usual(&report.event)) {
            match self {
                // Writing to memory cannot fail.
                Log::Text => drop(writeln!(lines, "{now} {report}")),
                Log::Json => lines += &json_line(&now, report.event.name(), fields(report)),
            }
        }
        write(&lines);
    }

    /// Writes a notice.
    pub fn tell(self, notice: &Notice) {
        match self {
            Log::Text => write(&format!("{} {notice}\n", now())),
            Log::Json => write(&json_line(&now(), notice.event(), notice.fields())),
        }
    }
}

/// Where nobody reads the log any more, the server goes on.
fn write(lines: &str) {
    let _ = io::stderr().write_all(lines.as_bytes());
}

fn fields(report: &Report) -> Vec<(&'static str, String)> {
    let node = (report.stream != 0).then(|| ("node", report.node.to_string()));
    node.into_iter().chain(report.event.fields()).collect()
}

/// The time of a line: RFC 3339 with milliseconds, in UTC.
fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

fn json_line(time: &str, event: &str, fields: Vec<(&'static str, String)>) -> String {
    let pairs = [("time", time.to_owned()), ("event", event.to_owned())].into_iter().chain(fields);
    let object: Map<String, Value> = pairs.map(|(name, value)| (name.into(), value.into())).collect();
    format!("{}\n", Value::from(object))
}
