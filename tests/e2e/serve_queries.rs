//! Releases whose guardrails ask a Prometheus, and a webhook that is told of all.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::{
    Client, Envoy, Fleet, Options, Port, Prometheus, Protocol, SERVICE, attachment, checkout, eventually, weir,
};

const SOON: Duration = Duration::from_secs(180);

/// An HTTP server: what it answers to the request of this number, by its body.
struct Web {
    address: SocketAddr,
    _task: JoinSet<()>,
}

impl Web {
    async fn start(answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> Web {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(answer);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let answer = answer.clone();
                connections.spawn(async move {
                    let Some(body) = read(&mut stream).await else { return };
                    let (status, body) = answer(&body);
                    let length = body.len();
                    let head = format!(
                        "HTTP/1.1 {status} X\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
                    );
                    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
                });
            }
        });
        Web { address, _task: task }
    }
}

/// The signature's header, where there is one, in front of the body.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
    let mut body = vec![0; field("content-length:").map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    let signature = field("x-weir-signature:").unwrap_or_default();
    Some(signature + " " + &String::from_utf8(body).unwrap())
}

/// A way to a server that can be shut.
struct Door {
    address: SocketAddr,
    server: SocketAddr,
    task: JoinSet<()>,
}

impl Door {
    async fn to(server: SocketAddr) -> Door {
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let mut door = Door { address, server, task: JoinSet::new() };
        door.open().await;
        door
    }

    async fn open(&mut self) {
        let (listener, server) = (TcpListener::bind(self.address).await.unwrap(), self.server);
        self.task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                connections.spawn(async move {
                    let mut other = TcpStream::connect(server).await.unwrap();
                    let _ = copy_bidirectional(&mut stream, &mut other).await;
                });
            }
        });
    }

    async fn shut(&mut self) {
        self.task.shutdown().await;
    }
}

/// Counters of carts, each scrape with a thousand calls more; of the canary's one in a hundred fails, or one in two.
async fn carts(is_bad: Arc<AtomicBool>) -> Web {
    let (scrapes, failures) = (AtomicU64::new(0), AtomicU64::new(0));
    Web::start(move |_| {
        let scrapes = scrapes.fetch_add(1, SeqCst) + 1;
        let failed = if is_bad.load(SeqCst) { 500 } else { 10 };
        let failures = failures.fetch_add(failed, SeqCst) + failed;
        let page = [("canary", failures), ("control", 10 * scrapes)].map(|(variant, failures)| {
            let calls = 1_000 * scrapes;
            format!(
                "cart_calls_total{{variant=\"{variant}\"}} {calls}\ncart_failures_total{{variant=\"{variant}\"}} {failures}\n"
            )
        });
        (200, page.concat())
    })
    .await
}

fn release(failures: &str) -> String {
    let steps = json!([{"share": "40%", "hold": "2s"}, {"share": "50%", "hold": "10m"}, {"share": "100%"}]);
    let counts = json!({
        "bad": format!("sum({failures}{{variant=\"$variant\"}})"), "all": "sum(cart_calls_total{variant=\"$variant\"})",
        "margin": "10%",
    });
    json!({
        "release": 1, "id": "owl-v21", "kind": "release", "unit": "user", "services": {SERVICE: "v21"}, "env_tag": "owl-v21",
        "steps": steps, "warmup": "1s", "guardrails": [{"name": "carts", "counts": counts}],
    })
    .to_string()
}

fn policy() -> Value {
    json!({"version": 1, "units": {"user": [{"header": "x-user-id"}]}, "layers": []})
}

fn journal(state: &Path) -> Vec<String> {
    let text = fs::read_to_string(state.join("releases/journal.jsonl")).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(str::to_owned).collect()
}

/// Waits for a line behind so many that has all of these; how many lines there are up to it.
async fn line(fleet: &Fleet, state: &Path, behind: usize, parts: &[&str]) -> usize {
    eventually(SOON, &format!("{parts:?}"), async || {
        let journal = journal(state);
        let found = journal.iter().skip(behind).position(|line| parts.iter().all(|part| line.contains(part)));
        found.map(|place| behind + place + 1).ok_or_else(|| format!("{journal:#?}\n{}", fleet.weir.log()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_that_go_bad_roll_back_and_without_a_prometheus_a_release_waits() {
    let is_bad = Arc::new(AtomicBool::new(false));
    let page = carts(is_bad.clone()).await;
    let prometheus = Prometheus::scraping_page(page.address).await;
    let mut door = Door::to(prometheus.address()).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let webhook = Web::start(move |body| {
        let mut heard = heard.lock().unwrap();
        heard.push(body.to_owned());
        (if heard.len() < 3 { 503 } else { 200 }, String::new())
    })
    .await;

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::create_dir(path("releases")).unwrap();
    // A name that nobody has.
    fs::write(path("releases/owl.json"), release("cart_failure_total")).unwrap();
    fs::write(path("key"), "3f9c2b7d5e8a1046c7d2e9f0a1b3c5d7").unwrap();
    let (state, releases, key) = (folder.path().join("state"), path("releases"), path("key"));
    let (at, hook) = (format!("http://{}", door.address), format!("http://{}/hook", webhook.address));
    let words = [
        "--tick",
        "1s",
        "--state",
        &state.display().to_string(),
        "--releases",
        &releases,
        "--new-journal",
        "--prometheus",
        &at,
        "--notify",
        &hook,
        "--notify-key",
        &key,
    ]
    .map(str::to_owned);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let fleet = Fleet::start(&policy(), &[("edge.yaml", attachment())], &words).await;
    let admin = Port::reserve();
    let mut edge = Envoy::launch(&fleet.bootstrap_with_admin("edge-1", "edge", &admin), Options::default()).await;
    edge.until_ready().await;
    let server = edge.listener("edge").await;
    let mut users = JoinSet::new();
    users.spawn(async move {
        let mut client = Client::new(server, Protocol::Http1);
        for user in (0..200).cycle() {
            client.send(checkout(user)).await.unwrap();
        }
    });

    line(&fleet, &state, 0, &[r#""event":"bad""#, "unknown_metric", "cart_failure_total"]).await;
    assert!(!journal(&state).iter().any(|line| line.contains(r#""event":"seen""#)));
    fs::write(path("releases/new"), release("cart_failures_total")).unwrap();
    fs::rename(path("releases/new"), path("releases/owl.json")).unwrap();
    let seen = line(&fleet, &state, 0, &[r#""event":"seen""#]).await;
    let requests = state.join("releases/requests");
    fs::create_dir_all(&requests).unwrap();
    let resume = json!({
        "journal": seen, "at": "2026-12-01T00:00:00Z", "user": "ann", "host": "test", "verb": "resume", "release": "owl-v21",
    });
    fs::write(requests.join("new"), resume.to_string()).unwrap();
    fs::rename(requests.join("new"), requests.join("00000001.json")).unwrap();

    let begun = line(&fleet, &state, 0, &[r#""event":"begun""#, r#""step":0"#]).await;
    door.shut().await;
    let waits = line(&fleet, &state, begun, &[r#""event":"verdict""#, "provider_unreachable"]).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let shares = journal(&state).iter().filter(|line| line.contains(r#""event":"begun""#)).count();
    assert!(shares <= 2, "it may have gone on before the door was shut");
    let is_first = shares == 1;
    door.open().await;
    if is_first {
        line(&fleet, &state, waits, &[r#""event":"begun""#, r#""step":1"#]).await;
    }
    is_bad.store(true, SeqCst);
    let end = line(&fleet, &state, waits, &[r#""event":"rolled_back""#]).await;

    // Each line but the first, which was there before, in order; the first of them three times.
    let lines = journal(&state);
    let told = eventually(SOON, "all lines at the webhook", async || {
        let told = told.lock().unwrap().clone();
        (told.len() > end).then_some(told.clone()).ok_or(format!("{told:#?}\n{}", fleet.weir.log()))
    })
    .await;
    let bodies: Vec<&str> = told.iter().map(|one| one.split_once(' ').unwrap().1).collect();
    assert_eq!((bodies[0], bodies[1]), (lines[1].as_str(), lines[1].as_str()));
    assert_eq!(bodies[2..=end], lines[1..end]);
    assert!(told.iter().all(|one| one.starts_with("sha256=") && one.find(' ') == Some(71)), "{told:?}");
    assert!(fleet.weir.log().contains("not_notified") && fleet.weir.log().contains("\"notified\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_knows_the_metrics_that_there_are() {
    let page = carts(Arc::default()).await;
    let prometheus = Prometheus::scraping_page(page.address).await;
    prometheus.series("cart_calls_total").await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.json"), release("cart_failures_total")).unwrap();
    fs::write(folder.path().join("bad.json"), release("cart_failure_total")).unwrap();
    let nobody = Port::reserve().number();
    for (file, address, code, said) in [
        ("good.json", prometheus.address().to_string(), 0, "good: release owl-v21 in good.json"),
        ("bad.json", prometheus.address().to_string(), 1, "unknown_metric"),
        ("bad.json", prometheus.address().to_string(), 1, "at guardrails[0].counts.bad"),
        ("bad.json", format!("127.0.0.1:{nobody}"), 0, "warning not_looked_up"),
    ] {
        let words = ["check", file, "--prometheus", &address];
        let ended = Command::new(weir()).args(words).current_dir(folder.path()).output().unwrap();
        let text = String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap();
        assert_eq!((ended.status.code(), text.contains(said)), (Some(code), true), "{words:?}: {text}");
    }
    // One call in a hundred fails, of everybody.
    fs::write(folder.path().join("policy.json"), policy().to_string()).unwrap();
    let address = prometheus.address().to_string();
    let words = [
        "plan",
        "--policy",
        "policy.json",
        "--releases",
        "good.json",
        "--rate",
        "100/s",
        "--json",
        "--over",
        "10s",
        "--prometheus",
    ];
    eventually(SOON, "the part of carts that fails", async || {
        let ended = Command::new(weir()).args(words).arg(&address).current_dir(folder.path()).output().unwrap();
        let text = String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap();
        let plan: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        let carts = plan["rates"].as_array().unwrap().iter().find(|rate| rate["of"] == "carts").unwrap();
        let part = carts["value"].as_f64().ok_or_else(|| text.clone())?;
        ((part - 0.01).abs() < 1e-9).then_some(()).ok_or(text)
    })
    .await;
}
