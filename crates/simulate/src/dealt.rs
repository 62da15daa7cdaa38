//! Who is dealt what: a crowd of units through the engine, held against what the policy plans, and layers against each other.

use std::collections::BTreeMap;

use weir_engine::{Plan, Reason};
use weir_policy::model::{Experiment, Layer, Model, UnitSource, Variant};
use weir_policy::{Range, SLOTS};
use weir_stats::sample_ratio::{chi_squared, contingency};

use crate::many::many;

/// Names and values of headers.
pub type Headers = Vec<(Vec<u8>, Vec<u8>)>;

/// The most pairs of layers that are held against each other: the first ones by id.
pub const PAIRS_MAX: usize = 1_000;
/// Units that are decided by one thread at a time.
const CHUNK: usize = 10_000;

/// What a crowd was dealt.
#[derive(Clone, Debug, PartialEq)]
pub struct Dealt {
    /// By id.
    pub layers: Vec<DealtLayer>,
    /// Layers two by two, by id. More than [`PAIRS_MAX`] are not told.
    pub pairs: Vec<Pair>,
}

/// What a layer dealt.
#[derive(Clone, Debug, PartialEq)]
pub struct DealtLayer {
    /// The layer.
    pub id: String,
    /// Of its experiments, in the order of the policy; each variant by id.
    pub shares: Vec<DealtShare>,
    /// Units that were decided by something else than their slot, by the reason: held out, not targeted, forced.
    pub others: BTreeMap<&'static str, usize>,
    /// The chance that shares which were dealt as planned are as far off as these, or further.
    pub p: f64,
}

/// What a variant got.
#[derive(Clone, Debug, PartialEq)]
pub struct DealtShare {
    /// The experiment.
    pub experiment: String,
    /// The variant.
    pub variant: String,
    /// The part of those that slots decide on which is planned, from 0 to 1.
    pub planned: f64,
    /// Units that were dealt it.
    pub units: usize,
    /// The part of those that slots decided on that these are.
    pub dealt: f64,
    /// The standard deviation of that, if as many units as these come as they may.
    pub spread: f64,
}

/// Two layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Their ids.
    pub layers: [String; 2],
    /// The chance that independent layers depend on each other as much as these seem to, or more.
    pub p: f64,
}

/// What one unit got in a layer: the place of a variant in the order of the layer's own, 0 for none of them; or the reason for which no
/// slot decided.
type Got = Result<usize, &'static str>;

impl Dealt {
    /// Decides on so many units at an edge. Each comes with these headers and with an id of its own, which differs with the seed.
    pub fn of(plan: &Plan, model: &Model, headers: &Headers, units: usize, seed: u64) -> Dealt {
        let layers: Vec<Variants> = model.layers.iter().map(Variants::of).collect();
        let chunk = |chunk: usize| {
            let numbers = chunk * CHUNK..units.min((chunk + 1) * CHUNK);
            numbers.map(|number| got(plan, &layers, &unit(model, headers, seed, number))).collect::<Vec<_>>()
        };
        let decided: Vec<Vec<Got>> = many(units.div_ceil(CHUNK), chunk, |_| {}).into_iter().flatten().collect();
        let of_layer =
            |(place, layer): (usize, &Variants)| layer.dealt(decided.iter().filter_map(|got| got.get(place)));
        Dealt { layers: layers.iter().enumerate().map(of_layer).collect(), pairs: pairs(model, &layers, &decided) }
    }

    /// How surprising the most dependent pair is among so many: its chance times their number.
    pub fn least_p(&self) -> Option<f64> {
        let least = self.pairs.iter().map(|pair| pair.p).min_by(f64::total_cmp)?;
        Some((least * self.pairs.len() as f64).min(1.0))
    }
}

/// The variants of a layer, in the order of the policy.
struct Variants<'m> {
    layer: &'m Layer,
    of: Vec<(&'m Experiment, &'m Variant)>,
    places: BTreeMap<(&'m str, &'m str), usize>,
}

impl<'m> Variants<'m> {
    fn of(layer: &'m Layer) -> Variants<'m> {
        let of = layer.experiments.iter().flat_map(|one| one.variants.iter().map(move |variant| (one, variant)));
        let of: Vec<(&Experiment, &Variant)> = of.collect();
        let name = |(place, (experiment, variant)): (usize, &(&'m Experiment, &'m Variant))| {
            ((experiment.id.as_str(), variant.id.as_str()), place + 1)
        };
        let places = of.iter().enumerate().map(name).collect();
        Variants { layer, of, places }
    }

    /// The part of the layer's line, from 0 to 1, that a variant has of those who are in no audience.
    fn planned(experiment: &Experiment, variant: &Variant) -> f64 {
        if experiment.enabled { part(&experiment.slots) * part(&variant.ranges) } else { 0.0 }
    }

    fn dealt<'g>(&self, got: impl Iterator<Item = &'g Got>) -> DealtLayer {
        let mut counts = vec![0_usize; self.of.len() + 1];
        let mut others = BTreeMap::new();
        for got in got {
            match got {
                Ok(place) => counts.iter_mut().skip(*place).take(1).for_each(|count| *count += 1),
                Err(reason) => *others.entry(*reason).or_default() += 1,
            }
        }
        let all = counts.iter().sum::<usize>() as f64;
        let shares: Vec<DealtShare> = self
            .of
            .iter()
            .zip(counts.iter().skip(1))
            .map(|((experiment, variant), units)| {
                let planned = Variants::planned(experiment, variant);
                DealtShare {
                    experiment: experiment.id.clone(),
                    variant: variant.id.clone(),
                    planned,
                    units: *units,
                    dealt: if all > 0.0 { *units as f64 / all } else { 0.0 },
                    spread: if all > 0.0 { (planned * (1.0 - planned) / all).sqrt() } else { 0.0 },
                }
            })
            .collect();
        let rest = 1.0 - shares.iter().map(|share| share.planned).sum::<f64>();
        let of_arms = shares.iter().map(|share| (share.units as f64, share.planned));
        let arms: Vec<(f64, f64)> =
            of_arms.chain([(counts.first().copied().unwrap_or_default() as f64, rest.max(0.0))]).collect();
        DealtLayer { id: self.layer.id.clone(), shares, others, p: chi_squared(&arms).p() }
    }
}

/// The request of a unit.
fn unit(model: &Model, headers: &Headers, seed: u64, number: usize) -> Headers {
    let id = format!("{seed}-{number}");
    let mut request: Headers = Vec::with_capacity(headers.len() + 4);
    let (mut query, mut cookies) = (Vec::new(), Vec::new());
    // All units of a request are of one person, and each is looked for where it is found first.
    for source in model.units.iter().filter_map(|(_, sources)| sources.first()) {
        match source {
            UnitSource::Header(name) => request.push((name.clone().into_bytes(), id.clone().into_bytes())),
            UnitSource::Query(name) => query.push(format!("{name}={id}")),
            UnitSource::IssuedCookie(name, _) => cookies.push(format!("{name}={id}")),
            UnitSource::Cookie(name, value) => cookies.push(match (&value.json_key, value.is_percent_encoded) {
                (Some(key), true) => format!("{name}=%7B%22{key}%22%3A%22{id}%22%7D"),
                (Some(key), false) => format!("{name}={{\"{key}\":\"{id}\"}}"),
                (None, _) => format!("{name}={id}"),
            }),
        }
    }
    let given = |name: &[u8]| headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_slice());
    let path = given(b":path").unwrap_or(b"/");
    let joint: &[u8] = if path.contains(&b'?') { b"&" } else { b"?" };
    let path = if query.is_empty() { path.to_vec() } else { [path, joint, query.join("&").as_bytes()].concat() };
    request.push((b":path".to_vec(), path));
    cookies.extend(given(b"cookie").map(|cookie| String::from_utf8_lossy(cookie).into_owned()));
    if !cookies.is_empty() {
        request.push((b"cookie".to_vec(), cookies.join("; ").into_bytes()));
    }
    let others = headers.iter().filter(|(name, _)| name != b":path" && name != b"cookie");
    request.extend(others.cloned());
    request
}

/// What each layer decides on a request.
fn got(plan: &Plan, layers: &[Variants], request: &Headers) -> Vec<Got> {
    let pairs = request.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
    let exchange = plan.exchange(pairs, || None, |_| None, || None);
    let outcomes = exchange.decision().layers().zip(layers);
    outcomes
        .map(|(outcome, layer)| match outcome.reason {
            Reason::Assigned | Reason::RouteConflict => {
                let name = outcome.experiment.zip(outcome.variant);
                Ok(name.and_then(|name| layer.places.get(&name)).copied().unwrap_or_default())
            }
            Reason::NotOwned | Reason::NoVariant | Reason::ExperimentDisabled => Ok(0),
            reason => Err(reason.name()),
        })
        .collect()
}

/// Layers that deal by slots, two by two.
fn pairs(model: &Model, layers: &[Variants], decided: &[Vec<Got>]) -> Vec<Pair> {
    let deals = |place: &usize| {
        layers.get(*place).is_some_and(|layer| {
            layer.of.iter().any(|(experiment, variant)| Variants::planned(experiment, variant) > 0.0)
        })
    };
    let dealing: Vec<usize> = (0..layers.len()).filter(deals).collect();
    let both =
        dealing.iter().enumerate().flat_map(|(at, one)| dealing.iter().skip(at + 1).map(move |other| (*one, *other)));
    let line = |place: usize| model.layers.get(place).map(|layer| (&layer.line, layer.epoch));
    let apart = both.filter(|(one, other)| line(*one) != line(*other));
    let ids = |place: usize| model.layers.get(place).map_or_else(String::new, |layer| layer.id.clone());
    let both: Vec<(usize, usize)> = apart.take(PAIRS_MAX).collect();
    let pair = |at: usize| {
        let (one, other) = both.get(at).copied().unwrap_or_default();
        let rows = layers.get(one).map_or(0, |layer| layer.of.len() + 1);
        let columns = layers.get(other).map_or(0, |layer| layer.of.len() + 1);
        let mut table = vec![vec![0.0; columns]; rows];
        for got in decided {
            let (Some(Ok(row)), Some(Ok(column))) = (got.get(one), got.get(other)) else { continue };
            table
                .iter_mut()
                .skip(*row)
                .take(1)
                .flat_map(|row| row.iter_mut().skip(*column).take(1))
                .for_each(|cell| *cell += 1.0);
        }
        Pair { layers: [ids(one), ids(other)], p: contingency(&table).p() }
    };
    many(both.len(), pair, |_| {})
}

fn part(ranges: &[Range]) -> f64 {
    ranges.iter().map(|range| f64::from(range.end.saturating_sub(range.start))).sum::<f64>() / f64::from(SLOTS)
}

#[cfg(test)]
mod tests;
