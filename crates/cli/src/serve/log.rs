//! What the server says on standard error: one line, or one JSON object, for each thing that happens.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::SystemTime;

use clap::ValueEnum;
use serde_json::{Map, Value};
use weir_xds::{Catalog, Event, Report};

use super::deployment::Deployment;
use crate::problems::Failure;

/// The form of it.
#[derive(Clone, Copy, ValueEnum)]
pub enum Log {
    /// For people.
    Text,
    /// One object a line, with `time` and `event`.
    Json,
}

impl Log {
    /// What happened on streams, but for what a healthy server does all the time. Written at once: a push makes many lines.
    pub fn reports(self, reports: &[Report]) {
        let usual =
            |event: &Event| matches!(event, Event::Sent { .. } | Event::Offered { .. } | Event::CaughtUp { .. });
        let mut lines = String::new();
        for report in reports.iter().filter(|report| !usual(&report.event)) {
            match self {
                // Writing to memory cannot fail.
                Log::Text => drop(writeln!(lines, "{report}")),
                Log::Json => lines += &json_line(report.event.name(), fields(report)),
            }
        }
        write(&lines);
    }

    /// What is served from now on.
    pub fn served(self, offer: &Catalog) {
        let plural = if offer.size() == 1 { "" } else { "s" };
        let text = format!("revision {} active in server: {} resource{plural}", offer.label(), offer.size());
        self.say("served", &text, vec![("revision", offer.label().into()), ("resources", offer.size().to_string())]);
    }

    /// What stands at edges and in the mesh where the two may differ.
    pub fn stands(self, event: &str, text: &str, standing: &Deployment) {
        let [edges, mesh] = [&standing.edges, &standing.mesh].map(|side| side.policy.revision.to_string());
        let text = format!("{text} revision {edges} at edges, {mesh} in the mesh");
        self.say(event, &text, vec![("edges", edges), ("mesh", mesh)]);
    }

    /// Why something is not served.
    pub fn not_served(self, serving: &str, why: &str) {
        let text = format!("not served, revision {serving} stays:\n{why}");
        self.say("not_served", text.trim_end(), vec![("revision", serving.into()), ("why", why.into())]);
    }

    /// Why what is served could not be kept.
    pub fn not_kept(self, why: &Failure) {
        let why = why.text(false);
        self.say("not_kept", format!("served, but not kept: {why}").trim_end(), vec![("why", why)]);
    }

    /// Why a start does not go on from what Envoys had.
    pub fn not_resumed(self, why: &Failure) {
        let why = why.text(false);
        self.say("not_resumed", format!("what Envoys have is not known: {why}").trim_end(), vec![("why", why)]);
    }

    /// Says something in the form that was chosen.
    pub fn say(self, event: &str, text: &str, fields: Vec<(&'static str, String)>) {
        match self {
            Log::Text => write(&format!("{text}\n")),
            Log::Json => write(&json_line(event, fields)),
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

fn json_line(event: &str, fields: Vec<(&'static str, String)>) -> String {
    let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let pairs = [("time", time), ("event", event.to_owned())].into_iter().chain(fields);
    let object: Map<String, Value> = pairs.map(|(name, value)| (name.into(), value.into())).collect();
    format!("{}\n", Value::from(object))
}
