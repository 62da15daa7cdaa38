//! What is pushed: each second something else.

use std::fmt;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Served, attachment, other_wasm, wasm};

/// Listed users of a huge policy: about a megabyte.
const LISTED: u64 = 40_000;

/// The pushes so far.
pub struct Pushes {
    good: u64,
    bad: u64,
    huge: u64,
    modules: u64,
    /// Two modules that do the same and are not the same.
    paths: [PathBuf; 2],
    _folder: TempDir,
}

impl Pushes {
    pub fn new() -> Pushes {
        let folder = tempfile::tempdir().unwrap();
        let paths = [wasm(), other_wasm(folder.path())];
        Pushes { good: 0, bad: 0, huge: 0, modules: 0, paths, _folder: folder }
    }

    pub fn push(&mut self, served: &Served, second: u64) {
        match second % 10 {
            3 => {
                self.bad += 1;
                served.write_policy(&json!({"version": 1, "layrs": second}).to_string());
            }
            6 => {
                self.huge += 1;
                let mut huge = policy(second);
                let users: Vec<String> = (0..LISTED).map(|user| format!("listed-{second}-{user}")).collect();
                huge["lists"] = json!({"many": users});
                let forced = json!({"list": "many", "experiment": "owl-v21", "variant": "canary"});
                huge["layers"][0]["overrides"] = json!([forced]);
                served.write_policy(&huge.to_string());
            }
            9 => {
                self.modules += 1;
                let mut attachment = attachment();
                attachment["wasm"] = json!({"file": self.paths[usize::from(self.modules % 2 == 1)]});
                served.write_attachment(&attachment.to_string());
            }
            _ => {
                self.good += 1;
                served.write_policy(&policy(second).to_string());
            }
        }
    }
}

/// Another share each second, of the policy that all tests have.
pub fn policy(second: u64) -> Value {
    crate::support::policy(&format!("{}.{:04}%", 5 + second % 40, second % 10_000))
}

impl fmt::Display for Pushes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pushes { good, bad, huge, modules, .. } = self;
        write!(f, "{good} good policies, {bad} bad, {huge} huge, {modules} modules")
    }
}
