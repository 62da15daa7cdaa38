//! Evidence: each tick the counters of the connected edges are read and taken into a ledger, which is recorded in the state.
//! Where edges count nothing, nothing is read and nothing said.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use weir_release::evidence::{EDGES_MAX, Evidence, Experiments, Followed, Ledger, PROCESS, Reading, TICK, counters};
use weir_release::state::Memory;

use self::edges::{Edge, Edges, Seen};
use self::told::Told;
use self::view::PollView;
use super::counting::Counting;
use super::fleet::{Moment, Row, SharedFleet};
use super::judge::TickOf;
use super::log::Log;
use super::notice::Notice;
use super::progress::SharedProgress;
use super::questions::Questions;
use super::releases::{Observed, SharedReleases, Ticked};
use crate::http_get::get_each;
use crate::state_dir::StateDir;

mod edges;
mod told;
mod view;

pub use view::{EvidenceView, SharedEvidence};

/// Edges that are read at the same time.
const AT_ONCE: usize = 128;
/// The most bytes of an answer: 8,192 counters with the longest names are 2 MB.
const BYTES_MAX: usize = 4 << 20;
/// The time after which what was counted is recorded at the latest.
const RECORD_AGE_MAX: Duration = Duration::from_secs(60);

/// What reads edges.
pub struct Gatherer {
    /// The port of the admin interface of an Envoy that names none.
    pub admin_port: Option<u16>,
    /// The Envoys.
    pub fleet: SharedFleet,
    /// What edges count.
    pub progress: SharedProgress,
    /// Where the ledger is recorded.
    pub state: Option<StateDir>,
    /// Where notices go.
    pub log: Log,
    /// Where all look that want to know.
    pub evidence: SharedEvidence,
    /// Who decides about releases by it, if there are any.
    pub releases: Option<mpsc::Sender<TickOf>>,
    /// Which those are.
    pub shown: SharedReleases,
    /// What is asked beside edges.
    pub questions: Questions,
    /// The time from one tick to the next.
    pub every: Duration,
}

/// What is recorded together: what was counted, and what was made of it. In between, a tick takes evidence out of one and into the
/// other.
#[derive(Default)]
struct Kept {
    ledger: Ledger,
    releases: Memory,
    in_between: bool,
}

impl Gatherer {
    /// Gathers evidence until the server is told to stop.
    pub async fn follow(self, mut stopping: watch::Receiver<bool>) {
        let mut kept = None;
        tokio::select! {
            _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
            () = self.gather(&mut kept) => {}
        }
        // Where nothing was ever counted, nothing is written; and what was recorded last is whole.
        let is_whole = |kept: &Kept| !kept.in_between && kept.ledger != Ledger::default();
        if let Some(kept) = kept.filter(is_whole) {
            self.record(&kept);
        }
    }

    async fn gather(&self, kept: &mut Option<Kept>) {
        let (mut edges, mut told, mut followed, mut recorded) = (Edges::default(), Told::default(), None, None);
        let mut ticks = interval_at(Instant::now() + self.every, self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if kept.is_none() {
                *kept = self.recorded();
            }
            ticks.tick().await;
            let (counting, publication) = {
                let progress = self.progress.borrow();
                (progress.counting.clone(), progress.publication)
            };
            // Before the first deployment nobody knows what is in the policy.
            let Some(kept) = kept.as_mut().filter(|_| publication > 0) else {
                self.tick(&mut Kept::default(), Observed::default()).await;
                continue;
            };
            let ledger = &mut kept.ledger;
            let followed = followed.get_or_insert_with(|| Followed::begin(&counting.known, ledger));
            let has_forgotten = ledger.keep(&counting.known);
            let wanted = followed.turn(&counting.experiments, &counting.known);
            if wanted.are_none() {
                (edges, told) = (Edges::default(), Told::default());
                self.evidence.send_modify(|view| view.take_in(None, ledger));
                let running = self.shown.borrow().running();
                let observed = Observed { queries: self.questions.ask(&running).await, ..Observed::default() };
                let is_news = self.tick(kept, observed).await;
                if has_forgotten || is_news || recorded.take().is_some() {
                    self.record(kept);
                }
                continue;
            }
            let begun = Instant::now();
            let reading = self.read(ledger, &mut edges, &counting, Arc::new(wanted));
            let running = self.shown.borrow().running();
            let (resets, queries) = tokio::join!(reading, self.questions.ask(&running));
            let now = Moment::now();
            let seen = edges.seen(now.steady);
            let given = self.poll(kept, &seen, now, begun.elapsed());
            given.iter().for_each(|given| followed.accepted(given));
            told.of(&seen, now.steady).iter().for_each(|notice| self.log.tell(notice));
            let is_reset = !resets.is_empty();
            if is_reset && running.is_empty() {
                // Else the journal has it.
                self.log.tell(&Notice::EvidenceReset { nodes: resets.iter().cloned().collect() });
            }
            let observed = Observed { poll: given, refusal: seen.poll.refusal(), resets, queries };
            let is_news = self.tick(kept, observed).await;
            // The next tick would be too late.
            let is_due = recorded.is_none_or(|recorded: Instant| recorded.elapsed() + TICK > RECORD_AGE_MAX);
            if is_due || is_news || has_forgotten || is_reset {
                self.record(kept);
                recorded = Some(Instant::now());
            }
        }
    }

    /// Has releases decided by what was seen. Whether what came of it is to be recorded at once.
    async fn tick(&self, kept: &mut Kept, observed: Observed) -> bool {
        let Some(releases) = &self.releases else {
            kept.in_between = false;
            return false;
        };
        let (reply, came) = oneshot::channel();
        if releases.send(TickOf { observed, reply }).await.is_err() {
            return false;
        }
        let Ok(Some(Ticked { memory, is_news })) = came.await else { return false };
        (kept.releases, kept.in_between) = (memory, false);
        is_news
    }

    /// The ledger as it was recorded. None if that cannot be read: it stays as it is, since one that began anew would count
    /// what is in it again.
    fn recorded(&self) -> Option<Kept> {
        match block_in_place(|| self.state.as_ref().map_or(Ok(None), StateDir::evidence)) {
            Ok(recorded) => {
                let (ledger, releases) = recorded.unwrap_or_default();
                self.evidence.send_modify(|view| view.take_in(None, &ledger));
                Some(Kept { ledger, releases, in_between: false })
            }
            Err(failure) => {
                let why = failure.text(false);
                // It is tried at each tick.
                if self.evidence.borrow().not_read() != Some(why.as_str()) {
                    self.log.tell(&Notice::EvidenceNotRead { why: why.clone() });
                }
                self.evidence.send_modify(|view| view.take_in_failure(why));
                None
            }
        }
    }

    fn record(&self, kept: &Kept) {
        let Some(state) = &self.state else { return };
        if let Err(failure) = block_in_place(|| state.save_evidence(&kept.ledger, &kept.releases)) {
            self.log.tell(&Notice::NotSaved { why: failure.text(false) });
        }
    }

    /// Reads all edges, or as many as there is time for until the next tick. The nodes that were reset.
    async fn read(
        &self,
        ledger: &mut Ledger,
        edges: &mut Edges,
        counting: &Counting,
        of: Arc<Experiments>,
    ) -> BTreeSet<String> {
        edges.connected(self.connected(counting));
        let mut resets = BTreeSet::new();
        if edges.count() > EDGES_MAX {
            return resets;
        }
        let until = Instant::now() + self.every;
        let mut due = edges.due().into_iter();
        let mut asking = JoinSet::new();
        loop {
            while asking.len() < AT_ONCE
                && Instant::now() < until
                && let Some(edge) = due.next()
            {
                let of = of.clone();
                asking.spawn(async move {
                    let answer = ask(&edge, &of).await;
                    (edge, answer)
                });
            }
            let Some(answer) = asking.join_next().await else { return resets };
            let Ok((edge, answer)) = answer else { continue };
            let start = answer.as_ref().map(|reading| reading.start.clone());
            edges.asked(edge.stream, start.map_err(Clone::clone), Instant::now());
            if let Ok(reading) = answer
                && ledger.count(&edge.node, reading, &edge.push.to_string())
            {
                resets.insert(edge.node);
            }
        }
    }

    /// The edges that are connected.
    fn connected(&self, counting: &Counting) -> Vec<Edge> {
        let (fleet, progress) = (self.fleet.borrow(), self.progress.borrow());
        let is_edge = |row: &Row| {
            let names = row.attachments.iter().map(|attachment| attachment.name.as_str());
            counting.are_edge(&row.about, names)
        };
        let edges = fleet.connected().filter(|(_, row)| is_edge(row));
        let edge = |(stream, row): (u64, Cow<'_, Row>)| {
            let (machine, admin) = (row.peer.ip(), row.admin_address(self.admin_port));
            let push = progress.pushes.of(&row.node, row.answered()).edges;
            Edge { stream, node: row.node.clone(), machine, admin, push }
        };
        edges.map(edge).collect()
    }

    /// Gives out what was counted, if enough edges were read; none if not.
    fn poll(&self, kept: &mut Kept, seen: &Seen, now: Moment, took: Duration) -> Option<Vec<Evidence>> {
        let is_accepted = seen.poll.refusal().is_none();
        let ledger = &mut kept.ledger;
        let given = is_accepted.then(|| ledger.accept());
        kept.in_between = given.is_some();
        let poll = PollView::new(now, took, seen, given.clone().unwrap_or_default());
        self.evidence.send_modify(|view| view.take_in(Some(poll), ledger));
        given
    }
}

/// Reads an edge.
async fn ask(edge: &Edge, of: &Experiments) -> Result<Reading, String> {
    let admin = edge.admin.map(|admin| admin.to_string()).unwrap_or_default();
    let paths = [PROCESS, &counters(of)];
    let answers = get_each(&admin, paths, BYTES_MAX).await.map_err(|error| error.to_string())?;
    let [process, counters] = answers.each_ref().map(|answer| String::from_utf8_lossy(answer));
    Reading::parse(&edge.node, &process, &counters, of).map_err(|why| format!("{admin}: {why}"))
}
