//! Several streams of one Envoy are one row.

use super::*;

const REVISION: &str = "00000000002a";
const FILTERS: [(&str, &str); 3] = [("weir.in", REVISION), ("weir.out", REVISION), ("weir.shop", REVISION)];

/// A stream of the node `n1` by ECDS that asks for a filter.
fn asks(fleet: &mut Fleet, stream: u64, filter: &str) {
    let node = Node { id: "n1".into(), cluster: "owl".into(), ..Node::default() };
    let events = [
        connected_by(Service::Extensions, node),
        offered_as(REVISION, &FILTERS),
        settled_with(1, REVISION, &[filter], &[]),
    ];
    events.into_iter().for_each(|event| note(fleet, stream, event));
}

fn note(fleet: &mut Fleet, stream: u64, event: Event) {
    fleet.note(&Report { stream, node: "n1".into(), event }, start());
}

fn rows(fleet: &Fleet) -> Vec<Row> {
    fleet.view(&Progress::default()).nodes
}

fn names(row: &Row) -> Vec<&str> {
    row.attachments.iter().map(|attachment| attachment.name.as_str()).collect()
}

#[test]
fn a_stream_for_each_filter_is_one_row_that_is_settled_when_all_are() {
    let mut fleet = Fleet::default();
    for (stream, filter) in [(3, "weir.shop"), (1, "weir.in"), (2, "weir.out")] {
        asks(&mut fleet, stream, filter);
    }
    let shown = rows(&fleet);
    assert_eq!((shown.len(), names(&shown[0])), (1, vec!["in", "out", "shop"]));
    assert!(shown[0].in_step() && fleet.has_caught_up(1, 3));

    let next = "00000000002b";
    let offers = FILTERS.map(|(name, _)| (name, next));
    for stream in 1..=3 {
        note(&mut fleet, stream, offered_as(next, &offers));
    }
    for (stream, filter) in [(1, "weir.in"), (3, "weir.shop"), (2, "weir.out")] {
        assert!(!rows(&fleet)[0].in_step() && !fleet.has_caught_up(2, 3), "before {stream}");
        note(&mut fleet, stream, sent(next));
        note(&mut fleet, stream, acked(next));
        note(&mut fleet, stream, settled_with(2, next, &[filter], &[]));
    }
    let row = rows(&fleet).remove(0);
    assert!(row.in_step() && fleet.has_caught_up(2, 3));
    assert_eq!((row.acked.as_deref(), row.sent.as_deref()), (Some(next), Some(next)));
    assert!(fleet.metrics(&Progress::default()).contains("\nweir_serve_nodes 1\n"));
}

#[test]
fn its_gauges_are_those_of_all_its_filters() {
    let mut fleet = Fleet::default();
    asks(&mut fleet, 1, "weir.edge");
    asks(&mut fleet, 2, "weir.mesh");
    for stream in [1, 2] {
        note(&mut fleet, stream, offered_as(REVISION, &[("weir.edge", REVISION), ("weir.mesh", REVISION)]));
        note(&mut fleet, stream, settled_with(2, REVISION, &[["weir.edge"], ["weir.mesh"]][stream as usize - 1], &[]));
    }
    for (edge, mesh, is_active) in [(42, 0, false), (42, 41, false), (42, 42, true)] {
        let (first, _) = fleet.connected().next().unwrap();
        assert!(fleet.record_readings(first, &gauges(edge, mesh)));
        assert_eq!(rows(&fleet)[0].is_active(), is_active, "{edge} {mesh}");
    }
}

#[test]
fn it_may_come_by_ads_besides() {
    let mut fleet = fleet(1, [connected(), offered_as(REVISION, &FILTERS), settled_with(1, REVISION, &[], &[])]);
    asks(&mut fleet, 2, "weir.shop");
    let row = rows(&fleet).remove(0);
    assert_eq!((fleet.connected().count(), names(&row)), (1, vec!["shop"]));
    fleet.record_readings(1, &gauge(42, false));
    assert!(rows(&fleet)[0].is_active(), "its filter is what counts, and not that ADS has none");
    // It asks for the filter by ADS as well, for another listener.
    note(&mut fleet, 1, settled_with(2, REVISION, &["weir.shop"], &[]));
    assert_eq!((fleet.connected().count(), names(&rows(&fleet)[0])), (1, vec!["shop"]));
    // What it refuses by ADS is told of it.
    let refused = Event::Rejected { kind: ResourceKind::Cluster, label: REVISION.into(), error: "no".into() };
    note(&mut fleet, 1, refused);
    assert!(rows(&fleet)[0].error.is_some() && !rows(&fleet)[0].in_step());
}

#[test]
fn two_envoys_of_one_name_are_two_rows_as_soon_as_both_ask_for_a_filter() {
    let mut fleet = Fleet::default();
    for (stream, filter, envoys) in [(1, "weir.in", 1), (2, "weir.out", 1), (3, "weir.in", 2), (4, "weir.out", 2)] {
        asks(&mut fleet, stream, filter);
        assert_eq!(rows(&fleet).len(), envoys, "with {stream}");
    }
    note(&mut fleet, 1, gone());
    note(&mut fleet, 2, gone());
    let row = rows(&fleet).remove(0);
    assert_eq!((rows(&fleet).len(), names(&row)), (1, vec!["in", "out"]));
}

#[test]
fn it_is_away_when_its_last_stream_has_gone() {
    for order in [[1, 2], [2, 1]] {
        let mut fleet = Fleet::default();
        asks(&mut fleet, 1, "weir.in");
        asks(&mut fleet, 2, "weir.out");
        for (stream, is_connected) in order.into_iter().zip([true, false]) {
            note(&mut fleet, stream, lost());
            let shown = rows(&fleet);
            assert_eq!((shown.len(), shown[0].connected, shown[0].lost), (1, is_connected, !is_connected), "{stream}");
        }
        asks(&mut fleet, 3, "weir.in");
        assert_eq!(rows(&fleet).iter().map(|row| row.connected).collect::<Vec<_>>(), [true]);
    }
}

#[test]
fn who_is_late_on_several_streams_is_named_once() {
    let mut fleet = Fleet::default();
    asks(&mut fleet, 1, "weir.in");
    asks(&mut fleet, 2, "weir.out");
    for stream in [1, 2] {
        note(&mut fleet, stream, offered_as("r2", &FILTERS));
    }
    assert_eq!(fleet.mark_late(2, start().steady), ["n1"]);
    assert!(fleet.has_caught_up(2, 2));
}
