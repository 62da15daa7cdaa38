//! Parts, held against 200,000 units of which each is decided by both policies: counted here, and as they are told.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weir_diff::{Amount, Arm, Asked, Diff, LayerMoves, Place, diff};
use weir_engine::Plan;
use weir_policy::{Attachment, Model};

use crate::cases;
use crate::pairs::pair;

const UNITS: u32 = 200_000;

proptest! {
    #![proptest_config(cases(3))]

    #[test]
    fn parts_are_those_of_units_that_are_decided((old, new) in pair(), seed: u32) {
        // A rule that nobody meets makes every layer one that only requests can settle.
        let (was, is) = (old.policy(false), new.policy(true));
        let units: Vec<String> = (0..UNITS).map(|number| format!("{seed}-{number}")).collect();
        let asked: Vec<Asked> = units.iter().map(|unit| Asked::of(["user"], unit.as_bytes())).collect();
        let found = diff(&was, &is, &asked);
        let moved = moved(&was, &is, &units);
        for (index, (old, new)) in old.layers.iter().zip(&new.layers).enumerate() {
            let id = format!("l{index}");
            let Some(layer) = found.layers.iter().find(|layer| layer.layer == id) else { continue };
            let Some(counts) = &layer.asked else { continue };
            prop_assert_eq!((counts.asked, counts.without_unit), (UNITS.into(), 0));
            let told = counts.flows.iter().map(|((from, to), count)| ((arm(*from), arm(*to)), *count));
            let moved = moved.iter().filter(|((one, _), _)| *one == id);
            prop_assert_eq!(told.collect::<Vec<_>>(), moved.map(|((_, places), count)| (*places, *count)).collect::<Vec<_>>());
            same_flows(layer)?;
            let is_dealt_afresh = layer.is_afresh
                || old.experiments.iter().zip(&new.experiments).any(|(old, new)| old.epoch != new.epoch);
            if !is_dealt_afresh {
                same_leaving(&found, &id)?;
            }
        }
    }
}

/// An experiment and a variant, or stable.
type At<'a> = Option<(&'a str, &'a str)>;

/// Units by layer and where they are before and after, as nobody but the engine says.
fn moved<'a>(was: &'a Model, is: &'a Model, units: &[String]) -> BTreeMap<(String, (At<'a>, At<'a>)), u64> {
    let sides = [was, is].map(|model| (model, Plan::compile(model, &Attachment::default(), None)));
    let mut moved = BTreeMap::new();
    for unit in units {
        let [before, after] = sides.each_ref().map(|(model, plan)| decided(model, plan, unit));
        for (id, (from, to)) in before.into_iter().zip(after).map(|((id, from), (_, to))| (id, (from, to))) {
            if from != to {
                *moved.entry((id.to_owned(), (from, to))).or_default() += 1;
            }
        }
    }
    moved
}

/// Where the engine puts a unit, by layer.
fn decided<'a>(model: &'a Model, plan: &Plan, unit: &str) -> Vec<(&'a str, At<'a>)> {
    let headers: [(&[u8], &[u8]); 3] = [(b":method", b"GET"), (b":path", b"/"), (b"x-user", unit.as_bytes())];
    let exchange = plan.exchange(headers.into_iter(), || None, |_| None, || None);
    let places = model.layers.iter().zip(exchange.decision().layers()).map(|(layer, outcome)| {
        assert_eq!(layer.id, outcome.layer);
        let one = outcome.experiment.map(|id| layer.experiments.iter().find(|one| one.id == id).unwrap());
        let arm = one
            .zip(outcome.variant)
            .map(|(one, id)| (one.id.as_str(), one.variants.iter().find(|arm| arm.id == id).unwrap().id.as_str()));
        (layer.id.as_str(), arm)
    });
    places.collect()
}

fn arm(place: Place<'_>) -> At<'_> {
    match place {
        Place::Stable => None,
        Place::Arm(Arm { experiment, variant }) => Some((experiment, variant)),
        Place::Others => panic!("a unit is somewhere"),
    }
}

fn same_flows(layer: &LayerMoves<'_>) -> Result<(), TestCaseError> {
    let mut counted: BTreeMap<(Place<'_>, Place<'_>), u64> = BTreeMap::new();
    for ((from, to), count) in &layer.asked.as_ref().unwrap().flows {
        let is_other = match (from, to) {
            (Place::Arm(from), Place::Arm(to)) => layer.is_afresh && from.experiment != to.experiment,
            _ => false,
        };
        let as_told = if is_other { vec![(*from, Place::Others), (Place::Others, *to)] } else { vec![(*from, *to)] };
        as_told.into_iter().for_each(|places| *counted.entry(places).or_default() += count);
    }
    let told: BTreeMap<(Place<'_>, Place<'_>), f64> =
        layer.flows.iter().map(|flow| ((flow.from, flow.to), flow.part)).collect();
    for places in told.keys().chain(counted.keys()) {
        let (part, count) = (told.get(places).copied(), counted.get(places).copied().unwrap_or(0));
        prop_assert!(part.is_some(), "{:?}: {} units, and nobody was to move", places, count);
        prop_assert!(is_near(count, part.unwrap()), "{:?}: {} units, and {:?} of all", places, count, part);
    }
    Ok(())
}

fn same_leaving(found: &Diff<'_>, layer: &str) -> Result<(), TestCaseError> {
    let mut arms: BTreeMap<_, (f64, u64)> = BTreeMap::new();
    for one in found.leaving.iter().filter(|one| one.layer == layer) {
        let (part, units) = arms.entry(one.arm).or_default();
        match &one.amount {
            Amount::Part(found) => *part += found,
            Amount::Units { count, .. } => *units += count,
        }
    }
    for (arm, (part, count)) in arms {
        prop_assert!(part > 0.0 && is_near(count, part), "{:?}: {} units, and {} of all", arm, count, part);
    }
    Ok(())
}

/// Six deviations, and some for what is rare: chance exceeds that once in a billion.
fn is_near(count: u64, part: f64) -> bool {
    let expected = part * f64::from(UNITS);
    (count as f64 - expected).abs() <= 6.0 * (expected * (1.0 - part).max(0.0)).sqrt() + 15.0
}
