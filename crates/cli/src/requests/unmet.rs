//! Expectations against a decision: which are not met, and where each stands.

use weir_engine::{Exchange, LayerOutcome};
use weir_policy::{At, CLUSTER_HEADER, Code, Model, Problem, Problems, SUBSET_HEADER};

use super::document::{Case, RequestsFile};
use super::expectation::{Cookies, ExpectedCookie, ExpectedLayer};
use crate::request::{Request, syntax::quoted};

/// The kind of problem that a test finds.
pub const UNMET: Code = Code::new("unmet", "What is expected of a request is not what comes out.");

/// An expectation that is not met.
pub struct Unmet {
    /// Where it stands, what was expected and what came out.
    pub problem: Problem,
    /// What it is about.
    pub part: Part,
}

/// What came out otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The layer of this id.
    Layer(String),
    /// The tags that go on.
    Tag,
    /// The subset or the cluster.
    Routing,
    /// The cookies of the response.
    Cookies,
}

/// All that is expected of a request and is not met.
pub fn unmet(file: &RequestsFile, case: &Case, exchange: &Exchange<'_, '_>, model: &Model) -> Vec<Unmet> {
    let Some(expectation) = &case.expectation else { return Vec::new() };
    let root = At::Root { source: file.source };
    let list = root.key("requests");
    let one = list.index(case.index);
    let at = one.key("expect");
    let mut all = Vec::new();
    let mut add = |at: &At<'_>, part: Part, message: String| {
        let mut problems = Problems::default();
        problems.add(UNMET, at, message);
        all.extend(problems.into_vec().into_iter().map(|problem| Unmet { problem, part: part.clone() }));
    };
    let layers = at.key("layers");
    for (id, expected) in &expectation.layers {
        let outcome = exchange.decision().layers().find(|outcome| outcome.layer == id);
        let came_out = outcome.as_ref().map_or_else(|| "nothing".to_owned(), entry);
        let wrong = outcome.map_or_else(|| vec!["a decision".to_owned()], |outcome| differences(expected, &outcome));
        if !wrong.is_empty() {
            add(&layers.key(id), Part::Layer(id.clone()), format!("expected {}; {id} is {came_out}", wrong.join(", ")));
        }
    }
    for (field, part, name, expected) in [
        ("tag", Part::Tag, model.env_tag.header.as_str(), &expectation.tag),
        ("subset", Part::Routing, SUBSET_HEADER, &expectation.subset),
        ("cluster", Part::Routing, CLUSTER_HEADER, &expectation.cluster),
    ] {
        let Some(expected) = expected else { continue };
        let goes_on = header_that_goes_on(&case.request, exchange, name);
        if goes_on.as_deref() != expected.as_deref().map(str::as_bytes) {
            let wanted =
                expected.as_deref().map_or_else(|| "no such header".to_owned(), |line| quoted(line.as_bytes()));
            let found =
                goes_on.map_or_else(|| "does not go on".to_owned(), |line| format!("goes on as {}", quoted(&line)));
            add(&at.key(field), part, format!("expected {wanted}; {name} {found}"));
        }
    }
    let place = at.key("cookies");
    let lines = exchange.set_cookies();
    let set: Vec<(&str, &str)> = lines.iter().map(|line| cookie(line)).collect();
    match &expectation.cookies {
        None => {}
        Some(Cookies::Exactly(names)) => {
            let mut expected: Vec<&str> = names.iter().map(String::as_str).collect();
            let mut found: Vec<&str> = set.iter().map(|(name, _)| *name).collect();
            expected.sort_unstable();
            found.sort_unstable();
            if expected != found {
                add(
                    &place,
                    Part::Cookies,
                    format!("expected {}; the response sets {}", cookie_names(&expected), cookie_names(&found)),
                );
            }
        }
        Some(Cookies::Named(cookies)) => {
            for (name, expected) in cookies {
                let found = set.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
                let (met, wanted) = match expected {
                    ExpectedCookie::Value(value) => (found == Some(value), quoted(value.as_bytes())),
                    ExpectedCookie::Set(true) => (found.is_some(), "some value".to_owned()),
                    ExpectedCookie::Set(false) => (found.is_none(), "that it is not set".to_owned()),
                };
                if !met {
                    let found = found.map_or_else(
                        || "does not set it".to_owned(),
                        |value| format!("sets {}", quoted(value.as_bytes())),
                    );
                    add(&place.key(name), Part::Cookies, format!("expected {wanted}; the response {found}"));
                }
            }
        }
    }
    all
}

/// What is expected and did not come out, each part in words.
fn differences(expected: &ExpectedLayer, outcome: &LayerOutcome<'_>) -> Vec<String> {
    let reason = expected.reason.map(|reason| reason.name());
    let parts = [
        ("experiment", expected.experiment.as_deref(), outcome.experiment.unwrap_or("-")),
        ("variant", expected.variant.as_deref(), outcome.variant.unwrap_or("stable")),
        ("reason", reason, outcome.reason.name()),
        ("audience", expected.audience.as_deref(), outcome.audience.unwrap_or("-")),
    ];
    let differs = |(part, expected, found): (&str, Option<&str>, &str)| {
        expected.filter(|expected| *expected != found).map(|expected| format!("{part} {expected}"))
    };
    parts.into_iter().filter_map(differs).collect()
}

/// As in the filter state.
fn entry(outcome: &LayerOutcome<'_>) -> String {
    let (experiment, variant) = (outcome.experiment.unwrap_or("-"), outcome.variant.unwrap_or("stable"));
    let audience = outcome.audience.map(|audience| format!("/{audience}")).unwrap_or_default();
    format!("{experiment}/{variant}/{}{audience}", outcome.reason.name())
}

/// The lines of a header as they go on, joined as a client of HTTP may join them; `None` where it has none.
pub fn header_that_goes_on(request: &Request, exchange: &Exchange<'_, '_>, name: &str) -> Option<Vec<u8>> {
    let edit = exchange.edits().into_iter().find(|edit| edit.name == name.as_bytes());
    let lines = edit.map(|edit| edit.lines).unwrap_or_else(|| {
        request.pairs().filter(|(known, _)| *known == name.as_bytes()).map(|(_, value)| value.to_vec()).collect()
    });
    (!lines.is_empty()).then(|| lines.join(&b","[..]))
}

fn cookie_names(names: &[&str]) -> String {
    if names.is_empty() { "no cookies".to_owned() } else { names.join(", ") }
}

/// The name and the value of a `set-cookie` line.
fn cookie(line: &str) -> (&str, &str) {
    let pair = line.split(';').next().unwrap_or_default();
    pair.split_once('=').unwrap_or((pair, ""))
}
