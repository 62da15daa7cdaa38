//! What the verbs `weir history` and `weir rollback` do with a folder of `weir serve --state`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::artifact;
use super::poll::eventually;

const SOON: Duration = Duration::from_secs(20);

/// Runs `weir VERB … --state STATE`; its exit code and what it printed.
pub fn run_on_state(words: &[&str], state: &Path) -> (Option<i32>, String) {
    let output = Command::new(artifact::weir()).args(words).arg("--state").arg(state).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// Revision and cause of each entry, newest first.
pub fn history(state: &Path) -> Vec<(String, String)> {
    let (code, text) = run_on_state(&["history", "--json"], state);
    assert_eq!(code, Some(0), "{text}");
    let history: Value = serde_json::from_str(&text).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entries = history["history"].as_array().unwrap().iter();
    entries.map(|entry| (text(&entry["revision"]), text(&entry["cause"]))).collect()
}

/// Waits for just this history. What is kept is served already when it is.
pub async fn until_history(state: &Path, expected: &[(&String, &str)]) {
    let expected: Vec<_> =
        expected.iter().map(|(revision, cause)| ((*revision).clone(), (*cause).to_owned())).collect();
    eventually(SOON, "the history", async || {
        let history = history(state);
        (history == expected).then_some(()).ok_or_else(|| format!("{history:?} instead of {expected:?}"))
    })
    .await;
}
