//! Users who ask all the time, and what their requests had at each hop.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::task::JoinSet;

use super::DEADLINE;
use crate::calls::{get, hops};
use crate::chain::Chain;
use crate::support::client::{Answer, Client, Protocol};
use crate::support::{Echo, eventually};

/// So many requests are under way at once.
pub const CONNECTIONS: usize = 3;
const USERS: usize = 400;
const SOME: usize = 100;

/// A request and what it met.
#[derive(Clone, Debug)]
pub struct Met {
    pub user: usize,
    pub sent: Instant,
    pub done: Instant,
    /// Who answered at each hop behind the gateway; nobody where the answer is an error.
    pub versions: Vec<String>,
    /// The tags that came to each of them.
    tags: Vec<String>,
}

impl Met {
    fn of(user: usize, sent: Instant, answer: Result<Answer, String>) -> Self {
        let answer = answer.unwrap_or_else(|error| panic!("user-{user}: {error}"));
        let hops = match answer.status {
            502 => Vec::new(),
            _ => hops(&answer).unwrap_or_else(|problem| panic!("user-{user}: {problem}")),
        };
        let versions = hops.iter().map(|hop| hop.upstream.clone()).collect();
        Self { user, sent, done: Instant::now(), versions, tags: hops.iter().map(tags).collect() }
    }

    /// Whether it failed.
    pub fn is_bad(&self) -> bool {
        self.versions.is_empty()
    }

    /// Whether it came in with this tag.
    pub fn has(&self, tag: &str) -> bool {
        self.tags.first().is_some_and(|first| first == tag)
    }

    /// The tags at each hop.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().map(String::as_str)
    }
}

/// The tags that an app was sent. They are in the baggage, which each app hands on.
fn tags(hop: &Echo) -> String {
    let baggage = hop.lines("baggage").join(",");
    let member = baggage.split(',').find_map(|member| member.trim().strip_prefix("env_tag="));
    member.unwrap_or_default().to_owned()
}

pub struct Users {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    next: AtomicUsize,
    stop: AtomicBool,
    met: Mutex<Vec<Met>>,
}

impl Users {
    /// Begins to ask by the gateway.
    pub fn start(chain: &Chain) -> Self {
        let server = SocketAddr::new(chain.address, chain.mesh.network.http);
        let (shared, mut tasks) = (Arc::new(Shared::default()), JoinSet::new());
        for _ in 0..CONNECTIONS {
            tasks.spawn(Arc::clone(&shared).ask(server));
        }
        Self { shared, tasks }
    }

    /// What was met so far.
    pub fn met(&self) -> Vec<Met> {
        self.shared.met.lock().unwrap().clone()
    }

    /// Waits until a number of requests in a row had no tag and no error: the moment at which the last of them was answered.
    pub async fn until_nobody_is_dealt(&self, told: impl Fn() -> String) -> Instant {
        eventually(DEADLINE, "nobody is dealt", async || {
            let met = self.met();
            let last = &met[met.len().saturating_sub(SOME)..];
            let dealt = last.iter().find(|one| one.is_bad() || one.tags().any(|tag| !tag.is_empty()));
            match dealt {
                None if last.len() == SOME => Ok(last.iter().map(|one| one.done).max().unwrap()),
                _ => Err(format!("{dealt:?}\n{}", told())),
            }
        })
        .await
    }

    /// Lets requests under way end, and says what all of them met.
    pub async fn stop(self) -> Vec<Met> {
        self.shared.stop.store(true, SeqCst);
        self.tasks.join_all().await;
        std::mem::take(&mut *self.shared.met.lock().unwrap())
    }
}

impl Shared {
    async fn ask(self: Arc<Self>, server: SocketAddr) {
        let mut client = Client::new(server, Protocol::Http1);
        while !self.stop.load(SeqCst) {
            // Not in turn, so that those who ask together are not the same all the time.
            let user = self.next.fetch_add(1, SeqCst).wrapping_mul(7_919) % USERS;
            let sent = Instant::now();
            let answer = client.send(get(&[("x-user-id", &format!("user-{user}"))])).await;
            let met = Met::of(user, sent, answer);
            self.met.lock().unwrap().push(met);
        }
    }
}
