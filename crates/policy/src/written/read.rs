//! Field by field from a document to a [`Policy`]: the schema, and nothing but the schema.

use super::condition::UNREADABLE;
use super::{
    Audience, Condition, CookieLife, CookieValue, EnvTag, Experiment, Holdout, Kind, Layer, Override, Owned, Policy,
    RouteTarget, Rule, UnitSource, Variant, Who,
};
use crate::document::fields::{self, Fields};
use crate::document::{At, Problems, SourceId, Spanned, Value, codes};

impl Policy {
    /// Reads a document. What cannot be read is reported and left out; indices stay those of the document.
    pub(crate) fn read(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Policy {
        let source = at.source();
        let Some(mut fields) = Fields::open(node, at, problems) else { return Policy { source, ..Policy::default() } };
        if let Some(node) = fields.require("version", problems) {
            version(&node, &at.key("version"), problems);
        }
        let policy = Policy {
            source,
            enabled: optional(&mut fields, "enabled", at, problems, fields::boolean),
            namespace: optional(&mut fields, "namespace", at, problems, fields::string),
            units: optional(&mut fields, "units", at, problems, units).unwrap_or_default(),
            lists: optional(&mut fields, "lists", at, problems, lists).unwrap_or_default(),
            conditions: optional(&mut fields, "conditions", at, problems, conditions).unwrap_or_default(),
            env_tag: optional(&mut fields, "env_tag", at, problems, env_tag),
            targeting: optional(&mut fields, "targeting", at, problems, condition),
            holdouts: each(&mut fields, "holdouts", at, problems, holdout),
            layers: each(&mut fields, "layers", at, problems, layer),
        };
        fields.finish(problems);
        policy
    }
}

/// What the `env_tag` of a document says, as far as it can be read: the names to strip by when the policy is bad.
pub(crate) fn env_tag_alone(policy: &Spanned) -> Option<EnvTag> {
    let Value::Map(entries) = &policy.value else { return None };
    let entry = entries.iter().find(|entry| entry.key == "env_tag")?;
    let mut unused = Problems::default();
    env_tag(entry.node.clone(), &At::Root { source: SourceId::FIRST }, &mut unused)
}

fn version(node: &Spanned, at: &At<'_>, problems: &mut Problems) {
    match &node.value {
        Value::Int(1, _) | Value::Unreadable => {}
        float @ Value::Float(_) => fields::mismatch(float, "an integer", at, problems).unwrap_or_default(),
        other => problems.add(codes::BAD_VALUE, at, format!("found {}; this Weir reads version: 1", other.describe())),
    }
}

fn units(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Vec<(String, Vec<UnitSource>)>> {
    let mut units = Vec::new();
    for entry in fields::object(node, at, problems)? {
        let at = at.key(&entry.key);
        let nodes = fields::list(entry.node, &at, problems);
        if nodes.as_ref().is_some_and(Vec::is_empty) {
            problems.add(codes::WRONG_TYPE, &at, "a unit needs at least one source");
        }
        let nodes = nodes.unwrap_or_default();
        let sources =
            nodes.into_iter().enumerate().filter_map(|(i, node)| unit_source(node, &at.index(i), problems)).collect();
        units.push((entry.key, sources));
    }
    Some(units)
}

fn unit_source(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<UnitSource> {
    let mut fields = Fields::open(node, at, problems)?;
    let header = optional(&mut fields, "header", at, problems, fields::string);
    let cookie = optional(&mut fields, "cookie", at, problems, fields::string);
    let query = optional(&mut fields, "query", at, problems, fields::string);
    let issue = optional(&mut fields, "issue", at, problems, CookieLife::read);
    let value = CookieValue::read_fields(&mut fields, at, problems);
    fields.finish(problems);
    let is_raw = value == CookieValue::default();
    match (header, cookie, query, issue) {
        (Some(name), None, None, None) if is_raw => Some(UnitSource::Header(name)),
        (None, Some(name), None, None) => Some(UnitSource::Cookie(name, value)),
        (None, Some(name), None, Some(life)) if is_raw => Some(UnitSource::IssuedCookie(name, life)),
        (None, None, Some(name), None) if is_raw => Some(UnitSource::Query(name)),
        _ => {
            let forms = "header, cookie (with issue, or with decode and json, if wanted) or query";
            problems.add(codes::WRONG_TYPE, at, format!("a source is one of {forms}"));
            None
        }
    }
}

fn lists(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Vec<(String, Vec<String>)>> {
    let mut lists = Vec::new();
    for entry in fields::object(node, at, problems)? {
        let units = fields::strings(entry.node, &at.key(&entry.key), problems);
        lists.push((entry.key, units.unwrap_or_default()));
    }
    Some(lists)
}

fn conditions(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Vec<(String, Condition)>> {
    let mut conditions = Vec::new();
    for entry in fields::object(node, at, problems)? {
        let read = condition(entry.node, &at.key(&entry.key), problems);
        // Its name is known, so that whoever refers to it is not told that nothing is called so.
        conditions.push((entry.key, read.unwrap_or(UNREADABLE)));
    }
    Some(conditions)
}

fn env_tag(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<EnvTag> {
    let mut fields = Fields::open(node, at, problems)?;
    let env_tag = EnvTag {
        header: optional(&mut fields, "header", at, problems, fields::string),
        baggage: optional(&mut fields, "baggage", at, problems, fields::string),
        cookie: optional(&mut fields, "cookie", at, problems, tag_cookie),
        request_cookie: optional(&mut fields, "request_cookie", at, problems, fields::string),
    };
    fields.finish(problems);
    Some(env_tag)
}

fn tag_cookie(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<(String, CookieLife)> {
    let mut fields = Fields::open(node, at, problems)?;
    let name = required(&mut fields, "name", at, problems, fields::string);
    let life = CookieLife::read_fields(&mut fields, at, problems);
    fields.finish(problems);
    Some((name?, life?))
}

fn holdout(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Holdout {
    let Some(mut fields) = Fields::open(node, at, problems) else {
        return Holdout { unreadable: true, ..Holdout::default() };
    };
    let (unit, layers) = (fields.has("unit"), fields.has("layers"));
    let mut holdout = Holdout {
        id: required(&mut fields, "id", at, problems, fields::string),
        unit: optional(&mut fields, "unit", at, problems, fields::string),
        epoch: optional(&mut fields, "epoch", at, problems, epoch).unwrap_or(0),
        share: optional(&mut fields, "share", at, problems, share),
        layers: optional(&mut fields, "layers", at, problems, fields::strings),
        unreadable: false,
    };
    holdout.unreadable = unit && holdout.unit.is_none() || layers && holdout.layers.is_none();
    fields.finish(problems);
    holdout
}

fn layer(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Layer {
    let Some(mut fields) = Fields::open(node, at, problems) else {
        return Layer { unreadable: true, ..Layer::default() };
    };
    let unit = fields.has("unit");
    let mut layer = Layer {
        id: required(&mut fields, "id", at, problems, fields::string),
        enabled: optional(&mut fields, "enabled", at, problems, fields::boolean),
        unit: optional(&mut fields, "unit", at, problems, fields::string),
        line: optional(&mut fields, "line", at, problems, fields::string),
        epoch: optional(&mut fields, "epoch", at, problems, epoch).unwrap_or(0),
        targeting: optional(&mut fields, "targeting", at, problems, condition),
        overrides: each(&mut fields, "overrides", at, problems, |node, at, problems| over(node, true, at, problems)),
        experiments: each(&mut fields, "experiments", at, problems, experiment),
        unreadable: false,
    };
    layer.unreadable = unit && layer.unit.is_none();
    fields.finish(problems);
    layer
}

fn experiment(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Experiment {
    let Some(mut fields) = Fields::open(node, at, problems) else {
        return Experiment { unreadable: true, ..Experiment::default() };
    };
    let slotted = fields.has("slots");
    let mut experiment = Experiment {
        id: required(&mut fields, "id", at, problems, fields::string),
        enabled: optional(&mut fields, "enabled", at, problems, fields::boolean),
        kind: optional(&mut fields, "kind", at, problems, |node, at, problems| {
            fields::word(node, &[("release", Kind::Release), ("test", Kind::Test)], at, problems)
        })
        .unwrap_or_default(),
        epoch: optional(&mut fields, "epoch", at, problems, epoch).unwrap_or(0),
        services: optional(&mut fields, "services", at, problems, fields::strings),
        slots: optional(&mut fields, "slots", at, problems, slots),
        overrides: each(&mut fields, "overrides", at, problems, |node, at, problems| over(node, false, at, problems)),
        rules: each(&mut fields, "rules", at, problems, rule),
        targeting: optional(&mut fields, "targeting", at, problems, condition),
        variants: each(&mut fields, "variants", at, problems, variant),
        audiences: optional(&mut fields, "audiences", at, problems, audiences).unwrap_or_default(),
        unreadable: false,
    };
    experiment.unreadable = slotted && experiment.slots.is_none();
    fields.finish(problems);
    experiment
}

fn epoch(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<u32> {
    fields::integer(node, u64::from(u32::MAX), at, problems).and_then(|epoch| u32::try_from(epoch).ok())
}

fn slots(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Vec<(i64, i64)>> {
    match node.value {
        Value::Str(word) if word == "all" => Some(vec![(0, 1_000_000)]),
        Value::Str(word) if word == "none" => Some(Vec::new()),
        Value::List(_) => ranges(node, at, problems),
        other => fields::mismatch(&other, "`all`, `none` or a list of ranges such as [[0, 50000]]", at, problems),
    }
}

fn ranges(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Vec<(i64, i64)>> {
    let mut ranges = Vec::new();
    for (i, node) in fields::list(node, at, problems)?.into_iter().enumerate() {
        let at = at.index(i);
        let Some(ends) = fields::list(node, &at, problems) else { continue };
        match ends.as_slice() {
            [Spanned { value: Value::Int(start, _), .. }, Spanned { value: Value::Int(end, _), .. }] => {
                ranges.push((*start, *end))
            }
            _ => match ends.iter().find(|end| matches!(end.value, Value::Float(_))) {
                Some(end) => fields::mismatch(&end.value, "an integer", &at, problems).unwrap_or_default(),
                None => problems.add(codes::BAD_RANGE, &at, "a range is two integers: [from, to], half open"),
            },
        }
    }
    Some(ranges)
}

fn over(node: Spanned, on_layer: bool, at: &At<'_>, problems: &mut Problems) -> Override {
    let Some(mut fields) = Fields::open(node, at, problems) else { return Override::default() };
    let names_units_once = fields.has("units") != fields.has("list");
    let names_experiment = fields.has("experiment");
    let units = optional(&mut fields, "units", at, problems, fields::strings);
    let list = optional(&mut fields, "list", at, problems, fields::string);
    let experiment = if on_layer { optional(&mut fields, "experiment", at, problems, fields::string) } else { None };
    let variant = required(&mut fields, "variant", at, problems, fields::string);
    fields.finish(problems);
    let who = match (units, list) {
        (Some(units), None) => Some(Who::Units(units)),
        (None, Some(list)) => Some(Who::List(list)),
        // What could not be read has been reported.
        (None, None) if names_units_once => None,
        _ => {
            problems.add(codes::MISSING_FIELD, at, "an override names its units by one of `units` or `list`");
            None
        }
    };
    // Without the variant, nothing is judged by an experiment that could not be read.
    let variant = variant.filter(|_| !names_experiment || experiment.is_some() || !on_layer);
    Override { who, experiment, variant }
}

fn rule(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Rule {
    let Some(mut fields) = Fields::open(node, at, problems) else { return Rule::default() };
    let rule = Rule {
        when: required(&mut fields, "when", at, problems, condition),
        variant: required(&mut fields, "variant", at, problems, fields::string),
    };
    fields.finish(problems);
    rule
}

fn condition(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Condition> {
    Condition::read(node, at, problems)
}

fn variant(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Variant {
    let Some(mut fields) = Fields::open(node, at, problems) else { return Variant::default() };
    let variant = Variant {
        id: required(&mut fields, "id", at, problems, fields::string),
        share: optional(&mut fields, "share", at, problems, share),
        ranges: optional(&mut fields, "ranges", at, problems, ranges),
        env_tag: optional(&mut fields, "env_tag", at, problems, fields::string),
        routes: optional(&mut fields, "routes", at, problems, routes).unwrap_or_default(),
    };
    fields.finish(problems);
    variant
}

/// The audiences of an experiment. Every element counts, so that indices stay those of the document.
fn audiences(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Vec<Audience>> {
    let nodes = fields::list(node, at, problems)?;
    if nodes.is_empty() {
        problems.add(codes::WRONG_TYPE, at, "an empty list says nothing; leave it out or put audiences in");
    }
    Some(nodes.into_iter().enumerate().map(|(i, node)| audience(node, &at.index(i), problems)).collect())
}

fn audience(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Audience {
    let Some(mut fields) = Fields::open(node, at, problems) else { return Audience::default() };
    let has = (fields.has("shares"), fields.has("ranges"));
    let id = required(&mut fields, "id", at, problems, fields::string);
    let when = required(&mut fields, "when", at, problems, condition);
    let shares = optional(&mut fields, "shares", at, problems, |node, at, problems| by_arm(node, at, problems, share));
    let ranges = optional(&mut fields, "ranges", at, problems, |node, at, problems| by_arm(node, at, problems, ranges));
    fields.finish(problems);
    let owned = match has {
        (true, true) => {
            problems.add(codes::SHARES_AND_RANGES, at, "shares and ranges in one audience; use one of them");
            None
        }
        (false, false) => {
            problems.add(codes::MISSING_FIELD, at, "an audience says what its arms own by one of `shares` or `ranges`");
            None
        }
        // What could not be read has been reported.
        _ => shares.map(Owned::Shares).or(ranges.map(Owned::Ranges)),
    };
    Audience { id, when, owned }
}

/// What an audience says of each arm.
fn by_arm<T>(
    node: Spanned,
    at: &At<'_>,
    problems: &mut Problems,
    read: impl Fn(Spanned, &At<'_>, &mut Problems) -> Option<T>,
) -> Option<Vec<(String, T)>> {
    let mut arms = Vec::new();
    for entry in fields::object(node, at, problems)? {
        if let Some(owned) = read(entry.node, &at.key(&entry.key), problems) {
            arms.push((entry.key, owned));
        }
    }
    Some(arms)
}

/// A share is a string; a bare number gets the advice to write a percentage.
fn share(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<String> {
    match &node.value {
        Value::Int(number, _) => {
            problems.add(codes::UNQUOTED_NUMBER, at, format!("a share is a percentage; write \"{number}%\""));
            None
        }
        Value::Float(number) => {
            problems.add(codes::FLOAT, at, format!("a share is a percentage; write \"{number}%\""));
            None
        }
        _ => fields::string(node, at, problems),
    }
}

fn routes(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Vec<(String, RouteTarget)>> {
    let mut routes = Vec::new();
    for entry in fields::object(node, at, problems)? {
        if let Some(target) = route_target(entry.node, &at.key(&entry.key), problems) {
            routes.push((entry.key, target));
        }
    }
    Some(routes)
}

/// A bare string is a subset.
fn route_target(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<RouteTarget> {
    if !matches!(node.value, Value::Map(_)) {
        return fields::string(node, at, problems).map(RouteTarget::Subset);
    }
    let mut fields = Fields::open(node, at, problems)?;
    let is_one = fields.has("subset") != fields.has("service");
    let subset = optional(&mut fields, "subset", at, problems, fields::string).map(RouteTarget::Subset);
    let service = optional(&mut fields, "service", at, problems, fields::string).map(RouteTarget::Service);
    fields.finish(problems);
    if !is_one {
        problems.add(codes::WRONG_TYPE, at, "a route leads to one of subset or service");
        return None;
    }
    subset.or(service)
}

fn optional<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    at: &At<'_>,
    problems: &mut Problems,
    read: impl FnOnce(Spanned, &At<'_>, &mut Problems) -> Option<T>,
) -> Option<T> {
    fields.take(name).and_then(|node| read(node, &at.key(name), problems))
}

fn required<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    at: &At<'_>,
    problems: &mut Problems,
    read: impl FnOnce(Spanned, &At<'_>, &mut Problems) -> Option<T>,
) -> Option<T> {
    fields.require(name, problems).and_then(|node| read(node, &at.key(name), problems))
}

/// A list of objects, absent meaning empty. Every element counts, so that indices stay those of the document.
fn each<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    at: &At<'_>,
    problems: &mut Problems,
    read: impl Fn(Spanned, &At<'_>, &mut Problems) -> T,
) -> Vec<T> {
    let at = at.key(name);
    let nodes = fields.take(name).and_then(|node| fields::list(node, &at, problems)).unwrap_or_default();
    nodes.into_iter().enumerate().map(|(i, node)| read(node, &at.index(i), problems)).collect()
}
