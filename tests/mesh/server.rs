//! A `weir serve` of a mesh: with the certificates of a pod without a proxy, for every workload whose certificate is of the
//! same CA; and what tells proxies to ask it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::agent::{Account, Agent};
use crate::mesh::Mesh;
use crate::support::{Signed, Weir, wasm, weir};

/// Serves an edge and sidecars in the namespace of the mesh.
pub struct Server {
    pub weir: Weir,
    /// What its certificate says.
    pub name: String,
    folder: TempDir,
    _agent: Option<Agent>,
}

impl Server {
    /// Starts one in a namespace of its own, with certificates that last so long.
    pub async fn start(mesh: &Mesh, lifetime: Duration, policy: &Value) -> Self {
        Self::start_with(mesh, lifetime, policy, &[]).await
    }

    /// The same with further words on its command line.
    pub async fn start_with(mesh: &Mesh, lifetime: Duration, policy: &Value, more: &[String]) -> Self {
        let namespace = format!("{}-weir", mesh.namespace);
        let agent = Agent::of_program(mesh, Account { namespace: &namespace, name: "weir" }, lifetime).await;
        let words = [&words_of(&agent.signed(), &agent.authority())[..], more].concat();
        let server = Self::with(mesh, policy, words, &agent.name).await;
        Self { _agent: Some(agent), ..server }
    }

    /// One with these words about TLS, and others.
    pub async fn with(mesh: &Mesh, policy: &Value, more: Vec<String>, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(path("policy.json"), policy.to_string()).unwrap();
        fs::create_dir(path("attach")).unwrap();
        for role in ["edge", "mesh"] {
            fs::write(path(&format!("attach/{role}.json")), attachment(role, &mesh.namespace).to_string()).unwrap();
        }
        let files = ["--policy", &path("policy.json"), "--attach", &path("attach"), "--http", "127.0.0.1:0"];
        let files = files.map(str::to_owned);
        let weir = Weir::with([&files[..], &more].concat()).await;
        Self { weir, name: name.to_owned(), folder, _agent: None }
    }

    /// Renames a policy onto that of the server.
    pub fn push(&self, policy: &Value) {
        let new = self.folder.path().join("new");
        fs::write(&new, policy.to_string()).unwrap();
        fs::rename(new, self.folder.path().join("policy.json")).unwrap();
    }
}

/// The words by which a server shows this certificate, and lets in every workload of the mesh, whose authority is in this file.
pub fn words_of(server: &Signed, clients: &Path) -> Vec<String> {
    let files = [("--tls-cert", &*server.certificate), ("--tls-key", &server.key), ("--tls-ca", clients)];
    let files = files.into_iter().flat_map(|(flag, file)| [flag.to_owned(), file.display().to_string()]);
    files.chain(["--allow", "spiffe://cluster.local/ns/*/sa/*"].map(str::to_owned)).collect()
}

fn attachment(role: &str, namespace: &str) -> Value {
    json!({
        "weir": 1, "name": role, "role": role, "wasm": {"file": wasm()},
        "nodes": {"metadata": {"NAMESPACE": namespace}},
    })
}

/// What `weir render istio` writes for an attachment of this role whose policy is a server's: all of it but the routes, in
/// the order in which it is to be applied. `server` is the key `istio.server`.
pub fn manifests(namespace: &str, role: &str, server: Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    let mut attachment = attachment(role, namespace);
    attachment["policy"] = json!({"from": "server"});
    let selector = if role == "edge" { json!({"istio": "ingressgateway"}) } else { json!({"app": "storefront"}) };
    attachment["istio"] = json!({"namespace": namespace, "selector": selector, "server": server});
    write("policy.json", json!({"version": 1, "units": {"user": [{"header": "x-user-id"}]}, "layers": []}).to_string());
    write("attach.json", attachment.to_string());
    let mut command = Command::new(weir());
    command.args(["render", "istio", "--policy", "policy.json", "--attach", "attach.json", "-o", "rendered"]);
    let output = command.current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files = fs::read_dir(folder.path().join("rendered")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|kind| kind == "yaml")).collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect::<Vec<_>>().join("\n---\n")
}

/// The key `istio.server` for a server at this address, whose certificate is of Istio's authority.
pub fn at(address: SocketAddr, name: &str) -> Value {
    json!({"host": address.ip(), "port": address.port(), "name": name})
}
