//! Weir in the chain: at the gateway it decides, in what the sidecars send it follows the tags.

use serde_json::{Value, json};

use crate::chain::{Chain, host, routed};
use crate::support::{Predictor, fill, string_configuration, wasm};

/// The attachments: their name and role, the labels of the proxies, Istio's word for the listeners.
const ATTACHMENTS: [[&str; 3]; 2] =
    [["edge", "istio: ingressgateway", "GATEWAY"], ["mesh", "part-of: shop", "SIDECAR_OUTBOUND"]];

impl Chain {
    /// Routes these tags of each service to v2, puts a policy in force that gives them, and waits until it is everywhere.
    pub async fn attach(&self, tags: &[(&str, &[&str])], policy: &Value) {
        let mut manifests = String::new();
        for (service, tags) in tags {
            let host = host(service, &self.mesh.namespace);
            let (routed_host, gateway) = routed(service, &host);
            let values = [
                ("SERVICE", *service),
                ("HOST", &host),
                ("ROUTED_HOST", routed_host),
                ("GATEWAY", gateway),
                ("TAGS", &tags.join("|")),
            ];
            manifests += &fill(include_str!("manifests/routes.yaml"), &values);
        }
        self.mesh.apply(&manifests);
        self.push(policy);
        self.until_in_force(policy).await;
    }

    /// Applies the filters with this policy.
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

    /// Waits until every proxy says that this policy decides.
    pub async fn until_in_force(&self, policy: &Value) {
        let revision = Predictor::new(&json!({"weir": 1, "policy": policy})).revision();
        let number = u64::from_str_radix(&revision, 16).unwrap();
        let sidecars = self.sidecars.iter().map(|sidecar| (sidecar, "mesh"));
        for (envoy, attachment) in sidecars.chain([(&self.gateway, "edge")]) {
            let gauge = format!("wasmcustom.attachment=.={attachment};.;weir_policy_revision");
            envoy.until_stat(&gauge, number).await;
        }
    }
}
