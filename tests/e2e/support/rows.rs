//! What `weir fleet` shows of a server that was given `--http`.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::artifact;
use super::poll::eventually;
use super::weir::Weir;

const SOON: Duration = Duration::from_secs(20);

impl Weir {
    /// Runs `weir fleet` with these words; its exit code and what it printed.
    pub fn fleet(&self, words: &[&str]) -> (Option<i32>, String) {
        let server = self.http().to_string();
        let output = Command::new(artifact::weir()).args(["fleet", "--server", &server]).args(words).output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }

    /// The rows of `weir fleet --json`.
    pub fn rows(&self) -> Vec<Value> {
        let (_, text) = self.fleet(&["--json"]);
        let shown: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        shown["nodes"].as_array().unwrap().clone()
    }

    /// Waits for such a row.
    pub async fn until_row(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        eventually(SOON, what, async || {
            let rows = self.rows();
            rows.iter().find(|row| is(row)).cloned().ok_or_else(|| format!("{rows:#?}"))
        })
        .await
    }

    /// Waits until the server knows that these have their filters: an ack is known a moment before the filters it is of.
    pub async fn until_asked(&self, nodes: &[&str]) {
        for node in nodes {
            let asked =
                |row: &Value| row["node"] == *node && row["acked"] == row["offered"] && row["attachments"] != json!([]);
            self.until_row("filters", asked).await;
        }
    }
}
