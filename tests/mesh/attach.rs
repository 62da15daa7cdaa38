//! Weir in the chain, as `weir render istio` writes it: at the gateway it decides, in what the sidecars send it follows
//! the tags.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use weir_policy::{Attachment, Checked, Gauge, Role, Source, Sources, read_policy};

use crate::calls::names;
use crate::chain::{Chain, SERVICES, host};
use crate::manifests;
use crate::policy::USERS;
use crate::support::{Envoy, eventually, wasm, weir};

const DEADLINE: Duration = Duration::from_secs(60);

/// Manifests by the names of their files, in the order in which they are to be applied.
pub type Manifests = BTreeMap<String, String>;

impl Chain {
    /// Applies what is rendered for this policy, and waits until it is in force in every proxy and all routes are there.
    pub async fn attach(&self, policy: &Value) {
        self.apply(&self.render(policy));
        self.until_in_force(policy).await;
        // The routes are applied before the edge decides, but istiod may send them after.
        eventually(DEADLINE, "the hops of all users", async || self.users_meet_their_versions().await).await;
    }

    /// What `weir render istio` writes for this policy, with its routes in those of the platform.
    pub fn render(&self, policy: &Value) -> Manifests {
        self.render_with(policy, json!({}), &manifests::routes(&self.mesh.namespace))
    }

    /// The same with more in the attachment of the gateway, and with other routes of the platform.
    pub fn render_with(&self, policy: &Value, more: Value, platform: &str) -> Manifests {
        manifests_in(&self.rendered(policy, more, platform, &[]))
    }

    /// The same with further words on the command line.
    pub fn render_by(&self, policy: &Value, words: &[String], platform: &str) -> Manifests {
        manifests_in(&self.rendered(policy, json!({}), platform, words))
    }

    /// A folder with all that is written for them, in `rendered`.
    pub fn rendered(&self, policy: &Value, more: Value, platform: &str, words: &[String]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
        write("policy.json", policy.to_string());
        write("platform.yaml", platform.to_owned());
        let mut command = Command::new(weir());
        command.args(["render", "istio", "--policy", "policy.json", "--into", "platform.yaml", "-o", "rendered"]);
        command.args(words);
        let mut attachments = self.attachments();
        attachments[0] = with(attachments[0].take(), more);
        for attachment in attachments {
            let file = format!("{}.json", attachment["name"].as_str().unwrap());
            write(&file, attachment.to_string());
            command.args(["--attach", &file]);
        }
        command.current_dir(folder.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        folder
    }

    /// The attachments of the gateway and of the sidecars.
    pub fn attachments(&self) -> Vec<Value> {
        let namespace = self.mesh.namespace.as_str();
        let attachment = |role: &str, mut istio: Value| {
            istio["namespace"] = json!(namespace);
            let mut all = json!({
                "weir": 1, "name": role, "role": role, "steer": self.setting.steer, "wasm": {"file": wasm()}, "istio": istio,
            });
            if let Some(server) = &self.server {
                all["policy"] = json!({"from": "server"});
                all["istio"]["server"] = server.clone();
            }
            if self.setting.join && role != "edge" {
                all["join"] = json!("traceparent");
            }
            all
        };
        let stable = |service| (host(service, namespace), json!({"stable": {"version": "v1"}}));
        let services: Map<_, _> = SERVICES.map(stable).into_iter().collect();
        let sidecars = json!({"part-of": "shop"});
        let [gateway_kind, kind] = self.setting.attach;
        let gateway = json!({"istio": "ingressgateway"});
        let edge = attachment("edge", json!({"selector": gateway, "attach": gateway_kind, "services": services}));
        let mesh = attachment("mesh", json!({"selector": sidecars, "attach": kind}));
        let inbound = self.setting.join.then(|| attachment("inbound", json!({"selector": sidecars})));
        [edge, mesh].into_iter().chain(inbound).collect()
    }

    /// What `kubectl apply` does with them in their order.
    pub fn apply(&self, manifests: &Manifests) {
        self.mesh.apply(&manifests.values().map(String::as_str).collect::<Vec<_>>().join("\n---\n"));
    }

    /// Waits until every proxy says that this policy decides, and that it refuses none.
    pub async fn until_in_force(&self, policy: &Value) {
        self.until_sidecars_follow(policy).await;
        until_decides(&self.gateway, "edge", policy).await;
    }

    /// The same without the gateway.
    pub async fn until_sidecars_follow(&self, policy: &Value) {
        for sidecar in &self.sidecars {
            until_decides(sidecar, "mesh", policy).await;
        }
    }

    /// Waits until every proxy says that it was given a policy that it refuses.
    pub async fn until_rejected(&self) {
        self.gateway.until_stat(&Gauge::Rejected.shown("edge"), 1).await;
        for sidecar in &self.sidecars {
            sidecar.until_stat(&Gauge::Rejected.shown("mesh"), 1).await;
        }
    }

    /// Whether every one of [`USERS`] takes the hops that are theirs by HTTP, gRPC and WebSocket; each is traced.
    pub async fn users_meet_their_versions(&self) -> Result<(), String> {
        for (number, (user, expected)) in USERS.into_iter().enumerate() {
            let traceparent = format!("00-{:032x}-00f067aa0ba902b7-01", number + 1);
            let headers = [("x-user-id", user), ("traceparent", &traceparent)];
            for (protocol, hops) in self.by_every_protocol(&headers).await {
                let seen = names(&hops);
                if seen != expected {
                    return Err(format!("{user} by {protocol}: {seen:?} instead of {expected:?}"));
                }
            }
        }
        Ok(())
    }
}

/// The manifests that were rendered into a folder. Beside them lies a README.md.
fn manifests_in(folder: &TempDir) -> Manifests {
    let files = fs::read_dir(folder.path().join("rendered")).unwrap().map(|entry| entry.unwrap().path());
    let manifests = files.filter(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    let text =
        |file: PathBuf| (file.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&file).unwrap());
    manifests.map(text).collect()
}

/// An object with the fields of another, and so its objects.
fn with(object: Value, more: Value) -> Value {
    match (object, more) {
        (Value::Object(mut object), Value::Object(more)) => {
            for (key, value) in more {
                let before = object.remove(&key).unwrap_or_default();
                object.insert(key, with(before, value));
            }
            Value::Object(object)
        }
        (_, other) => other,
    }
}

/// Waits until a proxy says that this policy decides, and that it refuses none.
pub async fn until_decides(proxy: &Envoy, attachment: &str, policy: &Value) {
    let role = attachment.parse().expect("attachments are called by their roles");
    let model = read_policy(&Sources::of([Source::json("policy.json", policy.to_string())]), Role::Edge).unwrap();
    let part = Checked::from(model).part(&Attachment { role, ..Attachment::default() });
    let revision = part.revision.number();
    proxy.until_stat(&Gauge::Revision.shown(attachment), revision).await;
    proxy.until_stat(&Gauge::Rejected.shown(attachment), 0).await;
}
