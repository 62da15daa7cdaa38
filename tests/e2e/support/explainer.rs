//! `weir explain --json` beside a bench, by a policy and an attachment in files.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::artifact::weir;
use super::poll::eventually;
use super::process::Process;

/// The tool with its files.
pub struct Explainer {
    folder: tempfile::TempDir,
}

impl Explainer {
    /// By this policy, at an edge that tells all layers.
    pub fn new(policy: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("policy.json"), policy.to_string()).unwrap();
        let attachment = json!({"weir": 1, "name": "shop", "role": "edge", "trace": "all"});
        fs::write(folder.path().join("attach.json"), attachment.to_string()).unwrap();
        Self { folder }
    }

    /// What it prints of the request of these options but why, which the filter does not say; or its exit code.
    pub async fn explain(&self, request: &[&str]) -> Result<Value, i32> {
        let words = ["explain", "--policy", "policy.json", "--attach", "attach.json", "--json"];
        let words: Vec<String> = words.iter().chain(request).map(|word| (*word).to_owned()).collect();
        let mut process = Process::start("explain", &weir(), &words, self.folder.path());
        let ended = eventually(Duration::from_secs(10), "weir explain ends", async || {
            process.ended().ok_or_else(|| process.tail())
        });
        let ended = ended.await;
        if !ended.success() {
            // Seen where the test fails by it.
            println!("{request:?}: {}", process.tail());
            return Err(ended.code().unwrap());
        }
        let mut said: Value = serde_json::from_str(&process.stdout()).unwrap();
        said.as_object_mut().unwrap().remove("why").unwrap();
        Ok(said)
    }
}
