//! Users who come again and again at a known rate, and what each request met.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Request;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use super::shop::SOON;
use super::version::VERSION;
use crate::support::{Client, Protocol, eventually};

/// Who waits longer goes away. Where all is well nobody does, on a machine that has more to do.
const PATIENCE: Duration = Duration::from_secs(20);
/// So many requests may be under way at once.
const CLIENTS: usize = 48;
/// One of so many requests is of nobody who is known.
const NOBODY_OF: usize = 20;

/// A request and what it met.
#[derive(Clone, Debug)]
pub struct Met {
    pub sent: Instant,
    pub done: Instant,
    /// None for a request without a unit.
    pub user: Option<usize>,
    /// Where it was sent.
    pub gateway: SocketAddr,
    /// The status; none where no answer came.
    pub status: Option<u16>,
    /// The version that answered; none where none did.
    pub version: Option<String>,
    /// What the filter decided.
    pub decision: String,
}

impl Met {
    pub fn is_of(&self, version: &str) -> bool {
        self.version.as_deref() == Some(version)
    }

    /// An error, no answer, or a late one.
    pub fn is_bad(&self) -> bool {
        self.status.is_none_or(|status| status >= 500) || self.done - self.sent > Duration::from_millis(250)
    }
}

/// Traffic that goes on until it is stopped. A user always goes to the same gateway, as long as there are as many.
pub struct Traffic {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

struct Shared {
    gateways: Mutex<Vec<SocketAddr>>,
    met: Mutex<Vec<Met>>,
    next: AtomicUsize,
    stop: AtomicBool,
    users: usize,
    patience: Duration,
    begun: tokio::time::Instant,
    every: Duration,
}

impl Traffic {
    /// So many users send so many requests a second altogether.
    pub fn start(gateways: &[SocketAddr], users: usize, per_second: u32) -> Self {
        Self::of(gateways, users, per_second, PATIENCE)
    }

    /// The same of users who wait so long for an answer.
    pub fn of(gateways: &[SocketAddr], users: usize, per_second: u32, patience: Duration) -> Self {
        let shared = Arc::new(Shared {
            gateways: Mutex::new(gateways.to_vec()),
            met: Mutex::default(),
            next: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            users,
            patience,
            begun: tokio::time::Instant::now(),
            every: Duration::from_secs(1) / per_second,
        });
        let mut tasks = JoinSet::new();
        for _ in 0..CLIENTS {
            tasks.spawn(shared.clone().come());
        }
        Self { shared, tasks }
    }

    /// From now on users go to these.
    pub fn go_to(&self, gateways: &[SocketAddr]) {
        *self.shared.gateways.lock().unwrap() = gateways.to_vec();
    }

    /// What was met so far, in the order in which answers came.
    pub fn met(&self) -> Vec<Met> {
        self.shared.met.lock().unwrap().clone()
    }

    /// Lets requests under way end, and says what all of them met.
    pub async fn stop(self) -> Vec<Met> {
        self.shared.stop.store(true, SeqCst);
        self.tasks.join_all().await;
        std::mem::take(&mut *self.shared.met.lock().unwrap())
    }
}

impl Shared {
    async fn come(self: Arc<Self>) {
        let mut clients = BTreeMap::new();
        loop {
            let index = self.next.fetch_add(1, SeqCst);
            // The rate is what evidence is reckoned by.
            sleep_until(self.begun + self.every * u32::try_from(index).unwrap()).await;
            if self.stop.load(SeqCst) {
                return;
            }
            let user = (!index.is_multiple_of(NOBODY_OF)).then(|| scattered(index) % self.users);
            let gateway = {
                let gateways = self.gateways.lock().unwrap();
                gateways[user.unwrap_or(index) % gateways.len()]
            };
            let client = clients.entry(gateway).or_insert_with(|| Client::new(gateway, Protocol::Http1));
            let mut request = Request::get("/checkout");
            if let Some(user) = user {
                request = request.header("x-user-id", format!("user-{user}"));
            }
            let sent = Instant::now();
            let answer = timeout(self.patience, client.send(request.body(Bytes::new()).unwrap())).await;
            let done = Instant::now();
            let answer = answer.ok().and_then(Result::ok);
            if answer.is_none() {
                clients.remove(&gateway);
            }
            let header = |name: &str| answer.as_ref().and_then(|answer| answer.header(name));
            let decision = header("x-weir-decision").unwrap_or_default();
            let status = answer.as_ref().map(|answer| answer.status);
            let met = Met { sent, done, user, gateway, status, version: header(VERSION), decision };
            self.met.lock().unwrap().push(met);
        }
    }
}

/// Users in no order.
fn scattered(index: usize) -> usize {
    ((index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) as usize
}

/// Panics if anybody met another version after this one.
#[track_caller]
pub fn nobody_leaves(met: &[Met], version: &str) {
    let mut first = BTreeMap::<usize, Instant>::new();
    for (user, one) in of_users(met).filter(|(_, one)| one.is_of(version)) {
        let at = first.entry(user).or_insert(one.done);
        *at = one.done.min(*at);
    }
    assert!(!first.is_empty(), "nobody met {version}");
    for (user, one) in of_users(met) {
        let is_another = one.version.is_some() && !one.is_of(version);
        let is_back = first.get(&user).is_some_and(|at| one.sent > *at && is_another);
        assert!(!is_back, "user-{user} met {version} before, and then {one:?}");
    }
}

/// Waits until somebody of the last few meets this version.
pub async fn until_somebody_meets(traffic: &Traffic, version: &str, told: impl Fn() -> String) {
    eventually(SOON, &format!("somebody meets {version}"), async || {
        let met = traffic.met();
        let mut last = met.iter().rev().take(50);
        last.any(|one| one.is_of(version)).then_some(()).ok_or_else(&told)
    })
    .await;
}

/// Waits until nobody meets this version, for as many requests as its users would be among.
pub async fn until_nobody_meets(traffic: &Traffic, version: &str, told: impl Fn() -> String) {
    eventually(SOON, &format!("nobody meets {version}"), async || {
        let met = traffic.met();
        let last: Vec<_> = met.iter().rev().take(150).filter(|one| one.is_of(version)).collect();
        last.is_empty().then_some(()).ok_or_else(|| format!("{:?}\n{}", last[0], told()))
    })
    .await;
}

/// How many met this version.
pub fn users_of(met: &[Met], version: &str) -> usize {
    let users: std::collections::BTreeSet<usize> =
        of_users(met).filter(|(_, one)| one.is_of(version)).map(|(user, _)| user).collect();
    users.len()
}

fn of_users(met: &[Met]) -> impl Iterator<Item = (usize, &Met)> {
    met.iter().filter_map(|one| Some((one.user?, one)))
}
