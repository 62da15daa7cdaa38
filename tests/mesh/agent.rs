//! Istio's agent, a real `pilot-agent`: it has a certificate signed by the CA of istiod and renews it before it ends, for a
//! proxy that asks by SDS, or in files for a program that has no proxy.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::mesh::Mesh;
use crate::support::{Port, Process, Signed, eventually};
use crate::tools::tool;

const DEADLINE: Duration = Duration::from_secs(60);
/// Longer than any test: certificates stay what they are.
pub const LASTING: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs until this is dropped.
pub struct Agent {
    process: Process,
    /// What it shows itself to be: its SPIFFE id.
    pub name: String,
    folder: TempDir,
    /// It answers there how its proxy does, whatever we would have it do.
    _status: Port,
}

/// The service account of a pod.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
}

impl Agent {
    /// Starts one for a proxy of this account, whose certificates last so long and are renewed after half of it.
    pub async fn of_proxy(mesh: &Mesh, account: Account<'_>, lifetime: Duration) -> Self {
        let agent = Self::start(mesh, account, lifetime, &[]);
        let socket = agent.socket();
        eventually(DEADLINE, "an agent serves certificates", async || {
            socket.exists().then_some(()).ok_or_else(|| agent.process.tail())
        })
        .await;
        agent
    }

    /// Starts one for a program without a proxy, and waits until its files are there.
    pub async fn of_program(mesh: &Mesh, account: Account<'_>, lifetime: Duration) -> Self {
        let agent = Self::start(mesh, account, lifetime, &["DISABLE_ENVOY=true", "OUTPUT_CERTS=certificates"]);
        let Signed { certificate, key } = agent.signed();
        eventually(DEADLINE, "an agent writes certificates", async || {
            (certificate.exists() && key.exists()).then_some(()).ok_or_else(|| agent.process.tail())
        })
        .await;
        agent
    }

    /// Where it listens for its proxy: `sds-grpc` of the proxy's bootstrap.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("var/run/secrets/workload-spiffe-uds/socket")
    }

    /// The files of a program's certificate.
    pub fn signed(&self) -> Signed {
        let file = |name: &str| self.folder.path().join("certificates").join(name);
        Signed { certificate: file("cert-chain.pem"), key: file("key.pem") }
    }

    /// The file of the authority that signs the certificates of the mesh, as pods have it from `istio-ca-root-cert`.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join(AUTHORITY)
    }

    fn start(mesh: &Mesh, account: Account<'_>, lifetime: Duration, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        fs::create_dir(folder.path().join("certificates")).unwrap();
        write(AUTHORITY, &mesh.authority());
        write("var/run/secrets/tokens/istio-token", &mesh.token(account));
        let envoy = write("envoy", NO_ENVOY);
        fs::set_permissions(&envoy, fs::Permissions::from_mode(0o755)).unwrap();

        let status = Port::reserve();
        let words = [
            settings(mesh, account, lifetime, &envoy, status.number()),
            more.iter().map(|word| (*word).to_owned()).collect(),
        ];
        let command = [tool("pilot-agent").display().to_string(), "proxy".to_owned(), "sidecar".to_owned()];
        let arguments = [words.concat(), command.into()].concat();
        let process = Process::start("pilot-agent", Path::new("env"), &arguments, folder.path());
        let name = format!("spiffe://cluster.local/ns/{}/sa/{}", account.namespace, account.name);
        Self { process, name, folder, _status: status }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // One that is told to end gives its proxy seconds to drain.
        self.process.kill();
    }
}

const AUTHORITY: &str = "var/run/secrets/istio/root-cert.pem";

/// What it runs in the place of Envoy: the Envoys of the tests are started by the tests.
const NO_ENVOY: &str = "#!/bin/sh\nexec setpriv --pdeathsig KILL sleep infinity\n";

/// What a pod has in its environment.
fn settings(mesh: &Mesh, account: Account<'_>, lifetime: Duration, envoy: &Path, status: u16) -> Vec<String> {
    let proxy = json!({
        // The CA too. Envoys ask istiod themselves, so nobody asks the agent for more than certificates.
        "discoveryAddress": mesh.secure(),
        "binaryPath": envoy,
        // Else it makes one of a template of its image.
        "customConfigFile": "/dev/null",
        "statusPort": status,
    });
    vec![
        format!("PROXY_CONFIG={proxy}"),
        // The name in istiod's certificate, which has no addresses.
        format!("ISTIOD_SAN={}", mesh.name()),
        format!("SECRET_TTL={}s", lifetime.as_secs()),
        "SECRET_GRACE_PERIOD_RATIO_JITTER=0".to_owned(),
        format!("POD_NAMESPACE={}", account.namespace),
        format!("SERVICE_ACCOUNT={}", account.name),
        format!("POD_NAME={}", account.name),
        "ISTIO_META_CLUSTER_ID=Kubernetes".to_owned(),
        // Else it looks for those of three companies first.
        "CLOUD_PLATFORM=none".to_owned(),
    ]
}
