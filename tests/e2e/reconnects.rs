//! A hundred come and go each second: who stays is served as ever, and nothing stays of those that went.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use serde_json::json;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

use crate::support::{
    Fleet, Load, PolicyFile, Predictor, Weir, checkout, comes_and_goes, decided_by, envelope, eventually, policy,
    with_more,
};

const A_SECOND: usize = 100;
const SECONDS: usize = 8;
/// More than at any time on a machine that keeps up. Where it does not, what a crowd takes at once is no leak.
const AT_ONCE: usize = 60;
const SOON: Duration = Duration::from_secs(30);
/// What a server may have grown by in the second half, for allocators that keep what they have.
const GROWTH_KIB: u64 = 8 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_reconnects_a_second_hold_up_nobody_and_leave_nothing() {
    let fleet = Fleet::of_tiers(&[]).await;
    let edge = fleet.envoy("edge-1", "edge").await;
    edge.until_revision(PolicyFile::of(&policy("10%")).number).await;
    let load = Load::start(edge.listener("edge").await, 2, checkout);
    let handles = handles(&fleet.weir);

    let guests = Guests::come(&fleet.weir);
    // The second one goes in stages, which wait for answers.
    let mut policies = vec![policy("10%"), policy("20%"), with_more("20%"), policy("30%")];
    for next in &policies[1..] {
        fleet.write("policy.yaml", &next.to_string());
        edge.until_revision(PolicyFile::of(next).number).await;
    }
    guests.until(SECONDS / 2).await;
    let before = memory_kib(&fleet.weir);
    guests.until(SECONDS).await;
    let grown = memory_kib(&fleet.weir).saturating_sub(before);
    guests.stop().await;
    assert!(grown < GROWTH_KIB, "{grown} KiB more in {} reconnects", A_SECOND * SECONDS / 2);

    // Nobody is there but the Envoy, and of each of the others one row tells that it was.
    eventually(SOON, "all places are free", async || {
        let open = self::handles(&fleet.weir);
        (open <= handles).then_some(()).ok_or_else(|| format!("{open} handles instead of {handles}"))
    })
    .await;
    eventually(SOON, "they are gone", async || {
        let rows = fleet.weir.rows();
        let connected: Vec<_> = rows.iter().filter(|row| row["connected"] == true).map(|row| &row["node"]).collect();
        let found = (connected, rows.len());
        (found == (vec![&json!("edge-1")], A_SECOND + 1)).then_some(()).ok_or_else(|| format!("{found:?}"))
    })
    .await;

    let predictors: Vec<_> = policies.drain(..).map(|policy| Predictor::new(&envelope("edge", &policy))).collect();
    decided_by(&load.stop().await, &predictors);
}

/// A hundred nodes, each of which comes and goes once a second.
struct Guests {
    gone: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Guests {
    fn come(weir: &Weir) -> Self {
        let (server, gone, stop) = (weir.address(), Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (counted, stopped) = (gone.clone(), stop.clone());
        let task = tokio::spawn(async move {
            let mut pace = interval(Duration::from_secs(1) / A_SECOND as u32);
            // Whoever is late comes as soon as there is a place: it stays a hundred a second.
            pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let mut visits = JoinSet::new();
            let mut number = 0;
            while !stopped.load(SeqCst) {
                pace.tick().await;
                visits.spawn(comes_and_goes(server, format!("guest-{}", number % A_SECOND)));
                number += 1;
                while visits.len() >= AT_ONCE {
                    visits.join_next().await.unwrap().unwrap().unwrap();
                    counted.fetch_add(1, SeqCst);
                }
            }
            for visit in visits.join_all().await {
                visit.unwrap();
            }
        });
        Self { gone, stop, task }
    }

    /// Waits until as many have gone as do in so many seconds.
    async fn until(&self, seconds: usize) {
        eventually(SOON, "they come and go", async || {
            assert!(!self.task.is_finished(), "one was not served");
            let gone = self.gone.load(SeqCst);
            (gone >= seconds * A_SECOND).then_some(()).ok_or_else(|| format!("{gone} have gone"))
        })
        .await;
    }

    async fn stop(self) {
        self.stop.store(true, SeqCst);
        self.task.await.unwrap();
    }
}

/// How many files and sockets it has open.
fn handles(weir: &Weir) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", weir.id())).unwrap().count()
}

fn memory_kib(weir: &Weir) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", weir.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
