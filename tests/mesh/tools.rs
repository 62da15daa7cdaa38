//! The programs of the control plane, as `scripts/install-mesh` builds them.

use std::fs;
use std::path::PathBuf;

/// A program, or `crds.yaml`; panics where the tools are missing, or built from other modules than the checkout names.
pub fn tool(name: &str) -> PathBuf {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = root.join(".tools/mesh/current");
    for file in ["go.mod", "go.sum"] {
        let built_from = fs::read(home.join(file)).ok();
        let wanted = fs::read(root.join("tests/mesh").join(file)).unwrap();
        let same = built_from.is_some_and(|text| text == wanted);
        assert!(same, "{} is not built from tests/mesh/{file}; run: scripts/install-mesh", home.display());
    }
    home.join(name)
}
