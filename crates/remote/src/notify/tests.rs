//! Webhooks that fail first, and for long.

use std::sync::Mutex;
use std::time::Duration;

use ring::hmac;
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::testing::{Act, Seen, Server, answer};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const FAST: Pace = Pace { first: Duration::from_millis(1), most: Duration::from_millis(4) };

/// A journal that a test writes, the folder with the key and the file of what was told.
struct Scene {
    folder: TempDir,
    journal: Arc<Mutex<Vec<(u64, String)>>>,
}

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), format!("{KEY}\n")).unwrap();
        Scene { folder, journal: Arc::default() }
    }

    fn write(&self, numbers: impl IntoIterator<Item = u64>) {
        let lines = numbers.into_iter().map(|number| (number, format!(r#"{{"number":{number}}}"#)));
        self.journal.lock().unwrap().extend(lines);
    }

    fn start(&self, server: &Server, from: u64) -> Result<Notifier, String> {
        let address = Address::webhook(&format!("http://{}/hook?key=secret", server.address)).unwrap();
        let webhook = Webhook::new(address, self.folder.path().join("key"));
        webhook.check().unwrap();
        let journal = self.journal.clone();
        // No more than three at a look.
        let lines = move |behind: u64| {
            let all = journal.lock().unwrap();
            Ok(all.iter().filter(|(number, _)| *number > behind).take(3).cloned().collect())
        };
        Notifier::start_at(FAST, webhook, self.folder.path().join("told"), from, Arc::new(lines))
    }
}

async fn told(notifier: &Notifier, number: u64) -> Progress {
    let mut progress = notifier.progress();
    let seen = timeout(Duration::from_secs(20), progress.wait_for(|progress| progress.told == number)).await;
    seen.unwrap().unwrap().clone()
}

fn bodies(server: &Server) -> Vec<String> {
    server.seen().into_iter().map(|Seen { body, .. }| body).collect()
}

fn lines(numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
    numbers.into_iter().map(|number| format!(r#"{{"number":{number}}}"#)).collect()
}

#[tokio::test]
async fn each_line_is_told_in_order_signed_and_once_where_all_is_well() {
    let server = Server::start(|_, _| answer("204 No Content", "")).await;
    let scene = Scene::new();
    scene.write(1..=8);
    let notifier = scene.start(&server, 0).unwrap();
    assert_eq!(told(&notifier, 8).await, Progress { told: 8, failures: 0, trouble: None });
    scene.write([9]);
    notifier.wake();
    told(&notifier, 9).await;
    assert_eq!(bodies(&server), lines(1..=9));
    for Seen { head, body } in server.seen() {
        assert!(
            head.starts_with("POST /hook?key=secret HTTP/1.1\r\n")
                && head.contains("content-type: application/json\r\n")
        );
        let signature = head.lines().find_map(|line| line.strip_prefix("x-weir-signature: sha256=")).unwrap();
        let bytes: Vec<u8> =
            (0..64).step_by(2).map(|at| u8::from_str_radix(&signature[at..at + 2], 16).unwrap()).collect();
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, KEY.as_bytes()), body.as_bytes(), &bytes).unwrap();
    }
}

#[tokio::test]
async fn what_fails_is_told_again_before_anything_else() {
    let server = Server::start(|number, _| match number {
        0 => answer("500 Oh", "no"),
        1 => answer("400 Bad Request", "never"),
        2 => Act::SayAndLeave(Vec::new()),
        3 => answer("302 Found", ""),
        4 => answer("429 Too Many Requests", ""),
        6 => answer("503 Later", ""),
        _ => answer("200 OK", &"x".repeat(1_000)),
    });
    let server = server.await;
    let scene = Scene::new();
    scene.write(1..=3);
    let notifier = scene.start(&server, 0).unwrap();
    assert_eq!(told(&notifier, 3).await.trouble, None);
    assert_eq!(bodies(&server), lines([1, 1, 1, 1, 1, 1, 2, 2, 3]));
}

#[tokio::test]
async fn what_holds_it_up_is_said_without_the_secret() {
    let server = Server::start(|_, _| answer("403 Forbidden", "not you")).await;
    let scene = Scene::new();
    scene.write([41, 42]);
    let notifier = scene.start(&server, 41).unwrap();
    let mut progress = notifier.progress();
    let progress = timeout(Duration::from_secs(20), progress.wait_for(|progress| progress.failures == 3)).await;
    let progress = progress.unwrap().unwrap().clone();
    let trouble = progress.trouble.unwrap();
    assert_eq!(progress.told, 41);
    let place = format!("line 42: http://{}/…: answered 403: not you", server.address);
    assert!(trouble.starts_with(&place) && !trouble.contains("secret"), "{trouble}");
}

/// Also what was told and not kept is told again: at least once.
#[tokio::test]
async fn a_new_start_goes_on_where_the_last_one_was() {
    let server = Server::start(|_, _| answer("200 OK", "")).await;
    let scene = Scene::new();
    scene.write(1..=5);
    let notifier = scene.start(&server, 2).unwrap();
    told(&notifier, 5).await;
    drop(notifier);
    scene.write(6..=7);
    let notifier = scene.start(&server, 2).unwrap();
    told(&notifier, 7).await;
    assert_eq!(bodies(&server), lines(3..=7));
    drop(notifier);

    std::fs::write(scene.folder.path().join("told"), r#"{"number":5}"#).unwrap();
    let notifier = scene.start(&server, 0).unwrap();
    told(&notifier, 7).await;
    assert_eq!(bodies(&server)[5..], lines(6..=7));
    drop(notifier);

    std::fs::write(scene.folder.path().join("told"), "five").unwrap();
    assert!(scene.start(&server, 0).is_err_and(|error| error.contains("delete it")));
}

#[tokio::test]
async fn nobody_waits_for_a_webhook_that_hangs() {
    let server = Server::start(|_, _| Act::Hang).await;
    let scene = Scene::new();
    scene.write(1..=3);
    let notifier = scene.start(&server, 0).unwrap();
    for _ in 0..1_000 {
        notifier.wake();
    }
    assert_eq!(notifier.progress().borrow().told, 0);
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_and_a_key_that_is_gone_are_waited_for() {
    let server = Server::start(|_, _| answer("200 OK", "")).await;
    let scene = Scene::new();
    let key = scene.folder.path().join("key");
    std::fs::remove_file(&key).unwrap();
    let webhook = Webhook::new(Address::webhook(&format!("http://{}", server.address)).unwrap(), key.clone());
    assert!(webhook.check().is_err());
    let looks = Mutex::new(0);
    let lines = move |behind: u64| {
        let mut looks = looks.lock().unwrap();
        *looks += 1;
        if *looks < 3 { Err(io::Error::other("not now")) } else { Ok(vec![(behind.max(1), "{}".to_owned())]) }
    };
    let notifier = Notifier::start_at(FAST, webhook, scene.folder.path().join("told"), 0, Arc::new(lines)).unwrap();
    let mut progress = notifier.progress();
    let said = async |progress: &mut watch::Receiver<Progress>, text: &str| {
        let said =
            progress.wait_for(|progress| progress.trouble.as_ref().is_some_and(|trouble| trouble.contains(text)));
        timeout(Duration::from_secs(20), said).await.unwrap().unwrap().failures
    };
    said(&mut progress, "lines behind 0 cannot be read: not now").await;
    said(&mut progress, "key: No such file").await;
    std::fs::write(&key, KEY).unwrap();
    told(&notifier, 1).await;
    assert_eq!(bodies(&server), ["{}"]);
}

/// Where what was told cannot be kept, lines go on, and it is said.
#[tokio::test]
async fn a_full_disk_holds_up_no_line() {
    let server = Server::start(|_, _| answer("200 OK", "")).await;
    let scene = Scene::new();
    scene.write(1..=2);
    let journal = scene.journal.clone();
    let webhook =
        Webhook::new(Address::webhook(&format!("http://{}", server.address)).unwrap(), scene.folder.path().join("key"));
    let lines =
        move |behind: u64| Ok(journal.lock().unwrap().iter().filter(|(number, _)| *number > behind).cloned().collect());
    let nowhere = scene.folder.path().join("none/told");
    let notifier = Notifier::start_at(FAST, webhook, nowhere, 0, Arc::new(lines)).unwrap();
    let progress = told(&notifier, 2).await;
    assert!(progress.trouble.unwrap().contains("none/told"));
    assert_eq!(bodies(&server).len(), 2);
}
