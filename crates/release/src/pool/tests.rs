//! Where releases find slots.

use proptest::prelude::*;
use weir_policy::written::{Layer, Variant};

use super::*;

fn range(start: u32, end: u32) -> Range {
    Range { start, end }
}

#[test]
fn the_first_slot_is_a_public_format() {
    for (id, slot) in [("owl-v21", 548_765), ("tiger-v7", 707_705)] {
        assert_eq!(first_slot(&line("user"), id), slot, "{id}");
    }
}

#[test]
fn free_slots_are_taken_from_the_first_on_around_the_line() {
    let first = 548_765;
    for (slots, owned, taken) in [
        (1_000_000, vec![], Ok(vec![Range::ALL])),
        (0, vec![Range::ALL], Ok(vec![])),
        (1, vec![Range::ALL], Err(NoPlace::TooFew(0))),
        (10, vec![], Ok(vec![range(first, first + 10)])),
        (10, vec![range(first + 4, first + 9)], Ok(vec![range(first, first + 4), range(first + 9, first + 15)])),
        (10, vec![range(first - 5, first + 5)], Ok(vec![range(first + 5, first + 15)])),
        // Around the line, up to the slot before the first.
        (500_000, vec![], Ok(vec![range(0, 48_765), range(first, 1_000_000)])),
        (20, vec![range(first, 1_000_000)], Ok(vec![range(0, 20)])),
        (20, vec![range(10, 999_995)], Err(NoPlace::TooFew(15))),
        (15, vec![range(10, 999_995)], Ok(vec![range(0, 10), range(999_995, 1_000_000)])),
        // Owned twice, since owners that have no common service may overlap.
        (999_970, vec![range(10, 30), range(20, 40)], Ok(vec![range(0, 10), range(40, 1_000_000)])),
    ] {
        assert_eq!(place("pool.user", "owl-v21", slots, &owned), taken, "{slots} beside {owned:?}");
    }
}

#[test]
fn a_place_has_1024_ranges_and_not_one_more() {
    let owned: Vec<Range> = (0..2_000).map(|i| range(i * 500, i * 500 + 250)).collect();
    let free = |ranges: u32| ranges * 250;
    // The first slot, 548,765, lies in a free range, so the first range is a part of one.
    let first = 549_000 - 548_765;
    assert_eq!(place("pool.user", "owl-v21", first + free(1_023), &owned).map(|taken| taken.len()), Ok(1_024));
    let one_more = place("pool.user", "owl-v21", first + free(1_023) + 1, &owned);
    assert_eq!(one_more, Err(NoPlace::Fragmented(1_025)));
}

#[test]
fn what_people_wrote_on_the_line_owns_slots_whether_on_or_off() {
    let experiment = |id: &str, services: Option<&[&str]>| Experiment {
        id: Some(id.into()),
        enabled: Some(false),
        services: services.map(|services| services.iter().map(|one| (*one).to_owned()).collect()),
        slots: Some(vec![(0, 10), (5, 1)]),
        variants: vec![Variant {
            routes: vec![("cat.shop".into(), weir_policy::written::RouteTarget::Subset("v2".into()))],
            ..Variant::default()
        }],
        ..Experiment::default()
    };
    let layer = |id: &str, line: Option<&str>, experiment| Layer {
        id: Some(id.into()),
        line: line.map(str::to_owned),
        experiments: vec![experiment],
        ..Layer::default()
    };
    let layers = vec![
        layer("a", Some("pool.user"), experiment("named", Some(&["owl.shop"]))),
        layer("pool.user", None, experiment("routed", None)),
        layer("pool.user.b", Some("b"), experiment("other", None)),
    ];
    let policies = [Policy { layers, ..Policy::default() }];
    let owner =
        |id: &str, service: &str| Owner { id: id.into(), services: vec![service.into()], slots: vec![range(0, 10)] };
    assert_eq!(owners(&policies, "pool.user"), [owner("named", "owl.shop"), owner("routed", "cat.shop")]);
    assert!(conflict(&["a".into(), "b".into()], &["c".into(), "b".into()]));
    assert!(!conflict(&["a".into()], &["b".into()]));
}

proptest! {
    #[test]
    fn a_place_is_free_sorted_and_as_large_as_wanted(
        owned in prop::collection::vec((0_u32..1_000_000, 1_u32..100_000), 0..20),
        slots in 0_u32..=1_000_000,
        id in "[a-z]{1,8}",
    ) {
        let owned: Vec<Range> = owned.into_iter().map(|(start, n)| range(start, (start + n).min(SLOTS))).collect();
        match place("pool.user", &id, slots, &owned) {
            Ok(taken) => {
                prop_assert_eq!(taken.iter().map(|range| length(*range)).sum::<u32>(), slots);
                prop_assert!(taken.windows(2).all(|pair| pair[0].end < pair[1].start));
                let overlaps = |one: &Range| owned.iter().any(|other| one.start < other.end && other.start < one.end);
                prop_assert!(!taken.iter().any(overlaps));
            }
            Err(NoPlace::TooFew(free)) => prop_assert!(free < slots),
            Err(NoPlace::Fragmented(_)) => prop_assert!(false, "at most 21 gaps"),
        }
    }
}
