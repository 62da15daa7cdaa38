//! The rollout: executes the stages that bring a target to the fleet, saves each before it is sent, and waits for answers,
//! but for nobody longer than a deadline. It is the one writer of what is served.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use weir_xds::{Catalog, Publication};

use super::changes::{changes, written_changes};
use super::deployment::Deployment;
use super::desired::Target;
use super::fleet::{Fleet, SharedFleet};
use super::notice::Notice;
use super::progress::{Held, SharedProgress};
use crate::duration;
use crate::state_dir::{Cause, StateDir};

mod canaries;
#[cfg(test)]
pub mod samples;
mod stages;
#[cfg(test)]
mod tests;

use stages::{Stage, stages};

/// Options that say how carefully a rollout goes.
#[derive(Args, Clone)]
pub struct RolloutOptions {
    /// How long a stage of a push waits for Envoys to answer before it names them and goes on
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::read)]
    stage_deadline: humantime::Duration,
    /// Send what is new to this part of the Envoys first, at least to one, and go on only when their gauges say that it is
    /// active there and nothing was refused
    #[arg(long, value_name = "N%", value_parser = canaries::percent)]
    canary_nodes: Option<u32>,
    /// How long to wait for that before it is taken back
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration::read)]
    canary_deadline: humantime::Duration,
}

/// What tells notices.
pub type Tell = Box<dyn Fn(&Notice) + Send + Sync>;

/// What is deployed, and how it goes on from there.
pub struct Rollout {
    options: RolloutOptions,
    deployed: Deployment,
    /// What everybody was to have when something was served last.
    served: Deployment,
    /// Until when a start gives Envoys time to connect again.
    reconnects_until: Instant,
    publications: watch::Sender<Arc<Publication>>,
    progress: SharedProgress,
    fleet: SharedFleet,
    state: Option<StateDir>,
    tell: Tell,
}

/// A newer target is wanted.
struct Superseded;

impl Rollout {
    /// Publishes to all what they were offered last, if that is known, and goes on from there; else the first target.
    pub fn start(
        first: &Target,
        resumed: Option<Deployment>,
        options: RolloutOptions,
        progress: SharedProgress,
        fleet: SharedFleet,
        state: Option<StateDir>,
        tell: Tell,
    ) -> Rollout {
        let patience = if resumed.is_some() { *options.stage_deadline } else { Duration::ZERO };
        let deployed = resumed.unwrap_or_else(|| first.deployment.clone());
        let wanted = first.deployment.revision();
        let revisions = deployed.revisions();
        if [&revisions.edges, &revisions.mesh].iter().any(|revision| **revision != wanted) {
            tell(&Notice::Resumed { deployed: revisions.clone() });
        }
        let first = Publication::to_all(1, Arc::new(deployed.catalog()));
        progress.send_modify(|progress| {
            (progress.wanted, progress.active) = (wanted, deployed.revision());
            progress.without_server = deployed.without_server();
            (progress.deployed, progress.publication) = (revisions, first.number);
            progress.pushes.published(first.number, deployed.pushed());
            progress.counting = Arc::new(deployed.counting());
        });
        let publications = watch::Sender::new(Arc::new(first));
        let reconnects_until = Instant::now() + patience;
        let served = deployed.clone();
        Rollout { options, deployed, served, reconnects_until, publications, progress, fleet, state, tell }
    }

    /// What is published from each moment on.
    pub fn publications(&self) -> watch::Receiver<Arc<Publication>> {
        self.publications.subscribe()
    }

    /// Rolls out each target until there are no more. One that is superseded is given up where it stands.
    pub async fn follow(mut self, mut targets: watch::Receiver<Target>) {
        targets.mark_changed();
        while targets.changed().await.is_ok() {
            let target = targets.borrow_and_update().clone();
            // Err: the next round rolls out what is newer.
            let _: Result<(), Superseded> = self.roll_out(&target, &targets).await;
        }
    }

    async fn roll_out(&mut self, target: &Target, targets: &watch::Receiver<Target>) -> Result<(), Superseded> {
        let wanted = target.deployment.revision();
        self.progress.send_modify(|progress| progress.wanted.clone_from(&wanted));
        let stages = stages(&self.deployed, target, self.options.canary_nodes);
        let count = stages.len();
        let changes = changes(&self.served, &target.deployment);
        let of_history = written_changes(&self.served, &target.deployment);
        for (number, stage) in (1..).zip(stages) {
            let catalog = Arc::new(stage.deployment.catalog());
            let is_last = number == count;
            if *catalog != *self.catalog_of_all() {
                if stage.needs_acks {
                    self.await_reconnects(&wanted, targets).await?;
                    self.await_acks(targets).await?;
                }
                if !is_last {
                    let deployed = stage.deployment.revisions();
                    (self.tell)(&Notice::Stage { number, count, deployed, urgent: stage.urgent });
                }
                if !self.canaries_accept(&stage, &catalog, &wanted, targets).await? {
                    return Ok(());
                }
            }
            self.deploy(stage.deployment, catalog, is_last.then_some((target.cause, &of_history)));
        }
        self.progress.send_modify(|progress| {
            (progress.active, progress.held) = (wanted.clone(), None);
            progress.without_server = target.deployment.without_server();
        });
        self.served = self.deployed.clone();
        (self.tell)(&Notice::Served { revision: wanted, resources: self.deployed.size(), changes });
        self.await_acks(targets).await
    }

    /// Offers a stage to its canary nodes. False if it did not become active there: then they have again what was before.
    async fn canaries_accept(
        &mut self,
        stage: &Stage,
        catalog: &Arc<Catalog>,
        wanted: &str,
        targets: &watch::Receiver<Target>,
    ) -> Result<bool, Superseded> {
        let Some(percent) = stage.canaries else { return Ok(true) };
        self.await_reconnects(wanted, targets).await?;
        let before = self.catalog_of_all();
        let canaries = canaries::chosen(&self.fleet.borrow(), &before, catalog, percent);
        if canaries.is_empty() {
            return Ok(true);
        }
        let nodes = canaries.iter().cloned().collect();
        (self.tell)(&Notice::CanaryStarted { revision: wanted.to_owned(), nodes });
        let number = self.publish(catalog.clone(), Some((canaries.clone(), before.clone())));
        self.progress.send_modify(|progress| progress.pushes.published_first(number, canaries.clone()));

        let deadline = Instant::now() + *self.options.canary_deadline;
        let accepted = |fleet: &Fleet| {
            canaries::connected(fleet, &canaries).all(|row| row.has_caught_up(number) && row.is_active())
        };
        if self.wait_for(deadline, targets, accepted).await? {
            return Ok(true);
        }
        let reasons = canaries::connected(&self.fleet.borrow(), &canaries)
            .filter(|row| !row.is_active())
            .map(|row| (row.node.clone(), row.why_not_active()))
            .collect();
        let held = Held { revision: wanted.to_owned(), push: stage.deployment.edges.push, reasons };
        let number = self.publish(before, None);
        self.progress.send_modify(|progress| {
            (progress.publication, progress.held) = (number, Some(held.clone()));
            progress.pushes.published(number, self.deployed.pushed());
        });
        (self.tell)(&Notice::Held(held));
        Ok(false)
    }

    /// Waits until everybody has answered, and marks who has not for too long, however often something newer came meanwhile.
    /// A node that comes while it waits is sent what is newest and holds it up no longer, or there would be no end where many
    /// come and go.
    async fn await_acks(&self, targets: &watch::Receiver<Target>) -> Result<(), Superseded> {
        let (number, newest) = (self.publications.borrow().number, self.fleet.borrow().newest_stream());
        loop {
            let behind = self.fleet.borrow().behind_since(number, newest).unwrap_or_else(Instant::now);
            let deadline = behind + *self.options.stage_deadline;
            if self.wait_for(deadline, targets, |fleet| fleet.has_caught_up(number, newest)).await? {
                return Ok(());
            }
            let mut nodes = Vec::new();
            self.fleet.send_modify(|fleet| nodes = fleet.mark_late(number, behind));
            if !nodes.is_empty() {
                let (revision, deadline) = (self.deployed.revision(), self.options.stage_deadline.into());
                (self.tell)(&Notice::NodesLate { revision, nodes, deadline });
            }
        }
    }

    /// Waits until Envoys had time to connect again after a start: of those that have not nobody knows what they have.
    async fn await_reconnects(&self, wanted: &str, targets: &watch::Receiver<Target>) -> Result<(), Superseded> {
        let left = self.reconnects_until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        let time = Duration::from_secs(left.as_secs_f64().ceil() as u64);
        (self.tell)(&Notice::AwaitingReconnects { revision: wanted.to_owned(), time });
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
            came = timeout_at(deadline, fleet.wait_for(is)) => Ok(came.is_ok()),
        }
    }

    /// What everybody is offered, canary nodes aside.
    fn catalog_of_all(&self) -> Arc<Catalog> {
        let publication = self.publications.borrow();
        publication.canaries.as_ref().map_or(&publication.catalog, |(_, others)| others).clone()
    }

    /// Saves a deployment, then publishes it to all: after a crash the server knows of all that an Envoy may have.
    fn deploy(&mut self, deployment: Deployment, catalog: Arc<Catalog>, in_force: Option<(Cause, &[String])>) {
        self.save(&deployment, in_force);
        self.deployed = deployment;
        let before = self.publications.borrow().clone();
        let is_offered = before.canaries.is_none() && *catalog == *before.catalog;
        let number = if is_offered { before.number } else { self.publish(catalog, None) };
        self.progress.send_modify(|progress| {
            (progress.deployed, progress.publication) = (self.deployed.revisions(), number);
            progress.pushes.published(number, self.deployed.pushed());
            progress.counting = Arc::new(self.deployed.counting());
        });
    }

    fn publish(&self, catalog: Arc<Catalog>, canaries: Option<(BTreeSet<String>, Arc<Catalog>)>) -> u64 {
        let number = self.publications.borrow().number + 1;
        self.publications.send_replace(Arc::new(Publication { number, catalog, canaries }));
        number
    }

    /// Saves what is deployed, and in the history what came into force by it, with its cause and what changed. A disk that is
    /// full does not hold up a rollout: what cannot be saved is served all the same.
    fn save(&self, deployment: &Deployment, in_force: Option<(Cause, &[String])>) {
        let Some(state) = &self.state else { return };
        let save = || {
            let [edges, mesh] = [&deployment.edges, &deployment.mesh].map(|tier| (&*tier.policy, tier.push));
            state.save_deployed(edges, mesh)?;
            let Some((cause, changes)) = in_force else { return Ok(()) };
            state.save_in_force(&deployment.written, cause, changes)
        };
        if let Err(failure) = save() {
            (self.tell)(&Notice::NotSaved { why: failure.text(false) });
        }
    }
}
