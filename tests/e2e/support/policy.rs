//! The policies that tests put in force, as the values that `weir serve` reads and the filter is configured with.

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use super::artifact;
use super::bench::{ATTACHMENT, SERVICE};

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

/// The envelope of a policy for the attachment of all scenes; the revision is left to the filter.
pub fn envelope(role: &str, policy: &Value) -> Value {
    json!({"weir": 1, "name": ATTACHMENT, "role": role, "trace": "all", "policy": policy})
}

/// The attachment file that makes `weir serve` send such envelopes for an edge.
pub fn attachment() -> Value {
    json!({"weir": 1, "name": ATTACHMENT, "role": "edge", "trace": "all", "wasm": {"file": artifact::wasm()}})
}

/// A request that both layers look at.
pub fn checkout(user: usize) -> Request<Bytes> {
    Request::get("/checkout").header("x-user-id", format!("user-{user}")).body(Bytes::new()).unwrap()
}
