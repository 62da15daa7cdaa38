//! A shop whose releases go by themselves: a real `weir serve --releases`, two versions of its service, and gateways.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::version::Version;
use crate::support::{
    Client, Envoy, Fleet, Options, Port, Protocol, SERVICE, attachment_for, eventually, fill, run_on_state, text,
};

/// Longer than any wait of a scene, on a machine that has more to do.
pub const SOON: Duration = Duration::from_secs(90);
/// The id of most releases, which is the tag that the routes of `envoy/` ask for.
pub const OWL: &str = "owl-v21";

pub struct Shop {
    pub fleet: Fleet,
    /// What stable is.
    pub old: Version,
    /// What the canary is.
    pub new: Version,
    /// Where the documents of releases are.
    pub releases: TempDir,
    state: PathBuf,
    _folder: TempDir,
}

impl Shop {
    /// Opens with a look at the edges in each second.
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// The same with further words on the server's command line.
    pub async fn open_with(words: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        Self::open_on(&state.display().to_string(), folder, &[], words).await
    }

    /// The same with a state at a path of one's own and a server that is run by another program.
    pub async fn open_on(state: &str, folder: TempDir, runner: &[String], words: &[&str]) -> Self {
        let (old, new) = (Version::start("v20").await, Version::start("v21").await);
        let releases = tempfile::tempdir().unwrap();
        let path = releases.path().join("now").display().to_string();
        fs::create_dir(&path).unwrap();
        let of_releases = ["--http", "127.0.0.1:0", "--state", state, "--releases", &path, "--new-journal"];
        let attachments = [("edge.yaml", attachment_for("edge", "edge"))];
        let ticks = if words.contains(&"--tick") { &[][..] } else { &["--tick", "1s"] };
        let words = [&of_releases, ticks, words].concat();
        let fleet = Fleet::start_under(runner, &policy(), &attachments, &words).await;
        let shop = Self { fleet, old, new, releases, state: state.into(), _folder: folder };
        shop.route(shop.old.port());
        shop
    }

    /// Points stable at this port.
    pub fn route(&self, stable: u16) {
        let ports = [("STABLE_PORT", stable.to_string()), ("CANARY_PORT", self.new.port().to_string())];
        let ports = ports.each_ref().map(|(name, port)| (*name, port.as_str()));
        self.fleet.write("resources/endpoints.yaml", &fill(&text("envoy/resources/endpoints.yaml"), &ports));
    }

    /// Has requests with these tags go to the canary too.
    pub fn route_tags(&self, tags: &[&str]) {
        let routes = self.fleet.read("resources/routes.yaml");
        let (before, rest) = routes.split_once("    - name: canary-by-tag\n").unwrap();
        let (own, after) = rest.split_once("    - name: canary-by-subset\n").unwrap();
        let others = tags.iter().map(|tag| format!("    - name: by-{tag}\n{}", own.replace(OWL, tag)));
        let others: String = others.collect();
        let text = format!("{before}    - name: canary-by-tag\n{own}{others}    - name: canary-by-subset\n{after}");
        self.fleet.write("resources/routes.yaml", &text);
    }

    /// Waits until the edges have been read so many times more.
    pub async fn ticks(&self, more: u64) {
        let wanted = self.polls().await + more;
        eventually(SOON, &format!("{more} ticks"), async || {
            (self.polls().await >= wanted).then_some(()).ok_or_else(|| self.told())
        })
        .await;
    }

    /// Has the server look so many times more whether anything is to be done, also while no edge is read. It steps in none of
    /// them.
    pub async fn looks(&self, more: usize) {
        for _ in 0..more {
            let refused = self.ask("thaw", None, None).await;
            assert_eq!(refused["event"], "refused", "{refused}");
        }
    }

    async fn polls(&self) -> u64 {
        let text = self.get("/metrics").await;
        let line = text.lines().find_map(|line| line.strip_prefix("weir_serve_evidence_polls_accepted_total "));
        line.map_or(0, |number| number.parse().unwrap())
    }

    /// What the server answers over HTTP.
    pub async fn get(&self, path: &str) -> String {
        let request = Request::get(path).body(Bytes::new()).unwrap();
        let answer = Client::new(self.fleet.weir.http(), Protocol::Http1).send(request).await.unwrap();
        assert_eq!(answer.status, 200, "{path}");
        String::from_utf8(answer.body.to_vec()).unwrap()
    }

    /// Where a file of the state is, also where that is on a disk of the server's own.
    pub fn state(&self) -> PathBuf {
        if self.state.is_dir() && fs::read_dir(&self.state).unwrap().count() > 0 {
            return self.state.clone();
        }
        PathBuf::from(format!("/proc/{}/root{}", self.fleet.weir.id(), self.state.display()))
    }

    /// Writes the document of a release into their folder.
    pub fn write(&self, document: &Value) {
        let name = format!("{}.json", document["id"].as_str().unwrap());
        let new = self.releases.path().join("new");
        fs::write(&new, document.to_string()).unwrap();
        fs::rename(&new, self.releases.path().join("now").join(name)).unwrap();
    }

    /// Has a first release, which waits for a yes in a journal that has just begun.
    pub async fn start(&self, document: &Value) {
        self.write(document);
        let id = document["id"].as_str().unwrap();
        self.until("seen", id).await;
        self.ask("resume", Some(id), None).await;
    }

    /// A gateway with one worker, whose decisions so change at once for all.
    pub async fn gateway(&self, id: &str) -> Gateway {
        self.gateway_by(id, self.fleet.weir.address().port()).await
    }

    /// A gateway that finds its server at this port.
    pub async fn gateway_by(&self, id: &str, server: u16) -> Gateway {
        let admin = Port::reserve();
        let own = format!("port_value: {}}}", self.fleet.weir.address().port());
        let bootstrap = self.fleet.bootstrap_with_admin(id, "edge", &admin);
        let bootstrap = bootstrap.replace(&own, &format!("port_value: {server}}}"));
        let envoy = launch(&bootstrap).await;
        Gateway { envoy, bootstrap, _admin: admin }
    }

    /// The lines of the journal.
    pub fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.state().join("releases/journal.jsonl")).unwrap_or_default();
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"))).collect()
    }

    /// What happened to a release.
    pub fn lines(&self, event: &str, id: &str) -> Vec<Value> {
        self.journal().into_iter().filter(|line| line["event"] == event && line["release"] == id).collect()
    }

    /// Waits until that has happened to a release: the last such line.
    pub async fn until(&self, event: &str, id: &str) -> Value {
        self.until_line(&format!("{event} {id}"), |line| line["event"] == event && line["release"] == id).await
    }

    /// Waits until a step has begun.
    pub async fn until_step(&self, id: &str, step: usize) -> Value {
        let is = |line: &Value| line["event"] == "begun" && line["release"] == id && line["step"] == step;
        self.until_line(&format!("step {step} of {id}"), is).await
    }

    /// Waits until a release is in this phase, by its last verdict.
    pub async fn until_phase(&self, id: &str, phase: &str) -> Value {
        eventually(SOON, &format!("{id} is {phase}"), async || {
            let last = self.lines("verdict", id).pop().unwrap_or_default();
            (last["verdict"]["phase"] == phase).then_some(last.clone()).ok_or_else(|| self.told())
        })
        .await
    }

    /// Waits for a line of the journal: the last one of its kind.
    pub async fn until_line(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        eventually(SOON, what, async || self.journal().into_iter().rfind(|line| is(line)).ok_or_else(|| self.told()))
            .await
    }

    /// Asks something of the server, and waits until it has answered.
    pub async fn ask(&self, verb: &str, id: Option<&str>, step: Option<usize>) -> Value {
        let request = self.leave(verb, id, step);
        self.until_line(&format!("an answer to {verb} {id:?}"), |line| line["request"] == request.as_str()).await
    }

    /// Has a person say something by `weir release`; what it printed, with its exit code.
    pub async fn say(&self, words: &[&str]) -> (Option<i32>, String) {
        let words: Vec<String> = ["release"].iter().chain(words).map(|word| (*word).to_owned()).collect();
        let state = self.state();
        let run = move || run_on_state(&words.iter().map(String::as_str).collect::<Vec<_>>(), &state);
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// The same, which must be done.
    pub async fn done(&self, words: &[&str]) -> String {
        let (code, text) = self.say(words).await;
        assert_eq!(code, Some(0), "{words:?}: {text}\n{}", self.told());
        text
    }

    /// Leaves a request for the server, as the commands do.
    pub fn leave(&self, verb: &str, id: Option<&str>, step: Option<usize>) -> String {
        static REQUESTS: AtomicU64 = AtomicU64::new(0);

        let folder = self.state().join("releases/requests");
        fs::create_dir_all(&folder).unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
        let name = format!("{now:014}-{:016x}", REQUESTS.fetch_add(1, SeqCst));
        let journal = self.journal().last().map_or(0, |line| line["number"].as_u64().unwrap());
        let mut request = json!({
            "verb": verb, "journal": journal, "at": "2026-12-01T01:00:00Z", "user": "ann", "host": "web-1", "why": "a test",
        });
        let fields = [("release", id.map(|id| json!(id))), ("step", step.map(|step| json!(step)))];
        for (field, value) in fields.into_iter().filter_map(|(field, value)| Some((field, value?))) {
            request[field] = value;
        }
        fs::write(folder.join("new"), request.to_string()).unwrap();
        fs::rename(folder.join("new"), folder.join(format!("{name}.json"))).unwrap();
        name
    }

    /// The steps that have begun, and whether each was the one after the one before.
    #[track_caller]
    pub fn steps(&self, id: &str) -> Vec<u64> {
        let steps: Vec<u64> = self.lines("begun", id).iter().map(|line| line["step"].as_u64().unwrap()).collect();
        assert!(steps.iter().copied().eq(0..steps.len() as u64), "{steps:?}\n{}", self.told());
        steps
    }

    /// The end of the journal without its long parts, and of the log, for a test that fails.
    pub fn told(&self) -> String {
        let short = |mut line: Value| {
            for part in ["inputs", "document"] {
                line.as_object_mut().unwrap().remove(part);
            }
            if let Some(verdict) = line["verdict"].as_object_mut() {
                verdict.remove("numbers");
            }
            line.to_string()
        };
        let journal: Vec<String> = self.journal().into_iter().map(short).collect();
        let log = self.fleet.weir.log();
        let log: Vec<&str> = log.lines().collect();
        format!("{}\n{}", last(&journal).join("\n"), last(&log).join("\n"))
    }
}

/// Tells a measurement. Not by a macro: those are silent while a test passes.
pub fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn last<T>(all: &[T]) -> &[T] {
    &all[all.len().saturating_sub(25)..]
}

/// A gateway that can be started anew where it was.
pub struct Gateway {
    pub envoy: Envoy,
    bootstrap: String,
    _admin: Port,
}

impl Gateway {
    /// Where clients connect.
    pub async fn address(&self) -> std::net::SocketAddr {
        self.envoy.listener("edge").await
    }

    /// Ends as by a crash, and starts again.
    pub async fn restart(&mut self) {
        self.envoy.kill();
        self.envoy = launch(&self.bootstrap).await;
    }
}

/// Ready when it answers by a policy, as whoever sends it users finds out.
async fn launch(bootstrap: &str) -> Envoy {
    let mut envoy = Envoy::launch(bootstrap, Options { workers: 1, ..Options::default() }).await;
    envoy.until_ready().await;
    let address = envoy.listener("edge").await;
    eventually(SOON, "a gateway answers", async || {
        let request = Request::get("/").body(Bytes::new()).unwrap();
        let answer = Client::new(address, Protocol::Http1).send(request).await?;
        let is_well = answer.status == 200 && answer.header("x-weir-decision").is_some();
        is_well.then_some(()).ok_or_else(|| format!("{answer:?}"))
    })
    .await;
    envoy
}

/// What people wrote beside releases: a unit, and who is held out of releases that ask for it.
pub fn policy() -> Value {
    json!({
        "version": 1, "units": {"user": [{"header": "x-user-id"}]}, "layers": [],
        "holdouts": [{"id": "year", "unit": "user", "share": "5%", "layers": []}],
    })
}

/// A release of this id of the service of `envoy/`, with steps of these shares that hold so long.
pub fn release(id: &str, hold: &str, shares: &[&str]) -> Value {
    let steps: Vec<Value> = shares.iter().map(|share| json!({"share": share, "hold": hold})).collect();
    json!({
        "release": 1, "id": id, "kind": "release", "unit": "user", "services": {SERVICE: "v21"}, "env_tag": id,
        "warmup": "0s", "steps": steps,
    })
}

/// Shares of the default plan.
pub const DEFAULT: [&str; 5] = ["5%", "10%", "50%", "95%", "100%"];

/// Puts documents where a folder of Kubernetes has them: behind a link that is moved from one folder to the next.
pub fn write_as_a_config_map(folder: &Path, version: usize, documents: &[Value]) {
    let data = format!("..{version}");
    fs::create_dir(folder.join(&data)).unwrap();
    for document in documents {
        let name = format!("{}.json", document["id"].as_str().unwrap());
        fs::write(folder.join(&data).join(&name), document.to_string()).unwrap();
        if version == 0 {
            std::os::unix::fs::symlink(format!("..data/{name}"), folder.join(&name)).unwrap();
        }
    }
    std::os::unix::fs::symlink(&data, folder.join("..data_tmp")).unwrap();
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    if let Some(before) = version.checked_sub(1) {
        fs::remove_dir_all(folder.join(format!("..{before}"))).unwrap();
    }
}
