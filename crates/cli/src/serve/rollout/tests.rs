//! Rollouts under paused time: a fleet that answers by a script, and the log of all that happens, second by second.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use tokio::time::sleep_until;
use weir_policy::Role;
use weir_xds::{Attribute, Event, Node, NodeMatch, Nodes, Report, ResourceKind};

use super::samples::{Sample, filter, policy};
use super::*;
use crate::load::Policy;
use crate::serve::fleet::Moment;
use crate::serve::progress::Progress;

const A: Sample = ("a", true, &["a1"]);
const OFF: Sample = ("a", false, &["a1"]);
const B: Sample = ("b", true, &["b1"]);
const MORE: Sample = ("b", true, &["b1", "b2"]);

/// How a node behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Behaviour {
    /// Answers at once, and its gauges say so.
    Active,
    /// Answers at once, but nobody can read its gauges.
    Unread,
    /// Answers nothing.
    Frozen,
}

use Behaviour::{Active, Frozen, Unread};

/// What happens in some second.
#[derive(Clone, Copy)]
enum Do {
    /// A target, by its name.
    Want(&'static str),
    /// The same, as a rollback.
    Back(&'static str),
    /// A node behaves otherwise from now on; one that was not there yet connects.
    Turns(&'static str, Behaviour),
}

use Do::{Back, Turns, Want};

/// The policies of all tests, by name.
fn policies() -> Vec<(&'static str, Policy)> {
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
fn deployment(edges: &str, mesh: &str) -> Deployment {
    let nodes = |cluster: &str| Nodes::default().and(Attribute::Cluster, vec![NodeMatch::Exact(cluster.into())]);
    let filters = vec![filter(Role::Edge, "edge", nodes("edge")), filter(Role::Mesh, "mesh", nodes("mesh"))];
    let policies = policies();
    let named = |name: &str| Arc::new(policies.iter().find(|(one, _)| *one == name).unwrap().1.clone());
    let both = Deployment::of(named(mesh), filters, Arc::default());
    Deployment { edges: both.edges.with(named(edges)), ..both }
}

fn target(name: &str, cause: Cause) -> Target {
    Target { deployment: deployment(name, name), cause }
}

/// All that happened, as `SECOND what`.
#[derive(Clone)]
struct Story {
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
        let fields = notice.fields().into_iter().map(|(_, value)| value);
        self.add(&[notice.event().to_owned()].into_iter().chain(fields).collect::<Vec<_>>().join(" "));
    }
}

/// A server without connections.
struct Server {
    story: Story,
    fleet: Watched,
    progress: SharedProgress,
    targets: watch::Sender<Target>,
    publications: watch::Receiver<Arc<Publication>>,
    nodes: BTreeMap<&'static str, watch::Sender<Behaviour>>,
}

impl Server {
    fn start(first: &str, resumed: Option<Deployment>, words: &[&str], state: Option<StateDir>) -> Server {
        let story = Story { began: Instant::now(), lines: Arc::default(), publications: Arc::default() };
        let (fleet, progress) = (Watched::default(), SharedProgress::default());
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
    async fn run(&mut self, script: &[(u64, Do)], until: u64) {
        for (second, what) in script {
            sleep_until(self.story.began + Duration::from_secs(*second)).await;
            match *what {
                Want(name) => drop(self.targets.send_replace(target(name, Cause::Files))),
                Back(name) => drop(self.targets.send_replace(target(name, Cause::Rollback))),
                Turns(id, behaviour) => match self.nodes.get(id) {
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
    fleet: Watched,
    story: Story,
) {
    let cluster = id.split('-').next().unwrap().to_owned();
    let about = Arc::new(Node { id: id.into(), cluster, ..Node::default() });
    let report = |event: Event| {
        let report = Report { stream, node: id.into(), event };
        fleet.send_modify(|fleet| fleet.note(&report, Moment::now()));
    };
    let peer = "10.0.0.1:5000".parse().unwrap();
    report(Event::Connected { peer, identity: None, node: about.clone() });
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
        report(Event::CaughtUp { publication: publication.number, label: revision.clone(), filters: asked });
        let active = u64::from_str_radix(&revision, 16).unwrap();
        let readings = filters.keys().map(|filter| (filter.trim_start_matches("weir.").to_owned(), (active, false)));
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

static NONE: BTreeMap<String, (u64, bool)> = BTreeMap::new();

#[tokio::test(start_paused = true)]
async fn rollouts_go_as_they_are_written() {
    let canaries = &["--canary-nodes", "1%", "--canary-deadline", "1h"][..];
    let (edge, mesh) = ((0, Turns("edge-1", Active)), (0, Turns("mesh-1", Active)));
    let unread = (0, Turns("edge-1", Unread));
    type Row<'a> = (&'a str, &'a str, &'a [&'a str], &'a [(u64, Do)], u64, &'a [&'a str]);
    let table: [Row; 8] = [
        (
            "what comes reaches the mesh first",
            "a",
            &[],
            &[edge, mesh, (1, Want("ab"))],
            60,
            &[
                "0 served a 2",
                "0 edge-1 has a",
                "0 mesh-1 has a",
                "1 stage 1 2 a ab false",
                "1 mesh-1 has ab",
                "1 served ab 2",
                "1 edge-1 has ab",
                "60 deployed ab/ab by #3, active ab, wanted ab",
            ],
        ),
        (
            "late nodes are named once and passed, and who comes meanwhile is not waited for",
            "a",
            &[],
            &[
                edge,
                mesh,
                (1, Turns("mesh-1", Frozen)),
                (2, Want("ab")),
                (5, Turns("mesh-2", Frozen)),
                (20, Want("more")),
                (30, Turns("mesh-1", Active)),
            ],
            60,
            &[
                "0 served a 2",
                "0 edge-1 has a",
                "0 mesh-1 has a",
                "2 stage 1 2 a ab false",
                "12 nodes_late ab mesh-1 10s",
                "12 served ab 2",
                "12 edge-1 has ab",
                "15 nodes_late ab mesh-2 10s",
                "20 stage 1 2 ab more false",
                "20 served more 2",
                "20 edge-1 has more",
                "30 mesh-1 has more",
                "60 deployed more/more by #5, active more, wanted more",
            ],
        ),
        (
            "a target that is superseded in a canary is given up where it stands",
            "ab",
            canaries,
            &[unread, mesh, (1, Want("b")), (100, Want("a")), (200, Turns("edge-1", Active))],
            300,
            &[
                "0 served ab 2",
                "0 edge-1 has ab",
                "0 mesh-1 has ab",
                "1 stage 1 2 b ab false",
                "1 canary_started b edge-1",
                "1 edge-1 has b",
                "100 stage 1 2 a ab false",
                "100 canary_started a edge-1",
                "100 edge-1 has a",
                "200 canary_started a mesh-1",
                "200 mesh-1 has a",
                "200 served a 2",
                "300 deployed a/a by #6, active a, wanted a",
            ],
        ),
        (
            "what is held is told, and a kill is not held up",
            "ab",
            canaries,
            &[unread, mesh, (1, Want("b")), (3700, Want("off"))],
            3800,
            &[
                "0 served ab 2",
                "0 edge-1 has ab",
                "0 mesh-1 has ab",
                "1 stage 1 2 b ab false",
                "1 canary_started b edge-1",
                "1 edge-1 has b",
                "3601 held b edge-1: nobody could read its gauges; --admin-port or --prometheus says where they are",
                "3601 edge-1 has ab",
                "3700 stage 1 2 off ab true",
                "3700 edge-1 has off",
                "3700 served off 2",
                "3700 mesh-1 has off",
                "3800 deployed off/off by #5, active off, wanted off",
            ],
        ),
        (
            "an hour is waited for to its end",
            "ab",
            canaries,
            &[unread, mesh, (1, Want("b")), (3600, Turns("edge-1", Active))],
            3700,
            &[
                "0 served ab 2",
                "0 edge-1 has ab",
                "0 mesh-1 has ab",
                "1 stage 1 2 b ab false",
                "1 canary_started b edge-1",
                "1 edge-1 has b",
                "3600 canary_started b mesh-1",
                "3600 mesh-1 has b",
                "3600 served b 2",
                "3700 deployed b/b by #5, active b, wanted b",
            ],
        ),
        (
            "a kill waits for nothing that comes with it",
            "ab",
            canaries,
            &[unread, mesh, (1, Want("off+more"))],
            3700,
            &[
                "0 served ab 2",
                "0 edge-1 has ab",
                "0 mesh-1 has ab",
                "1 stage 1 3 off ab true",
                "1 edge-1 has off",
                "1 stage 2 3 off off+more false",
                "1 canary_started off+more mesh-1",
                "1 mesh-1 has off+more",
                "1 canary_started off+more edge-1",
                "1 edge-1 has off+more",
                "3601 held off+more edge-1: nobody could read its gauges; --admin-port or --prometheus says where they are",
                "3601 edge-1 has off",
                "3700 deployed off/off+more by #6, active ab, wanted off+more, held off+more",
            ],
        ),
        (
            "back is where it came from",
            "ab",
            canaries,
            &[unread, mesh, (1, Want("b")), (100, Want("ab"))],
            3700,
            &[
                "0 served ab 2",
                "0 edge-1 has ab",
                "0 mesh-1 has ab",
                "1 stage 1 2 b ab false",
                "1 canary_started b edge-1",
                "1 edge-1 has b",
                "100 served ab 2",
                "100 edge-1 has ab",
                "3700 deployed ab/ab by #3, active ab, wanted ab",
            ],
        ),
        (
            "a rollback has no first nodes and waits for answers",
            "a",
            canaries,
            &[unread, mesh, (1, Turns("mesh-1", Frozen)), (2, Back("ab"))],
            60,
            &[
                "0 served a 2",
                "0 edge-1 has a",
                "0 mesh-1 has a",
                "2 stage 1 2 a ab true",
                "12 nodes_late ab mesh-1 10s",
                "12 served ab 2",
                "12 edge-1 has ab",
                "60 deployed ab/ab by #3, active ab, wanted ab",
            ],
        ),
    ];
    for (what, first, words, script, until, lines) in table {
        let mut server = Server::start(first, None, words, None);
        server.run(script, until).await;
        check(what, &server, lines);
    }
}

/// Envoys have time to come back after a start: what they have is not known of those that have not.
#[tokio::test(start_paused = true)]
async fn a_start_goes_on_from_what_was_deployed() {
    let nodes = [(3, Turns("edge-1", Active)), (4, Turns("mesh-1", Active))];
    type Row<'a> = (&'a str, (&'a str, &'a str), &'a str, &'a [&'a str]);
    let table: [Row; 3] = [
        (
            "what comes waits",
            ("a", "ab"),
            "ab",
            &[
                "0 resumed a ab",
                "0 awaiting_reconnects ab 10s",
                "3 edge-1 has a",
                "4 mesh-1 has ab",
                "10 served ab 2",
                "10 edge-1 has ab",
                "60 deployed ab/ab by #2, active ab, wanted ab",
            ],
        ),
        (
            "a kill does not",
            ("ab", "ab"),
            "off",
            &[
                "0 resumed ab ab",
                "0 stage 1 2 off ab true",
                "0 awaiting_reconnects off 10s",
                "3 edge-1 has off",
                "4 mesh-1 has ab",
                "10 served off 2",
                "10 mesh-1 has off",
                "60 deployed off/off by #3, active off, wanted off",
            ],
        ),
        (
            "nothing is new",
            ("ab", "ab"),
            "ab",
            &["0 served ab 2", "3 edge-1 has ab", "4 mesh-1 has ab", "60 deployed ab/ab by #1, active ab, wanted ab"],
        ),
    ];
    for (what, (edges, mesh), first, lines) in table {
        let mut server = Server::start(first, Some(deployment(edges, mesh)), &[], None);
        server.run(&nodes, 60).await;
        check(what, &server, lines);
    }
}

#[track_caller]
fn check(what: &str, server: &Server, expected: &[&str]) {
    let Progress { wanted, deployed, active, publication, held, .. } = server.progress.borrow().clone();
    let held = held.map(|held| format!(", held {}", held.revision)).unwrap_or_default();
    let (edges, mesh) = (deployed.edges, deployed.mesh);
    server.story.add(&format!("deployed {edges}/{mesh} by #{publication}, active {active}, wanted {wanted}{held}"));
    let lines = server.lines();
    assert_eq!(lines, expected, "{what}: {}", lines.iter().map(|line| format!("\n{line:?},")).collect::<String>());
}

/// What an Envoy may have been sent is on disk by then, so that a start knows of it.
#[tokio::test(start_paused = true)]
async fn a_stage_is_saved_before_it_is_published_and_a_start_goes_on_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let mut server = Server::start("a", None, &[], Some(state.clone()));
    let nodes = [(0, Turns("edge-1", Active)), (0, Turns("mesh-1", Active)), (1, Turns("mesh-1", Frozen))];
    server.run(&[&nodes[..], &[(2, Want("ab"))]].concat(), 5).await;
    let half = deployment("a", "ab");
    assert_eq!(state.deployed().unwrap(), Some(half.revisions()));
    assert_eq!(server.progress.borrow().deployed, half.revisions());
    let [before, after] = ["a", "ab"].map(|name| deployment(name, name).revision());
    let in_force =
        |state: &StateDir| state.history().unwrap().into_iter().map(|entry| entry.revision).collect::<Vec<_>>();
    assert_eq!(in_force(&state), [before.as_str()], "it is not in force yet");
    drop(server);

    // The crash came before anybody was sent the stage: it is published first, and edges wait for the mesh as ever.
    let mut server = Server::start("ab", Some(half), &[], Some(state.clone()));
    server.run(&[(1, Turns("edge-1", Active)), (2, Turns("mesh-1", Active))], 60).await;
    check(
        "resumed",
        &server,
        &[
            "0 resumed a ab",
            "0 awaiting_reconnects ab 10s",
            "1 edge-1 has a",
            "2 mesh-1 has ab",
            "10 served ab 2",
            "10 edge-1 has ab",
            "60 deployed ab/ab by #2, active ab, wanted ab",
        ],
    );
    assert_eq!(state.deployed().unwrap(), Some(deployment("ab", "ab").revisions()));
    assert_eq!(in_force(&state), [before, after]);
}

/// The state tells when it is asked to save: nothing of it is published then.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_saved_is_told_before_it_is_published_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    std::fs::create_dir(folder.path().join("deployed.json")).unwrap();
    let mut server = Server::start("a", None, &[], Some(state));
    server.run(&[(0, Turns("edge-1", Active)), (1, Want("b"))], 60).await;
    check(
        "not saved",
        &server,
        &[
            "0 not_saved, published is #1",
            "0 served a 2",
            "0 edge-1 has a",
            "1 stage 1 3 none a false",
            "1 not_saved, published is #1",
            "1 edge-1 has none",
            "1 stage 2 3 none b false",
            "1 not_saved, published is #2",
            "1 not_saved, published is #3",
            "1 served b 2",
            "1 edge-1 has b",
            "60 deployed b/b by #4, active b, wanted b",
        ],
    );
}
