//! Brings what is wanted to the fleet: stage by stage, each to a few nodes first if so wished, and waits for answers, but
//! for nobody longer than a deadline.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::sync::watch;
use tokio::time::timeout_at;
use weir_xds::{Catalog, Publication};

use super::deployment::Deployment;
use super::file_watcher::Target;
use super::fleet::{Fleet, Watched};
use super::log::Log;
use super::notice::Notice;
use crate::state_dir::{Cause, StateDir};

mod canaries;
mod stages;

use stages::{needs_acks, only_switches_off, plan};

/// How carefully it goes on.
#[derive(Args, Clone)]
pub struct RolloutOptions {
    /// How long a stage of a push waits for Envoys to answer before it names them and goes on
    #[arg(long, value_name = "TIME", default_value = "10s")]
    stage_deadline: humantime::Duration,
    /// Send what is new to this part of the Envoys first, at least to one, and go on only when their gauges say that it is
    /// active there and nothing was refused
    #[arg(long, value_name = "N%", value_parser = canaries::percent)]
    canary_nodes: Option<u32>,
    /// How long to wait for that before it is taken back
    #[arg(long, value_name = "TIME", default_value = "60s")]
    canary_deadline: humantime::Duration,
}

/// What is being brought to whom.
pub struct Rollout {
    options: RolloutOptions,
    now: Deployment,
    /// What everybody was offered last.
    offered: Arc<Catalog>,
    /// Until when a start gives Envoys time to come back.
    reconnects_until: Instant,
    waves: watch::Sender<Arc<Publication>>,
    fleet: Watched,
    state: Option<StateDir>,
    log: Log,
}

/// Something newer is wanted.
struct Superseded;

impl Rollout {
    /// Offers everybody what they were offered last, if that is known, and goes on from there; else the first target.
    pub fn start(
        first: &Target,
        stood: Option<Deployment>,
        options: RolloutOptions,
        fleet: Watched,
        state: Option<StateDir>,
        log: Log,
    ) -> Rollout {
        let patience = if stood.is_some() { *options.stage_deadline } else { Duration::ZERO };
        let now = stood.unwrap_or_else(|| first.0.clone());
        if [&now.edges, &now.mesh].iter().any(|side| side.policy.revision != first.0.mesh.policy.revision) {
            log.tell(&Notice::Resumed { deployed: now.revisions() });
        }
        fleet.send_modify(|fleet| fleet.serving(&now.revision(), None));
        let offered = Arc::new(now.offer());
        let waves = watch::Sender::new(Arc::new(Publication::to_all(1, offered.clone())));
        Rollout { options, now, offered, reconnects_until: Instant::now() + patience, waves, fleet, state, log }
    }

    /// What is offered from each moment on.
    pub fn waves(&self) -> watch::Receiver<Arc<Publication>> {
        self.waves.subscribe()
    }

    /// Goes on until nobody wants anything any more. A target that is overtaken is given up where it stands.
    pub async fn follow(mut self, mut targets: watch::Receiver<Target>) {
        targets.mark_changed();
        while targets.changed().await.is_ok() {
            let (wanted, cause) = targets.borrow_and_update().clone();
            // Err: the next round brings what is newer.
            let _: Result<(), Superseded> = self.roll_out(&wanted, cause, &targets).await;
        }
    }

    async fn roll_out(
        &mut self,
        wanted: &Deployment,
        cause: Cause,
        targets: &watch::Receiver<Target>,
    ) -> Result<(), Superseded> {
        let is_urgent = cause == Cause::Rollback || only_switches_off(&self.now, wanted);
        let stages = plan(&self.now, wanted);
        let count = stages.len();
        for (number, stage) in (1..).zip(stages) {
            let offer = Arc::new(stage.offer());
            let is_last = number == count;
            if *self.offered != *offer {
                if needs_acks(&self.now, &stage) {
                    self.await_reconnects(&wanted.revision(), targets).await?;
                    self.await_acks(targets).await?;
                }
                if !is_last {
                    self.log.tell(&Notice::Stage { number, count, deployed: stage.revisions() });
                }
                if !is_urgent && !self.canaries_take(&offer, targets).await? {
                    return Ok(());
                }
            }
            self.now = stage;
            // Before it is sent: after a crash the server knows of all that an Envoy may have.
            self.keep(is_last.then_some(cause));
            self.publish_to_all(offer);
        }
        self.log.tell(&Notice::Served { revision: self.offered.label().into(), resources: self.offered.size() });
        self.fleet.send_modify(|fleet| fleet.serving(&self.now.revision(), None));
        self.await_acks(targets).await
    }

    /// Offers it to some first, if so wished. False if it did not become active there: then they have again what was before.
    async fn canaries_take(
        &mut self,
        offer: &Arc<Catalog>,
        targets: &watch::Receiver<Target>,
    ) -> Result<bool, Superseded> {
        let Some(percent) = self.options.canary_nodes else { return Ok(true) };
        self.await_reconnects(offer.label(), targets).await?;
        let canaries = canaries::chosen(&self.fleet.borrow(), &self.offered, offer, percent);
        if canaries.is_empty() {
            return Ok(true);
        }
        let (nodes, revision) = (canaries.iter().cloned().collect(), offer.label().to_owned());
        self.log.tell(&Notice::CanaryStarted { revision: revision.clone(), nodes });
        let wave = self.publish(offer.clone(), Some((canaries.clone(), self.offered.clone())));

        let deadline = Instant::now() + *self.options.canary_deadline;
        let took =
            |fleet: &Fleet| canaries::connected(fleet, &canaries).all(|row| row.has_settled(wave) && row.is_active());
        if self.wait_for(deadline, targets, took).await? {
            return Ok(true);
        }
        let why: Vec<String> = canaries::connected(&self.fleet.borrow(), &canaries)
            .filter(|row| !row.is_active())
            .map(|row| format!("{}: {}", row.node.escape_debug(), row.why_not_active()))
            .collect();
        self.publish(self.offered.clone(), None);
        let served = self.now.revision();
        self.fleet.send_modify(|fleet| fleet.serving(&served, Some(revision.clone())));
        self.log.tell(&Notice::Held { revision, why: why.join("; ") });
        Ok(false)
    }

    /// Waits until everybody has answered, and names who has not for too long, however often something newer came meanwhile.
    /// Who comes while it waits is sent what is newest and holds it up no longer, or there would be no end where many come
    /// and go.
    async fn await_acks(&self, targets: &watch::Receiver<Target>) -> Result<(), Superseded> {
        let (wave, newest) = (self.waves.borrow().number, self.fleet.borrow().newest_stream());
        loop {
            let behind = self.fleet.borrow().behind_since(wave, newest).unwrap_or_else(Instant::now);
            let deadline = behind + *self.options.stage_deadline;
            if self.wait_for(deadline, targets, |fleet| fleet.has_settled(wave, newest)).await? {
                return Ok(());
            }
            let mut late = Vec::new();
            self.fleet.send_modify(|fleet| late = fleet.mark_late(wave, behind));
            if !late.is_empty() {
                let (revision, deadline) = (self.now.revision(), self.options.stage_deadline.into());
                self.log.tell(&Notice::NodesLate { revision, nodes: late, deadline });
            }
        }
    }

    /// Waits until Envoys had time to come back after a start: of those that have not nobody knows what they have.
    async fn await_reconnects(&self, next: &str, targets: &watch::Receiver<Target>) -> Result<(), Superseded> {
        let left = self.reconnects_until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        let time = Duration::from_secs(left.as_secs_f64().ceil() as u64);
        self.log.tell(&Notice::AwaitingReconnects { revision: next.to_owned(), time });
        self.wait_for(self.reconnects_until, targets, |_| false).await.map(drop)
    }

    /// Whether this came true of the fleet before the deadline, and before something newer was wanted.
    async fn wait_for(
        &self,
        deadline: Instant,
        targets: &watch::Receiver<Target>,
        is: impl FnMut(&Fleet) -> bool,
    ) -> Result<bool, Superseded> {
        let (mut fleet, mut newer) = (self.fleet.subscribe(), targets.clone());
        tokio::select! {
            _ = newer.changed() => Err(Superseded),
            came = timeout_at(deadline.into(), fleet.wait_for(is)) => Ok(came.is_ok()),
        }
    }

    /// Unless everybody is offered just that.
    fn publish_to_all(&mut self, offer: Arc<Catalog>) {
        if *self.offered != *offer || self.waves.borrow().canaries.is_some() {
            self.publish(offer.clone(), None);
        }
        self.offered = offer;
    }

    fn publish(&self, offer: Arc<Catalog>, canaries: Option<(BTreeSet<String>, Arc<Catalog>)>) -> u64 {
        let number = self.waves.borrow().number + 1;
        self.waves.send_replace(Arc::new(Publication { number, catalog: offer, canaries }));
        number
    }

    /// Keeps what is to stand, and a `cause` in the history if it is what was wanted. A disk that is full does not hold up a
    /// push: what cannot be kept is served all the same.
    fn keep(&self, cause: Option<Cause>) {
        let Some(state) = &self.state else { return };
        let stand = || {
            state.save_deployed(&self.now.edges.policy, &self.now.mesh.policy)?;
            cause.map_or(Ok(()), |cause| state.save_in_force(&self.now.mesh.policy, cause))
        };
        if let Err(failure) = stand() {
            self.log.tell(&Notice::NotSaved { why: failure.text(false) });
        }
    }
}
