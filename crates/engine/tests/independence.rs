//! Lines are even and independent of each other, on fixed ids: the outcome is the same every time, so the bounds are
//! hard. They are the chi-square values that chance exceeds once in a million.

use std::sync::LazyLock;

use weir_engine::slot::{Salt, Use};
use weir_policy::SLOTS;

mod ids;

use ids::Kind;

const IDS: usize = 1_000_000;

/// Chi-square at 10^-6, by degrees of freedom.
const CHI_SQUARE_81: f64 = 157.0;
const CHI_SQUARE_99: f64 = 181.0;
const CHI_SQUARE_9_999: f64 = 10_686.0;

static UNITS: LazyLock<[(Kind, Vec<String>); 4]> =
    LazyLock::new(|| Kind::ALL.map(|kind| (kind, (0..IDS as u64).map(|number| kind.id(number)).collect())));

#[test]
fn a_line_is_even() {
    for (kind, units) in UNITS.iter() {
        for salt in [Salt::new(Use::Line, "checkout", 0), Salt::new(Use::Experiment, "owl-v21", 3)] {
            let slots = slots(&salt, units);
            for (parts, bound) in [(100, CHI_SQUARE_99), (10_000, CHI_SQUARE_9_999)] {
                let found = evenness(&slots, parts);
                assert!(found < bound, "{kind:?} ids on {salt:?} in {parts} parts: {found} is not below {bound}");
            }
        }
    }
}

#[test]
fn layers_are_independent() {
    for (kind, units) in UNITS.iter() {
        let names: Vec<String> = (0..20).map(|layer| format!("layer-{layer}")).collect();
        assert_pairs_independent(&names, kind, units);
    }
}

/// Ids that people really give: numbered, of one family, of one team. 200,000 units, for 64 ids make 2,016 pairs.
#[test]
fn layers_of_similar_names_are_independent() {
    let numbered: Vec<String> = (1..=64).map(|n| format!("l{n}")).collect();
    let one_prefix: Vec<String> = (b'a'..=b'z').map(|c| format!("shop-checkout-payment-{}", c as char)).collect();
    let one_suffix: Vec<String> = (b'a'..=b'z').map(|c| format!("{}-shop-checkout-payment", c as char)).collect();
    for names in [numbered, one_prefix, one_suffix] {
        for (kind, units) in UNITS.iter() {
            assert_pairs_independent(&names, kind, &units[..IDS / 5]);
        }
    }
}

/// The two stages of one experiment, called alike on purpose: the line must not foretell the variant.
#[test]
fn the_slot_does_not_foretell_the_variant() {
    for (kind, units) in UNITS.iter() {
        for (a, b) in [(Use::Line, Use::Experiment), (Use::Line, Use::Holdout), (Use::Holdout, Use::Experiment)] {
            let first = parts(&slots(&Salt::new(a, "same", 0), units), 100);
            let second = parts(&slots(&Salt::new(b, "same", 0), units), 2);
            let found = dependence::<100, 2>(&first, &second);
            assert!(found < CHI_SQUARE_99, "{kind:?} ids, {a:?} against {b:?}: {found}");
        }
    }
}

/// A new epoch deals afresh, and so does a neighbour's.
#[test]
fn epochs_are_independent() {
    for (kind, units) in UNITS.iter() {
        let dealt: Vec<Vec<u8>> =
            (0..5).map(|epoch| parts(&slots(&Salt::new(Use::Line, "checkout", epoch), units), 10)).collect();
        for (a, b) in pairs(dealt.len()) {
            let found = dependence::<10, 10>(&dealt[a], &dealt[b]);
            assert!(found < CHI_SQUARE_81, "{kind:?} ids, epochs {a} and {b}: {found}");
        }
    }
}

/// Three layers together, and five: pairs can be clean where larger sets are not. The halves of the lines, by parity.
#[test]
fn sets_of_layers_are_independent() {
    for (kind, units) in UNITS.iter() {
        let halves: Vec<Vec<u64>> =
            (0..20).map(|layer| bits(&slots(&Salt::new(Use::Line, &format!("layer-{layer}"), 0), units))).collect();
        for set in subsets(20, 3).into_iter().chain(subsets(20, 5)) {
            let z = parity_deviation(&set, &halves);
            assert!(z.abs() < 5.0, "{kind:?} ids, layers {set:?}: {z} standard deviations");
        }
    }
}

/// The measures themselves see what they are there to see.
#[test]
fn dependence_is_seen() {
    let (_, units) = &UNITS[0];
    let line = slots(&Salt::new(Use::Line, "checkout", 0), units);
    let mut skewed = line.clone();
    // Half a percent of the units, moved to where others are.
    for slot in skewed.iter_mut().step_by(200) {
        *slot /= 100;
    }
    assert!(evenness(&skewed, 100) > CHI_SQUARE_99);
    let other = slots(&Salt::new(Use::Line, "search", 0), units);
    let leaning: Vec<u32> =
        line.iter().zip(&other).enumerate().map(|(i, (a, b))| if i % 100 == 0 { *a } else { *b }).collect();
    assert!(dependence::<10, 10>(&parts(&line, 10), &parts(&leaning, 10)) > CHI_SQUARE_81);
    assert!(parity_deviation(&[0, 1], &[bits(&line), bits(&leaning)]).abs() > 5.0);
}

fn assert_pairs_independent(names: &[String], kind: &Kind, units: &[String]) {
    let dealt: Vec<Vec<u8>> =
        names.iter().map(|name| parts(&slots(&Salt::new(Use::Line, name, 0), units), 10)).collect();
    for (a, b) in pairs(names.len()) {
        let found = dependence::<10, 10>(&dealt[a], &dealt[b]);
        assert!(found < CHI_SQUARE_81, "{kind:?} ids, layers {} and {}: {found}", names[a], names[b]);
    }
}

fn slots(salt: &Salt, units: &[String]) -> Vec<u32> {
    units.iter().map(|unit| salt.slot(unit.as_bytes())).collect()
}

/// The line in equal parts: which one each slot is in.
fn parts(slots: &[u32], parts: u32) -> Vec<u8> {
    slots.iter().map(|slot| u8::try_from(slot / (SLOTS / parts)).expect("at most 256 parts")).collect()
}

fn evenness(slots: &[u32], parts: u32) -> f64 {
    let mut counts = vec![0_u32; parts as usize];
    for slot in slots {
        counts[(slot / (SLOTS / parts)) as usize] += 1;
    }
    let expected = slots.len() as f64 / f64::from(parts);
    counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum()
}

/// Chi-square of the table of two lines in `A` and `B` parts; (A - 1)(B - 1) degrees of freedom.
fn dependence<const A: usize, const B: usize>(first: &[u8], second: &[u8]) -> f64 {
    let mut table = [[0_u32; B]; A];
    for (a, b) in first.iter().zip(second) {
        table[usize::from(*a)][usize::from(*b)] += 1;
    }
    let total = first.len() as f64;
    let rows = table.map(|row| row.iter().map(|count| f64::from(*count)).sum::<f64>());
    let columns: [f64; B] = std::array::from_fn(|b| table.iter().map(|row| f64::from(row[b])).sum());
    let mut sum = 0.0;
    for (a, row) in table.iter().enumerate() {
        for (b, count) in row.iter().enumerate() {
            let expected = rows[a] * columns[b] / total;
            sum += (f64::from(*count) - expected).powi(2) / expected;
        }
    }
    sum
}

/// Which units are in the upper half, 64 a word.
fn bits(slots: &[u32]) -> Vec<u64> {
    let word = |slots: &[u32]| slots.iter().rev().fold(0, |word, slot| word << 1 | u64::from(*slot >= SLOTS / 2));
    slots.chunks(64).map(word).collect()
}

/// How far the share of units in an odd number of upper halves is from one half, in standard deviations.
fn parity_deviation(set: &[usize], halves: &[Vec<u64>]) -> f64 {
    let words = halves[0].len();
    let odd: u32 = (0..words).map(|w| set.iter().fold(0, |word, line| word ^ halves[*line][w]).count_ones()).sum();
    let units = IDS as f64;
    (f64::from(odd) - units / 2.0) / (units.sqrt() / 2.0)
}

fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |a| (0..a).map(move |b| (a, b)))
}

/// Every set of `size` numbers below `count`.
fn subsets(count: usize, size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let with = |last: usize| subsets(last, size - 1).into_iter().map(move |set| [set, vec![last]].concat());
    (size - 1..count).flat_map(with).collect()
}
