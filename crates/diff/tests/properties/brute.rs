//! Parts, held against all slots of all lines, each looked at by itself.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weir_diff::{Amount, Arm, Place, diff};

use crate::cases;
use crate::pairs::{ALL, Layer, Line, Made, THREE, experiment_id, pair, variant_id};

/// An experiment's number and an arm's, or stable.
type At = Option<(usize, usize)>;

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn parts_are_those_of_all_slots((old, new) in pair()) {
        let (was, is) = (old.policy(false), new.policy(false));
        let found = diff(&was, &is, &[]);
        for index in 0..2 {
            let expected = Counted::of(&old, &new, index);
            let layer = found.layers.iter().find(|layer| layer.layer == format!("l{index}"));
            let mut told = BTreeMap::new();
            for flow in layer.into_iter().flat_map(|layer| &layer.flows) {
                prop_assert!(flow.audience.is_none() && flow.part > 0.0);
                told.insert((name(flow.from), name(flow.to)), flow.part);
            }
            let is_afresh = old.layers[index].epoch != new.layers[index].epoch;
            let flows = expected.flows(index, is_afresh);
            prop_assert_eq!(told.keys().collect::<Vec<_>>(), flows.keys().collect::<Vec<_>>());
            for (places, part) in &flows {
                prop_assert!((told[places] - part).abs() < 1e-12, "{:?}: {} is {}", places, told[places], part);
            }
            let mut leaving: BTreeMap<At, f64> = BTreeMap::new();
            for one in found.leaving.iter().filter(|one| one.layer == format!("l{index}")) {
                let Amount::Part(part) = one.amount else { panic!("{one:?}") };
                leaving.insert(at(index, one.arm), part);
            }
            let expected = expected.leaving(&old, &new, index);
            prop_assert_eq!(leaving.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
            for (arm, part) in &expected {
                prop_assert!((leaving[arm] - part).abs() < 1e-12, "{:?}: {} is {}", arm, leaving[arm], part);
            }
        }
    }
}

/// Everything is looked up slot by slot, and added up over all combinations of lines.
struct Counted {
    /// Probabilities of owners on the layer's line, before and after.
    line: BTreeMap<(usize, usize), f64>,
    /// The same on each experiment's own line.
    own: Vec<BTreeMap<(usize, usize), f64>>,
    /// Held out before and after.
    held: BTreeMap<(bool, bool), f64>,
    /// Experiments that deal.
    deals: [Vec<bool>; 2],
}

impl Counted {
    fn of(old: &Made, new: &Made, index: usize) -> Counted {
        let (was, is) = (&old.layers[index], &new.layers[index]);
        let deals = |made: &Made, layer: &Layer| -> Vec<bool> {
            let on = made.enabled && layer.enabled;
            layer.experiments.iter().map(|one| on && one.is_there && one.enabled).chain([false]).collect()
        };
        let own = (0..THREE).map(|number| {
            let (before, after) = (&was.experiments[number], &is.experiments[number]);
            pairs(&before.arms, &after.arms, before.epoch == after.epoch)
        });
        let mut held = BTreeMap::from([((false, false), 1.0)]);
        for number in 0..if index == 0 { 2 } else { 0 } {
            let is_same = number > 0 || old.holdout_epoch == new.holdout_epoch;
            let line = |share: u32| -> Line {
                let held = (share > 0).then_some((0, 0));
                held.into_iter().chain((share < ALL).then_some((share, THREE))).collect()
            };
            let both = pairs(&line(old.holdouts[number]), &line(new.holdouts[number]), is_same);
            let mut next = BTreeMap::new();
            for ((before, after), part) in &held {
                for ((was, is), other) in &both {
                    *next.entry((before | (*was == 0), after | (*is == 0))).or_insert(0.0) += part * other;
                }
            }
            held = next;
        }
        let line = pairs(&was.slots, &is.slots, was.epoch == is.epoch);
        Counted { line, own: own.collect(), held, deals: [deals(old, was), deals(new, is)] }
    }

    /// Every combination with its part, and where it is before and after.
    fn each(&self, mut see: impl FnMut(f64, At, At)) {
        for ((old, new), slots) in &self.line {
            let arms: Vec<((usize, usize), f64)> = match (*old, *new) {
                (THREE, THREE) => vec![((THREE, THREE), 1.0)],
                (old, THREE) => self.own[old].iter().map(|((arm, _), part)| ((*arm, THREE), *part)).collect(),
                (THREE, new) => self.own[new].iter().map(|((_, arm), part)| ((THREE, *arm), *part)).collect(),
                (old, new) if old == new => self.own[old].iter().map(|(arms, part)| (*arms, *part)).collect(),
                (old, new) => {
                    let each = self.own[old].iter().flat_map(|((arm, _), part)| {
                        self.own[new].iter().map(move |((_, to), other)| ((*arm, *to), part * other))
                    });
                    each.collect()
                }
            };
            for ((from, to), part) in arms {
                for ((held_before, held_after), held) in &self.held {
                    let at = |side: usize, owner: usize, arm: usize, is_held: bool| {
                        (self.deals[side][owner] && arm < THREE && !is_held).then_some((owner, arm))
                    };
                    see(slots * part * held, at(0, *old, from, *held_before), at(1, *new, to, *held_after));
                }
            }
        }
    }

    fn flows(&self, index: usize, is_afresh: bool) -> BTreeMap<(String, String), f64> {
        let mut flows = BTreeMap::new();
        let text = |at: At| {
            at.map_or("stable".to_owned(), |(one, arm)| format!("{}/{}", experiment_id(index, one), variant_id(arm)))
        };
        self.each(|part, from, to| {
            if from == to || part == 0.0 {
                return;
            }
            let is_other = |(from, to): ((usize, usize), (usize, usize))| is_afresh && from.0 != to.0;
            if from.zip(to).is_some_and(is_other) {
                *flows.entry((text(from), "others".to_owned())).or_insert(0.0) += part;
                *flows.entry(("others".to_owned(), text(to))).or_insert(0.0) += part;
            } else {
                *flows.entry((text(from), text(to))).or_insert(0.0) += part;
            }
        });
        flows
    }

    /// Who leaves an arm that is still there, but by a line on which its share only shrank.
    fn leaving(&self, old: &Made, new: &Made, index: usize) -> BTreeMap<At, f64> {
        let (was, is) = (&old.layers[index], &new.layers[index]);
        let mut leaving = BTreeMap::new();
        for one in (0..THREE).filter(|one| self.deals[0][*one] && self.deals[1][*one]) {
            let line = factor(&self.line, one);
            for arm in 0..THREE {
                // A line that nobody owns any of has no arm.
                let has = |made: &Layer| made.experiments[one].arms.values().any(|owner| *owner == arm);
                let own = factor(&self.own[one], arm);
                let mut part = 0.0;
                for (line_case, line_part) in [(0, line[0]), (1, line[1])] {
                    for (own_case, own_part) in [(0, own[0]), (1, own[1])] {
                        for ((held_before, held_after), held) in &self.held {
                            let by_shrink = line_case == 1 && line[2] == 0.0 || own_case == 1 && own[2] == 0.0;
                            let stays = line_case == 0 && own_case == 0 && !held_after;
                            if !held_before && !stays && !by_shrink {
                                part += line_part * own_part * held;
                            }
                        }
                    }
                }
                if part > 0.0 && has(was) && (has(is) || own[0] + own[1] > 0.0) {
                    leaving.insert(Some((one, arm)), part);
                }
            }
        }
        leaving
    }
}

/// Kept, lost and won.
fn factor(cells: &BTreeMap<(usize, usize), f64>, owner: usize) -> [f64; 3] {
    let mut factor = [0.0; 3];
    for ((old, new), part) in cells {
        match (*old == owner, *new == owner) {
            (true, true) => factor[0] += part,
            (true, false) => factor[1] += part,
            (false, true) => factor[2] += part,
            (false, false) => {}
        }
    }
    factor
}

/// The part of each pair of owners: of one line slot by slot, of two by all slots of one with all of the other.
fn pairs(before: &Line, after: &Line, is_same: bool) -> BTreeMap<(usize, usize), f64> {
    let (before, after) = (slots(before), slots(after));
    let mut cells: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    if is_same {
        before.iter().zip(&after).for_each(|(old, new)| *cells.entry((*old, *new)).or_default() += 1);
        return cells.into_iter().map(|(owners, count)| (owners, count as f64 / f64::from(ALL))).collect();
    }
    let count = |slots: &[usize], owner: usize| slots.iter().filter(|one| **one == owner).count() as u64;
    let owners = || 0..=THREE;
    for (old, new) in owners().flat_map(|old| owners().map(move |new| (old, new))) {
        let both = count(&before, old) * count(&after, new);
        if both > 0 {
            cells.insert((old, new), both);
        }
    }
    cells.into_iter().map(|(owners, count)| (owners, count as f64 / 1e12)).collect()
}

/// The owner of every slot.
fn slots(line: &Line) -> Vec<usize> {
    let mut slots = vec![THREE; ALL as usize];
    for (start, owner) in line {
        slots[*start as usize..].fill(*owner);
    }
    slots
}

fn name(place: Place<'_>) -> String {
    match place {
        Place::Stable => "stable".to_owned(),
        Place::Others => "others".to_owned(),
        Place::Arm(arm) => format!("{}/{}", arm.experiment, arm.variant),
    }
}

fn at(index: usize, arm: Arm<'_>) -> At {
    let number = |text: &str, prefix: &str| text.strip_prefix(prefix).unwrap().parse().unwrap();
    Some((number(arm.experiment, &format!("e{index}")), number(arm.variant, "v")))
}
