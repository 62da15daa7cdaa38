//! The scenes of `envoy/`: the service `owl` in two versions behind an Envoy with our filter.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::artifact;
use super::collector::Collector;
use super::envoy::{Envoy, Options};
use super::policy::attachment;
use super::template::{fill, replaced, text};
use super::upstream::Upstream;
use super::weir::Weir;

/// The attachment's name in every scene: the filter is `weir.shop`.
pub const ATTACHMENT: &str = "shop";
/// The service as a policy names it. Its canary has the subset `v21` and the env tag `owl-v21`.
pub const SERVICE: &str = "owl.shop.svc.cluster.local";

/// An Envoy and its upstreams, which call themselves `stable` and `canary`.
pub struct Bench {
    pub envoy: Envoy,
    /// Where a client connects.
    pub address: SocketAddr,
    /// `stable` and `canary`, which stop when they are dropped.
    upstreams: [Upstream; 2],
}

impl Bench {
    /// `envoy/static.yaml`: an edge with this configuration (`string_configuration`, `struct_configuration`) of its filter.
    pub async fn edge(configuration: &str, options: Options<'_>) -> Self {
        Self::inline("edge", &text("envoy/static.yaml"), &artifact::wasm(), configuration, options).await
    }

    /// An edge whose routes lack Envoy's own guard against forged headers: only the filter is in their way.
    pub async fn unguarded_edge(configuration: &str, options: Options<'_>) -> Self {
        let guard = "internal_only_headers: [x-env-tag, x-weir-subset, x-weir-cluster, x-weir-weight]";
        let bootstrap = replaced(&text("envoy/static.yaml"), guard, "");
        Self::inline("edge", &bootstrap, &artifact::wasm(), configuration, options).await
    }

    /// An edge whose filter traps on a request with `x-weir-trap`.
    pub async fn trapping_edge(configuration: &str, options: Options<'_>) -> Self {
        Self::inline("edge", &text("envoy/static.yaml"), &artifact::trap_wasm(), configuration, options).await
    }

    /// `envoy/mesh.yaml`: a hop inside the mesh.
    pub async fn mesh(configuration: &str, options: Options<'_>) -> Self {
        Self::inline("mesh", &text("envoy/mesh.yaml"), &artifact::wasm(), configuration, options).await
    }

    /// The same `edge` or `mesh` with another module.
    pub async fn of_module(role: &str, module: &Path, configuration: &str) -> Self {
        let bootstrap = if role == "mesh" { "envoy/mesh.yaml" } else { "envoy/static.yaml" };
        Self::inline(role, &text(bootstrap), module, configuration, Options::default()).await
    }

    /// `envoy/telemetry.yaml`: an edge that sends its spans to this collector.
    pub async fn traced(configuration: &str, collector: &Collector) -> Self {
        let bootstrap = text("envoy/telemetry.yaml").replace("${OTLP_PORT}", &collector.port());
        Self::inline("edge", &bootstrap, &artifact::wasm(), configuration, Options::default()).await
    }

    async fn inline(listener: &str, bootstrap: &str, wasm: &Path, configuration: &str, options: Options<'_>) -> Self {
        let (stable, canary) = (Upstream::start("stable").await, Upstream::start("canary").await);
        let bootstrap = fill(
            bootstrap,
            &[
                ("ADMIN_PORT", "0"),
                ("LISTENER_PORT", "0"),
                ("STABLE_PORT", &stable.port()),
                ("CANARY_PORT", &canary.port()),
                ("ACCESS_LOG", "access.log"),
                ("ATTACHMENT", ATTACHMENT),
                ("WASM", &wasm.display().to_string()),
                ("CONFIGURATION", configuration),
            ],
        );
        Self::ready(Envoy::launch(&bootstrap, options).await, listener, stable, canary).await
    }

    /// How many requests each upstream has had, by its name.
    #[allow(dead_code, reason = "for tests/soak")]
    pub fn answered(&self) -> [(String, u64); 2] {
        self.upstreams.each_ref().map(|upstream| (upstream.name().to_owned(), upstream.requests()))
    }

    pub(super) async fn ready(mut envoy: Envoy, listener: &str, stable: Upstream, canary: Upstream) -> Self {
        envoy.until_ready().await;
        let address = envoy.listener(listener).await;
        Self { envoy, address, upstreams: [stable, canary] }
    }
}

/// The flavours of ADS that Envoy speaks, as `envoy/ads.yaml` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ads {
    StateOfTheWorld,
    Delta,
}

/// `envoy/ads.yaml` with `envoy/resources`: an edge that gets everything from a real `weir serve`.
pub struct Served {
    pub bench: Bench,
    pub weir: Weir,
    folder: TempDir,
}

impl Served {
    /// Starts upstreams, `weir serve` and Envoy, and waits until Envoy is ready.
    pub async fn start(policy: &Value, ads: Ads) -> Self {
        Self::attached(&attachment(), policy, ads).await
    }

    /// The same with an attachment file of one's own.
    pub async fn attached(attachment: &Value, policy: &Value, ads: Ads) -> Self {
        let (stable, canary) = (Upstream::start("stable").await, Upstream::start("canary").await);
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("policy.yaml"), policy.to_string()).unwrap();
        fs::write(path("attach.yaml"), attachment.to_string()).unwrap();
        write_resources(&path("resources"), &stable, &canary);
        let weir = Weir::serve(&path("policy.yaml"), &path("attach.yaml"), &path("resources")).await;

        let api = match ads {
            Ads::StateOfTheWorld => "GRPC",
            Ads::Delta => "DELTA_GRPC",
        };
        let port = weir.address().port().to_string();
        let values = [("ADMIN_PORT", "0"), ("NODE_ID", "edge-1"), ("XDS_PORT", port.as_str()), ("ADS_API", api)];
        let envoy = Envoy::launch(&fill(&text("envoy/ads.yaml"), &values), Options::default()).await;
        Self { bench: Bench::ready(envoy, "edge", stable, canary).await, weir, folder }
    }

    /// Replaces the policy as a careful editor does: a new file renamed onto the old one.
    pub fn write_policy(&self, policy: &str) {
        self.replace("policy.yaml", policy);
    }

    /// The same with the attachment file.
    pub fn write_attachment(&self, attachment: &str) {
        self.replace("attach.yaml", attachment);
    }

    /// Replaces one of the files of `envoy/resources`.
    pub fn write_resource(&self, file: &str, text: &str) {
        self.replace(&format!("resources/{file}"), text);
    }

    /// One of the files of `envoy/resources` as it is served, placeholders filled in.
    pub fn resource(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join("resources").join(file)).unwrap()
    }

    fn replace(&self, file: &str, text: &str) {
        // Written outside of what `weir serve` reads, so that it never sees half a file.
        let new = self.folder.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(&new, self.folder.path().join(file)).unwrap();
    }
}

pub(super) fn write_resources(folder: &Path, stable: &Upstream, canary: &Upstream) {
    fs::create_dir(folder).unwrap();
    let (stable, canary) = (stable.port(), canary.port());
    let values = [
        ("LISTENER_PORT", "0"),
        ("STABLE_PORT", &stable),
        ("CANARY_PORT", &canary),
        ("ACCESS_LOG", "access.log"),
        ("ATTACHMENT", ATTACHMENT),
    ];
    for file in ["listeners.yaml", "routes.yaml", "clusters.yaml", "endpoints.yaml"] {
        fs::write(folder.join(file), fill(&text(&format!("envoy/resources/{file}")), &values)).unwrap();
    }
}
