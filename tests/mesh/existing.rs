//! Random VirtualServices, written in the ways of people and tools: what Istio's own tools take as it was given, they take with the
//! routes for variants in it. That these routes change nothing else says a property of `crates/render`.

use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::api_server::ApiServer;
use crate::support::weir;
use crate::tools::istioctl;

#[path = "../../crates/render/tests/existing/shapes.rs"]
#[allow(dead_code)]
mod shapes;
#[path = "../../crates/render/tests/existing/writing.rs"]
mod writing;

const OF_PROPERTY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/render/tests/existing");
const FILES: usize = 300;

/// The same files in every run.
pub async fn istio_takes_what_was_taken(_: &ApiServer) {
    let folder = tempfile::tempdir().unwrap();
    let [given, rendered] = ["given", "rendered"].map(|name| folder.path().join(name));
    fs::create_dir(&given).unwrap();
    fs::create_dir(&rendered).unwrap();
    let mut runner = TestRunner::deterministic();
    let files = (shapes::virtual_services(), writing::style());
    let mut count = 0;
    for number in 0..FILES {
        let (services, style) = files.new_tree(&mut runner).unwrap().current();
        let name = format!("{number}.yaml");
        fs::write(given.join(&name), style.alone().write(&services)).unwrap();
        let out = folder.path().join("out").join(&name);
        // What nobody could render rightly is refused, and is tried elsewhere.
        if render(&given.join(&name), &out) {
            fs::copy(out.join(format!("25-{name}")), rendered.join(&name)).unwrap();
            count += 1;
        }
    }
    assert!(count > FILES / 4, "{count} are rendered");
    istioctl(&["validate", "--filename", &given.display().to_string()]);
    istioctl(&["validate", "--filename", &rendered.display().to_string()]);
}

fn render(file: &Path, out: &Path) -> bool {
    let of_property = Path::new(OF_PROPERTY);
    let output = Command::new(weir())
        .args(["render", "istio", "--policy"])
        .arg(of_property.join("policy.yaml"))
        .arg("--attach")
        .arg(of_property.join("mesh.yaml"))
        .arg("--into")
        .arg(file)
        .arg("-o")
        .arg(out)
        .output()
        .unwrap();
    match output.status.code() {
        Some(0) => true,
        Some(1) => false,
        code => panic!("{code:?} {}", String::from_utf8_lossy(&output.stderr)),
    }
}
