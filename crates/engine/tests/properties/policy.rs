//! Policies that obey every rule, made from numbers that mean something whatever they are, so that they shrink well.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use weir_policy::Attachment;

use crate::condition::{condition, condition_with_names, named, reads_unit};

/// A policy and what tests need to know of it.
#[derive(Clone, Debug)]
pub struct Made {
    /// The document.
    pub policy: Value,
    /// Its tags, those of disabled experiments too.
    pub tags: Vec<String>,
}

impl Made {
    /// The envelope that carries the policy.
    pub fn envelope(&self, attachment: &Attachment) -> String {
        attachment.envelope("0123456789ab".parse().expect("a revision"), &self.policy.to_string())
    }
}

/// Any policy: up to four layers with up to three experiments each.
pub fn policy() -> impl Strategy<Value = Made> {
    let layers = prop::collection::vec(layer(), 0..5);
    let env_tag = select(vec![
        Value::Null,
        json!({ "header": "X-Lane" }),
        json!({ "baggage": "env_tag" }),
        json!({ "header": "x-env-tag", "baggage": "env_tag", "request_cookie": "lane" }),
        json!({ "cookie": { "name": "tags", "max_age_seconds": 60 } }),
        json!({ "cookie": { "name": "tags", "max_age_seconds": 60, "domain": "shop.example" }, "request_cookie": "lane" }),
        json!({ "cookie": { "name": "tags", "max_age_seconds": 60, "path": "/a", "same_site": "none" } }),
        json!({ "cookie": { "name": "tags", "max_age_seconds": 60, "partitioned": true }, "request_cookie": "lane" }),
    ]);
    let holdouts = prop::collection::vec((0..3_usize, 0..=1_000_000_u32, any::<u8>(), 0..3_u32), 0..3);
    let units = (user(), prop::option::weighted(0.9, life()).prop_map(device));
    let targeting = condition().prop_filter("the policy's targeting asks for no unit", |one| !reads_unit(one));
    let targeting = prop::option::weighted(0.2, targeting);
    (often(), units, env_tag, holdouts, layers, (named(), targeting)).prop_map(
        |(enabled, units, env_tag, holdouts, layers, (named, targeting))| {
            let mut made = make(enabled, units, env_tag, &holdouts, &layers);
            made.policy["conditions"] = named;
            if let Some(targeting) = targeting {
                made.policy["targeting"] = targeting;
            }
            made
        },
    )
}

/// A service of a line: those of one line are routed by its experiments only.
pub fn service(line: usize, number: usize) -> String {
    format!("s{number}.line{line}")
}

/// A service that variants lead to and no experiment routes.
pub fn target(number: usize) -> String {
    format!("t{number}.elsewhere")
}

/// The units that policies have.
pub const UNITS: [&str; 3] = ["user", "device", "asked"];
/// The parts into which the slots of a line are cut for the experiments on it.
const PARTS: u32 = 20;
const PART: u32 = 1_000_000 / PARTS;

#[derive(Clone, Debug)]
struct Layer {
    enabled: bool,
    /// 0 to 2: a line that layers share; otherwise its own.
    line: usize,
    unit: usize,
    epoch: u32,
    targeting: Option<Value>,
    lists: Vec<(usize, u8, u8)>,
    experiments: Vec<Experiment>,
}

#[derive(Clone, Debug)]
struct Experiment {
    enabled: bool,
    kind: &'static str,
    epoch: u32,
    parts: u32,
    arms: Arms,
    audiences: Vec<Audience>,
    rules: Vec<(Value, u8)>,
    targeting: Option<Value>,
    listed: Vec<u8>,
    own_tag: bool,
    routes: u8,
    /// Three bits: which of the routes lead to another service; three more: to one that the line routes itself.
    to_services: u8,
}

/// A condition, and of what its arms may own the parts that they do.
#[derive(Clone, Debug)]
struct Audience {
    when: Value,
    parts: u8,
    as_ranges: bool,
}

#[derive(Clone, Debug)]
enum Arms {
    Shares(u32, u32),
    Ranges(Vec<(u8, u32)>),
}

fn often() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.9)
}

fn layer() -> impl Strategy<Value = Layer> {
    let lists = prop::collection::vec((0..3_usize, any::<u8>(), any::<u8>()), 0..3);
    let targeting = prop::option::weighted(0.2, condition_with_names());
    (often(), 0..6_usize, 0..3_usize, 0..3_u32, targeting, lists, prop::collection::vec(experiment(), 0..4)).prop_map(
        |(enabled, line, unit, epoch, targeting, lists, experiments)| Layer {
            enabled,
            line,
            unit,
            epoch,
            targeting,
            lists,
            experiments,
        },
    )
}

fn experiment() -> impl Strategy<Value = Experiment> {
    let arms = prop_oneof![
        (0..=1_000_000_u32, 0..=1_000_000_u32).prop_map(|(canary, control)| Arms::Shares(canary, control)),
        prop::collection::vec((0..4_u8, 1..400_000_u32), 0..8).prop_map(Arms::Ranges),
    ];
    let audience = (condition_with_names(), any::<u8>(), any::<bool>());
    let audience = audience.prop_map(|(when, parts, as_ranges)| Audience { when, parts, as_ranges });
    let audiences = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(audience, 1..4)];
    (
        (often(), select(vec!["release", "test"]), 0..3_u32, 0..8_u32, (arms, audiences)),
        prop::collection::vec((condition_with_names(), any::<u8>()), 0..3),
        prop::option::weighted(0.3, condition_with_names()),
        prop::collection::vec(any::<u8>(), 0..2),
        any::<bool>(),
        (any::<u8>(), prop_oneof![Just(0), any::<u8>()]),
    )
        .prop_map(
            |((enabled, kind, epoch, parts, (arms, audiences)), rules, targeting, listed, own_tag, routes)| {
                Experiment {
                    enabled,
                    kind,
                    epoch,
                    parts,
                    arms,
                    audiences,
                    rules,
                    targeting,
                    listed,
                    own_tag,
                    routes: routes.0,
                    to_services: routes.1,
                }
            },
        )
}

/// Where the user's id is read: a header, or a cookie or a part of one.
fn user() -> impl Strategy<Value = Value> {
    let cookie = select(vec![
        json!({ "cookie": "user_id" }),
        json!({ "cookie": "user_id", "decode": "percent" }),
        json!({ "cookie": "profile", "json": "uid" }),
        json!({ "cookie": "profile", "decode": "percent", "json": "uid" }),
    ]);
    cookie.prop_map(|cookie| json!([{ "header": "X-User-Id" }, cookie, { "cookie": "user_id" }]))
}

/// How the cookie of the device id is set.
fn life() -> impl Strategy<Value = Value> {
    select(vec![
        json!({ "max_age_seconds": 3_600 }),
        json!({ "max_age_seconds": 3_600, "domain": "shop.example", "same_site": "strict" }),
        json!({ "max_age_seconds": 3_600, "path": "/a" }),
        json!({ "max_age_seconds": 3_600, "same_site": "none", "partitioned": true }),
    ])
}

/// Where the device id is read, and made where it is to be.
fn device(life: Option<Value>) -> Value {
    let mut cookie = json!({ "cookie": "weir_id" });
    if let Some(life) = life {
        cookie["issue"] = life;
    }
    json!([{ "header": "x-device" }, cookie, { "cookie": "other", "issue": { "max_age_seconds": 60 } }])
}

/// Unit, share, layers by their bits, and epoch.
type Holdout = (usize, u32, u8, u32);

fn make(enabled: bool, (user, device): (Value, Value), env_tag: Value, holdouts: &[Holdout], layers: &[Layer]) -> Made {
    let mut line_parts = [0_u32; 8];
    let mut tags = Vec::new();
    let ids: Vec<String> = (0..layers.len()).map(|l| format!("layer{}", layers.len() - l)).collect();
    let layers: Vec<Value> = layers
        .iter()
        .zip(&ids)
        .enumerate()
        .map(|(l, (layer, id))| make_layer(l, layer, id, &mut line_parts, &mut tags))
        .collect();
    let holdout = |(h, (unit, share, layers, epoch)): (usize, &Holdout)| {
        let held = ids.iter().enumerate().filter(|(l, _)| layers >> l & 1 == 1).map(|(_, id)| id);
        let layers: Vec<_> = held.collect();
        json!({ "id": format!("h{h}"), "unit": UNITS[*unit], "epoch": epoch, "share": percentage(*share), "layers": layers })
    };
    let mut policy = json!({
        "version": 1,
        "units": {
            "user": user,
            "device": device,
            "asked": [{ "query": "uid" }],
        },
        "lists": { "staff": ["u0", "u1", "u2"], "beta": ["u3", "u4"], "texts": ["shenzhen", "u5", "a", "用户1"] },
        "holdouts": holdouts.iter().enumerate().map(holdout).collect::<Vec<_>>(),
        "layers": layers,
    });
    if !enabled {
        policy["enabled"] = json!(false);
    }
    if !env_tag.is_null() {
        policy["env_tag"] = env_tag;
    }
    Made { policy, tags }
}

fn make_layer(l: usize, layer: &Layer, id: &str, line_parts: &mut [u32; 8], tags: &mut Vec<String>) -> Value {
    // Layers on one line agree on unit and epoch.
    let (line, unit, epoch) =
        if layer.line < 3 { (layer.line, layer.line, 0) } else { (3 + l, layer.unit, layer.epoch) };
    let experiments: Vec<Value> = layer
        .experiments
        .iter()
        .enumerate()
        .map(|(e, experiment)| {
            let parts = experiment.parts.min(PARTS - line_parts[line]);
            let start = line_parts[line];
            line_parts[line] += parts;
            let slots = [[start * PART, (start + parts) * PART]];
            let slots = if parts == 0 { json!([]) } else { json!(slots) };
            make_experiment(line, experiment, &format!("e{l}{e}"), slots, e, tags)
        })
        .collect();
    let mut taken = [false; 3];
    let mut overrides = Vec::new();
    for (list, experiment, variant) in &layer.lists {
        if std::mem::replace(&mut taken[*list], true) {
            continue;
        }
        let list = ["staff", "beta", "texts"][*list];
        overrides.push(match experiments.get(usize::from(*experiment) % (experiments.len() + 1)) {
            Some(of) => json!({ "list": list, "experiment": of["id"], "variant": variant_or_stable(of, *variant) }),
            None => json!({ "list": list, "variant": "stable" }),
        });
    }
    let mut made = json!({ "id": id, "unit": UNITS[unit], "overrides": overrides, "experiments": experiments });
    if let Some(targeting) = &layer.targeting {
        made["targeting"] = targeting.clone();
    }
    if layer.line < 3 {
        made["line"] = json!(format!("line{line}"));
    }
    for (key, value) in [("epoch", json!(epoch)), ("enabled", json!(layer.enabled))] {
        if value != json!(0) && value != json!(true) {
            made[key] = value;
        }
    }
    made
}

fn make_experiment(
    line: usize,
    experiment: &Experiment,
    id: &str,
    slots: Value,
    number: usize,
    tags: &mut Vec<String>,
) -> Value {
    let mut variants = arms(&experiment.arms);
    for (v, variant) in variants.iter_mut().enumerate() {
        let mut tag = format!("{id}.{}", variant["id"].as_str().unwrap());
        if experiment.own_tag {
            tag = format!("{tag}-own");
            variant["env_tag"] = json!(tag);
        }
        tags.push(tag);
        let routed = (0..3_u8).filter(|s| experiment.routes >> (2 * s) & 3 > u8::try_from(v % 3).unwrap());
        let leads_to = |s: u8| match (experiment.to_services >> s & 1, experiment.to_services >> (3 + s) & 1) {
            (0, _) => json!(format!("{id}-v{v}")),
            (_, 0) => json!({ "service": target(usize::from(s)) }),
            _ => json!({ "service": service(line, usize::from(s + 1) % 3) }),
        };
        let routes: Map<String, Value> = routed.map(|s| (service(line, usize::from(s)), leads_to(s))).collect();
        if !routes.is_empty() {
            variant["routes"] = Value::Object(routes);
        }
    }
    let mut made = json!({
        "id": id, "slots": slots, "kind": experiment.kind, "epoch": experiment.epoch, "enabled": experiment.enabled,
        "variants": variants,
    });
    let variant = |number: &u8| variant_or_stable(&made, *number);
    let rules: Vec<Value> =
        experiment.rules.iter().map(|(when, number)| json!({ "when": when, "variant": variant(number) })).collect();
    // Units that no list has, different ones for each experiment of a layer.
    let unit = |listed: usize| format!("u{}", 6 + 2 * number + listed);
    let overrides: Vec<Value> = experiment
        .listed
        .iter()
        .enumerate()
        .map(|(listed, number)| json!({ "units": [unit(listed)], "variant": variant(number) }))
        .collect();
    if !experiment.audiences.is_empty() {
        let audiences = experiment.audiences.iter().enumerate();
        made["audiences"] = audiences.map(|(a, audience)| make_audience(a, audience, &experiment.arms)).collect();
    }
    made["rules"] = json!(rules);
    made["overrides"] = json!(overrides);
    if let Some(targeting) = &experiment.targeting {
        made["targeting"] = targeting.clone();
    }
    made
}

fn arms(arms: &Arms) -> Vec<Value> {
    match arms {
        Arms::Shares(canary, control) => {
            let control = *control.min(&(1_000_000 - canary));
            vec![
                json!({ "id": "canary", "share": percentage(*canary) }),
                json!({ "id": "control", "share": percentage(control) }),
            ]
        }
        Arms::Ranges(pieces) => {
            let mut ranges: [Vec<[u32; 2]>; 4] = Default::default();
            let mut start = 0;
            for (variant, length) in pieces {
                let end = (start + length).min(1_000_000);
                if start < end {
                    ranges[usize::from(*variant)].push([start, end]);
                }
                // A gap behind each piece of odd length.
                start = end + length % 2 * 1_000;
            }
            let names = ["a", "b", "c", "control"];
            names.iter().zip(&ranges).map(|(name, ranges)| json!({ "id": name, "ranges": ranges })).collect()
        }
    }
}

/// Canary keeps to what the variants leave to it and control to the rest; with ranges each arm keeps to its own.
fn make_audience(number: usize, audience: &Audience, arms: &Arms) -> Value {
    let Audience { when, parts, as_ranges } = audience;
    let id = format!("a{number}");
    match arms {
        Arms::Shares(canary, control) => {
            let control = *control.min(&(1_000_000 - canary));
            let border = canary + (1_000_000 - canary - control) / 2;
            let (canary, control) =
                (border / 4 * u32::from(parts % 5), (1_000_000 - border) / 4 * u32::from(parts / 5 % 5));
            match as_ranges {
                true => {
                    let ranges = |start, end| if start < end { json!([[start, end]]) } else { json!([]) };
                    let ranges =
                        json!({ "canary": ranges(0, canary), "control": ranges(1_000_000 - control, 1_000_000) });
                    json!({ "id": id, "when": when, "ranges": ranges })
                }
                false => {
                    let shares = json!({ "canary": percentage(canary), "control": percentage(control) });
                    json!({ "id": id, "when": when, "shares": shares })
                }
            }
        }
        Arms::Ranges(_) => {
            let mut ranges = Map::new();
            for (v, variant) in self::arms(arms).iter().enumerate().filter(|(v, _)| parts >> v & 1 == 1) {
                let all = variant["ranges"].as_array().unwrap();
                let some = all.iter().skip(usize::from(parts >> (v + 4) & 1)).cloned().collect();
                ranges.insert(variant["id"].as_str().unwrap().to_owned(), Value::Array(some));
            }
            json!({ "id": id, "when": when, "ranges": ranges })
        }
    }
}

/// A share as it is written.
pub fn percentage(share: u32) -> String {
    format!("{}.{:04}%", share / 10_000, share % 10_000)
}

fn variant_or_stable(experiment: &Value, number: u8) -> Value {
    let variants = experiment["variants"].as_array().unwrap();
    match variants.get(usize::from(number) % (variants.len() + 1)) {
        Some(variant) => variant["id"].clone(),
        None => json!("stable"),
    }
}
