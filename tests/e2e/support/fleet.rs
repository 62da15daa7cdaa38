//! One `weir serve` for several Envoys, each of which calls itself as a test says.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::bench::{ATTACHMENT, write_resources};
use super::envoy::{Envoy, Options};
use super::policy::{attachment_for, policy};
use super::port::Port;
use super::template::{fill, replaced, text};
use super::upstream::Upstream;
use super::weir::Weir;

/// `envoy/resources` for every Envoy, with attachments of a test's own.
pub struct Fleet {
    pub weir: Weir,
    folder: TempDir,
    _upstreams: [Upstream; 2],
}

impl Fleet {
    /// Serves these attachments, by file name; `words` are further words of the command line.
    pub async fn start(policy: &Value, attachments: &[(&str, Value)], words: &[&str]) -> Self {
        Self::start_under(&[], policy, attachments, words).await
    }

    /// Serves edges and hops in the mesh, each by their cluster; it tells of them by HTTP.
    pub async fn of_tiers(words: &[&str]) -> Self {
        Self::of_tiers_under(&[], words).await
    }

    /// The same with a server that is run by another program.
    pub async fn of_tiers_under(runner: &[String], words: &[&str]) -> Self {
        let attachments =
            [("edge", "edge.yaml"), ("mesh", "mesh.yaml")].map(|(role, file)| (file, attachment_for(role, role)));
        let words = [&["--http", "127.0.0.1:0"], words].concat();
        Self::start_under(runner, &policy("10%"), &attachments, &words).await
    }

    /// [`Fleet::start`] with a server that is run by another program.
    pub async fn start_under(runner: &[String], policy: &Value, attachments: &[(&str, Value)], words: &[&str]) -> Self {
        let upstreams = [Upstream::start("stable").await, Upstream::start("canary").await];
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(path("policy.yaml"), policy.to_string()).unwrap();
        fs::create_dir(path("attach")).unwrap();
        for (file, attachment) in attachments {
            fs::write(folder.path().join("attach").join(file), attachment.to_string()).unwrap();
        }
        write_resources(&folder.path().join("resources"), &upstreams[0], &upstreams[1]);
        let files = ["policy.yaml", "attach", "resources"].map(path);
        let mut arguments = Vec::new();
        for (flag, file) in ["--policy", "--attach", "--resources"].iter().zip(files) {
            arguments.extend([(*flag).to_owned(), file]);
        }
        arguments.extend(words.iter().map(|word| (*word).to_owned()));
        Self { weir: Weir::under(runner, arguments).await, folder, _upstreams: upstreams }
    }

    /// Replaces one of the files by renaming.
    pub fn write(&self, file: &str, text: &str) {
        let new = self.folder.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(&new, self.folder.path().join(file)).unwrap();
    }

    /// One of the files.
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    /// Takes one of the files away.
    pub fn remove(&self, file: &str) {
        fs::remove_file(self.folder.path().join(file)).unwrap();
    }

    /// Starts an Envoy that calls itself so.
    pub async fn envoy(&self, id: &str, cluster: &str) -> Envoy {
        let mut envoy = self.launch(id, cluster, "").await;
        envoy.until_ready().await;
        envoy
    }

    /// Starts `edge-1` and `mesh-1`.
    pub async fn both(&self) -> (Envoy, Envoy) {
        (self.envoy("edge-1", "edge").await, self.envoy("mesh-1", "mesh").await)
    }

    /// [`Fleet::envoy`] without waiting until it is ready; `socket` goes into the cluster of the server.
    pub async fn launch(&self, id: &str, cluster: &str, socket: &str) -> Envoy {
        let bootstrap = self.bootstrap(id, cluster);
        let timeout = "    connect_timeout: 1s\n";
        let bootstrap = replaced(&bootstrap, timeout, &format!("{timeout}{socket}"));
        Envoy::launch(&bootstrap, Options { workers: 1, ..Options::default() }).await
    }

    /// What such an Envoy starts with.
    pub fn bootstrap(&self, id: &str, cluster: &str) -> String {
        let port = self.weir.address().port().to_string();
        let values = [("ADMIN_PORT", "0"), ("NODE_ID", id), ("XDS_PORT", port.as_str()), ("ADS_API", "DELTA_GRPC")];
        let bootstrap = fill(&text("envoy/ads.yaml"), &values);
        replaced(&bootstrap, "cluster: weir}", &format!("cluster: {cluster}}}"))
    }

    /// The same with the admin interface on this port, which it tells the server.
    pub fn bootstrap_with_admin(&self, id: &str, cluster: &str, admin: &Port) -> String {
        let port = admin.number();
        let metadata = format!("cluster: {cluster}, metadata: {{weir_admin_port: {port}}}}}");
        let bootstrap = replaced(&self.bootstrap(id, cluster), &format!("cluster: {cluster}}}"), &metadata);
        let at = |port| format!("admin:\n  address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}");
        replaced(&bootstrap, &at(0), &at(port))
    }
}

/// The envelope that an Envoy has for the filter of all scenes, if it has the filter.
pub async fn envelope_of(envoy: &Envoy) -> Option<Value> {
    let dump: Value = serde_json::from_str(&envoy.admin("/config_dump?resource=ecds_filters").await).unwrap();
    let filters = dump["configs"].as_array()?;
    let name = format!("weir.{ATTACHMENT}");
    let filter = filters.iter().map(|each| &each["ecds_filter"]).find(|filter| filter["name"] == name.as_str())?;
    let text = filter["typed_config"]["config"]["configuration"]["value"].as_str()?;
    Some(serde_json::from_str(text).unwrap())
}
