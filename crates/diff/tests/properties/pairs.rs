//! Pairs of policies: two layers of three experiments each, whose lines are cut anywhere.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_policy::{Model, Role, Source, Sources, read_policy};

pub const ALL: u32 = 1_000_000;
/// Experiments of a layer, and arms of an experiment.
pub const THREE: usize = 3;

/// A line: each part begins at a slot, up to where the next begins, and is somebody's or nobody's (3).
pub type Line = BTreeMap<u32, usize>;

#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    pub enabled: bool,
    pub layers: [Layer; 2],
    /// Shares of two holdouts of the first layer, the first with its epoch.
    pub holdouts: [u32; 2],
    pub holdout_epoch: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    pub enabled: bool,
    pub epoch: u32,
    pub slots: Line,
    pub experiments: [Experiment; THREE],
}

#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    pub is_there: bool,
    pub enabled: bool,
    pub epoch: u32,
    pub arms: Line,
}

/// Two policies, of which the second has some parts of the first and some of its own.
pub fn pair() -> impl Strategy<Value = (Made, Made)> {
    (made(), made(), any::<[bool; 16]>()).prop_map(|(old, other, own)| {
        let mut new = old.clone();
        let mut own = own.into_iter();
        let mut is_own = || own.next().unwrap_or(false);
        new.enabled = if is_own() { other.enabled } else { new.enabled };
        new.holdouts = if is_own() { other.holdouts } else { new.holdouts };
        new.holdout_epoch = if is_own() { other.holdout_epoch } else { new.holdout_epoch };
        for (layer, other) in new.layers.iter_mut().zip(other.layers) {
            layer.epoch = if is_own() { other.epoch } else { layer.epoch };
            layer.slots = if is_own() { other.slots } else { layer.slots.clone() };
            for (one, other) in layer.experiments.iter_mut().zip(other.experiments) {
                if is_own() {
                    *one = other;
                }
            }
        }
        (old, new)
    })
}

fn made() -> impl Strategy<Value = Made> {
    let share = || prop_oneof![2 => Just(0), 1 => 0..=ALL];
    (mostly(), [layer(), layer()], [share(), share()], epoch())
        .prop_map(|(enabled, layers, holdouts, holdout_epoch)| Made { enabled, layers, holdouts, holdout_epoch })
}

fn layer() -> impl Strategy<Value = Layer> {
    (mostly(), epoch(), line(), [experiment(), experiment(), experiment()])
        .prop_map(|(enabled, epoch, slots, experiments)| Layer { enabled, epoch, slots, experiments })
}

fn experiment() -> impl Strategy<Value = Experiment> {
    (mostly(), mostly(), epoch(), line()).prop_map(|(is_there, enabled, epoch, arms)| Experiment {
        is_there,
        enabled,
        epoch,
        arms,
    })
}

fn mostly() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.9)
}

fn epoch() -> impl Strategy<Value = u32> {
    prop_oneof![4 => Just(0_u32), 1 => Just(7)]
}

/// Borders at round places and at any.
fn line() -> impl Strategy<Value = Line> {
    let border = prop_oneof![(0..20_u32).prop_map(|twentieth| twentieth * 50_000), 0..ALL];
    prop::collection::btree_map(border, 0..=THREE, 0..6)
}

/// The parts of a line that somebody owns.
pub fn ranges(line: &Line, owner: usize) -> Vec<(u32, u32)> {
    let ends = line.keys().copied().skip(1).chain([ALL]);
    line.iter().zip(ends).filter(|((_, who), _)| **who == owner).map(|((start, _), end)| (*start, end)).collect()
}

pub fn experiment_id(layer: usize, number: usize) -> String {
    format!("e{layer}{number}")
}

pub fn variant_id(number: usize) -> String {
    format!("v{number}")
}

impl Made {
    /// The policy. With `rule` each layer has one whose header no request has.
    pub fn policy(&self, rule: bool) -> Model {
        let never = json!({"when": {"header": {"name": "x-never", "present": true}}, "variant": "stable"});
        let experiment = |index: usize, layer: &Layer, number: usize, one: &Experiment| {
            let variants = (0..THREE).map(|arm| json!({"id": variant_id(arm), "ranges": ranges(&one.arms, arm)}));
            let mut variants: Vec<Value> = variants.collect();
            for variant in &mut variants {
                if variant["ranges"].as_array().is_some_and(Vec::is_empty) {
                    variant.as_object_mut().unwrap().remove("ranges");
                }
            }
            json!({
                "id": experiment_id(index, number), "enabled": one.enabled, "epoch": one.epoch,
                "slots": ranges(&layer.slots, number), "variants": variants,
                "rules": if rule { vec![&never] } else { Vec::new() },
            })
        };
        let layers = self.layers.iter().enumerate().map(|(index, layer)| {
            let experiments = layer.experiments.iter().enumerate().filter(|(_, one)| one.is_there);
            let experiments = experiments.map(|(number, one)| experiment(index, layer, number, one));
            json!({
                "id": format!("l{index}"), "unit": "user", "enabled": layer.enabled, "epoch": layer.epoch,
                "experiments": experiments.collect::<Vec<_>>(),
            })
        });
        let holdout = |(number, share): (usize, &u32)| {
            let epoch = if number == 0 { self.holdout_epoch } else { 0 };
            json!({"id": format!("h{number}"), "unit": "user", "share": percentage(*share), "epoch": epoch, "layers": ["l0"]})
        };
        let policy = json!({
            "version": 1, "enabled": self.enabled, "units": {"user": [{"header": "x-user"}]},
            "holdouts": self.holdouts.iter().enumerate().map(holdout).collect::<Vec<_>>(),
            "layers": layers.collect::<Vec<_>>(),
        });
        read(&policy)
    }
}

pub fn read(policy: &Value) -> Model {
    let sources = Sources::of([Source::json("policy.json", policy.to_string())]);
    read_policy(&sources, Role::Edge).unwrap_or_else(|problems| panic!("{policy}: {problems:?}"))
}

pub fn percentage(share: u32) -> String {
    format!("{}.{:04}%", share / 10_000, share % 10_000)
}
