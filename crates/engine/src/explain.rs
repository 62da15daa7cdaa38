//! A decision as one line of JSON: what `weir explain --json` prints and the filter logs. The shape is documented in
//! `docs/cli.md`.

use serde_json::{Map, Value, json};

use crate::decision::LayerOutcome;
use crate::edits::Edit;
use crate::exchange::Exchange;

impl Exchange<'_, '_> {
    /// The whole decision and what follows from it.
    pub fn json(&self) -> String {
        let plan = self.decision.plan;
        let attachment = plan.attachment();
        let dropped = self.dropped().by_cause().into_iter().filter(|(_, count)| *count > 0);
        let dropped: Map<String, Value> = dropped.map(|(cause, count)| (cause.to_owned(), json!(count))).collect();
        let leaves = self.trace_entry().map(|(trace, tags)| json!({"trace": trace.hex(), "tags": bytes_json(&tags)}));
        let value = json!({
            "revision": plan.revision().map(|revision| revision.to_string()),
            "role": attachment.role.name(),
            "steer": attachment.steer.name(),
            "layers": self.decision.layers().map(layer).collect::<Vec<_>>(),
            "edits": self.edits().iter().map(edit).collect::<Vec<_>>(),
            "set_cookies": self.set_cookies(),
            "leaves": leaves,
            "dropped": dropped,
            "state": self.filter_state(),
        });
        value.to_string()
    }
}

fn layer(outcome: LayerOutcome<'_>) -> Value {
    json!({
        "layer": outcome.layer,
        "slot": outcome.slot,
        "experiment": outcome.experiment,
        "experiment_slot": outcome.experiment_slot,
        "variant": outcome.variant.unwrap_or("stable"),
        "audience": outcome.audience,
        "reason": outcome.reason.name(),
        "part": outcome.part,
    })
}

fn edit(Edit { name, lines }: &Edit) -> Value {
    if lines.is_empty() {
        return json!({ "remove": bytes_json(name) });
    }
    json!({ "set": bytes_json(name), "lines": lines.iter().map(|line| bytes_json(line)).collect::<Vec<_>>() })
}

/// Bytes as a string where they are UTF-8, else as `{"hex": "…"}`.
pub fn bytes_json(bytes: &[u8]) -> Value {
    match str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "hex": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() }),
    }
}
