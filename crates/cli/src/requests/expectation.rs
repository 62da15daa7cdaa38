//! What is expected of a request: only what is named is compared, and what could never come out is a problem where it stands.

use weir_engine::Reason;
use weir_policy::fields::{Fields, boolean, mismatch, object, string, strings};
use weir_policy::model::{Experiment, Layer};
use weir_policy::{At, Model, Problems, Role, Spanned, Value, codes};

/// What is to come of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// By layer id, in their order.
    pub layers: Vec<(String, ExpectedLayer)>,
    /// The line of the tag header that goes on; `Some(None)` for no such header.
    pub tag: Option<Option<String>>,
    /// The same of the header that routes by subset.
    pub subset: Option<Option<String>>,
    /// The same of the header that routes by cluster.
    pub cluster: Option<Option<String>>,
    /// Cookies that the response sets.
    pub cookies: Option<Cookies>,
}

/// What is to come out for a layer; a part that is not said is not compared.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ExpectedLayer {
    /// `-` for none.
    pub experiment: Option<String>,
    /// `stable` for none.
    pub variant: Option<String>,
    /// Why.
    pub reason: Option<Reason>,
    /// `-` for none.
    pub audience: Option<String>,
}

/// Cookies that the response sets.
#[derive(Debug, PartialEq, Eq)]
pub enum Cookies {
    /// These names and no others, in any order.
    Exactly(Vec<String>),
    /// Each of these as it is said; others may be set.
    Named(Vec<(String, ExpectedCookie)>),
}

/// What is said of one cookie.
#[derive(Debug, PartialEq, Eq)]
pub enum ExpectedCookie {
    /// It is set to this.
    Value(String),
    /// It is set, or is not.
    Set(bool),
}

impl Expectation {
    /// Reads what is expected; `None` where nothing of it can be.
    pub fn read(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Expectation> {
        let mut fields = Fields::open(node, at, problems)?;
        let layers = fields.take("layers").map(|node| layers(node, &at.key("layers"), problems));
        let mut header = |name: &'static str| fields.take(name).map(|node| text_or_null(node, &at.key(name), problems));
        let [tag, subset, cluster] = ["tag", "subset", "cluster"].map(&mut header);
        let cookies = fields.take("cookies").map(|node| cookies(node, &at.key("cookies"), problems));
        let says_something =
            layers.is_some() || tag.is_some() || subset.is_some() || cluster.is_some() || cookies.is_some();
        if !says_something {
            problems.add(
                codes::MISSING_FIELD,
                at,
                "compares nothing; one of layers, tag, subset, cluster and cookies would do",
            );
        }
        fields.finish(problems);
        Some(Expectation {
            layers: layers.unwrap_or_default(),
            tag: tag.flatten(),
            subset: subset.flatten(),
            cluster: cluster.flatten(),
            cookies: cookies.flatten(),
        })
    }

    /// Whether all that it names is the policy's, so that it could come out at all.
    pub fn check(&self, policy: &Model, role: Role, at: &At<'_>, problems: &mut Problems) {
        let list = at.key("layers");
        if role == Role::Inbound && !self.layers.is_empty() {
            problems.add(codes::CONFLICT, &list, "an inbound attachment decides nothing; tag would do");
            return;
        }
        for (id, expected) in &self.layers {
            let at = list.key(id);
            match policy.layers.iter().find(|layer| layer.id == *id) {
                Some(layer) => expected.check(layer, &at, problems),
                None => {
                    let known = names(policy.layers.iter().map(|layer| &layer.id));
                    problems.add(
                        codes::UNKNOWN_LAYER,
                        &at,
                        format!("the policy has no layer {id}; its layers are {known}"),
                    );
                }
            }
        }
    }
}

impl ExpectedLayer {
    fn check(&self, layer: &Layer, at: &At<'_>, problems: &mut Problems) {
        let named = self.experiment.as_deref().filter(|id| *id != "-");
        let experiments: Vec<&Experiment> =
            layer.experiments.iter().filter(|experiment| named.is_none_or(|id| experiment.id == id)).collect();
        let whose = named.map_or_else(|| format!("layer {}", layer.id), |id| format!("experiment {id}"));
        if let Some(id) = named.filter(|_| experiments.is_empty()) {
            let known = names(layer.experiments.iter().map(|experiment| &experiment.id));
            let message = format!("layer {} has no experiment {id}; - for none, or one of {known} would do", layer.id);
            return problems.add(codes::UNKNOWN_EXPERIMENT, at, message);
        }
        let is_none = self.experiment.as_deref() == Some("-");
        if let Some(variant) = self.variant.as_deref().filter(|variant| *variant != "stable") {
            if is_none {
                return problems.add(codes::CONFLICT, at, "without an experiment there is no variant; stable would do");
            }
            let all = || experiments.iter().flat_map(|experiment| &experiment.variants).map(|variant| &variant.id);
            if !all().any(|id| id == variant) {
                let message = format!("{whose} has no variant {variant}; stable, or one of {} would do", names(all()));
                problems.add(codes::UNKNOWN_VARIANT, at, message);
            }
        }
        if let Some(audience) = self.audience.as_deref() {
            let all = || experiments.iter().flat_map(|experiment| &experiment.audiences).map(|audience| &audience.id);
            if is_none || all().next().is_none() {
                problems.add(codes::BAD_VALUE, at, format!("{whose} has no audiences; leave {audience} out"));
            } else if audience != "-" && !all().any(|id| id == audience) {
                let message =
                    format!("{whose} has no audience {audience}; - for none, or one of {} would do", names(all()));
                problems.add(codes::BAD_VALUE, at, message);
            }
        }
    }
}

fn names<'a>(ids: impl Iterator<Item = &'a String>) -> String {
    let mut ids: Vec<&str> = ids.map(String::as_str).collect();
    ids.dedup();
    if ids.is_empty() { "(none)".to_owned() } else { ids.join(", ") }
}

fn layers(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Vec<(String, ExpectedLayer)> {
    let Some(entries) = object(node, at, problems) else { return Vec::new() };
    if entries.is_empty() {
        problems.add(codes::MISSING_FIELD, at, "compares nothing; {LAYER: VARIANT} would do");
    }
    let layer = |entry: weir_policy::Entry| {
        let expected = layer(entry.node, &at.key(&entry.key), problems)?;
        Some((entry.key, expected))
    };
    entries.into_iter().filter_map(layer).collect()
}

/// `VARIANT`, or an object, or with slashes as in the filter state.
fn layer(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<ExpectedLayer> {
    let mut expected = ExpectedLayer::default();
    if let Value::Map(_) = node.value {
        let mut fields = Fields::open(node, at, problems)?;
        const PARTS: [&str; 4] = ["experiment", "variant", "reason", "audience"];
        if !PARTS.iter().any(|part| fields.has(part)) {
            problems.add(codes::MISSING_FIELD, at, format!("compares nothing; one of {} would do", PARTS.join(", ")));
        }
        let mut text = |part: &'static str| {
            let text = fields.take(part).and_then(|node| string(node, &at.key(part), problems));
            text.filter(|text| is_said(text, &at.key(part), problems))
        };
        let [experiment, variant, name, audience] = PARTS.map(&mut text);
        let reason = name.and_then(|name| reason(&name, &at.key("reason"), problems));
        fields.finish(problems);
        expected = ExpectedLayer { experiment, variant, reason, audience };
        return Some(expected);
    }
    let text = string(node, at, problems)?;
    let parts: Vec<&str> = text.split('/').collect();
    let said = |part: &str| Some(part.to_owned());
    match parts[..] {
        [variant] => expected.variant = said(variant),
        [experiment, variant, ref rest @ ..] if rest.len() < 3 => {
            (expected.experiment, expected.variant) = (said(experiment), said(variant));
            expected.audience = rest.get(1).copied().and_then(said);
            if let Some(name) = rest.first() {
                expected.reason = Some(reason(name, at, problems)?);
            }
        }
        _ => {
            problems.add(
                codes::BAD_VALUE,
                at,
                format!("found {text:?}; at most EXPERIMENT/VARIANT/REASON/AUDIENCE would do"),
            );
            return None;
        }
    }
    parts.iter().all(|part| is_said(part, at, problems)).then_some(expected)
}

fn is_said(text: &str, at: &At<'_>, problems: &mut Problems) -> bool {
    if text.is_empty() {
        problems.add(
            codes::BAD_VALUE,
            at,
            "found nothing; VARIANT or EXPERIMENT/VARIANT/REASON would do, - or stable for none",
        );
    }
    !text.is_empty()
}

fn reason(name: &str, at: &At<'_>, problems: &mut Problems) -> Option<Reason> {
    let found = Reason::ALL.iter().find(|reason| reason.name() == name).copied();
    if found.is_none() {
        let known: Vec<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        problems.add(codes::BAD_VALUE, at, format!("found {name:?}, no reason; one of {} would do", known.join(", ")));
    }
    found
}

/// `None` where it is neither.
fn text_or_null(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Option<String>> {
    match node.value {
        Value::Null => Some(None),
        _ => string(node, at, problems).map(Some),
    }
}

fn cookies(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Cookies> {
    if let Value::List(_) = node.value {
        return strings(node, at, problems).map(Cookies::Exactly);
    }
    if !matches!(node.value, Value::Map(_)) {
        return mismatch(&node.value, "a list of names, or an object of names", at, problems);
    }
    let entries = object(node, at, problems)?;
    if entries.is_empty() {
        problems.add(codes::MISSING_FIELD, at, "compares nothing; {NAME: true} or a list of names would do");
    }
    let cookie = |entry: weir_policy::Entry| {
        let at = at.key(&entry.key);
        let expected = match entry.node.value {
            Value::Null => ExpectedCookie::Set(false),
            Value::Bool(_) => ExpectedCookie::Set(boolean(entry.node, &at, problems)?),
            _ => ExpectedCookie::Value(string(entry.node, &at, problems)?),
        };
        Some((entry.key, expected))
    };
    Some(Cookies::Named(entries.into_iter().filter_map(cookie).collect()))
}
