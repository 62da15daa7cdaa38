//! A real API server of Kubernetes with its etcd, for all tests of a run, and kubectl to talk to it.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::network::Network;
use crate::support::{Process, eventually};
use crate::tools::tool;

const DEADLINE: Duration = Duration::from_secs(120);
/// Who knows it is an administrator; both ends are on the loopback and live as long as the run.
const TOKEN: &str = "admin-of-this-run";

/// Keeps what is applied; it ends when this is dropped, and with the test process.
pub struct ApiServer {
    server: Process,
    etcd: Process,
    kubectl: Kubectl,
    _network: Network,
    _folder: TempDir,
}

/// Talks to one API server.
#[derive(Clone)]
pub struct Kubectl {
    kubeconfig: PathBuf,
    cache: PathBuf,
}

impl ApiServer {
    /// Starts both, and installs the types of Istio that the control plane has.
    pub async fn start() -> Self {
        Self::with_types(&tool("crds.yaml")).await
    }

    /// The same with other types.
    pub async fn with_types(crds: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let network = Network::claim();
        let (client, peer, api) = (network.socket(), network.socket(), network.socket());
        let kubectl = Kubectl::new(folder.path(), &format!("https://{api}"));

        let begin = Instant::now();
        let mut etcd = Process::start("etcd", &tool("etcd"), &etcd_arguments(client, peer), folder.path());
        eventually(DEADLINE, "etcd listens", async || {
            assert!(etcd.ended().is_none(), "etcd ended at its start\n{}", etcd.tail());
            TcpStream::connect(client).await.map_err(|_| etcd.tail())
        })
        .await;
        stage("etcd", begin);

        let begin = Instant::now();
        fs::write(folder.path().join("tokens.csv"), format!("{TOKEN},admin,admin,system:masters\n")).unwrap();
        let arguments = server_arguments(client, api);
        let mut server = Process::start("kube-apiserver", &tool("kube-apiserver"), &arguments, folder.path());
        eventually(DEADLINE, "kube-apiserver is ready", async || {
            assert!(server.ended().is_none(), "kube-apiserver ended at its start\n{}", server.tail());
            TcpStream::connect(api).await.map_err(|_| server.tail())?;
            kubectl.run(&["get", "--raw", "/readyz"], "").map_err(|said| format!("{said}\n{}", server.tail()))
        })
        .await;
        stage("kube-apiserver", begin);

        let begin = Instant::now();
        kubectl.done(&["apply", "--server-side", "--filename", &crds.display().to_string()], "");
        kubectl.done(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"], "");
        stage("the types of Istio", begin);
        Self { server, etcd, kubectl, _network: network, _folder: folder }
    }

    /// Something to talk to it with.
    pub fn kubectl(&self) -> Kubectl {
        self.kubectl.clone()
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        // What they keep is thrown away with the folder, so they need no time to put it in order.
        self.server.kill();
        self.etcd.kill();
    }
}

impl Kubectl {
    fn new(folder: &Path, server: &str) -> Self {
        let kubeconfig = folder.join("kubeconfig");
        let text = format!(
            "{{apiVersion: v1, kind: Config, current-context: run, contexts: [{{name: run, context: {{cluster: run, user: admin}}}}], \
             users: [{{name: admin, user: {{token: {TOKEN}}}}}], \
             clusters: [{{name: run, cluster: {{server: '{server}', certificate-authority: certificates/apiserver.crt}}}}]}}\n"
        );
        fs::write(&kubeconfig, text).unwrap();
        Self { kubeconfig, cache: folder.join("kubectl") }
    }

    /// For programs that talk to the API server by themselves.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// What it prints, given this on its standard input; an `Err` is what it complains.
    pub fn run(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut stdin: File = tempfile::tempfile().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        stdin.rewind().unwrap();
        // As every process of the bench it ends with the test; this thread waits for it.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(tool("kubectl"))
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--cache-dir")
            .arg(&self.cache);
        let output = command.args(arguments).stdin(stdin).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// The same for what must succeed.
    #[track_caller]
    pub fn done(&self, arguments: &[&str], input: &str) -> String {
        self.run(arguments, input).unwrap_or_else(|said| panic!("kubectl {}: {said}", arguments.join(" ")))
    }
}

/// Tells that a part of the run is up.
pub fn stage(what: impl Display, begin: Instant) {
    println!("== {what} {:.1} s", begin.elapsed().as_secs_f64());
}

fn etcd_arguments(client: impl Display, peer: impl Display) -> Vec<String> {
    [
        "--data-dir=etcd".to_owned(),
        format!("--listen-client-urls=http://{client}"),
        format!("--advertise-client-urls=http://{client}"),
        format!("--listen-peer-urls=http://{peer}"),
        format!("--initial-advertise-peer-urls=http://{peer}"),
        format!("--initial-cluster=default=http://{peer}"),
        "--unsafe-no-fsync".to_owned(),
    ]
    .into()
}

fn server_arguments(etcd: impl Display, api: std::net::SocketAddr) -> Vec<String> {
    [
        format!("--etcd-servers=http://{etcd}"),
        format!("--bind-address={}", api.ip()),
        format!("--advertise-address={}", api.ip()),
        format!("--secure-port={}", api.port()),
        "--cert-dir=certificates".to_owned(),
        "--token-auth-file=tokens.csv".to_owned(),
        // Needs a key before it starts, and makes this one first. Nobody asks for a token of a service account here.
        "--service-account-key-file=certificates/apiserver.key".to_owned(),
        "--service-account-signing-key-file=certificates/apiserver.key".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        "--service-cluster-ip-range=10.99.0.0/24".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
    ]
    .into()
}
