//! Who is asked, and who counts as read.

use std::time::Duration;

use weir_release::evidence::TICK;

use super::*;

fn edge(stream: u64, node: &str, machine: u8) -> Edge {
    let machine = IpAddr::from([127, 0, 0, machine]);
    Edge { stream, node: node.into(), machine, admin: Some(SocketAddr::new(machine, 9901)), push: 0 }
}

fn edges(connected: &[Edge]) -> Edges {
    let mut edges = Edges::default();
    edges.connected(connected.iter().cloned());
    edges
}

fn due(edges: &Edges) -> Vec<u64> {
    edges.due().into_iter().map(|edge| edge.stream).collect()
}

#[test]
fn who_was_asked_longest_ago_is_asked_first_and_who_was_silent_behind_all_others() {
    let (mut edges, now) =
        (edges(&[edge(1, "a", 1), edge(2, "b", 1), edge(3, "c", 1), edge(4, "d", 1)]), Instant::now());
    edges.asked(1, Err("silent".into()), now);
    edges.asked(3, Ok("start".into()), now + TICK);
    edges.asked(4, Err("silent".into()), now - TICK);
    assert_eq!(due(&edges), [2, 3, 4, 1]);
    // One that fell silent has no place before those that always were.
    edges.asked(3, Err("silent".into()), now + TICK * 2);
    assert_eq!(due(&edges), [2, 4, 1, 3]);
}

#[test]
fn without_an_admin_interface_nobody_is_asked_and_it_is_said() {
    let edges = edges(&[Edge { admin: None, ..edge(1, "a", 1) }, edge(2, "b", 1)]);
    assert_eq!(due(&edges), [2]);
    let whys: Vec<String> = edges.seen(Instant::now()).missing.into_iter().map(|missing| missing.why).collect();
    assert_eq!(whys, [NOWHERE, NOT_YET]);
}

#[test]
fn a_reading_counts_for_three_ticks() {
    let (mut edges, now) = (edges(&[edge(1, "a", 1)]), Instant::now());
    edges.asked(1, Ok("start".into()), now);
    edges.asked(1, Err("no answer".into()), now + TICK);
    let read_at = |age: Duration| edges.seen(now + age).poll.read;
    assert_eq!((read_at(TICK * 3), read_at(TICK * 3 + Duration::from_millis(1))), (1, 0));
    assert_eq!(edges.seen(now + TICK * 3).missing, []);
    assert_eq!(edges.seen(now + TICK * 4).missing, [Missing { node: "a".into(), why: "no answer".into() }]);
}

#[test]
fn an_envoy_that_is_restarted_hot_is_one_edge_and_another_of_its_name_elsewhere_is_another() {
    let (mut edges, now) = (edges(&[edge(1, "a", 1), edge(2, "a", 1), edge(3, "a", 2)]), Instant::now());
    edges.asked(1, Err("refused".into()), now);
    edges.asked(2, Ok("start".into()), now);
    assert_eq!((edges.count(), edges.seen(now).poll), (2, Poll { edges: 2, read: 1 }));
}

/// By one address of an admin interface one process is read, whoever asks for how many.
#[test]
fn where_more_envoys_of_one_name_are_on_a_machine_than_are_read_it_is_said() {
    let now = Instant::now();
    for (starts, is_said) in [([Ok("1"), Ok("1")], true), ([Ok("1"), Err("silent")], true), ([Ok("1"), Ok("2")], false)]
    {
        let mut edges = edges(&[edge(1, "a", 1), edge(2, "a", 1), edge(3, "a", 2), edge(4, "b", 1)]);
        for (stream, answer) in (1..).zip(starts.into_iter().chain([Ok("1"), Ok("1")])) {
            edges.asked(stream, answer.map(str::to_owned).map_err(str::to_owned), now);
        }
        assert_eq!(edges.seen(now).twice, if is_said { vec!["a"] } else { vec![] }, "{starts:?}");
        assert_eq!(edges.seen(now).poll, Poll { edges: 3, read: 3 });
        assert_eq!(edges.seen(now + TICK * 4).twice, ["a"]);
    }
}

#[test]
fn who_went_is_forgotten_and_who_stays_is_not() {
    let (mut edges, now) = (edges(&[edge(1, "a", 1), edge(2, "b", 1)]), Instant::now());
    edges.asked(1, Ok("start".into()), now);
    edges.asked(2, Ok("start".into()), now);
    edges.connected([edge(2, "b", 1), edge(3, "a", 1)]);
    assert_eq!(edges.seen(now).poll, Poll { edges: 2, read: 1 });
}
