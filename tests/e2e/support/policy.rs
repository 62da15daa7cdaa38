//! The policies that tests put in force, as the values that `weir serve` reads and the filter is configured with.

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use super::artifact;
use super::bench::{ATTACHMENT, SERVICE};
use super::predict::Predictor;

/// Two layers for the users in `x-user-id`. In `checkout` this share of them meets the canary of [`SERVICE`], and so do
/// user-18 by name and everybody from Shenzhen by rule; in `banner` half of them see a test that routes nothing.
pub fn policy(share: &str) -> Value {
    let canary = json!({"id": "canary", "share": share, "env_tag": "owl-v21", "routes": {SERVICE: "v21"}});
    json!({
        "version": 1,
        "units": {"user": [{"header": "x-user-id"}]},
        "layers": [
            {"id": "checkout", "unit": "user", "experiments": [{
                "id": "owl-v21", "slots": "all",
                "overrides": [{"units": ["user-18"], "variant": "canary"}],
                "rules": [{"when": {"header": {"name": "location", "exact": "shenzhen"}}, "variant": "canary"}],
                "variants": [canary, {"id": "control", "share": "5%"}],
            }]},
            {"id": "banner", "unit": "user", "experiments": [{
                "id": "blue", "kind": "test", "slots": [[0, 500_000]], "targeting": {"path": {"prefix": "/checkout"}},
                "variants": [{"id": "blue", "share": "50%"}, {"id": "control", "share": "50%"}],
            }]},
        ],
    })
}

/// [`policy`] with one more experiment.
pub fn with_more(share: &str) -> Value {
    let mut more = policy(share);
    let experiment = json!({"id": "red", "slots": [[500_000, 600_000]], "variants": [{"id": "red", "share": "50%"}]});
    more["layers"][1]["experiments"].as_array_mut().unwrap().push(experiment);
    more
}

/// A policy as its file has it, its revision, and that revision as the filter's gauge has it.
pub struct PolicyFile {
    pub text: String,
    pub revision: String,
    pub number: u64,
}

impl PolicyFile {
    pub fn of(policy: &Value) -> Self {
        let predictor = Predictor::new(&envelope("edge", policy));
        Self { text: policy.to_string(), revision: predictor.revision(), number: predictor.revision_number() }
    }
}

/// The envelope of a policy for the attachment of all scenes; the revision is left to the filter.
pub fn envelope(role: &str, policy: &Value) -> Value {
    json!({"weir": 1, "name": ATTACHMENT, "role": role, "trace": "all", "policy": policy})
}

/// The attachment file that makes `weir serve` send such envelopes for an edge.
pub fn attachment() -> Value {
    json!({"weir": 1, "name": ATTACHMENT, "role": "edge", "trace": "all", "wasm": {"file": artifact::wasm()}})
}

/// The same in this role, for Envoys of a cluster.
pub fn attachment_for(role: &str, cluster: &str) -> Value {
    let mut file = attachment();
    file["role"] = json!(role);
    file["nodes"] = json!({"cluster": cluster});
    file
}

/// A request that both layers look at.
pub fn checkout(user: usize) -> Request<Bytes> {
    Request::get("/checkout").header("x-user-id", format!("user-{user}")).body(Bytes::new()).unwrap()
}
