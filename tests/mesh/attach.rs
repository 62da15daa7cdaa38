//! Weir in the chain: at the gateway it decides, in what the sidecars send it follows the tags.

use std::time::Duration;

use serde_json::{Value, json};

use crate::calls::names;
use crate::chain::{Chain, host, routed};
use crate::policy::{TAGS, USERS};
use crate::support::{Predictor, eventually, fill, string_configuration, wasm};

const DEADLINE: Duration = Duration::from_secs(60);

/// The attachments: their name and role, the labels of the proxies, Istio's word for the listeners.
const ATTACHMENTS: [[&str; 3]; 2] =
    [["edge", "istio: ingressgateway", "GATEWAY"], ["mesh", "part-of: shop", "SIDECAR_OUTBOUND"]];

impl Chain {
    /// Routes the tags, puts this policy in force, and waits until it is in every proxy.
    pub async fn attach(&self, policy: &Value) {
        self.mesh.apply(&TAGS.map(|(service, tags)| routes(service, tags, &self.mesh.namespace)).concat());
        self.push(policy);
        self.until_in_force(policy).await;
    }

    /// Applies the filters with this policy, whatever it is.
    pub fn push(&self, policy: &Value) {
        let filter = |[name, selector, context]: [&str; 3]| {
            let envelope = json!({"weir": 1, "name": name, "role": name, "policy": policy});
            let values = [
                ("ATTACHMENT", name),
                ("SELECTOR", selector),
                ("CONTEXT", context),
                ("NAMESPACE", &self.mesh.namespace),
                ("WASM", &wasm().display().to_string()),
                ("CONFIGURATION", &string_configuration(&envelope)),
            ];
            fill(include_str!("manifests/filter.yaml"), &values)
        };
        self.mesh.apply(&ATTACHMENTS.map(filter).concat());
    }

    /// Waits until every proxy says that this policy decides, and that it refuses none.
    pub async fn until_in_force(&self, policy: &Value) {
        let revision = Predictor::new(&json!({"weir": 1, "policy": policy})).revision();
        let number = u64::from_str_radix(&revision, 16).unwrap();
        self.until_gauge("weir_policy_revision", number).await;
        self.until_gauge("weir_policy_rejected", 0).await;
    }

    /// Waits until every proxy says that it was given a policy that it refuses.
    pub async fn until_rejected(&self) {
        self.until_gauge("weir_policy_rejected", 1).await;
    }

    async fn until_gauge(&self, name: &str, value: u64) {
        let sidecars = self.sidecars.iter().map(|sidecar| (sidecar, "mesh"));
        for (envoy, attachment) in sidecars.chain([(&self.gateway, "edge")]) {
            envoy.until_stat(&gauge(attachment, name), value).await;
        }
    }

    /// Waits until every one of [`USERS`] takes the hops that are hers by HTTP, gRPC and WebSocket: the routes are applied
    /// before the filters, but istiod may send them after.
    pub async fn until_users_meet_their_versions(&self) {
        eventually(DEADLINE, "the hops of all users", async || self.users_meet_their_versions().await).await;
    }

    /// Whether they do.
    pub async fn users_meet_their_versions(&self) -> Result<(), String> {
        for (user, expected) in USERS {
            let headers = [("x-user-id", user)];
            let by_protocol = [self.get(&headers).await, self.grpc(&headers).await, self.websocket(&headers).await];
            let seen = by_protocol.each_ref().map(|hops| names(hops));
            if seen.iter().any(|names| *names != expected) {
                return Err(format!("{user} by HTTP, gRPC and WebSocket: {seen:?} instead of {expected:?}"));
            }
        }
        Ok(())
    }
}

/// The full name of a gauge of the filter.
pub fn gauge(attachment: &str, name: &str) -> String {
    format!("wasmcustom.attachment=.={attachment};.;{name}")
}

fn routes(service: &str, tags: &[&str], namespace: &str) -> String {
    let host = host(service, namespace);
    let (routed_host, gateway) = routed(service, &host);
    let tags = tags.join("|");
    let values =
        [("SERVICE", service), ("HOST", &host), ("ROUTED_HOST", routed_host), ("GATEWAY", gateway), ("TAGS", &tags)];
    fill(include_str!("manifests/routes.yaml"), &values)
}
