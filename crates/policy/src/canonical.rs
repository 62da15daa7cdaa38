//! `Model -> text`: the one way to write what a policy means.

use std::sync::Arc;

use crate::model::{
    Audience, Condition, CookieLife, EVERY_PATH, EnvTag, Experiment, Holdout, Kind, Layer, Leaf, Model, Operator,
    Override, RouteTarget, Rule, SameSite, UnitSource, Variant, Who,
};
use crate::range::Range;

mod json;

use json::{Object, list, string};

impl Model {
    /// The canonical form: JSON by RFC 8785, which is also a policy that reads back as this model.
    pub fn canonical(&self) -> String {
        self.with_experiments(&mut experiment)
    }

    /// Bytes of the canonical form, known without it: of all experiments, which are most of it and hold conditions that may
    /// be far larger than what was written, one at a time is written.
    pub(crate) fn canonical_bytes(&self) -> usize {
        let mut of_experiments = 0_usize;
        let frame = self.with_experiments(&mut |one, deals| {
            of_experiments = of_experiments.saturating_add(experiment(one, deals).len());
            String::new()
        });
        of_experiments.saturating_add(frame.len())
    }

    fn with_experiments(&self, experiment: &mut dyn FnMut(&Experiment, bool) -> String) -> String {
        let units = self.units.iter().map(|(name, sources)| (name, list(sources.iter().map(source))));
        let lists = self.lists.iter().map(|(name, values)| (name, strings(values)));
        Object::default()
            .with("version", "1".to_owned())
            .with_some("enabled", switch(self.enabled))
            .with_some("env_tag", env_tag(&self.env_tag))
            .with_some("units", object(units))
            .with_some("lists", object(lists))
            .with_some("holdouts", non_empty(&self.holdouts, holdout))
            .with_some("targeting", self.targeting.as_ref().map(condition))
            .with_some("layers", non_empty(&self.layers, |one| layer(one, experiment)))
            .text()
    }
}

fn env_tag(env_tag: &EnvTag) -> Option<String> {
    let default = EnvTag::default();
    let cookie = env_tag.cookie.as_ref();
    Object::default()
        .with_some("header", (env_tag.header != default.header).then(|| string(&env_tag.header)))
        .with_some("baggage", optional(&env_tag.baggage))
        .with_some("cookie", cookie.map(|(name, life)| cookie_life(life).with("name", string(name)).text()))
        .with_some("request_cookie", optional(&env_tag.request_cookie))
        .non_empty()
}

fn cookie_life(life: &CookieLife) -> Object<'static> {
    Object::default()
        .with("max_age_seconds", life.max_age_seconds.to_string())
        .with_some("domain", optional(&life.domain))
        .with_some("path", (life.path != EVERY_PATH).then(|| string(&life.path)))
        .with_some("same_site", (life.same_site != SameSite::default()).then(|| string(life.same_site.name())))
        .with_some("partitioned", life.partitioned.then(|| true.to_string()))
}

fn source(source: &UnitSource) -> String {
    let object = Object::default();
    match source {
        UnitSource::Header(name) => object.with("header", string(name)),
        UnitSource::Query(name) => object.with("query", string(name)),
        UnitSource::Cookie(name, value) => object
            .with("cookie", string(name))
            .with_some("decode", value.is_percent_encoded.then(|| string("percent")))
            .with_some("json", optional(&value.json_key)),
        UnitSource::IssuedCookie(name, life) => {
            object.with("cookie", string(name)).with("issue", cookie_life(life).text())
        }
    }
    .text()
}

fn holdout(holdout: &Holdout) -> String {
    Object::default()
        .with("id", string(&holdout.id))
        .with("unit", string(&holdout.unit))
        .with_some("epoch", epoch(holdout.epoch))
        .with("layers", strings(&holdout.layers))
        .with_some("share", (holdout.share > 0).then(|| string(&percentage(holdout.share))))
        .text()
}

/// A holdout's share has no ranges to stand for it, so it stays a percentage, in the shortest form.
fn percentage(share: u32) -> String {
    let (whole, decimals) = (share / 10_000, share % 10_000);
    let text = format!("{whole}.{decimals:04}");
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

fn layer(layer: &Layer, experiment: &mut dyn FnMut(&Experiment, bool) -> String) -> String {
    let experiments = non_empty(&layer.experiments, |one| experiment(one, layer.unit.is_some()));
    Object::default()
        .with("id", string(&layer.id))
        .with_some("enabled", switch(layer.enabled))
        .with_some("unit", optional(&layer.unit))
        .with_some("line", (layer.line != layer.id).then(|| string(&layer.line)))
        .with_some("epoch", epoch(layer.epoch))
        .with_some("targeting", layer.targeting.as_ref().map(condition))
        .with_some("overrides", non_empty(&layer.overrides, |one| over(one, true)))
        .with_some("experiments", experiments)
        .text()
}

/// Slots have no default where units are dealt; nobody is dealt by a layer without a unit.
fn experiment(experiment: &Experiment, deals: bool) -> String {
    let default_services = experiment.services.iter().map(String::as_str).eq(experiment.routed_services());
    Object::default()
        .with("id", string(&experiment.id))
        .with_some("slots", (deals || !experiment.slots.is_empty()).then(|| ranges(&experiment.slots)))
        .with_some("enabled", switch(experiment.enabled))
        .with_some("kind", (experiment.kind == Kind::Test).then(|| string("test")))
        .with_some("epoch", epoch(experiment.epoch))
        .with_some("services", (!default_services).then(|| strings(&experiment.services)))
        .with_some("overrides", non_empty(&experiment.overrides, |one| over(one, false)))
        .with_some("rules", non_empty(&experiment.rules, rule))
        .with_some("targeting", experiment.targeting.as_ref().map(condition))
        .with_some("variants", non_empty(&experiment.variants, |one| variant(one, &experiment.id)))
        .with_some("audiences", non_empty(&experiment.audiences, audience))
        .text()
}

fn over(one: &Override, on_layer: bool) -> String {
    let object = match &one.who {
        Who::Units(units) => Object::default().with("units", strings(units)),
        Who::List(name) => Object::default().with("list", string(name)),
    };
    object
        .with_some("experiment", one.experiment.as_ref().filter(|_| on_layer).map(|id| string(id)))
        .with("variant", outcome(one.variant.as_deref()))
        .text()
}

fn rule(rule: &Rule) -> String {
    Object::default().with("when", condition(&rule.when)).with("variant", outcome(rule.variant.as_deref())).text()
}

fn outcome(variant: Option<&str>) -> String {
    string(variant.unwrap_or("stable"))
}

fn variant(variant: &Variant, experiment: &str) -> String {
    let default_tag = Experiment::default_tag(experiment, &variant.id);
    let routes = variant.routes.iter().map(|(service, target)| (service, route_target(target)));
    Object::default()
        .with("id", string(&variant.id))
        .with_some("ranges", non_empty(&variant.ranges, range))
        .with_some("env_tag", (variant.env_tag != default_tag).then(|| string(&variant.env_tag)))
        .with_some("routes", object(routes))
        .text()
}

fn audience(audience: &Audience) -> String {
    let owned = audience.ranges.iter().map(|(arm, owned)| (arm, ranges(owned)));
    Object::default()
        .with("id", string(&audience.id))
        .with("when", condition(&audience.when))
        .with("ranges", object(owned).unwrap_or_else(|| Object::default().text()))
        .text()
}

fn route_target(target: &RouteTarget) -> String {
    match target {
        RouteTarget::Subset(subset) => string(subset),
        RouteTarget::Service(service) => Object::default().with("service", string(service)).text(),
    }
}

fn ranges(ranges: &[Range]) -> String {
    list(ranges.iter().map(range))
}

fn range(range: &Range) -> String {
    list([range.start, range.end].iter().map(u32::to_string))
}

fn condition(condition: &Condition) -> String {
    let each = |inner: &[Arc<Condition>]| list(inner.iter().map(|one| self::condition(one)));
    match condition {
        Condition::All(inner) => Object::default().with("all", each(inner)),
        Condition::Any(inner) => Object::default().with("any", each(inner)),
        Condition::Not(inner) => Object::default().with("not", self::condition(inner)),
        Condition::Leaf(leaf) => return leaf.canonical(),
    }
    .text()
}

impl Leaf {
    /// The condition that it is, in canonical form.
    pub fn canonical(&self) -> String {
        Object::default().with(self.subject.key(), leaf(self)).text()
    }
}

impl UnitSource {
    /// As a policy has it, in canonical form.
    pub fn canonical(&self) -> String {
        source(self)
    }
}

fn leaf(leaf: &Leaf) -> String {
    let (operator, operand) = leaf.operator.canonical();
    Object::default()
        .with(operator, operand)
        .with_some("ignore_case", leaf.ignore_case.then(|| true.to_string()))
        .with_some("name", leaf.subject.name().map(string))
        .text()
}

impl Operator {
    /// Its name, and its operand in canonical form.
    pub fn canonical(&self) -> (&'static str, String) {
        match self {
            Operator::Exact(text) => ("exact", string(text)),
            Operator::Prefix(text) => ("prefix", string(text)),
            Operator::Suffix(text) => ("suffix", string(text)),
            Operator::Contains(text) => ("contains", string(text)),
            Operator::Regex(pattern) => ("regex", string(pattern.text())),
            Operator::In(values) => ("in", strings(values)),
            Operator::InList(name) => ("in", Object::default().with("list", string(name)).text()),
            Operator::Present(present) => ("present", present.to_string()),
            Operator::Lt(decimal) => ("lt", string(decimal.text())),
            Operator::Le(decimal) => ("le", string(decimal.text())),
            Operator::Gt(decimal) => ("gt", string(decimal.text())),
            Operator::Ge(decimal) => ("ge", string(decimal.text())),
            Operator::Version(requirement) => ("version", string(requirement.text())),
        }
    }
}

/// What is on says nothing.
fn switch(enabled: bool) -> Option<String> {
    (!enabled).then(|| enabled.to_string())
}

fn epoch(epoch: u32) -> Option<String> {
    (epoch > 0).then(|| epoch.to_string())
}

fn optional(text: &Option<String>) -> Option<String> {
    text.as_deref().map(string)
}

fn strings(texts: &[String]) -> String {
    list(texts.iter().map(|text| string(text)))
}

fn non_empty<T>(items: &[T], write: impl FnMut(&T) -> String) -> Option<String> {
    (!items.is_empty()).then(|| list(items.iter().map(write)))
}

fn object<'a>(entries: impl Iterator<Item = (&'a String, String)>) -> Option<String> {
    entries.fold(Object::default(), |object, (key, value)| object.with(key, value)).non_empty()
}

#[cfg(test)]
mod tests {
    use crate::document::{Source, Spanned, Value};
    use crate::{Role, Sources, read_policy};

    /// Whatever the order in which fields are put, also where every map of serde_json keeps that order.
    #[test]
    fn keys_are_sorted_on_every_level() {
        let policy = "{version: 1, enabled: false,
            units: {also: [{query: q}, {json: k, decode: percent, cookie: c}],
                user: [{header: x}, {cookie: d, issue: {same_site: none, path: /a, partitioned: true, max_age_seconds: 9,
                    domain: d.example}}]},
            lists: {z: [ada, '\"\\é\\u0001'], a: [eve]},
            env_tag: {request_cookie: r, header: tags, baggage: b, cookie: {name: n, max_age_seconds: 9, domain: d}},
            holdouts: [{unit: user, share: 1.5%, layers: [two], id: h, epoch: 3}],
            targeting: {any: [{header: {name: H, present: true}}]},
            layers: [{unit: user, line: l, id: two, epoch: 2, enabled: false, targeting: {unit: {exact: ada}},
                overrides: [{variant: stable, list: z}, {variant: v, units: [bob], experiment: e}],
                experiments: [{slots: [[5, 9]], kind: test, id: e, epoch: 1, enabled: false, services: [b, a],
                    overrides: [{variant: v, list: a}],
                    rules: [{when: {not: {query: {name: q, in: {list: z}}}}, variant: v}],
                    targeting: {all: [{header: {name: H, ignore_case: true, exact: a}}, {path: {regex: a+}},
                        {any: [{unit: {ge: '1.50'}}, {host: {version: '>=1, <2'}}, {method: {present: false}}]}]},
                    audiences: [{when: {path: {exact: a}}, ranges: {w: [[5, 6]], v: [[3, 4], [1, 2]]}, id: z},
                        {when: {path: {exact: b}}, shares: {}, id: a}],
                    variants: [{routes: {b: {service: b.c}, a: v1}, ranges: [[3, 4], [1, 2]], id: v, env_tag: t}, {id: w}]}]}]}";
        let model = read_policy(&Sources::of([Source::yaml("policy.yaml", policy)]), Role::Edge).unwrap();
        let canonical = model.canonical();
        let again = read_policy(&Sources::of([Source::json("canonical", canonical.clone())]), Role::Edge).unwrap();
        assert_eq!(again, model);
        assert_eq!(model.canonical_bytes(), canonical.len());
        let (document, problems) = Source::json("canonical", canonical).parse(crate::SourceId::FIRST);
        assert_eq!(problems, []);
        assert_eq!(unsorted(&document), Vec::<String>::new());
    }

    fn unsorted(node: &Spanned) -> Vec<String> {
        match &node.value {
            Value::List(items) => items.iter().flat_map(unsorted).collect(),
            Value::Map(entries) => {
                let keys: Vec<&String> = entries.iter().map(|entry| &entry.key).collect();
                let here = (!keys.is_sorted()).then(|| format!("{keys:?}"));
                here.into_iter().chain(entries.iter().flat_map(|entry| unsorted(&entry.node))).collect()
            }
            _ => Vec::new(),
        }
    }
}
