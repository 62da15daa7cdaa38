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
            enabled: fields.optional("enabled", problems, fields::boolean),
            namespace: fields.optional("namespace", problems, fields::string),
            units: fields.optional("units", problems, units).unwrap_or_default(),
            lists: fields.optional("lists", problems, lists).unwrap_or_default(),
            conditions: fields.optional("conditions", problems, conditions).unwrap_or_default(),
            env_tag: fields.optional("env_tag", problems, env_tag),
            targeting: fields.optional("targeting", problems, Condition::read),
            holdouts: fields.each("holdouts", problems, holdout),
            layers: fields.each("layers", problems, layer),
        };
        fields.finish(problems);
        policy
    }
}

impl Kind {
    /// Reads which of the two it is.
    pub fn read(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Kind> {
        fields::word(node, &[("release", Kind::Release), ("test", Kind::Test)], at, problems)
    }
}

impl Rule {
    /// Reads a rule. What of it cannot be read is reported and left out.
    pub fn read(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Rule {
        let Some(mut fields) = Fields::open(node, at, problems) else { return Rule::default() };
        let rule = Rule {
            when: fields.required("when", problems, Condition::read),
            variant: fields.required("variant", problems, fields::string),
        };
        fields.finish(problems);
        rule
    }
}

impl Override {
    /// Reads an override of an experiment. What of it cannot be read is reported and left out.
    pub fn read(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Override {
        over(node, false, at, problems)
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
    let header = fields.optional("header", problems, fields::string);
    let cookie = fields.optional("cookie", problems, fields::string);
    let query = fields.optional("query", problems, fields::string);
    let issue = fields.optional("issue", problems, CookieLife::read);
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
        let read = Condition::read(entry.node, &at.key(&entry.key), problems);
        // Its name is known, so that whoever refers to it is not told that nothing is called so.
        conditions.push((entry.key, read.unwrap_or(UNREADABLE)));
    }
    Some(conditions)
}

fn env_tag(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<EnvTag> {
    let mut fields = Fields::open(node, at, problems)?;
    let env_tag = EnvTag {
        header: fields.optional("header", problems, fields::string),
        baggage: fields.optional("baggage", problems, fields::string),
        cookie: fields.optional("cookie", problems, tag_cookie),
        request_cookie: fields.optional("request_cookie", problems, fields::string),
    };
    fields.finish(problems);
    Some(env_tag)
}

fn tag_cookie(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<(String, CookieLife)> {
    let mut fields = Fields::open(node, at, problems)?;
    let name = fields.required("name", problems, fields::string);
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
        id: fields.required("id", problems, fields::string),
        unit: fields.optional("unit", problems, fields::string),
        epoch: fields.optional("epoch", problems, epoch).unwrap_or(0),
        share: fields.optional("share", problems, read_share),
        layers: fields.optional("layers", problems, fields::strings),
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
        id: fields.required("id", problems, fields::string),
        enabled: fields.optional("enabled", problems, fields::boolean),
        unit: fields.optional("unit", problems, fields::string),
        line: fields.optional("line", problems, fields::string),
        epoch: fields.optional("epoch", problems, epoch).unwrap_or(0),
        targeting: fields.optional("targeting", problems, Condition::read),
        overrides: fields.each("overrides", problems, |node, at, problems| over(node, true, at, problems)),
        experiments: fields.each("experiments", problems, experiment),
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
        id: fields.required("id", problems, fields::string),
        enabled: fields.optional("enabled", problems, fields::boolean),
        kind: fields.optional("kind", problems, Kind::read).unwrap_or_default(),
        epoch: fields.optional("epoch", problems, epoch).unwrap_or(0),
        services: fields.optional("services", problems, fields::strings),
        slots: fields.optional("slots", problems, slots),
        overrides: fields.each("overrides", problems, Override::read),
        rules: fields.each("rules", problems, Rule::read),
        targeting: fields.optional("targeting", problems, Condition::read),
        variants: fields.each("variants", problems, variant),
        audiences: fields.optional("audiences", problems, audiences).unwrap_or_default(),
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
    let units = fields.optional("units", problems, fields::strings);
    let list = fields.optional("list", problems, fields::string);
    let experiment = if on_layer { fields.optional("experiment", problems, fields::string) } else { None };
    let variant = fields.required("variant", problems, fields::string);
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

fn variant(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Variant {
    let Some(mut fields) = Fields::open(node, at, problems) else { return Variant::default() };
    let variant = Variant {
        id: fields.required("id", problems, fields::string),
        share: fields.optional("share", problems, read_share),
        ranges: fields.optional("ranges", problems, ranges),
        env_tag: fields.optional("env_tag", problems, fields::string),
        routes: fields.optional("routes", problems, read_routes).unwrap_or_default(),
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
    let id = fields.required("id", problems, fields::string);
    let when = fields.required("when", problems, Condition::read);
    let shares = fields.optional("shares", problems, |node, at, problems| by_arm(node, at, problems, read_share));
    let ranges = fields.optional("ranges", problems, |node, at, problems| by_arm(node, at, problems, ranges));
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

/// Reads a share: a string; a bare number gets the advice to write a percentage.
pub fn read_share(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<String> {
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

/// Reads where an arm sends the requests for services.
pub fn read_routes(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Vec<(String, RouteTarget)>> {
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
    let subset = fields.optional("subset", problems, fields::string).map(RouteTarget::Subset);
    let service = fields.optional("service", problems, fields::string).map(RouteTarget::Service);
    fields.finish(problems);
    if !is_one {
        problems.add(codes::WRONG_TYPE, at, "a route leads to one of subset or service");
        return None;
    }
    subset.or(service)
}
