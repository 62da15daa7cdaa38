//! What a browser is told and what it says next: the second visit is as the first.

use proptest::prelude::*;
use proptest::sample::select;
use weir_engine::{Dropped, SetCookies};
use weir_policy::Role;

use crate::attachment::{ROLES, attachment, plan, steer};
use crate::condition::{reads_unit, written_out};
use crate::fresh;
use crate::headers::{Lines, hop, outcomes};
use crate::policy::policy;
use crate::request::{destination, request};

proptest! {
    #![proptest_config(fresh())]

    #[test]
    fn a_second_visit_is_as_the_first(
        (made, lines) in policy().prop_flat_map(|made| {
            let request = request(made.tags.clone());
            (Just(made), request)
        }),
        steer in steer(),
    ) {
        // A layer may be for those who come for the first time, or for the others.
        let policy = written_out(&made.policy);
        let mut layers = policy["layers"].as_array().unwrap().iter();
        prop_assume!(!layers.any(|layer| layer.get("targeting").is_some_and(reads_unit)));
        let plan = plan(&made, &attachment(Role::Edge, steer));
        let first = lines.decided_with(&plan, [1; 16]);
        let told = first.set_cookies();
        prop_assert_eq!(&told, &lines.decided_with(&plan, [1; 16]).set_cookies());

        let next = visited_again(&lines, &told);
        // An id that is made now would be another one.
        let second = next.decided_with(&plan, [2; 16]);
        prop_assert_eq!(outcomes(second.decision()), outcomes(first.decision()));
        prop_assert_eq!(second.set_cookies(), SetCookies::new());
    }

    /// The upstream sees the ids that the browser is told, in one crumb of the name.
    #[test]
    fn the_upstream_and_the_browser_are_told_the_same(
        (made, lines) in policy().prop_flat_map(|made| {
            let request = request(made.tags.clone());
            (Just(made), request)
        }),
        destination in destination(),
        steer in steer(),
    ) {
        let plan = plan(&made, &attachment(Role::Edge, steer));
        let told = lines.decided(&plan).set_cookies();
        let (_, sent) = hop(&plan, &lines, destination.as_deref());
        for (name, value) in told.iter().map(|line| crumb(line)).filter(|(name, _)| ["weir_id", "other"].contains(name)) {
            prop_assert_eq!(sent.crumbs(name), vec![value.as_bytes().to_vec()]);
        }
    }
}

proptest! {
    #![proptest_config(fresh())]

    /// It makes no id, sets nothing and counts nowhere; else it is decided and steered as gRPC, for which no id is made either.
    #[test]
    fn a_preflight_leaves_nothing_behind(
        (made, lines) in policy().prop_flat_map(|made| {
            let request = request(made.tags.clone());
            (Just(made), request)
        }),
        role in select(&ROLES[..]),
        steer in steer(),
        destination in destination(),
    ) {
        let plan = plan(&made, &attachment(role, steer));
        let kind = |grpc: bool| match grpc {
            true => (b"content-type".to_vec(), b"application/grpc".to_vec()),
            false => (b"access-control-request-method".to_vec(), Vec::new()),
        };
        let decided = |grpc: bool| {
            let mut lines = lines.without(b"access-control-request-method").without(b":method").without(b"content-type");
            lines.0.extend([(b":method".to_vec(), b"OPTIONS".to_vec()), kind(grpc)]);
            let exchange = lines.sent_to(&plan, destination.as_deref());
            let mut edits = exchange.edits();
            // The tags go upstream in a cookie as well, but for gRPC.
            edits.retain(|edit| edit.name != b"cookie");
            let follows = (outcomes(exchange.decision()), edits, exchange.filter_state(), exchange.dropped());
            (follows, exchange.counted().count(), exchange.counted_drops(), exchange.set_cookies())
        };
        let (expected, counted, drops, _) = decided(true);
        prop_assert!(role != Role::Edge || counted == expected.0.len());
        prop_assert_eq!(drops, expected.3);
        let (found, counted, drops, told) = decided(false);
        prop_assert_eq!(found, expected);
        prop_assert_eq!((counted, drops, told), (0, Dropped::default(), SetCookies::new()));
    }
}

/// The request again, from a browser that was told this and does as it is told.
fn visited_again(lines: &Lines, told: &SetCookies) -> Lines {
    let mut next = lines.clone();
    for line in told {
        let (name, value) = crumb(line);
        for (header, cookies) in &mut next.0 {
            if header == b"cookie" {
                let others = cookies.split(|byte| *byte == b';').filter(|crumb| !is_named(crumb, name));
                *cookies = others.collect::<Vec<_>>().join(&b';');
            }
        }
        if !line.contains("Max-Age=0") {
            next.0.push((b"cookie".to_vec(), format!("{name}={value}").into_bytes()));
        }
    }
    next
}

fn is_named(crumb: &[u8], name: &str) -> bool {
    let one = Lines(vec![(b"cookie".to_vec(), crumb.to_vec())]);
    !one.crumbs(name).is_empty()
}

/// Name and value of a line of `set-cookie`.
fn crumb(line: &str) -> (&str, &str) {
    let (crumb, _) = line.split_once("; ").expect("a line has attributes");
    crumb.split_once('=').expect("a cookie has a name")
}
