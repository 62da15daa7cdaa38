//! What is to be known beside the table, and is not red: in words, without I/O.

use super::red::named;
use crate::serve::fleet::{FleetView, PartRevision};

/// Lines for above the table. A server of before says less.
pub fn notes(shown: &FleetView) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(rollback) = &shown.rollback {
        let files = rollback.over.as_ref().map(|over| format!("; the files say {over}")).unwrap_or_default();
        notes.push(format!("rolled back to {}{files}", rollback.to));
    }
    let of_part = |part: &PartRevision| format!("{} {}", part.attachment, part.revision).escape_debug().to_string();
    let without_server = shown.without_server.iter().map(of_part).collect::<Vec<_>>().join(", ");
    if !without_server.is_empty() {
        notes.push(format!("without a server: {without_server}"));
    }
    match shown.warnings {
        0 => {}
        1 => notes.push("1 warning about the files: weir check says which".into()),
        count => notes.push(format!("{count} warnings about the files: weir check says which")),
    }
    let unmatched = || shown.nodes.iter().filter(|row| row.connected && row.unmatched);
    let what = match unmatched().count() {
        1 => "1 Envoy has no attachment".to_owned(),
        count => format!("{count} Envoys have no attachment"),
    };
    notes.extend(named(unmatched(), &what));
    notes
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn row(node: &str, connected: bool, unmatched: bool) -> Value {
        json!({
            "node": node, "cluster": "", "version": "", "peer": "10.0.0.1:5000", "identity": null, "connected": connected,
            "since": "", "attachments": [], "unmatched": unmatched, "clashes": [], "offered": "r", "sent": null,
            "acked": null, "acked_since": null, "error": null,
        })
    }

    #[test]
    fn each_note_has_words() {
        let table: [(Value, &[&str]); 7] = [
            (json!({"nodes": [row("a", true, false), row("b", false, true)]}), &[]),
            (json!({"warnings": 1}), &["1 warning about the files: weir check says which"]),
            (json!({"warnings": 2}), &["2 warnings about the files: weir check says which"]),
            (
                json!({"without_server": [{"attachment": "mesh\n", "revision": "b"}, {"attachment": "sent", "revision": "a"}]}),
                &["without a server: mesh\\n b, sent a"],
            ),
            (json!({"rollback": {"to": "r", "over": "s"}}), &["rolled back to r; the files say s"]),
            (
                json!({"rollback": {"to": "r", "over": null}, "nodes": [row("a", true, true)]}),
                &["rolled back to r", "1 Envoy has no attachment: a"],
            ),
            (
                json!({"nodes": [row("a\n", true, true), row("b", true, true)]}),
                &["2 Envoys have no attachment: a\\n, b"],
            ),
        ];
        for (more, expected) in table {
            let mut answer = json!({"revision": "r", "held": null, "nodes": []});
            answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            assert_eq!(notes(&serde_json::from_value(answer).unwrap()), expected, "{more}");
        }
    }
}
