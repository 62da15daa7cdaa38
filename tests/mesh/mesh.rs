//! A mesh: a namespace, and an istiod of its own that looks at nothing else.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::agent::Account;
use crate::api_server::{ApiServer, Kubectl, stage};
use crate::network::Network;
use crate::support::{Client, Process, Protocol, eventually};
use crate::telemetry::mesh_config;
use crate::tools::tool;

const DEADLINE: Duration = Duration::from_secs(120);

/// Its istiod can be killed, and what it is told can be refused, without any other test seeing it.
pub struct Mesh {
    pub namespace: String,
    pub network: Network,
    kubectl: Kubectl,
    istiod: Process,
    addresses: Addresses,
    folder: TempDir,
}

struct Addresses {
    xds: SocketAddr,
    /// For xDS and certificates by TLS, where istiod has a CA.
    secure: Option<SocketAddr>,
    http: SocketAddr,
    monitoring: SocketAddr,
    introspection: SocketAddr,
}

impl Mesh {
    /// Makes the namespace, which no other test may use, and starts istiod. No proxy has TLS: its certificates would need
    /// an agent beside each.
    pub async fn start(api: &ApiServer, namespace: &str) -> Self {
        Self::alone(api, namespace, false).await
    }

    /// The same with a CA in istiod, for [`crate::agent::Agent`]s. What proxies say to each other is plain text there too.
    pub async fn with_ca(api: &ApiServer, namespace: &str) -> Self {
        Self::alone(api, namespace, true).await
    }

    async fn alone(api: &ApiServer, namespace: &str, ca: bool) -> Self {
        Self::with(api, namespace, json!({"kubernetes.io/metadata.name": namespace}), json!({}), ca).await
    }

    /// The same for the namespaces that have a label, of which this one is Istio's root. A service is seen by its own
    /// namespace, unless it says otherwise.
    pub async fn over(api: &ApiServer, root: &str, label: &str) -> Self {
        let settings = json!({"rootNamespace": root, "defaultServiceExportTo": ["."]});
        Self::with(api, root, json!({label: root}), settings, false).await
    }

    async fn with(api: &ApiServer, namespace: &str, looks_at: Value, more: Value, ca: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let network = Network::claim();
        let addresses = Addresses {
            xds: network.socket(),
            secure: ca.then(|| network.socket()),
            http: network.socket(),
            monitoring: network.socket(),
            introspection: network.socket(),
        };
        let kubectl = api.kubectl();
        kubectl.done(&["create", "namespace", namespace], "");
        let settings = json!({
            "enableAutoMtls": false,
            "enableTracing": false,
            "discoverySelectors": [{"matchLabels": looks_at}],
        });
        let settings = [settings, more].into_iter().flat_map(|settings| settings.as_object().unwrap().clone());
        let settings = settings.map(|(name, value)| format!("{name}: {value}\n"));
        let settings = mesh_config(namespace, network.http) + &settings.collect::<String>();
        std::fs::write(folder.path().join("mesh.yaml"), settings).unwrap();

        let istiod = istiod(&kubectl, &addresses, namespace, &folder).await;
        let mesh = Self { namespace: namespace.to_owned(), network, kubectl, istiod, addresses, folder };
        mesh.apply(
            "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: plaintext}, spec: {mtls: {mode: DISABLE}}}",
        );
        mesh
    }

    /// What `kubectl apply` does with these manifests, in the namespace of the mesh; panics with what it complains.
    #[track_caller]
    pub fn apply(&self, manifests: &str) {
        self.kubectl(&["apply", "--filename", "-"], manifests);
    }

    /// Runs any other command of kubectl in the namespace of the mesh.
    #[track_caller]
    pub fn kubectl(&self, arguments: &[&str], input: &str) -> String {
        self.kubectl.done(&[&["--namespace", self.namespace.as_str()], arguments].concat(), input)
    }

    /// Where Envoys find istiod.
    pub fn xds(&self) -> SocketAddr {
        self.addresses.xds
    }

    /// Where agents find it and its CA.
    pub fn secure(&self) -> SocketAddr {
        self.addresses.secure.expect("an istiod with a CA")
    }

    /// The name in istiod's own certificate.
    pub fn name(&self) -> String {
        format!("istiod.{}.svc", self.namespace)
    }

    /// The certificate of its CA, which istiod puts into every namespace.
    pub fn authority(&self) -> String {
        let path = ["--output", r"jsonpath={.data.root-cert\.pem}"];
        self.kubectl(&[&["get", "configmap", "istio-ca-root-cert"][..], &path].concat(), "")
    }

    /// A token of a service account for the CA, as a pod has it mounted; makes the account and its namespace if need be.
    pub fn token(&self, account: Account<'_>) -> String {
        let Account { namespace, name } = account;
        let make = format!(
            "{{apiVersion: v1, kind: Namespace, metadata: {{name: {namespace}}}}}\n---\n\
             {{apiVersion: v1, kind: ServiceAccount, metadata: {{name: {name}, namespace: {namespace}}}}}"
        );
        self.kubectl.done(&["apply", "--filename", "-"], &make);
        self.kubectl.done(&["create", "token", name, "--namespace", namespace, "--audience", "istio-ca"], "")
    }

    /// Ends istiod as a crash would.
    pub fn kill_istiod(&mut self) {
        self.istiod.kill();
    }

    /// Starts istiod again on the addresses that it had.
    pub async fn restart_istiod(&mut self) {
        self.istiod.kill();
        self.istiod = istiod(&self.kubectl, &self.addresses, &self.namespace, &self.folder).await;
    }

    /// What istiod's own metrics say.
    pub async fn istiod_metrics(&self) -> String {
        ask(self.addresses.monitoring, "/metrics")
            .await
            .unwrap_or_else(|error| panic!("{error}\n{}", self.istiod.tail()))
    }

    /// Waits until this many proxies are connected and have taken all that istiod has sent to them.
    pub async fn until_synced(&self, proxies: usize) {
        eventually(DEADLINE, "istiod and its proxies agree", async || {
            let state = self.sync_state().await?;
            let all = state.as_array().map(Vec::as_slice).unwrap_or_default();
            (all.len() == proxies && all.iter().all(in_sync)).then_some(()).ok_or_else(|| format!("{state:#}"))
        })
        .await;
    }

    /// Whether istiod has seen all of these objects, each by its kind, namespace and name.
    pub async fn has_seen(&self, objects: &BTreeSet<[String; 3]>) -> Result<(), String> {
        let text = ask(self.addresses.monitoring, "/debug/configz").await?;
        let all: Vec<Value> = serde_json::from_str(&text).map_err(|error| format!("{error} in {text}"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let named = |one: &Value| [&one["kind"], &one["metadata"]["namespace"], &one["metadata"]["name"]].map(text);
        let seen: BTreeSet<[String; 3]> = all.iter().map(named).collect();
        let missing: Vec<_> = objects.difference(&seen).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?}")) }
    }

    /// Waits until istiod has seen an object with this text in it.
    pub async fn until_seen(&self, text: &str) {
        eventually(DEADLINE, &format!("istiod sees {text}"), async || {
            let all = ask(self.addresses.monitoring, "/debug/configz").await?;
            if all.contains(text) { Ok(()) } else { Err(all) }
        })
        .await;
    }

    /// What `/debug/syncz` says: for each proxy what it was sent, took and refused, by type.
    pub async fn sync_state(&self) -> Result<Value, String> {
        let text = ask(self.addresses.monitoring, "/debug/syncz").await?;
        serde_json::from_str(&text).map_err(|error| format!("{error} in {text}"))
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        // An istiod that is told to end waits for its proxies to go away.
        self.istiod.kill();
    }
}

async fn istiod(kubectl: &Kubectl, addresses: &Addresses, namespace: &str, folder: &TempDir) -> Process {
    let begin = Instant::now();
    let arguments = istiod_arguments(kubectl, addresses, namespace);
    let mut process = Process::start("istiod", std::path::Path::new("env"), &arguments, folder.path());
    eventually(DEADLINE, "istiod is ready", async || {
        assert!(process.ended().is_none(), "istiod ended at its start\n{}", process.tail());
        ask(addresses.http, "/ready").await.map_err(|error| format!("{error}\n{}", process.tail()))
    })
    .await;
    stage(format!("istiod of {namespace}"), begin);
    process
}

/// The words for `env`: settings that istiod takes from its environment, and its command.
fn istiod_arguments(kubectl: &Kubectl, addresses: &Addresses, namespace: &str) -> Vec<String> {
    let (root, secure) = match addresses.secure {
        // Its own, for the CA keeps its key there.
        Some(address) => (namespace, address.to_string()),
        None => ("istio-system", String::new()),
    };
    let settings = [
        "ENABLE_LEADER_ELECTION=false",
        "PILOT_ENABLE_GATEWAY_API=false",
        "PILOT_ENVOY_FILTER_STATS=true",
        "PILOT_DEBOUNCE_AFTER=20ms",
        // Filters that only Istio's build of Envoy has.
        "PILOT_ENABLE_METADATA_EXCHANGE=false",
        "PILOT_ENABLE_ALPN_FILTER=false",
        "PILOT_DISABLE_MX_ALPN=true",
    ];
    let command = [
        format!("ENABLE_CA_SERVER={}", addresses.secure.is_some()),
        format!("POD_NAMESPACE={root}"),
        format!("POD_NAME=istiod-{namespace}"),
        tool("pilot-discovery").display().to_string(),
        "discovery".to_owned(),
        format!("--kubeconfig={}", kubectl.kubeconfig().display()),
        "--meshConfig=mesh.yaml".to_owned(),
        "--networksConfig=/nonexistent".to_owned(),
        format!("--grpcAddr={}", addresses.xds),
        format!("--httpAddr={}", addresses.http),
        format!("--monitoringAddr={}", addresses.monitoring),
        format!("--secureGRPCAddr={secure}"),
        "--httpsAddr=".to_owned(),
        format!("--ctrlz_address={}", addresses.introspection.ip()),
        format!("--ctrlz_port={}", addresses.introspection.port()),
    ];
    settings.map(str::to_owned).into_iter().chain(command).collect()
}

fn in_sync(proxy: &Value) -> bool {
    let types = proxy["resources"].as_object().map(|all| all.values().collect::<Vec<_>>()).unwrap_or_default();
    let taken = |one: &&Value| one["sent"] == one["acked"] && one["lastError"].as_str().unwrap_or_default().is_empty();
    !types.is_empty() && types.iter().all(taken)
}

async fn ask(server: SocketAddr, path: &str) -> Result<String, String> {
    let request = Request::get(path).body(Bytes::new()).unwrap();
    let answer = Client::new(server, Protocol::Http1).send(request).await?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    if answer.status == 200 { Ok(text) } else { Err(format!("{path}: {} {text}", answer.status)) }
}
