//! A server without connections: the real rollout, a fleet that answers by a script, and the story of all that happens.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use tokio::time::sleep_until;
use weir_policy::{Checked, Role};
use weir_xds::{Attribute, Event, FilterLabel, Node, NodeMatch, Nodes, Report, ResourceKind, Service};

use crate::effective::Effective;
use crate::serve::fleet::{Gauges, Moment};
use crate::serve::progress::Progress;
use crate::serve::rollout::samples::{Sample, filter, policy};
use crate::serve::rollout::*;

const A: Sample = ("a", true, &["a1"]);
const OFF: Sample = ("a", false, &["a1"]);
const B: Sample = ("b", true, &["b1"]);
const MORE: Sample = ("b", true, &["b1", "b2"]);

/// How a node behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Behaviour {
    /// Answers at once, and its gauges say so.
    Active,
    /// Answers at once, but nobody can read its gauges.
    Unread,
    /// Answers nothing.
    Frozen,
}

use Behaviour::{Active, Frozen};

/// What happens in some second.
#[derive(Clone, Copy)]
pub enum Do {
    /// A target, by its name.
    Want(&'static str),
    /// The same, as a rollback.
    Back(&'static str),
    /// A node behaves otherwise from now on; one that was not there yet connects.
    Turns(&'static str, Behaviour),
}

/// The policies of all tests, by name.
fn policies() -> Vec<(&'static str, Checked)> {
    let all: [(&str, &[Sample]); 7] = [
        ("a", &[A]),
        ("b", &[B]),
        ("ab", &[A, B]),
        ("off", &[OFF, B]),
        ("none", &[OFF]),
        ("more", &[A, MORE]),
        ("off+more", &[OFF, MORE]),
    ];
    all.map(|(name, experiments)| (name, policy(experiments))).into()
}

/// What edges and the mesh have, by names of policies.
pub fn deployment(edges: &str, mesh: &str) -> Deployment {
    let nodes = |cluster: &str| Nodes::default().and(Attribute::Cluster, vec![NodeMatch::Exact(cluster.into())]);
    let filters = vec![filter(Role::Edge, "edge", nodes("edge")), filter(Role::Mesh, "mesh", nodes("mesh"))];
    let policies = policies();
    let named = |name: &str| Arc::new(policies.iter().find(|(one, _)| *one == name).unwrap().1.clone());
    let both = Deployment::of(Effective::by_itself(named(mesh)), filters, Arc::default());
    Deployment { edges: both.edges.with(named(edges), 0), ..both }
}

fn target(name: &str, cause: Cause) -> Target {
    Target { deployment: deployment(name, name), cause }
}

/// All that happened, as `SECOND what`.
#[derive(Clone)]
pub struct Story {
    began: Instant,
    lines: Arc<Mutex<Vec<String>>>,
    publications: Arc<OnceLock<watch::Receiver<Arc<Publication>>>>,
}

impl Story {
    fn add(&self, what: &str) {
        let names = policies().into_iter().map(|(name, policy)| (policy.revision.to_string(), name));
        let what = names.fold(what.to_owned(), |what, (revision, name)| what.replace(&revision, name));
        self.lines.lock().unwrap().push(format!("{} {what}", self.began.elapsed().as_secs()));
    }

    fn tell(&self, notice: &Notice) {
        if let Notice::NotSaved { .. } = notice {
            let published = self.publications.get().unwrap().borrow().number;
            return self.add(&format!("not_saved, published is #{published}"));
        }
        // What changed has words, and tests of its own.
        let fields = notice.fields().into_iter().filter(|(name, _)| *name != "changes").map(|(_, value)| value);
        self.add(&[notice.event().to_owned()].into_iter().chain(fields).collect::<Vec<_>>().join(" "));
    }
}

/// A server without connections.
pub struct Server {
    story: Story,
    fleet: SharedFleet,
    pub progress: SharedProgress,
    targets: watch::Sender<Target>,
    publications: watch::Receiver<Arc<Publication>>,
    nodes: BTreeMap<&'static str, watch::Sender<Behaviour>>,
}

impl Server {
    pub fn start(first: &str, resumed: Option<Deployment>, words: &[&str], state: Option<StateDir>) -> Server {
        let story = Story { began: Instant::now(), lines: Arc::default(), publications: Arc::default() };
        let (fleet, progress) = (SharedFleet::default(), SharedProgress::default());
        let tell = Box::new({
            let story = story.clone();
            move |notice: &Notice| story.tell(notice)
        });
        let first = target(first, Cause::Files);
        let rollout = Rollout::start(&first, resumed, options(words), progress.clone(), fleet.clone(), state, tell);
        let (targets, publications) = (watch::Sender::new(first), rollout.publications());
        story.publications.set(publications.clone()).unwrap();
        tokio::spawn(rollout.follow(targets.subscribe()));
        Server { story, fleet, progress, targets, publications, nodes: BTreeMap::new() }
    }

    /// Does each thing in its second, and waits until a last one.
    pub async fn run(&mut self, script: &[(u64, Do)], until: u64) {
        for (second, what) in script {
            sleep_until(self.story.began + Duration::from_secs(*second)).await;
            match *what {
                Do::Want(name) => drop(self.targets.send_replace(target(name, Cause::Files))),
                Do::Back(name) => drop(self.targets.send_replace(target(name, Cause::Rollback))),
                Do::Turns(id, behaviour) => match self.nodes.get(id) {
                    Some(node) => drop(node.send_replace(behaviour)),
                    None => self.connect(id, behaviour),
                },
            }
        }
        sleep_until(self.story.began + Duration::from_secs(until)).await;
    }

    fn connect(&mut self, id: &'static str, behaviour: Behaviour) {
        let (node, behaviours) = watch::channel(behaviour);
        let stream = self.nodes.len() as u64 + 1;
        self.nodes.insert(id, node);
        tokio::spawn(live(id, stream, behaviours, self.publications.clone(), self.fleet.clone(), self.story.clone()));
    }

    fn lines(&self) -> Vec<String> {
        self.story.lines.lock().unwrap().clone()
    }
}

fn options(words: &[&str]) -> RolloutOptions {
    #[derive(clap::Parser)]
    struct Words {
        #[command(flatten)]
        options: RolloutOptions,
    }
    <Words as clap::Parser>::parse_from([&["serve"], words].concat()).options
}

/// An Envoy of the cluster that its id begins with.
async fn live(
    id: &str,
    stream: u64,
    mut behaviours: watch::Receiver<Behaviour>,
    mut publications: watch::Receiver<Arc<Publication>>,
    fleet: SharedFleet,
    story: Story,
) {
    let cluster = id.split('-').next().unwrap().to_owned();
    let about = Arc::new(Node { id: id.into(), cluster, ..Node::default() });
    let report = |event: Event| {
        let report = Report { stream, node: id.into(), event };
        fleet.send_modify(|fleet| fleet.note(&report, Moment::now()));
    };
    let peer = "10.0.0.1:5000".parse().unwrap();
    report(Event::Connected { peer, identity: None, node: about.clone(), service: Service::Aggregated });
    let mut had = String::new();
    loop {
        let publication = publications.borrow_and_update().clone();
        let snapshot = publication.catalog_for(&about).snapshot(&about);
        let (revision, filters) = (snapshot.label().clone(), snapshot.filters().clone());
        report(Event::Offered { label: revision.clone(), filters: filters.clone() });
        let thawed = behaviours.wait_for(|behaviour| *behaviour != Frozen);
        tokio::select! {
            _ = publications.changed() => continue,
            behaviour = thawed => if behaviour.is_err() { return },
        }
        if had != *revision {
            had = revision.to_string();
            story.add(&format!("{id} has {revision}"));
            report(Event::Sent { kind: ResourceKind::Extension, label: revision.clone() });
            report(Event::Acked { kind: ResourceKind::Extension, label: revision.clone() });
        }
        let asked = filters.keys().cloned().collect();
        let (publication, unknown) = (publication.number, Vec::new());
        report(Event::CaughtUp { publication, label: revision.clone(), filters: asked, unknown });
        let active = u64::from_str_radix(&revision, 16).unwrap();
        let gauges = |label: &FilterLabel| {
            let offer = u64::from_str_radix(&label.mark, 16).unwrap();
            Gauges { revision: active, offer, rejected: false }
        };
        let readings = filters.iter();
        let readings = readings.map(|(filter, label)| (filter.trim_start_matches("weir.").to_owned(), gauges(label)));
        let readings: BTreeMap<_, _> = readings.collect();
        loop {
            let is_read = *behaviours.borrow_and_update() == Active;
            fleet.send_if_modified(|fleet| fleet.record_readings(stream, if is_read { &readings } else { &NONE }));
            tokio::select! {
                changed = publications.changed() => if changed.is_err() { return } else { break },
                changed = behaviours.changed() => if changed.is_err() { return },
            }
        }
    }
}

static NONE: BTreeMap<String, Gauges> = BTreeMap::new();

/// Holds the story, and how far it has come, against what is expected.
#[track_caller]
pub fn check(what: &str, server: &Server, expected: &[&str]) {
    let Progress { wanted, deployed, active, publication, held, .. } = server.progress.borrow().clone();
    let held = held.map(|held| format!(", held {}", held.revision)).unwrap_or_default();
    let (edges, mesh) = (deployed.edges, deployed.mesh);
    server.story.add(&format!("deployed {edges}/{mesh} by #{publication}, active {active}, wanted {wanted}{held}"));
    let lines = server.lines();
    assert_eq!(lines, expected, "{what}: {}", lines.iter().map(|line| format!("\n{line:?},")).collect::<String>());
}
