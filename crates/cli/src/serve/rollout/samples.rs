//! Policies and filters for the tests of rollouts.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weir_policy::{Attachment, Checked, Role, Source, SourceId, Sources};
use weir_xds::Nodes;

use crate::effective;
use crate::serve::deployment::AttachedFilter;

/// An experiment: its id, whether it is enabled, and its tags, each a variant of its own that routes there.
pub type Sample<'a> = (&'a str, bool, &'a [&'a str]);

/// The policy of a document.
pub fn read(document: &Value) -> Result<Checked, String> {
    let sources = Sources::of([Source::json("policy.json", document.to_string())]);
    effective::check(&sources, &[SourceId::FIRST], Role::Edge).map_err(|failure| failure.text(false))
}

/// A policy with one layer of these experiments, whose variants can be had in every way there is.
pub fn policy(experiments: &[Sample<'_>]) -> Checked {
    let made = experiments.iter().enumerate().map(|(number, (id, enabled, tags))| {
        let variants: Vec<Value> = tags
            .iter()
            .enumerate()
            .map(|(at, tag)| {
                json!({
                    "id": tag, "env_tag": tag, "ranges": [[at * 1000, at * 1000 + 1000]],
                    "routes": {format!("{id}.shop"): tag.split('/').next()},
                })
            })
            .collect();
        let rules: Vec<Value> =
            tags.iter().map(|tag| json!({"when": {"header": {"name": "x-v", "exact": tag}}, "variant": tag})).collect();
        let owned = variants.iter().map(|variant| (variant["id"].as_str().unwrap_or_default(), &variant["ranges"]));
        let owned: BTreeMap<&str, &Value> = owned.collect();
        let audience = json!({"id": "all", "when": {"path": {"present": true}}, "ranges": owned});
        let slots = json!([[number * 1000, number * 1000 + 1000]]);
        json!({"id": id, "enabled": enabled, "slots": slots, "rules": rules, "audiences": [audience], "variants": variants})
    });
    let overrides: Vec<Value> = experiments
        .iter()
        .flat_map(|(id, _, tags)| tags.iter().map(move |tag| (id, tag)))
        .map(|(id, tag)| json!({"units": [format!("unit-{tag}")], "experiment": id, "variant": tag}))
        .collect();
    let layer = json!({
        "id": "l", "unit": "user", "overrides": overrides, "experiments": made.collect::<Vec<_>>(),
    });
    let units = json!({"user": [{"header": "x-user"}]});
    read(&json!({"version": 1, "units": units, "layers": [layer]})).unwrap()
}

/// The filter of an attachment.
pub fn filter(role: Role, name: &str, nodes: Nodes) -> AttachedFilter {
    let attachment = Attachment { role, ..Attachment::default() };
    AttachedFilter { attachment, name: name.into(), origin: None, nodes, wasm: None, module: "/weir.wasm".into() }
}
