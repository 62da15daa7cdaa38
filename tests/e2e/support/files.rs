//! Edges that watch files: what a test writes there reaches Envoy, good or bad.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::artifact::weir;
use super::bench::{ATTACHMENT, Bench};
use super::envoy::{Envoy, Options};
use super::template::{fill, replaced, text};
use super::upstream::Upstream;

/// `envoy/resources` from files instead of a server: listener, routes and filter.
pub struct Files {
    pub bench: Bench,
    wasm: PathBuf,
    folder: tempfile::TempDir,
}

impl Files {
    /// `configuration` as from `string_configuration`; `wasm` is the filter's module.
    pub async fn start(configuration: &str, wasm: PathBuf, options: Options<'_>) -> Self {
        let (stable, canary) = (Upstream::start("stable").await, Upstream::start("canary").await);
        let folder = tempfile::tempdir().unwrap();
        let source = |kind: &str| watched(folder.path(), kind);
        let values = [
            ("LISTENER_PORT", "0"),
            ("STABLE_PORT", &stable.port()),
            ("CANARY_PORT", &canary.port()),
            ("ACCESS_LOG", "access.log"),
            ("ATTACHMENT", ATTACHMENT),
        ];
        let resources = |kind: &str| fill(&text(&format!("envoy/resources/{kind}.yaml")), &values);
        let from_ads = "config_source: {ads: {}, resource_api_version: V3, initial_fetch_timeout: 0s}";
        let from_file = |kind| format!("config_source: {}", source(kind));
        let listeners = replaced(&resources("listeners"), from_ads, &from_file("routes"));
        let from_ads = "config_source: {ads: {}, resource_api_version: V3, initial_fetch_timeout: 5s}";
        let listeners = replaced(&listeners, from_ads, &from_file("filter"));
        write(folder.path(), "listeners", &listeners);
        write(folder.path(), "routes", &resources("routes"));
        write(folder.path(), "filter", &filter(configuration, &wasm));
        // Endpoints from a file would need a file for each cluster.
        let whole = text("envoy/static.yaml");
        let clusters = whole.split_once("\n  clusters:\n").map(|(_, clusters)| fill(clusters, &values));
        let bootstrap = BOOTSTRAP.replace("LISTENERS", &source("listeners")) + &clusters.unwrap();
        let bench = Bench::ready(Envoy::launch(&bootstrap, options).await, "edge", stable, canary).await;
        Self { bench, wasm, folder }
    }

    /// Puts another configuration of the filter into Envoy, unchecked.
    pub fn write_filter(&self, configuration: &str) {
        write(self.folder.path(), "filter", &filter(configuration, &self.wasm));
    }

    /// The listeners as they are now.
    pub fn listeners(&self) -> String {
        fs::read_to_string(path(self.folder.path(), "listeners")).unwrap()
    }

    /// Puts other listeners into Envoy.
    pub fn write_listeners(&self, listeners: &str) {
        write(self.folder.path(), "listeners", listeners);
    }
}

/// `envoy/ecds.yaml`: the filter alone comes from a file, which `weir render envoy` writes.
pub struct Pushed {
    pub bench: Bench,
    folder: tempfile::TempDir,
}

impl Pushed {
    /// `wasm` is the filter's module.
    pub async fn start(envelope: &Value, wasm: &Path) -> Self {
        Self::with(envelope, wasm, Options::default()).await
    }

    /// The same with an Envoy that is run otherwise.
    pub async fn with(envelope: &Value, wasm: &Path, options: Options<'_>) -> Self {
        let (stable, canary) = (Upstream::start("stable").await, Upstream::start("canary").await);
        let folder = tempfile::tempdir().unwrap();
        render(folder.path(), envelope, wasm);
        let bootstrap = fill(
            &text("envoy/ecds.yaml"),
            &[
                ("ADMIN_PORT", "0"),
                ("LISTENER_PORT", "0"),
                ("STABLE_PORT", &stable.port()),
                ("CANARY_PORT", &canary.port()),
                ("ACCESS_LOG", "access.log"),
                ("ATTACHMENT", ATTACHMENT),
                ("ECDS", &folder.path().join("filter").display().to_string()),
            ],
        );
        let bench = Bench::ready(Envoy::launch(&bootstrap, options).await, "edge", stable, canary).await;
        Self { bench, folder }
    }

    /// Pushes another envelope, and another module if it is not the one that runs.
    pub fn push(&self, envelope: &Value, wasm: &Path) {
        render(self.folder.path(), envelope, wasm);
    }
}

/// Has the policy and the attachment of an envelope rendered to where Envoy watches.
fn render(folder: &Path, envelope: &Value, wasm: &Path) {
    let mut attach = envelope.clone();
    let policy = attach.as_object_mut().unwrap().remove("policy").unwrap();
    attach["wasm"] = json!({"file": wasm});
    fs::write(folder.join("policy.json"), policy.to_string()).unwrap();
    fs::write(folder.join("attach.json"), attach.to_string()).unwrap();
    let file = path(folder, "filter");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let mut command = Command::new(weir());
    command.args(["render", "envoy", "--policy", "policy.json", "--attach", "attach.json", "-o"]).arg(file);
    let output = command.current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

const BOOTSTRAP: &str = "
node: {id: edge-1, cluster: weir}
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
dynamic_resources: {lds_config: LISTENERS}
static_resources:
  clusters:
";

/// Each kind has a folder of its own: Envoy reads a file anew when something was moved into its folder.
fn path(folder: &Path, kind: &str) -> PathBuf {
    folder.join(kind).join(format!("{kind}.yaml"))
}

fn watched(folder: &Path, kind: &str) -> String {
    let file = path(folder, kind);
    let source = json!({"path": file, "watched_directory": {"path": file.parent().unwrap()}});
    json!({"resource_api_version": "V3", "path_config_source": source}).to_string()
}

fn write(folder: &Path, kind: &str, resources: &str) {
    let file = path(folder, kind);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    // Moved into place, as Envoy wants it and so that it never reads half a file.
    let new = folder.join("new");
    fs::write(&new, resources).unwrap();
    fs::rename(&new, &file).unwrap();
}

/// `envoy/ecds/filter.yaml`.
fn filter(configuration: &str, wasm: &Path) -> String {
    let values = [("ATTACHMENT", ATTACHMENT), ("WASM", &wasm.display().to_string()), ("CONFIGURATION", configuration)];
    fill(&text("envoy/ecds/filter.yaml"), &values)
}
