//! What `weir check` prints: what is wrong, or what good documents come to; for people and for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};
use weir_policy::written::Kind;
use weir_policy::{AttachmentFile, Checked, Origin, Revision, Role, SourceId};
use weir_release::Release;
use weir_xds::Resource;

use super::given::Given;
use super::judged::Judged;
use crate::fit;
use crate::problems::{self, Weight};

/// What was found, for people.
pub fn found(given: &Given, judged: &Judged, colours: bool) -> String {
    let each = [(&judged.problems, Weight::Problem), (&judged.warnings, Weight::Warning)];
    let told = each.into_iter().filter(|(found, _)| !found.is_empty());
    told.map(|(found, weight)| problems::text(&given.sources, found, weight, colours)).collect()
}

/// What is good, a line for each.
pub fn good(given: &Given, judged: &Judged) -> String {
    let mut text = judged.policy.as_deref().map(of_policy).unwrap_or_default();
    for Attached { file, attachment, offer, alone } in attached(given, judged) {
        let name = attachment.attachment.name.as_deref().unwrap_or("without a name");
        let (role, steer) = (attachment.attachment.role.name(), attachment.attachment.steer.name());
        let _ = write!(text, "good: attachment {name} in {file}: role {role}, steer {steer}, offer {offer}");
        if let Some(origin) = attachment.policy {
            let _ = write!(text, ", policy from {}", origin.name());
        }
        let _ = match alone.filter(|_| attachment.attachment.role != Role::Edge) {
            Some(alone) => writeln!(text, ", revision {alone} without a server"),
            None => writeln!(text),
        };
    }
    for (source, release) in &judged.releases {
        let file = given.sources.get(*source).map_or("", |source| &source.name);
        let (kind, id, unit) = (kind(release), &release.id, &release.unit);
        let steps = counted(release.steps.len(), "step");
        let guardrails = counted(release.guardrails.len(), "guardrail");
        let _ = write!(text, "good: {kind} {id} in {file}: pool.{unit}, {steps}, {guardrails}");
        let _ = writeln!(text, "{}", if given.policy.is_empty() { ", held against no policy" } else { "" });
    }
    for (source, id, end) in &judged.over {
        let file = given.sources.get(*source).map_or("", |source| &source.name);
        let _ = writeln!(text, "over: release {id} in {file}: {}, and its id is used", end.name().replace('_', " "));
    }
    if let Some(files) = &judged.resources {
        let _ = writeln!(text, "good: {}", counted(files.resources.len(), "Envoy resource"));
    }
    text
}

/// One object with all of it.
pub fn json(given: &Given, judged: &Judged, is_good: bool) -> Value {
    let list = |found| problems::json(&given.sources, found);
    let attachments = attached(given, judged).map(|Attached { file, attachment, offer, alone }| {
        let origin = attachment.policy.map(Origin::name);
        let attachment = &attachment.attachment;
        let (role, steer) = (attachment.role.name(), attachment.steer.name());
        json!({
            "file": file,
            "name": attachment.name,
            "role": role,
            "steer": steer,
            "offer": offer,
            "policy_from": origin,
            "revision_without_server": alone.map(|revision| revision.to_string()),
        })
    });
    let releases = judged.releases.iter().map(|(source, release)| {
        json!({
            "file": given.sources.get(*source).map(|source| &source.name),
            "id": release.id,
            "kind": kind(release),
            "unit": release.unit,
            "steps": release.steps.len(),
            "guardrails": release.guardrails.len(),
        })
    });
    let over = judged.over.iter().map(|(source, id, end)| {
        json!({
            "file": given.sources.get(*source).map(|source| &source.name),
            "id": id,
            "state": end.name(),
        })
    });
    let revision = judged.policy.as_ref().map(|policy| policy.revision.to_string());
    json!({
        "good": is_good,
        "revision": revision.filter(|_| judged.problems.is_empty()),
        "problems": list(&judged.problems),
        "warnings": list(&judged.warnings),
        "attachments": attachments.collect::<Vec<_>>(),
        "resources": resources(judged).len(),
        "releases": releases.collect::<Vec<_>>(),
        "over": over.collect::<Vec<_>>(),
    })
}

fn kind(release: &Release) -> &'static str {
    match release.kind {
        Kind::Release => "release",
        Kind::Test => "test",
    }
}

fn of_policy(policy: &Checked) -> String {
    let experiments: usize = policy.model.layers.iter().map(|layer| layer.experiments.len()).sum();
    let (layers, experiments) = (counted(policy.model.layers.len(), "layer"), counted(experiments, "experiment"));
    format!("good: revision {}, {layers}, {experiments}\n", policy.revision)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn resources(judged: &Judged) -> &[Resource] {
    judged.resources.as_ref().map(|files| files.resources.as_slice()).unwrap_or_default()
}

/// A good attachment, with the offer that it is served by beside these resources.
struct Attached<'a> {
    file: &'a str,
    attachment: &'a AttachmentFile,
    offer: String,
    /// The revision that `weir render` gives it, where there is a policy that it is to give: what `weir serve` sends goes by the
    /// whole's.
    alone: Option<Revision>,
}

fn attached<'a>(given: &'a Given, judged: &'a Judged) -> impl Iterator<Item = Attached<'a>> {
    let beside = fit::beside(resources(judged));
    judged.attachments.iter().map(move |(source, attachment): &(SourceId, AttachmentFile)| {
        let offer = attachment.attachment.with_offer(attachment.wasm.as_ref(), &beside).offer;
        let file = given.sources.get(*source).map_or("", |source| &source.name);
        let policy = judged.policy.as_ref().filter(|_| judged.problems.is_empty());
        let policy = policy.filter(|_| !attachment.asks_server());
        let alone = policy.map(|policy| policy.part(&attachment.attachment).revision);
        Attached { file, attachment, alone, offer: offer.map(|offer| offer.to_string()).unwrap_or_default() }
    })
}
