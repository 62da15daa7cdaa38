//! The documents of releases, the journal of what came of them, and people's commands.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::DEADLINE;
use crate::support::{eventually, weir};

/// A folder for documents and a state.
pub struct Documents {
    folder: TempDir,
}

/// A release that goes to v2 of a service in steps of seconds.
pub fn release(id: &str, service: &str) -> Value {
    let steps = ["5%", "50%", "100%"].map(|share| json!({"share": share, "hold": "2s"}));
    json!({
        "release": 1, "id": id, "unit": "user", "services": {service: "v2"}, "env_tag": id, "warmup": "1s", "steps": steps,
        "guardrails": [{"name": "errors", "errors": {"margin": "20%"}}],
    })
}

impl Documents {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("releases")).unwrap();
        Self { folder }
    }

    /// The words by which a server has them, and reads gateways each second.
    pub fn words(&self) -> Vec<String> {
        let more = ["--new-journal", "--tick", "1s"].map(str::to_owned);
        [self.where_they_are(), more.into()].concat()
    }

    /// The words by which routes are rendered for them.
    pub fn where_they_are(&self) -> Vec<String> {
        ["--releases", &self.path("releases"), "--state", &self.path("state")].map(str::to_owned).into()
    }

    pub fn write(&self, document: &Value) {
        let new = self.path("new");
        fs::write(&new, document.to_string()).unwrap();
        fs::rename(new, self.path(&format!("releases/{}.json", document["id"].as_str().unwrap()))).unwrap();
    }

    /// Runs a verb of `weir release`.
    #[track_caller]
    pub fn tell(&self, words: &[&str]) {
        let output =
            Command::new(weir()).arg("release").args(words).args(["--state", &self.path("state")]).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}\n{}", self.told());
    }

    /// What happened to a release, line by line.
    pub fn lines(&self, event: &str, id: &str) -> Vec<Value> {
        let mut journal = self.journal();
        journal.retain(|line| line["event"] == event && line["release"] == id);
        journal
    }

    /// The shares of the steps that began.
    pub fn shares(&self, id: &str) -> Vec<u64> {
        self.lines("begun", id).iter().map(|line| line["share"].as_u64().unwrap()).collect()
    }

    pub async fn until(&self, event: &str, id: &str) {
        self.until_last(&format!("{event} {id}"), event, id, |_| true).await;
    }

    pub async fn until_step(&self, id: &str, step: usize) {
        self.until_last(&format!("step {step} of {id}"), "begun", id, |line| line["step"] == step).await;
    }

    /// Waits until its last verdict has this phase.
    pub async fn until_phase(&self, id: &str, phase: &str) {
        self.until_last(&format!("{id} is {phase}"), "verdict", id, |line| line["verdict"]["phase"] == phase).await;
    }

    /// Waits until it waits in the queue.
    pub async fn until_waits(&self, id: &str) {
        self.until("waits", id).await;
        assert_eq!(self.lines("started", id).len(), 0, "{}", self.told());
    }

    async fn until_last(&self, what: &str, event: &str, id: &str, is: impl Fn(&Value) -> bool) {
        eventually(DEADLINE, what, async || {
            let last = self.lines(event, id).pop();
            last.filter(|line| is(line)).map(drop).ok_or_else(|| self.told())
        })
        .await;
    }

    /// The journal without its long parts, for a test that fails.
    pub fn told(&self) -> String {
        let short = |mut line: Value| {
            line.as_object_mut().unwrap().retain(|field, _| !["inputs", "document"].contains(&field.as_str()));
            line.to_string()
        };
        self.journal().into_iter().map(short).collect::<Vec<_>>().join("\n")
    }

    fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("state/releases/journal.jsonl")).unwrap_or_default();
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}
