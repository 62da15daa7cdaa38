//! The examples in `istio/`, which `weir render istio` wrote, are what Istio takes: its own tools find no fault in them, and
//! a real API server with its types stores them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::api_server::ApiServer;
use crate::tools::{istioctl, types};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/istio");
/// What the types of other minors lack: the manifests that have it, and what of them is refused.
const LACKING: [(&str, &[(&str, &str)]); 3] = [
    ("1.28", &[("guarded/manifests/20-mesh.yaml", FORMATTER), PLUGINS[0], PLUGINS[1]]),
    ("1.29", &PLUGINS),
    ("1.31", &[]),
];
const PLUGINS: [(&str, &str); 2] =
    [("plugins/manifests/20-mesh.yaml", TRAFFIC_EXTENSION), ("plugins/manifests/30-edge.yaml", TRAFFIC_EXTENSION)];
const TRAFFIC_EXTENSION: &str = "no matches for kind \"TrafficExtension\"";
const FORMATTER: &str = "unknown field \"spec.tracing[0].customTags.weir.formatter\"";

/// Each as a person would apply and remove it.
pub async fn istio_takes_them(api: &ApiServer) {
    let kubectl = api.kubectl();
    kubectl.done(&["create", "namespace", "shop"], "");
    for manifests in examples() {
        let manifests: Vec<&str> = manifests.iter().map(|path| path.to_str().unwrap()).collect();
        istioctl(&[&["validate", "--filename"][..], &[&manifests.join(",")]].concat());
        istioctl(&[&["analyze", "--use-kube=false"][..], &manifests].concat());
        for manifest in &manifests {
            kubectl.done(&["apply", "--filename", manifest], "");
        }
        for manifest in beside(manifests[0]) {
            kubectl.done(&["apply", "--filename", manifest.to_str().unwrap()], "");
        }
        for manifest in manifests.iter().rev() {
            kubectl.done(&["delete", "--wait", "--filename", manifest], "");
        }
    }
}

/// By their types alone: whether proxies of these minors do what they are told, nobody has seen.
pub async fn other_minors_store_them(_: &ApiServer) {
    for (minor, lacking) in LACKING {
        let api = ApiServer::with_types(&types(minor)).await;
        let kubectl = api.kubectl();
        kubectl.done(&["create", "namespace", "shop"], "");
        let lacking = BTreeMap::from_iter(lacking.iter().copied());
        for manifest in examples().concat() {
            let name = manifest.strip_prefix(EXAMPLES).unwrap().to_str().unwrap();
            let applied = kubectl.run(&["apply", "--filename", manifest.to_str().unwrap()], "");
            let refused = |said: &str| said.lines().filter(|line| line.to_lowercase().starts_with("error")).count();
            let as_expected = match (lacking.get(name), &applied) {
                (None, applied) => applied.is_ok(),
                (Some(what), Err(said)) => said.contains(what) && refused(said) == 1,
                (Some(_), Ok(_)) => false,
            };
            assert!(as_expected, "{name} with the types of Istio {minor}: {applied:?}");
        }
    }
}

/// What somebody wrote beside these manifests for the same API server.
fn beside(manifest: &str) -> Vec<PathBuf> {
    let example = Path::new(manifest).ancestors().nth(2).unwrap();
    ["weir.yaml", "sidecar.yaml", "evidence.yaml"]
        .map(|name| example.join(name))
        .into_iter()
        .filter(|path| path.exists())
        .collect()
}

/// The manifests of each, in the order of their names.
fn examples() -> Vec<Vec<PathBuf>> {
    let examples = entries(Path::new(EXAMPLES));
    assert!(!examples.is_empty());
    let manifests = |example: PathBuf| {
        let mut manifests = entries(&example.join("manifests"));
        manifests.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
        assert!(!manifests.is_empty(), "{} has no manifests", example.display());
        manifests
    };
    examples.into_iter().map(manifests).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut entries: Vec<PathBuf> = read.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}
