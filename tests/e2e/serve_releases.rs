//! `weir serve` ramps releases by itself: a good one goes to everybody, one that fails goes to nobody.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{
    ANSWER, Client, Disk, Envoy, Fleet, Options, Port, Protocol, SERVICE, attachment, checkout, eventually,
};

/// A release of steps of seconds, by ticks of a second.
const WORDS: [&str; 4] = ["--tick", "1s", "--http", "127.0.0.1:0"];
/// As long as such a release may take on a machine that has more to do.
const SOON: Duration = Duration::from_secs(120);
/// Users in the load; of 5% there are some.
const USERS: usize = 200;

fn policy() -> Value {
    json!({"version": 1, "units": {"user": [{"header": "x-user-id"}]}, "layers": []})
}

/// A release by the routes of all scenes.
fn release(more: &Value) -> String {
    let steps = ["5%", "50%", "100%"].map(|share| json!({"share": share, "hold": "2s"}));
    let mut release = json!({
        "release": 1, "id": "owl-v21", "unit": "user", "services": {SERVICE: "v21"}, "env_tag": "owl-v21",
        "steps": steps, "warmup": "1s", "promote": "auto",
    });
    release.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    release.to_string()
}

/// An edge behind a server with one release, and users who ask all the time.
struct Scene {
    fleet: Fleet,
    folder: tempfile::TempDir,
    /// The server's, as this test finds it.
    state: PathBuf,
    _edge: Envoy,
    users: Users,
}

impl Scene {
    /// Users of the canary get what they ask for, or errors.
    async fn start(release: &str, is_broken: bool) -> Scene {
        Scene::start_on(None, release, is_broken).await
    }

    /// The same with the server's state on a disk of its own.
    async fn start_on(disk: Option<&Disk>, release: &str, is_broken: bool) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::create_dir(path("releases")).unwrap();
        config_map(&folder.path().join("releases"), release, 0);
        let (state, releases) = (disk.map_or_else(|| path("state"), Disk::path), path("releases"));
        let words = [&WORDS[..], &["--state", &state, "--releases", &releases, "--new-journal"]].concat();
        let runner = disk.map(Disk::runner).unwrap_or_default();
        let fleet = Fleet::start_under(&runner, &policy(), &[("edge.yaml", attachment())], &words).await;
        let state = disk.map_or_else(|| PathBuf::from(&state), |disk| disk.seen(fleet.weir.id()));
        let admin = Port::reserve();
        let mut edge = Envoy::launch(&fleet.bootstrap_with_admin("edge-1", "edge", &admin), Options::default()).await;
        edge.until_ready().await;
        let users = Users::start(&edge, is_broken).await;
        let scene = Scene { fleet, folder, state, _edge: edge, users };
        // In a journal that has just begun all are paused.
        scene.until("seen").await;
        scene.ask(json!({"verb": "resume", "release": "owl-v21"}));
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The lines of the journal.
    fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.state.join("releases/journal.jsonl")).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits for such an event.
    async fn until(&self, event: &str) -> Value {
        eventually(SOON, event, async || {
            let found = self.journal().into_iter().find(|line| line["event"] == event);
            found.ok_or_else(|| self.fleet.weir.log())
        })
        .await
    }

    /// Asks as a command does.
    fn ask(&self, what: Value) {
        let number = self.journal().last().map_or(0, |line| line["number"].as_u64().unwrap());
        let mut request = json!({"journal": number, "at": "2026-12-01T00:00:00Z", "user": "ann", "host": "test"});
        request.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        let folder = self.state.join("releases/requests");
        fs::create_dir_all(&folder).unwrap();
        write(&folder.join(format!("{number:08}.json")), &request.to_string());
    }

    async fn get(&self, path: &str) -> String {
        let request = Request::get(path).body(Bytes::new()).unwrap();
        let answer = Client::new(self.fleet.weir.http(), Protocol::Http1).send(request).await.unwrap();
        assert_eq!(answer.status, 200, "{path}");
        String::from_utf8(answer.body.to_vec()).unwrap()
    }

    /// The shares of the steps that began, in parts per million.
    fn shares(&self) -> Vec<u64> {
        let journal = self.journal();
        let begun = journal.iter().filter(|line| line["event"] == "begun");
        begun.map(|line| line["share"].as_u64().unwrap()).collect()
    }
}

/// Has the document in a folder as Kubernetes mounts a ConfigMap: a link to a link to a folder of this number, which is swapped.
fn config_map(folder: &Path, text: &str, number: usize) {
    let of = |name: &str| folder.join(name);
    let version = format!("..{number}");
    fs::create_dir(of(&version)).unwrap();
    fs::write(of(&version).join("owl.json"), text).unwrap();
    symlink(&version, of("..new")).unwrap();
    fs::rename(of("..new"), of("..data")).unwrap();
    if number == 0 {
        symlink("..data/owl.json", of("owl.json")).unwrap();
    } else {
        fs::remove_dir_all(of(&format!("..{}", number - 1))).unwrap();
    }
}

fn write(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(&new, path).unwrap();
}

/// What each user met, in order.
type Met = BTreeMap<usize, Vec<String>>;

/// Users who ask one after the other, round after round.
struct Users {
    stop: Arc<AtomicBool>,
    are_broken: Arc<AtomicBool>,
    asking: JoinHandle<Met>,
}

impl Users {
    /// Where the server is away nobody notices.
    async fn start(edge: &Envoy, is_broken: bool) -> Users {
        let (stop, are_broken) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(is_broken)));
        let (server, stopping, breaking) = (edge.listener("edge").await, stop.clone(), are_broken.clone());
        let asking = tokio::spawn(async move {
            let (mut client, mut met) = (Client::new(server, Protocol::Http1), Met::new());
            while !stopping.load(SeqCst) {
                for user in 0..USERS {
                    let answer = client.send(checkout(user)).await.unwrap();
                    let upstream = answer.echo().upstream;
                    if breaking.load(SeqCst) && upstream == "canary" {
                        for _ in 0..4 {
                            let mut request = checkout(user);
                            request.headers_mut().insert(ANSWER, "503".parse().unwrap());
                            client.send(request).await.unwrap();
                        }
                    }
                    let all = met.entry(user).or_default();
                    if all.last() != Some(&upstream) {
                        all.push(upstream);
                    }
                }
            }
            met
        });
        Users { stop, are_broken, asking }
    }

    async fn stop(self) -> Met {
        self.stop.store(true, SeqCst);
        self.asking.await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_release_goes_to_everybody_and_nobody_leaves_it_on_the_way() {
    let scene = Scene::start(&release(&json!({})), false).await;
    scene.until("finished").await;
    assert_eq!(scene.shares(), [50_000, 500_000, 1_000_000]);
    let seen: Value = serde_json::from_str(&scene.get("/releases/owl-v21").await).unwrap();
    assert_eq!(seen["release"]["state"], "finished", "{seen}");
    let metrics = scene.get("/metrics").await;
    assert!(metrics.contains("weir_serve_release_state{release=\"owl-v21\",state=\"finished\"} 1\n"), "{metrics}");
    let met = scene.users.stop().await;
    for (user, met) in &met {
        // At the end its layer goes, and the test has nothing else that would be the new version.
        let met: Vec<&str> = met.iter().map(String::as_str).collect();
        assert!(["stable canary", "stable canary stable"].contains(&met.join(" ").as_str()), "{user}: {met:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_fails_is_rolled_back_and_nobody_meets_it_any_more() {
    let guardrails = json!([{"name": "errors", "errors": {"margin": "20%"}}]);
    let steps = json!([{"share": "5%", "hold": "10m"}, {"share": "100%"}]);
    let scene = Scene::start(&release(&json!({"steps": steps, "guardrails": guardrails})), true).await;
    scene.until("rolled_back").await;
    assert_eq!(scene.shares(), [50_000]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let met = scene.users.stop().await;
    let mut canary = 0;
    for (user, met) in &met {
        canary += usize::from(met.contains(&"canary".to_owned()));
        assert_eq!(met.last().map(String::as_str), Some("stable"), "{user}: {met:?}");
        assert!(met.len() <= 3, "{user}: {met:?}");
    }
    assert!((1..USERS / 5).contains(&canary), "{canary} users met it");
}

/// A tool that writes the same all the time, as GitOps does, while the server is killed again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_goes_on_where_it_was_whoever_writes_its_file_and_kills_the_server() {
    let release = release(&json!({}));
    let mut scene = Scene::start(&release, false).await;
    let folder = scene.path("releases");
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = stop.clone();
    let swapping = tokio::spawn(async move {
        for number in 1.. {
            if stopping.load(SeqCst) {
                return;
            }
            config_map(&folder, &release, number);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    for event in ["started", "begun", "verdict"] {
        scene.until(event).await;
        scene.fleet.weir.kill();
        scene.fleet.weir.restart().await;
    }
    eventually(SOON, "half of them", async || (scene.shares().len() > 1).then_some(()).ok_or("not yet".to_owned()))
        .await;
    scene.fleet.weir.kill();
    scene.fleet.weir.restart().await;
    scene.until("finished").await;
    stop.store(true, SeqCst);
    swapping.await.unwrap();
    assert_eq!(scene.shares(), [50_000, 500_000, 1_000_000], "no step twice, and none left out");
    let journal = scene.journal();
    let numbers: Vec<u64> = journal.iter().map(|line| line["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let of_files = ["changed", "file", "withdrawn", "bad", "rolled_back"];
    let told: Vec<&Value> =
        journal.iter().filter(|line| of_files.iter().any(|event| line["event"] == *event)).collect();
    assert!(told.is_empty(), "{told:?}");
    let met = scene.users.stop().await;
    for (user, met) in &met {
        let met: Vec<&str> = met.iter().map(String::as_str).collect();
        assert!(["stable canary", "stable canary stable"].contains(&met.join(" ").as_str()), "{user}: {met:?}");
    }
}

/// Nothing can be written down, and all the same nobody is left with what fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_disk_is_full_nobody_advances_and_what_fails_is_rolled_back() {
    let disk = Disk::new();
    let guardrails = json!([{"name": "errors", "errors": {"margin": "20%"}}]);
    let steps = json!([{"share": "5%", "hold": "10s"}, {"share": "100%"}]);
    let release = release(&json!({"steps": steps, "guardrails": guardrails}));
    let scene = Scene::start_on(Some(&disk), &release, false).await;
    scene.until("begun").await;
    let server = scene.fleet.weir.id();
    disk.fill(server);
    let is_full =
        async || (scene.fleet.weir.log().contains("journal_full")).then_some(()).ok_or(scene.fleet.weir.log());
    eventually(SOON, "a journal that is full", is_full).await;
    // Longer than its hold.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let seen: Value = serde_json::from_str(&scene.get("/releases/owl-v21").await).unwrap();
    assert_eq!((&seen["release"]["state"], &seen["release"]["step"]), (&json!("running"), &json!(0)), "{seen}");
    scene.users.are_broken.store(true, SeqCst);
    eventually(SOON, "a rollback", async || {
        let seen: Value = serde_json::from_str(&scene.get("/releases/owl-v21").await).unwrap();
        (seen["release"]["state"] == "rolled_back").then_some(()).ok_or_else(|| seen.to_string())
    })
    .await;
    disk.free(server);
    scene.until("rolled_back").await;
    assert_eq!(scene.shares(), [50_000]);
    let met = scene.users.stop().await;
    assert!(met.values().all(|met| met.last().map(String::as_str) == Some("stable")), "{met:?}");
}
