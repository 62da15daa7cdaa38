//! A real Envoy on free ports, and its admin interface.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::Value;
use tempfile::TempDir;

use super::artifact;
use super::client::{Answer, Client, Protocol};
use super::poll::eventually;
use super::process::Process;

/// Longer than an Envoy waits at most before it tries a server again that it has lost: 30 s.
const DEADLINE: Duration = Duration::from_secs(90);

/// A running Envoy; its bootstrap has `port_value: 0` for the admin interface and the listeners.
pub struct Envoy {
    process: Process,
    admin: SocketAddr,
    folder: TempDir,
}

/// How to run it.
pub struct Options<'a> {
    /// Worker threads.
    pub workers: u32,
    /// The log level of wasm modules: at `debug` the filter logs each decision.
    pub wasm_log: &'a str,
    /// Another release than the one that the tests are for, such as `1.39.3`.
    pub release: Option<&'a str>,
    /// A program that runs it and is given the whole command.
    pub runner: &'a [String],
    /// Which process of a series, each of which takes over from the one before; `None` for one alone.
    pub epoch: Option<Epoch>,
}

/// Envoy's hot restart.
#[derive(Clone, Copy)]
pub enum Epoch {
    /// The first of a series.
    First,
    /// The second, of the series that this is the base id of.
    Second(u32),
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { workers: 2, wasm_log: "info", release: None, runner: &[], epoch: None }
    }
}

impl Envoy {
    /// Starts with two workers and waits until it is ready; panics with the end of Envoy's log if that fails.
    pub async fn start(bootstrap: &str) -> Self {
        let mut envoy = Self::launch(bootstrap, Options::default()).await;
        envoy.until_ready().await;
        envoy
    }

    /// Starts and waits for the admin interface only: an Envoy that waits for its ADS server is not ready yet.
    pub async fn launch(bootstrap: &str, options: Options<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bootstrap.yaml"), bootstrap).unwrap();
        let program = artifact::envoy(options.release).display().to_string();
        let command = [options.runner, &[program], &arguments(&options)].concat();
        let mut process = Process::start("envoy", command[0].as_ref(), &command[1..], folder.path());
        let admin = eventually(DEADLINE, "Envoy's admin address", async || {
            assert!(process.ended().is_none(), "Envoy ended at its start\n{}", process.tail());
            let text = fs::read_to_string(folder.path().join("admin-address")).map_err(|error| error.to_string())?;
            text.trim().parse().map_err(|_| format!("{text:?}"))
        });
        let admin = admin.await;
        Self { process, admin, folder }
    }

    /// Waits until `/ready` says so.
    pub async fn until_ready(&mut self) {
        let admin = self.admin;
        let process = &mut self.process;
        eventually(DEADLINE, "Envoy is ready", async || {
            assert!(process.ended().is_none(), "Envoy ended before it was ready\n{}", process.tail());
            let answer = ask(admin, "GET", "/ready").await?;
            let seen = || format!("{}\n{}", String::from_utf8_lossy(&answer.body), process.tail());
            (answer.status == 200).then_some(()).ok_or_else(seen)
        })
        .await;
    }

    /// The address that a listener was given; waits until the listener is there.
    pub async fn listener(&self, name: &str) -> SocketAddr {
        eventually(DEADLINE, &format!("a listener {name}"), async || {
            let listeners: Value = serde_json::from_str(&self.admin("/listeners?format=json").await).unwrap();
            let all = listeners["listener_statuses"].as_array().map(Vec::as_slice).unwrap_or_default();
            let address =
                all.iter().find(|each| each["name"] == name).map(|each| &each["local_address"]["socket_address"]);
            let parsed =
                address.and_then(|each| format!("{}:{}", each["address"].as_str()?, each["port_value"]).parse().ok());
            parsed.ok_or_else(|| format!("{listeners}\n{}", self.process.tail()))
        })
        .await
    }

    /// Where the admin interface listens.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin
    }

    /// The text that `GET path` of the admin interface answers.
    pub async fn admin(&self, path: &str) -> String {
        let answer =
            ask(self.admin, "GET", path).await.unwrap_or_else(|error| panic!("{error}\n{}", self.process.tail()));
        assert_eq!(answer.status, 200, "GET {path}");
        String::from_utf8_lossy(&answer.body).into_owned()
    }

    /// A counter or gauge by its full name, such as `wasmcustom.attachment=.=NAME;.;weir_policy_revision`.
    pub async fn stat(&self, name: &str) -> Option<u64> {
        let stats = self.admin("/stats").await;
        let value = stats.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))?;
        Some(value.parse().unwrap_or_else(|_| panic!("{name} is {value}, no whole number")))
    }

    /// Waits until a counter or gauge has this value.
    pub async fn until_stat(&self, name: &str, expected: u64) {
        eventually(DEADLINE, &format!("{name} is {expected}"), async || {
            let seen = self.stat(name).await;
            (seen == Some(expected)).then_some(()).ok_or_else(|| format!("{seen:?}\n{}", self.process.tail()))
        })
        .await;
    }

    /// Waits until its upstreams have this many requests, which all filters have seen by then: Envoy counts one as active
    /// downstream before it has read its headers.
    pub async fn until_at_upstreams(&self, expected: u64) {
        eventually(DEADLINE, &format!("{expected} requests are at upstreams"), async || {
            let stats = self.admin("/stats?filter=%5C.upstream_rq_active$").await;
            let active =
                stats.lines().map(|line| line.rsplit_once(": ").unwrap().1.parse::<u64>().unwrap()).sum::<u64>();
            (active == expected).then_some(()).ok_or_else(|| format!("{stats}\n{}", self.process.tail()))
        })
        .await;
    }

    /// The entries of `access.log` so far. Envoy writes them some milliseconds after the answer: ask by [`eventually`].
    pub fn access_log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder().join("access.log")).unwrap_or_default();
        // A line without its end is still being written.
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect()
    }

    /// Envoy's own log so far.
    pub fn log(&self) -> String {
        self.process.stderr()
    }

    /// Stops it in its tracks, as an overloaded machine does, or lets it go on.
    pub fn freeze(&mut self, frozen: bool) {
        self.process.freeze(frozen);
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// The base id of the series that this first process has begun.
    pub fn base_id(&self) -> u32 {
        fs::read_to_string(self.folder().join("base-id")).unwrap().trim().parse().unwrap()
    }

    /// Waits until it has ended by itself, as the first of a series does once the second has taken over.
    pub async fn until_ended(&mut self) {
        let process = &mut self.process;
        eventually(DEADLINE, "Envoy ends", async || process.ended().map(drop).ok_or("it runs".into())).await;
    }

    /// Where it stands: relative paths in its configuration are below this.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn arguments(options: &Options<'_>) -> Vec<String> {
    let workers = options.workers.to_string();
    // The routes of Istio name a deprecated field, and Envoy says so for each of them at each push.
    let logs = format!("wasm:{},misc:error", options.wasm_log);
    let words = [
        ["--config-path", "bootstrap.yaml"],
        ["--admin-address-path", "admin-address"],
        ["--concurrency", &workers],
        ["--log-level", "warning"],
        ["--component-log-level", &logs],
        ["--file-flush-interval-msec", "20"],
    ];
    let epoch = match options.epoch {
        // Without hot restart there is no shared memory to collide with another Envoy of this machine.
        None => vec!["--disable-hot-restart".to_owned()],
        Some(Epoch::First) => words_of("--use-dynamic-base-id --base-id-path base-id"),
        Some(Epoch::Second(base)) => words_of(&format!("--restart-epoch 1 --base-id {base}")),
    };
    // Connections are given this long to go over.
    let drain = words_of("--drain-time-s 3 --parent-shutdown-time-s 10");
    [words.concat().into_iter().map(str::to_owned).collect(), epoch, drain].concat()
}

fn words_of(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

async fn ask(admin: SocketAddr, method: &str, path: &str) -> Result<Answer, String> {
    let request = Request::builder().method(method).uri(path).body(Bytes::new()).unwrap();
    Client::new(admin, Protocol::Http1).send(request).await
}
