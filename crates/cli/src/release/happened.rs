//! What lines of the journal say, in words.

use serde_json::{Value, json};
use weir_release::journal::{Event, Line};
use weir_release::judge::Reason;

use super::words::{self, share, spoken, word};

/// What a line says, in words.
pub fn happened(line: &Line) -> String {
    let step = |step: &usize| format!("step {}", step.saturating_add(1));
    let mut text = match &line.event {
        Event::Seen { file, paused, .. } => {
            format!("seen in {}{}", file.escape_debug(), if *paused { ", and paused: the journal is new" } else { "" })
        }
        Event::Changed { file, .. } => format!("changed in {}", file.escape_debug()),
        Event::File { file: Some(file), .. } => format!("its file is {} now", file.escape_debug()),
        Event::File { file: None, .. } => "its file is gone".to_owned(),
        Event::Bad { file, problems, .. } => {
            let problems: Vec<&str> = problems.iter().map(|problem| problem.text.as_str()).collect();
            format!("{} does not count: {}", file.escape_debug(), problems.join("; ").escape_debug())
        }
        Event::Good { file, .. } => format!("{} counts again", file.escape_debug()),
        Event::Waits { waits, .. } if waits.is_empty() => "waits for nothing".to_owned(),
        Event::Waits { waits, .. } => {
            let waits: Vec<&str> = waits.iter().map(|wait| wait.text.as_str()).collect();
            format!("waits: {}", waits.join("; ").escape_debug())
        }
        Event::Started { .. } => "started: Envoys learn its tags and routes".to_owned(),
        Event::Begun { step: index, share: ppm, passed, .. } => {
            let passed = if *passed { ", past a suspicion" } else { "" };
            format!("{} began: {}{passed}", step(index), share(*ppm))
        }
        Event::Verdict { verdict, .. } => {
            let reasons: Vec<String> = verdict.reasons.iter().map(reason).collect();
            let reasons = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
            format!("verdict {}, {}{reasons}", word(&verdict.decision), spoken(&verdict.phase))
        }
        Event::HeldBack { step: back, nodes, document, .. } => {
            let nodes: Vec<String> = nodes.iter().map(|node| format!("{}: {}", node.node, node.why)).collect();
            if *document {
                let nodes = nodes.join("; ");
                return format!(
                    "first nodes did not take its document: what it said before counts: {}",
                    nodes.escape_debug()
                );
            }
            let back =
                back.as_ref().map_or_else(|| "before its first step".to_owned(), |back| format!("at {}", step(back)));
            format!("held back by first nodes, {back} again and paused: {}", nodes.join("; ").escape_debug())
        }
        Event::Unreached { nodes, .. } => format!("not answered yet by {}", words::names(nodes)),
        Event::Reached { .. } => "answered by every Envoy of the last 24 hours".to_owned(),
        Event::Reset { nodes, .. } => format!(
            "what these nodes counted since they were read before is not known, and is no evidence: {}",
            words::names(nodes)
        ),
        Event::Approved { step: index, .. } => format!("{} approved", step(index)),
        Event::Stepped { step: index, .. } => format!("{} is to begin now", step(index)),
        Event::Refused { verb, reason, .. } => {
            format!("{} refused: {}", spoken(verb), reason.text.escape_debug())
        }
        other => spoken(&json!(other).get("event").cloned().unwrap_or(Value::Null)),
    };
    if line.by.is_some() {
        text += &format!(" by {}", words::by(line.by.as_ref()));
    }
    if let Some(Value::String(why)) = json!(line.event).get("why") {
        text += &format!(": {}", why.escape_debug());
    }
    text
}

fn reason(reason: &Reason) -> String {
    let of = [&reason.guardrail, &reason.arm].into_iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    let of = if of.is_empty() { of } else { format!(" ({of})") };
    format!("{}{of}", word(&reason.code))
}
