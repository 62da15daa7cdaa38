//! `Model -> text`: the one way to write what a policy means, and the revision made from it.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::model::{
    Condition, CookieLife, EnvTag, Experiment, Holdout, Kind, Layer, Model, Override, Rule, UnitSource, Variant, Who,
};
use crate::murmur::Murmur;
use crate::range::Range;
use crate::written::{Leaf, Operator};

/// Names what a policy means: equal for what means the same, else different. 48 bits, written as 12 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(u64);

impl Revision {
    /// The first 48 bits of the hash of a canonical form.
    pub fn of(canonical: &str) -> Revision {
        Revision(Murmur::default().then(canonical.as_bytes()).first_half() >> 16)
    }

    /// The 48 bits as a number, as the gauges carry it.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}", self.0)
    }
}

impl FromStr for Revision {
    type Err = ();

    fn from_str(text: &str) -> Result<Revision, ()> {
        let digits = text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if digits { u64::from_str_radix(text, 16).map(Revision).map_err(|_| ()) } else { Err(()) }
    }
}

impl Model {
    /// The canonical form: JSON by RFC 8785, which is also a policy that reads back as this model.
    ///
    /// serde_json's sorted maps, integers and minimal escapes are that form, because every key here is ASCII
    /// (RFC 8785 sorts by UTF-16 units, which differs from UTF-8 only beyond it).
    pub fn canonical(&self) -> String {
        let mut object = Map::new();
        object.insert("version".into(), json!(1));
        put(&mut object, "enabled", (!self.enabled).then_some(json!(false)));
        put(&mut object, "env_tag", env_tag(&self.env_tag));
        put(
            &mut object,
            "units",
            non_empty_map(self.units.iter().map(|(name, sources)| (name, each(sources, source)))),
        );
        put(&mut object, "lists", non_empty_map(self.lists.iter().map(|(name, values)| (name, json!(values)))));
        put(&mut object, "holdouts", non_empty(&self.holdouts, holdout));
        put(&mut object, "layers", non_empty(&self.layers, layer));
        Value::Object(object).to_string()
    }
}

fn env_tag(env_tag: &EnvTag) -> Option<Value> {
    let default = EnvTag::default();
    let mut object = Map::new();
    put(&mut object, "header", (env_tag.header != default.header).then(|| json!(env_tag.header)));
    put(&mut object, "baggage", env_tag.baggage.as_ref().map(|key| json!(key)));
    put(
        &mut object,
        "cookie",
        env_tag.cookie.as_ref().map(|(name, life)| {
            let mut cookie = cookie_life(life);
            cookie.insert("name".into(), json!(name));
            Value::Object(cookie)
        }),
    );
    put(&mut object, "request_cookie", env_tag.request_cookie.as_ref().map(|name| json!(name)));
    (!object.is_empty()).then_some(Value::Object(object))
}

fn cookie_life(life: &CookieLife) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("max_age_seconds".into(), json!(life.max_age_seconds));
    put(&mut object, "domain", life.domain.as_ref().map(|domain| json!(domain)));
    object
}

fn source(source: &UnitSource) -> Value {
    match source {
        UnitSource::Header(name) => json!({ "header": name }),
        UnitSource::Query(name) => json!({ "query": name }),
        UnitSource::Cookie(name, None) => json!({ "cookie": name }),
        UnitSource::Cookie(name, Some(life)) => json!({ "cookie": name, "issue": cookie_life(life) }),
    }
}

fn holdout(holdout: &Holdout) -> Value {
    let mut object = Map::new();
    object.insert("id".into(), json!(holdout.id));
    object.insert("unit".into(), json!(holdout.unit));
    object.insert("layers".into(), json!(holdout.layers));
    put(&mut object, "share", (holdout.share > 0).then(|| json!(percentage(holdout.share))));
    Value::Object(object)
}

/// A holdout's share has no ranges to stand for it, so it stays a percentage, in the shortest form.
fn percentage(share: u32) -> String {
    let (whole, decimals) = (share / 10_000, share % 10_000);
    let text = format!("{whole}.{decimals:04}");
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

fn layer(layer: &Layer) -> Value {
    let mut object = Map::new();
    object.insert("id".into(), json!(layer.id));
    put(&mut object, "enabled", (!layer.enabled).then_some(json!(false)));
    put(&mut object, "unit", layer.unit.as_ref().map(|unit| json!(unit)));
    put(&mut object, "line", (layer.line != layer.id).then(|| json!(layer.line)));
    put(&mut object, "epoch", (layer.epoch > 0).then(|| json!(layer.epoch)));
    put(&mut object, "overrides", non_empty(&layer.overrides, |one| over(one, true)));
    put(&mut object, "experiments", non_empty(&layer.experiments, |one| experiment(one, layer.unit.is_some())));
    Value::Object(object)
}

/// Slots have no default where units are dealt; nobody is dealt by a layer without a unit.
fn experiment(experiment: &Experiment, deals: bool) -> Value {
    let mut object = Map::new();
    object.insert("id".into(), json!(experiment.id));
    put(&mut object, "slots", (deals || !experiment.slots.is_empty()).then(|| ranges(&experiment.slots)));
    put(&mut object, "enabled", (!experiment.enabled).then_some(json!(false)));
    put(&mut object, "kind", (experiment.kind == Kind::Test).then(|| json!("test")));
    put(&mut object, "epoch", (experiment.epoch > 0).then(|| json!(experiment.epoch)));
    let default_services = experiment.services.iter().map(String::as_str).eq(experiment.routed_services());
    put(&mut object, "services", (!default_services).then(|| json!(experiment.services)));
    put(&mut object, "overrides", non_empty(&experiment.overrides, |one| over(one, false)));
    put(&mut object, "rules", non_empty(&experiment.rules, rule));
    put(&mut object, "targeting", experiment.targeting.as_ref().map(condition));
    put(&mut object, "variants", non_empty(&experiment.variants, |one| variant(one, &experiment.id)));
    Value::Object(object)
}

fn over(one: &Override, on_layer: bool) -> Value {
    let mut object = Map::new();
    match &one.who {
        Who::Units(units) => object.insert("units".into(), json!(units)),
        Who::List(name) => object.insert("list".into(), json!(name)),
    };
    put(&mut object, "experiment", one.experiment.as_ref().filter(|_| on_layer).map(|id| json!(id)));
    object.insert("variant".into(), outcome(one.variant.as_deref()));
    Value::Object(object)
}

fn rule(rule: &Rule) -> Value {
    json!({ "when": condition(&rule.when), "variant": outcome(rule.variant.as_deref()) })
}

fn outcome(variant: Option<&str>) -> Value {
    json!(variant.unwrap_or("stable"))
}

fn variant(variant: &Variant, experiment: &str) -> Value {
    let mut object = Map::new();
    object.insert("id".into(), json!(variant.id));
    put(&mut object, "ranges", (!variant.ranges.is_empty()).then(|| ranges(&variant.ranges)));
    let default_tag = Experiment::default_tag(experiment, &variant.id);
    put(&mut object, "env_tag", (variant.env_tag != default_tag).then(|| json!(variant.env_tag)));
    put(&mut object, "routes", non_empty_map(variant.routes.iter().map(|(service, subset)| (service, json!(subset)))));
    Value::Object(object)
}

fn ranges(ranges: &[Range]) -> Value {
    each(ranges, |range| json!([range.start, range.end]))
}

fn condition(written: &Condition) -> Value {
    match written {
        Condition::All(inner) => json!({ "all": each(inner, condition) }),
        Condition::Any(inner) => json!({ "any": each(inner, condition) }),
        Condition::Not(inner) => json!({ "not": condition(inner) }),
        Condition::Leaf(one) => leaf(one),
    }
}

fn leaf(leaf: &Leaf) -> Value {
    let operand = match &leaf.operator {
        Operator::In(values) => json!(values),
        Operator::InList(name) => json!({ "list": name }),
        Operator::Present(present) => json!(present),
        Operator::Exact(text)
        | Operator::Prefix(text)
        | Operator::Suffix(text)
        | Operator::Contains(text)
        | Operator::Regex(text)
        | Operator::Lt(text)
        | Operator::Le(text)
        | Operator::Gt(text)
        | Operator::Ge(text)
        | Operator::Version(text) => json!(text),
    };
    let mut object = Map::new();
    object.insert(leaf.operator.name().into(), operand);
    put(&mut object, "ignore_case", leaf.ignore_case.then_some(json!(true)));
    put(&mut object, "name", leaf.subject.name().map(|name| json!(name)));
    json!({ leaf.subject.key(): object })
}

fn put(object: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        object.insert(key.into(), value);
    }
}

fn each<T>(items: &[T], write: impl Fn(&T) -> Value) -> Value {
    Value::Array(items.iter().map(write).collect())
}

fn non_empty<T>(items: &[T], write: impl Fn(&T) -> Value) -> Option<Value> {
    (!items.is_empty()).then(|| each(items, write))
}

fn non_empty_map<'a>(entries: impl Iterator<Item = (&'a String, Value)>) -> Option<Value> {
    let object: Map<String, Value> = entries.map(|(key, value)| (key.clone(), value)).collect();
    (!object.is_empty()).then_some(Value::Object(object))
}
