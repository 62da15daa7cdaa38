//! The examples in `istio/`, which `weir render istio` wrote, are what Istio takes: its own tools find no fault in them, and
//! a real API server with its types stores them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::api_server::ApiServer;
use crate::tools::tool;

/// Each as a person would apply and remove it.
pub async fn istio_takes_them(api: &ApiServer) {
    let kubectl = api.kubectl();
    kubectl.done(&["create", "namespace", "shop"], "");
    let examples = entries(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/istio")));
    assert!(!examples.is_empty());
    for example in examples {
        let manifests = entries(&example.join("manifests"));
        let manifests: Vec<&str> =
            manifests.iter().map(|path| path.to_str().unwrap()).filter(|path| path.ends_with(".yaml")).collect();
        assert!(!manifests.is_empty(), "{} has no manifests", example.display());
        istioctl(&[&["validate", "--filename"][..], &[&manifests.join(",")]].concat());
        istioctl(&[&["analyze", "--use-kube=false"][..], &manifests].concat());
        for manifest in &manifests {
            kubectl.done(&["apply", "--filename", manifest], "");
        }
        for manifest in manifests.iter().rev() {
            kubectl.done(&["delete", "--wait", "--filename", manifest], "");
        }
    }
}

/// Panics with what it says unless it finds nothing wrong.
fn istioctl(arguments: &[&str]) {
    let output = Command::new(tool("istioctl")).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "istioctl {}: {said}", arguments.join(" "));
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut entries: Vec<PathBuf> = read.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}
