//! Reports in, rows out.

use std::time::SystemTime;

use weir_xds::{FilterLabel, Node, ResourceKind, Service};

use super::*;

mod envoys;

/// A moment of all tests, so long after it.
fn after(later: Duration) -> Moment {
    static FIRST: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000) + later;
    Moment { wall, steady: *FIRST + later }
}

fn start() -> Moment {
    after(Duration::ZERO)
}

fn report(stream: u64, event: Event) -> Report {
    Report { stream, node: format!("n{}", stream % 100).into(), event }
}

fn connected() -> Event {
    connected_with(Node { id: "n1".into(), cluster: "edge".into(), ..Default::default() })
}

fn connected_as(id: &str) -> Event {
    connected_with(Node { id: id.into(), ..Default::default() })
}

fn connected_with(node: Node) -> Event {
    connected_by(Service::Aggregated, node)
}

fn connected_by(service: Service, node: Node) -> Event {
    Event::Connected { peer: "10.0.0.1:5000".parse().unwrap(), identity: None, node: Arc::new(node), service }
}

fn settled(number: u64, revision: &str) -> Event {
    settled_with(number, revision, &["weir.shop"], &[])
}

fn settled_with(number: u64, revision: &str, filters: &[&str], unknown: &[&str]) -> Event {
    Event::CaughtUp { publication: number, label: revision.into(), filters: owned(filters), unknown: owned(unknown) }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn offered(revision: &str) -> Event {
    offered_as(revision, &[("weir.shop", revision)])
}

fn offered_as(revision: &str, filters: &[(&str, &str)]) -> Event {
    let label = |label: &str| FilterLabel { label: label.into(), ..FilterLabel::default() };
    let filters = filters.iter().map(|(name, of)| ((*name).to_owned(), label(of))).collect();
    Event::Offered { label: revision.into(), filters: Arc::new(filters) }
}

fn sent(revision: &str) -> Event {
    Event::Sent { kind: ResourceKind::Extension, label: revision.into() }
}

fn acked(revision: &str) -> Event {
    Event::Acked { kind: ResourceKind::Extension, label: revision.into() }
}

fn gone() -> Event {
    Event::Disconnected { reason: None, lost: false }
}

fn lost() -> Event {
    Event::Disconnected { reason: None, lost: true }
}

fn fleet(stream: u64, events: impl IntoIterator<Item = Event>) -> Fleet {
    let mut fleet = Fleet::default();
    events.into_iter().for_each(|event| fleet.note(&report(stream, event), start()));
    fleet
}

fn gauge(revision: u64, rejected: bool) -> BTreeMap<String, Gauges> {
    BTreeMap::from([("shop".into(), Gauges { revision, rejected, offer: 0 })])
}

/// The gauges of an edge's two filters.
fn gauges(edge: u64, mesh: u64) -> BTreeMap<String, Gauges> {
    let each = [("edge", edge), ("mesh", mesh)];
    each.map(|(name, revision)| (name.to_owned(), Gauges { revision, ..Gauges::default() })).into()
}

#[test]
fn gauges_of_two_that_call_themselves_the_same_count_only_where_they_are_no_sum() {
    let mut fleet = fleet(1, [connected(), offered("00000000002a"), settled(1, "00000000002a")]);
    let active = |fleet: &Fleet| fleet.view(&Progress::default()).nodes.last().unwrap().attachments[0].active.clone();
    for event in [connected(), offered("00000000002a"), settled(1, "00000000002a")] {
        fleet.note(&report(101, event), start());
    }
    for (gauge_says, shown) in [(0x54, None), (0x2a, Some("00000000002a"))] {
        fleet.record_readings(101, &gauge(gauge_says, false));
        assert_eq!(active(&fleet).as_deref(), shown);
    }
    fleet.note(&report(1, gone()), start());
    fleet.record_readings(101, &gauge(0x54, false));
    assert_eq!(active(&fleet).as_deref(), Some("000000000054"), "it is alone: what it says is what decides");
}

#[test]
fn acked_is_not_active_until_a_gauge_says_so() {
    let revision = "00000000002a";
    let mut fleet = fleet(1, [connected(), offered(revision), settled(1, "old"), sent(revision)]);
    let row = |fleet: &Fleet| fleet.view(&Progress::default()).nodes.remove(0);
    assert_eq!(
        (row(&fleet).sent.as_deref(), row(&fleet).acked, row(&fleet).in_step()),
        (Some(revision), Some("old".into()), false)
    );

    fleet.note(&report(1, acked(revision)), start());
    assert_eq!(row(&fleet).acked.as_deref(), Some(revision));
    assert_eq!(row(&fleet).acked_since.as_deref(), Some("1970-01-12T13:46:40Z"));
    assert_eq!(
        (row(&fleet).attachments[0].active.clone(), row(&fleet).in_step(), row(&fleet).is_active()),
        (None, true, false)
    );

    let table = [
        (gauge(41, false), Some("000000000029"), false, false),
        (gauge(42, true), Some(revision), false, false),
        (gauge(42, false), Some(revision), true, true),
        (gauge(0, false), None, true, false),
        (BTreeMap::new(), None, true, false),
    ];
    for (gauges, active, in_step, is_active) in table {
        fleet.record_readings(1, &gauges);
        let row = row(&fleet);
        assert_eq!(
            (row.attachments[0].active.as_deref(), row.in_step(), row.is_active()),
            (active, in_step, is_active)
        );
    }
}

/// A revision is pushed, another one, and the first again before the second was answered: that it was acked once says nothing.
#[test]
fn a_revision_that_was_acked_before_something_else_was_sent_is_not_in_step() {
    let (one, other) = ("00000000002a", "00000000002b");
    let mut fleet = fleet(1, [connected(), offered(one), sent(one), acked(one), settled(1, one)]);
    let in_step = |fleet: &Fleet| fleet.view(&Progress::default()).nodes[0].in_step();
    assert!(in_step(&fleet));
    for event in [offered(other), sent(other), offered(one)] {
        fleet.note(&report(1, event), start());
        assert!(!in_step(&fleet));
    }
    assert!(fleet.has_caught_up(1, 1) && !fleet.has_caught_up(3, 1));
    for (event, is_in_step) in [(acked(other), false), (sent(one), false), (acked(one), false), (settled(3, one), true)]
    {
        fleet.note(&report(1, event), start());
        assert_eq!(in_step(&fleet), is_in_step);
    }
    assert!(fleet.has_caught_up(3, 1));
}

/// In the middle of a push: each filter is to have a revision of its own, and no other one will do.
#[test]
fn the_gauge_of_each_filter_is_held_against_its_own_revision() {
    let (old, new) = ("000000000029", "00000000002a");
    let (all, filters) = (format!("{old}+{new}"), ["weir.edge", "weir.mesh"]);
    let half = offered_as(&all, &[(filters[0], old), (filters[1], new)]);
    let settled = settled_with(1, &all, &filters, &[]);
    let mut fleet = fleet(1, [connected(), half, settled]);
    for (edge, mesh, is_active) in [(41, 42, true), (41, 41, false), (42, 42, false), (42, 41, false), (41, 40, false)]
    {
        fleet.record_readings(1, &gauges(edge, mesh));
        let row = fleet.view(&Progress::default()).nodes.remove(0);
        assert_eq!((row.in_step(), row.is_active()), (is_active, is_active), "{edge} {mesh}");
    }
    // The push goes on: what was right a moment ago is old.
    fleet.record_readings(1, &gauges(41, 42));
    let whole = offered_as(new, &filters.map(|name| (name, new)));
    let caught_up = settled_with(2, new, &filters, &[]);
    [whole, acked(new), caught_up].into_iter().for_each(|event| fleet.note(&report(1, event), start()));
    assert!(!fleet.view(&Progress::default()).nodes[0].in_step());
    fleet.record_readings(1, &gauges(42, 42));
    assert!(fleet.view(&Progress::default()).nodes[0].is_active());
}

#[test]
fn what_was_refused_is_told_until_something_of_its_kind_is_taken() {
    let refused = Event::Rejected { kind: ResourceKind::Listener, label: "r1".into(), error: "no".into() };
    let mut fleet = fleet(1, [connected(), offered("r1"), settled(1, "r1"), refused]);
    let error = |fleet: &Fleet| fleet.view(&Progress::default()).nodes[0].error.clone();
    assert_eq!(error(&fleet).as_deref(), Some("rejected lds of revision r1: no"));
    fleet.note(&report(1, acked("r1")), start());
    assert!(error(&fleet).is_some() && !fleet.view(&Progress::default()).nodes[0].in_step());
    fleet.note(&report(1, Event::Acked { kind: ResourceKind::Listener, label: "r2".into() }), start());
    assert!(error(&fleet).is_none() && fleet.view(&Progress::default()).nodes[0].in_step());

    fleet.note(&report(1, Event::Clash { filter: "weir.shop".into() }), start());
    assert!(!fleet.view(&Progress::default()).nodes[0].in_step());
}

#[test]
fn a_stream_takes_the_place_of_the_one_before() {
    for order in [[(1, gone()), (101, connected())], [(101, connected()), (1, gone())]] {
        let mut fleet = fleet(1, [connected()]);
        order.into_iter().for_each(|(stream, event)| fleet.note(&report(stream, event), start()));
        let nodes = fleet.view(&Progress::default()).nodes;
        assert_eq!((nodes.len(), nodes[0].connected), (1, true));
    }
    // Two Envoys of one name at once are two rows, so that somebody sees it.
    let mut fleet = fleet(1, [connected()]);
    fleet.note(&report(101, connected()), start());
    assert_eq!(fleet.view(&Progress::default()).nodes.len(), 2);
}

#[test]
fn those_that_have_gone_are_remembered_for_a_while_and_not_all() {
    let mut fleet = fleet(1, [connected(), gone()]);
    let row = fleet.view(&Progress::default()).nodes.remove(0);
    assert_eq!((row.connected, row.node.as_str()), (false, "n1"));
    for (later, remembered) in [(GONE, 1), (GONE + Duration::from_secs(1), 0)] {
        fleet.note(&report(2, gone()), after(later));
        assert_eq!(fleet.view(&Progress::default()).nodes.len(), remembered);
    }

    let mut named = |stream: u64| {
        for event in [connected_as(&format!("n{stream}")), gone()] {
            fleet.note(&Report { stream, node: format!("n{stream}").into(), event }, start());
        }
        fleet.view(&Progress::default()).nodes.len()
    };
    assert_eq!((1..=GONE_MAX as u64).map(&mut named).last(), Some(GONE_MAX));
    assert_eq!(named(GONE_MAX as u64 + 1), GONE_MAX);
}

#[test]
fn those_that_were_lost_are_remembered_for_longer_and_at_the_cost_of_those_that_went() {
    let second = Duration::from_secs(1);
    let mut fleet = fleet(1, [connected(), lost()]);
    let names = |fleet: &Fleet| -> Vec<(String, bool)> {
        fleet.view(&Progress::default()).nodes.into_iter().map(|row| (row.node, row.lost)).collect()
    };
    assert_eq!(names(&fleet), [("n1".into(), true)]);
    let away = |later: Duration| fleet.view(&Progress::default()).at(after(later).steady).nodes[0].away_seconds;
    assert_eq!([away(Duration::ZERO), away(second * 90)], [Some(0), Some(90)]);
    for (later, remembered) in [(LOST, 1), (LOST + second, 0)] {
        fleet.note(&report(2, gone()), after(later));
        assert_eq!(names(&fleet).len(), remembered);
    }

    let mut fleet = Fleet::default();
    let ended = |fleet: &mut Fleet, stream: u64, how: Event| {
        let id = format!("n{stream:04}");
        for event in [connected_as(&id), how] {
            fleet.note(&Report { stream, node: id.as_str().into(), event }, start());
        }
    };
    (1..=2).for_each(|stream| ended(&mut fleet, stream, lost()));
    (3..=GONE_MAX as u64 + 1).for_each(|stream| ended(&mut fleet, stream, gone()));
    let all = names(&fleet);
    let first: Vec<&str> = all.iter().take(3).map(|(node, _)| node.as_str()).collect();
    assert_eq!((all.len(), first), (GONE_MAX, vec!["n0001", "n0002", "n0004"]), "n0003 went first");
    (2_000..2_000 + GONE_MAX as u64).for_each(|stream| ended(&mut fleet, stream, lost()));
    assert_eq!((names(&fleet).len(), names(&fleet)[0].0.as_str()), (GONE_MAX, "n2000"));
    // Who is back is missed no more.
    fleet.note(&Report { stream: 9_000, node: "n2000".into(), event: connected_as("n2000") }, start());
    assert_eq!(names(&fleet)[0], ("n2000".into(), false));
}

#[test]
fn another_offer_than_it_is_to_have_is_not_in_step_and_one_that_is_not_known_counts_for_nothing() {
    let revision = "00000000002a";
    let label = FilterLabel { label: revision.into(), mark: "0000002b".into() };
    let filters = Arc::new([("weir.shop".to_owned(), label)].into());
    let mut fleet = fleet(1, [connected(), Event::Offered { label: revision.into(), filters }, settled(1, revision)]);
    let table = [(0x2b, Some("0000002b"), true), (0x2c, Some("0000002c"), false), (0, None, true)];
    for (offer, active, in_step) in table {
        let gauges = Gauges { revision: 0x2a, offer, rejected: false };
        fleet.record_readings(1, &[("shop".to_owned(), gauges)].into());
        let row = fleet.view(&Progress::default()).nodes.remove(0);
        let attachment = &row.attachments[0];
        assert_eq!((attachment.offer.as_deref(), attachment.active_offer.as_deref()), (Some("0000002b"), active));
        assert_eq!((row.in_step(), row.is_active()), (in_step, in_step), "{offer}");
    }
    let gauges = Gauges { revision: 0x2a, offer: 0x2c, rejected: false };
    fleet.record_readings(1, &[("shop".to_owned(), gauges)].into());
    assert_eq!(fleet.view(&Progress::default()).nodes[0].why_not_active(), "its gauges say another offer");
}

#[test]
fn a_complaint_is_shown_as_far_as_somebody_reads_it() {
    let shown = |complaint: String| {
        let progress = Progress { complaint: Some(complaint), ..Progress::default() };
        Fleet::default().view(&progress).complaint.unwrap()
    };
    assert_eq!(shown("a\n".repeat(20)).lines().count(), 20);
    assert_eq!(shown("a\n".repeat(21)).lines().count(), 20);
    assert_eq!(shown("ß".repeat(2_001)).chars().count(), 2_000);
}

/// It waits for a filter that never comes; but what is served it has, and rollouts go on.
#[test]
fn who_asks_for_what_no_attachment_is_called_is_not_in_step_and_holds_nothing_up() {
    let revision = "00000000002a";
    let table: [(&[&str], &[&str]); 3] = [
        (&["weir.none"], &["weir.none"]),
        (&["other.filter", "weir.none"], &["weir.none"]),
        (&["other.filter", "weird"], &[]),
    ];
    for (unknown, ours) in table {
        let mut fleet = fleet(1, [connected(), offered(revision), settled_with(1, revision, &["weir.shop"], unknown)]);
        fleet.record_readings(1, &gauge(42, false));
        let row = |fleet: &Fleet| fleet.view(&Progress::default()).nodes.remove(0);
        assert_eq!((row(&fleet).unknown.as_slice(), row(&fleet).in_step()), (owned(ours).as_slice(), ours.is_empty()));
        assert!(row(&fleet).is_active() && fleet.has_caught_up(1, 1), "{unknown:?}");
        // One that is there from now on is not missed until it is taken.
        let both = offered_as(revision, &[("weir.none", revision), ("weir.shop", revision)]);
        fleet.note(&report(1, both), start());
        assert!(row(&fleet).unknown.is_empty());
    }
    let many: Vec<String> = (0..17).map(|number| format!("weir.{number}")).collect();
    for count in [16, 17] {
        let names: Vec<&str> = many.iter().take(count).map(String::as_str).collect();
        let fleet = fleet(1, [connected(), offered_as("r", &[]), settled_with(1, "r", &[], &names)]);
        let row = fleet.view(&Progress::default()).nodes.remove(0);
        assert_eq!((row.unknown.len(), row.in_step()), (16, false));
    }
}

#[test]
fn a_rollback_and_warnings_are_shown() {
    let rollback = Rollback { to: "r".into(), over: Some("s".into()) };
    let progress = Progress { warnings: 2, rollback: Some(rollback.clone()), ..Progress::default() };
    let shown = Fleet::default().view(&progress);
    assert_eq!((shown.warnings, shown.rollback), (2, Some(rollback)));
    assert!(Fleet::default().metrics(&progress).contains("\nweir_serve_rollback 1\n"));
}

#[test]
fn metrics_sum_up_those_that_are_connected() {
    let mut fleet = fleet(1, [connected(), offered("00000000002a"), sent("00000000002a"), settled(1, "00000000002a")]);
    fleet.note(&report(1, acked("00000000002a")), start());
    let unmatched = offered_as("r", &[]);
    [connected_as("n2"), unmatched].into_iter().for_each(|event| fleet.note(&report(2, event), start()));
    let (peer, reason) = ("10.0.0.1:5000".parse().unwrap(), String::new());
    fleet.note(&report(0, Event::ConnectionRefused { peer, reason: reason.clone() }), start());
    for stream in [3, 4] {
        let refused = Event::NodeRefused { peer, identity: String::new(), reason: reason.clone() };
        fleet.note(&report(stream, refused), start());
    }
    let progress =
        Progress { active: "00000000002a".into(), complaint: Some("bad".into()), warnings: 3, ..Progress::default() };
    fleet.record_readings(1, &gauge(42, false));
    let text = fleet.metrics(&progress);
    for line in [
        "weir_serve_policy_revision 42",
        "weir_serve_policy_rejected 1",
        "weir_serve_policy_held 0",
        "weir_serve_rollback 0",
        "weir_serve_warnings 3",
        "weir_serve_nodes 2",
        "weir_serve_nodes_in_step 2",
        "weir_serve_nodes_active 1",
        "weir_serve_nodes_unmatched 1",
        "weir_serve_nodes_clashing 0",
        "weir_serve_responses_total 1",
        "weir_serve_acked_total 1",
        "weir_serve_rejected_total 0",
        "weir_serve_connections_refused_total 1",
        "weir_serve_nodes_refused_total 2",
        "# TYPE weir_serve_acked_total counter",
    ] {
        assert!(text.lines().any(|each| each == line), "no {line} in\n{text}");
    }
}

#[test]
fn who_does_not_answer_is_waited_for_until_it_is_named() {
    let second = Duration::from_secs(1);
    let mut fleet = fleet(1, [connected(), offered("r1"), settled(1, "r1"), offered("r2")]);
    fleet.note(&report(2, connected_as("n2")), start());
    fleet.note(&report(2, offered("r2")), after(second));
    assert!(fleet.has_caught_up(0, 2) && !fleet.has_caught_up(2, 2));
    assert_eq!(fleet.behind_since(2, 2), Some(start().steady));
    assert_eq!((fleet.newest_stream(), fleet.has_caught_up(2, 0)), (2, true), "nobody waits for who came later");
    // Another offer does not make it younger.
    fleet.note(&report(1, offered("r3")), after(second * 2));
    assert_eq!(fleet.mark_late(2, start().steady), ["n1"]);
    assert_eq!((fleet.has_caught_up(2, 2), fleet.behind_since(2, 2)), (false, Some(after(second).steady)));
    assert_eq!(fleet.mark_late(2, after(second).steady), ["n2"]);
    assert!(fleet.has_caught_up(2, 2) && fleet.behind_since(2, 2).is_none());

    // Who answers after all is waited for again.
    fleet.note(&report(1, settled(3, "r3")), after(second * 3));
    fleet.note(&report(1, offered("r4")), after(second * 4));
    assert!(!fleet.has_caught_up(4, 2));
    fleet.note(&report(1, gone()), after(second * 5));
    assert!(fleet.has_caught_up(4, 2));
}
