//! The programs of the control plane, as `scripts/install-mesh` builds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program, or `crds.yaml`; panics where the tools are missing, or built from other modules than the checkout names.
pub fn tool(name: &str) -> PathBuf {
    installed("current", "tests/mesh").join(name)
}

/// The CRDs of another minor of Istio, such as `1.28`; panics likewise.
pub fn types(minor: &str) -> PathBuf {
    installed("types", "tests/mesh/types").join(format!("{minor}.yaml"))
}

/// Runs `istioctl`; panics with what it says unless it finds nothing wrong.
pub fn istioctl(arguments: &[&str]) {
    let output = Command::new(tool("istioctl")).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "istioctl {}: {said}", arguments.join(" "));
}

fn installed(what: &str, from: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = root.join(".tools/mesh").join(what);
    for file in ["go.mod", "go.sum"] {
        let built_from = fs::read(home.join(file)).ok();
        let wanted = fs::read(root.join(from).join(file)).unwrap();
        let same = built_from.is_some_and(|text| text == wanted);
        assert!(same, "{} is not built from {from}/{file}; run: scripts/install-mesh", home.display());
    }
    home
}
