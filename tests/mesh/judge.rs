//! The judge of manifests: all sets, those of the examples and of the pages too, applied to one istiod, a namespace each. The
//! proxies that a set is for refuse nothing of what istiod sends them, have what was rendered, and boot on it.
//!
//! A set is a folder of `tests/mesh/sets/`: `policy.yaml`, `attach-*.yaml`, `into-*.yaml`, and `services.yaml` with what the
//! platform has beside it, which must have endpoints for every version and say `exportTo` where another namespace calls it. Its
//! namespaces get names of their own.

mod boot;
mod dump;
mod expected;
mod set;

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::api_server::{ApiServer, Kubectl, stage};
use crate::mesh::Mesh;
use crate::proxy::{Node, bootstrap};
use crate::support::poll::within;
use crate::support::{Envoy, Options, eventually};
use crate::tools::istioctl;
use dump::Dump;
use expected::{Objects, Subject};
use set::{Place, Set};

const ROOT: &str = "judged";
const LABEL: &str = "judged-by";
const DEADLINE: Duration = Duration::from_secs(60);
/// Sets whose proxies run at one time.
const SETS_AT_ONCE: usize = 3;
/// The releases that boot what proxies were sent.
const RELEASES: [Option<&str>; 2] = [None, Some("1.39.3")];
/// What a person could write by hand and this judge must see: the folder, and what it says of it.
const FAULTS: [(&str, &str); 3] = [
    ("one-destination", "refused: "),
    ("two-filters", "several filters that decide"),
    ("no-subset", "which is no cluster"),
];
/// A module that does nothing: what the filter does is tried elsewhere, and it takes seconds to compile for each proxy. Its
/// sections are types, functions, a memory, exports and code.
const MODULE: &[u8] = b"\0asm\x01\0\0\0\
    \x01\x09\x02\x60\0\0\x60\x01\x7f\x01\x7f\
    \x03\x03\x02\0\x01\
    \x05\x03\x01\0\x01\
    \x07\x2d\x03\x06memory\x02\0\x17proxy_abi_version_0_2_1\0\0\x06malloc\0\x01\
    \x0a\x09\x02\x02\0\x0b\x04\0\x41\0\x0b";

/// Each set, and each fault.
pub async fn proxies_take_what_is_rendered(api: &ApiServer) {
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("weir.wasm");
    fs::write(&module, MODULE).unwrap();
    let place = Place { root_namespace: ROOT, module: &module };
    let begin = Instant::now();
    let mut good = set::folders("tests/mesh/sets", &place);
    good.extend(set::page("docs/istio.md", "tests/mesh/sets/docs", &place));
    let bad = set::folders("tests/mesh/faults", &place);
    assert!(good.len() >= 8, "only {} sets", good.len());
    stage(format!("{} sets rendered", good.len()), begin);

    let mesh = Mesh::over(api, ROOT, LABEL).await;
    let begin = Instant::now();
    write(good.iter().chain(&bad), folder.path());
    istioctl(&["validate", "--filename", &folder.path().join("manifests").display().to_string()]);
    stage("sets validated", begin);
    let begin = Instant::now();
    let objects = apply(&api.kubectl(), &mesh, good.iter().chain(&bad), folder.path()).await;
    stage("sets applied", begin);
    let begin = Instant::now();
    let court = Court { mesh, objects, turns: Semaphore::new(SETS_AT_ONCE) };
    let wanted = |set: &Set| FAULTS.iter().find(|(name, _)| *name == set.name).map(|(_, fault)| *fault);
    let judged = join_all(good.iter().chain(&bad).map(|set| court.judge(set, wanted(set)))).await;
    stage("sets judged", begin);
    let faults: Vec<String> = judged.concat();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(bad.len(), FAULTS.len());
}

fn write<'a>(sets: impl Iterator<Item = &'a Set>, folder: &Path) {
    let manifests = folder.join("manifests");
    fs::create_dir_all(&manifests).unwrap();
    for set in sets {
        for (name, text) in &set.files {
            fs::write(manifests.join(format!("{}.{name}", set.name)), text).unwrap();
        }
    }
}

/// Applies the sets and waits until istiod has seen all of it. The objects of Istio, as they were stored.
async fn apply<'a>(kubectl: &Kubectl, mesh: &Mesh, sets: impl Iterator<Item = &'a Set>, folder: &Path) -> Vec<Value> {
    let (mut namespaces, mut sidecars) = (Vec::new(), Vec::new());
    for set in sets {
        // Sidecars see the services of their set, and gateways what their Gateways are bound to.
        let seen: Vec<String> = set.namespaces.iter().map(|name| format!("{name}/*")).collect();
        for name in &set.namespaces {
            let metadata = json!({"name": name, "labels": {LABEL: ROOT}});
            namespaces.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}));
            let metadata = json!({"name": "default", "namespace": name});
            sidecars.push(json!({
                "apiVersion": "networking.istio.io/v1", "kind": "Sidecar", "metadata": metadata,
                "spec": {"egress": [{"hosts": seen}]},
            }));
        }
    }
    kubectl.done(&["label", "namespace", ROOT, &format!("{LABEL}={ROOT}")], "");
    kubectl.done(&["create", "--filename", "-"], &listed(&namespaces));
    kubectl.done(&["create", "--filename", "-"], &listed(&sidecars));
    mesh.apply(UNBOUND);
    let manifests = folder.join("manifests").display().to_string();
    kubectl.done(&["apply", "--server-side", "--filename", &manifests], "");
    let kinds = "envoyfilters,wasmplugins,trafficextensions,virtualservices,destinationrules,gateways";
    let stored = kubectl.done(&["get", kinds, "--all-namespaces", "--output", "json"], "");
    let mut stored: Value = serde_json::from_str(&stored).unwrap();
    let Value::Array(mut objects) = stored["items"].take() else { panic!("no objects") };
    // The API server has those of other tests as well, which this istiod does not look at.
    let metadata = namespaces.iter().map(|one| &one["metadata"]["name"]);
    let judged: BTreeSet<String> = metadata.map(dump::text_of).chain([ROOT.to_owned()]).collect();
    objects.retain(|one| judged.contains(&dump::text_of(&one["metadata"]["namespace"])));
    let named =
        |one: &Value| [&one["kind"], &one["metadata"]["namespace"], &one["metadata"]["name"]].map(dump::text_of);
    let all = objects.iter().map(named).collect();
    eventually(DEADLINE, "istiod has seen all objects", async || mesh.has_seen(&all).await).await;
    objects
}

fn listed(items: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// Nobody calls these proxies: none of them takes a port, and so each may have any.
const UNBOUND: &str = "
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: unbound}
spec:
  priority: -10
  configPatches:
  - applyTo: LISTENER
    match: {context: ANY}
    patch: {operation: MERGE, value: {bind_to_port: false}}
";

/// Where sets are judged.
struct Court {
    mesh: Mesh,
    objects: Vec<Value>,
    turns: Semaphore,
}

impl Court {
    /// What is wrong with a set: of one that is to have a fault, that it has not.
    async fn judge(&self, set: &Set, wanted: Option<&str>) -> Vec<String> {
        let _turn = self.turns.acquire().await.unwrap();
        let is_ours = |one: &&Value| {
            let [namespace, name] = ["namespace", "name"].map(|key| dump::text_of(&one["metadata"][key]));
            let says =
                |text: &str| text.contains(&format!("namespace: {ROOT}")) && text.contains(&format!("name: {name}\n"));
            let is_in_root = || namespace == ROOT && set.files.iter().any(|(_, text)| says(text));
            set.namespaces.contains(&namespace) || is_in_root()
        };
        let objects = Objects { all: self.objects.iter().filter(is_ours).collect(), root_namespace: ROOT };
        let mut faults = Vec::new();
        let carriers = objects.carriers().len();
        if set.attachments.is_some_and(|attachments| attachments != carriers) {
            faults.push(format!("{carriers} filters for {:?} attachments", set.attachments));
        }
        let subjects = objects.subjects(set.namespaces.first().unwrap());
        assert!(!subjects.is_empty(), "{}: nothing is for any proxy", set.name);
        let proxies = join_all(subjects.iter().map(|subject| self.proxy(subject))).await;
        let mut dumps = Vec::new();
        for (subject, envoy) in subjects.iter().zip(&proxies) {
            let expected = objects.expected(subject);
            println!("{}: {subject} has {expected}", set.name);
            let of_proxy = |dump: &Dump| -> Vec<String> {
                expected.faults(dump).into_iter().map(|fault| format!("{subject}: {fault}")).collect()
            };
            let (dump, found) = until_judged(envoy, wanted, &of_proxy).await;
            faults.extend(found);
            dumps.push(dump);
        }
        faults.extend(self.refusals(set).await);
        drop(proxies);
        if wanted.is_none() {
            let base = self.bootstrap(subjects.first().unwrap(), "127.0.0.1".parse().unwrap());
            for release in RELEASES {
                let said = boot::validate(&base, &dumps, release);
                faults.extend(said.err().map(|said| format!("Envoy {}: {said}", release.unwrap_or("of the tests"))));
            }
        }
        match wanted {
            Some(wanted) if faults.iter().any(|fault| fault.contains(wanted)) => Vec::new(),
            Some(wanted) => vec![format!("{}: not seen: {wanted}; found {faults:?}", set.name)],
            None => faults.into_iter().map(|fault| format!("{}: {fault}", set.name)).collect(),
        }
    }

    /// What istiod was told by the proxies of a set that they refuse.
    async fn refusals(&self, set: &Set) -> Vec<String> {
        let state = self.mesh.sync_state().await.unwrap();
        let mut refusals = Vec::new();
        for proxy in dump::list(&state) {
            let name = dump::text_of(&proxy["proxy"]);
            let is_ours = set.namespaces.iter().any(|namespace| name.ends_with(&format!(".{namespace}")));
            for (kind, sent) in proxy["resources"].as_object().into_iter().flatten().filter(|_| is_ours) {
                let error = dump::text_of(&sent["lastError"]);
                refusals.extend((!error.is_empty()).then(|| format!("istiod was told by {name}: {kind}: {error}")));
            }
        }
        refusals
    }

    async fn proxy(&self, subject: &Subject) -> Envoy {
        let bootstrap = self.bootstrap(subject, self.mesh.network.address()).to_string();
        Envoy::launch(&bootstrap, Options { workers: 1, ..Options::default() }).await
    }

    fn bootstrap(&self, subject: &Subject, address: IpAddr) -> Value {
        let labels: Vec<(&str, &str)> =
            subject.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let kind = if subject.is_gateway { "router" } else { "sidecar" };
        let name = address.to_string().replace('.', "-");
        let node = Node { kind, name: &name, address, labels: &labels, evidence: None };
        let mut bootstrap = bootstrap(&node, &subject.namespace, self.mesh.xds());
        // As iptables have it: with listeners for all traffic.
        bootstrap["node"]["metadata"]["INTERCEPTION_MODE"] = json!("REDIRECT");
        bootstrap
    }
}

/// What a proxy has once nothing is wrong with it any more, or once the fault is seen that is to be seen; else what is wrong
/// at last.
async fn until_judged(
    envoy: &Envoy,
    wanted: Option<&str>,
    faults: &dyn Fn(&Dump) -> Vec<String>,
) -> (Dump, Vec<String>) {
    let answered = within(DEADLINE, async || {
        let attempts = envoy.stat("listener_manager.lds.update_attempt").await;
        attempts.filter(|count| *count > 1).ok_or(())
    });
    if answered.await.is_err() {
        return (Dump::default(), vec!["istiod sends it no listeners".to_owned()]);
    }
    let judged = within(DEADLINE, async || {
        let dump = Dump::of(envoy).await;
        let found = faults(&dump);
        let is_done = match wanted {
            None => found.is_empty(),
            Some(wanted) => found.iter().any(|fault| fault.contains(wanted)),
        };
        if is_done { Ok((dump, found)) } else { Err((dump, found)) }
    });
    judged.await.unwrap_or_else(|last| last)
}
