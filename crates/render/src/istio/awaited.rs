//! What proxies say once they took what was applied: the questions by which the page beside the manifests waits.

use weir_policy::{Gauge, Role};

use crate::istio::labels::Labels;
use crate::istio::object::Phase;
use crate::istio::placed::PlacedFilter;
use crate::istio::placement::{Carrier, Proxy};
use crate::istio::routes::MESH;

const GAUGES: &str = "stats?filter=weir_policy_revision";
const CLUSTERS: &str = "clusters";
const LISTENERS: &str = "config_dump?resource=dynamic_listeners";
const ROUTES: &str = "config_dump?resource=dynamic_route_configs";

/// A question to the admin interface of some proxies, and what all of them are to have in their answers, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// The namespace of their pods.
    pub namespace: String,
    /// Labels of their pods.
    pub selector: Labels,
    /// The path that is asked.
    pub path: &'static str,
    /// Texts of the answer.
    pub answers: Vec<String>,
}

/// What proxies say once something is applied, and what they do not say once it is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waits {
    pub once_applied: Vec<Question>,
    pub once_gone: Vec<Question>,
}

/// A route as a proxy shows it, and the proxies that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BoundRoute {
    /// Gateways; `mesh` for all sidecars.
    pub gateways: Vec<String>,
    /// The text by which a proxy shows it.
    pub text: String,
}

impl BoundRoute {
    /// A route of ours: its whole name.
    pub fn of_ours(gateways: &[String], name: &str) -> BoundRoute {
        BoundRoute { gateways: gateways.to_vec(), text: format!("\"{name}\"") }
    }

    /// A route that copies one of others: Istio puts the name of a match behind that of its route.
    pub fn of_theirs(gateways: &[String], name: &str) -> BoundRoute {
        BoundRoute { gateways: gateways.to_vec(), text: format!("\"{name}") }
    }
}

/// What the proxies of attachments say once all objects of a phase are there.
pub(crate) fn once_applied(
    phase: Phase,
    all: &[PlacedFilter<'_>],
    clusters: &[String],
    routes: &[BoundRoute],
) -> Vec<Question> {
    let of_filters = || all.iter().filter(|placed| placed.phase() == phase);
    let filters = || of_filters().flat_map(in_force);
    match phase {
        Phase::Forgeries => {
            let guarded = all.iter().filter(|placed| {
                let Carrier::EnvoyFilter = placed.placement.carrier else { return false };
                placed.file.attachment.role == Role::Edge && placed.placement.proxy == Proxy::Gateway
            });
            together(guarded.map(|placed| question(placed, ROUTES, vec!["\"internal_only_headers\"".to_owned()])))
        }
        Phase::Subsets => together(of_clusters(all, clusters)),
        Phase::Mesh => together(filters().chain(of_routes(all, routes))),
        Phase::Edge => together(filters()),
    }
}

/// That the filter of an attachment is there, with its policy in force unless that changes by itself.
fn in_force(placed: &PlacedFilter<'_>) -> Vec<Question> {
    let shown = Gauge::Revision.shown(&placed.name);
    let gauge = question(placed, GAUGES, vec![format!("{shown}: {}", placed.revision.number())]);
    // A policy that a server sends may be in force from an earlier time, when the filter was another.
    let entry = placed.placement.server.as_ref().map(|_| question(placed, LISTENERS, vec![entry(placed)]));
    entry.into_iter().chain((!placed.moves).then_some(gauge)).collect()
}

/// The name of the filter in a listener, as a proxy shows it.
fn entry(placed: &PlacedFilter<'_>) -> String {
    format!("\"{}\"", placed.resource_name())
}

/// What the proxies of attachments have no more once all objects of a phase are gone.
pub(crate) fn once_gone(phase: Phase, all: &[PlacedFilter<'_>], routes: &[BoundRoute]) -> Vec<Question> {
    let filters = all.iter().filter(|placed| placed.phase() == phase).map(|placed| {
        let namespace = &placed.placement.namespace;
        let shown = match placed.placement.carrier {
            Carrier::EnvoyFilter => entry(placed),
            // Behind a prefix that tells the kind; from Istio 1.30 on something follows the name of a WasmPlugin.
            Carrier::TrafficExtension => format!("/{namespace}.weir-{}\"", placed.name),
            Carrier::WasmPlugin => format!("/{namespace}.weir-{}", placed.name),
        };
        question(placed, LISTENERS, vec![shown])
    });
    match phase {
        Phase::Forgeries | Phase::Subsets => Vec::new(),
        Phase::Mesh => together(filters.chain(of_routes(all, routes))),
        Phase::Edge => together(filters),
    }
}

/// That the proxies of attachments have these clusters.
pub(crate) fn of_clusters<'a>(
    all: &'a [PlacedFilter<'_>],
    clusters: &'a [String],
) -> impl Iterator<Item = Question> + 'a {
    routing(all).map(|placed| question(placed, CLUSTERS, clusters.to_vec()))
}

/// Which of these routes the proxies of attachments have.
pub(crate) fn of_routes<'a>(
    all: &'a [PlacedFilter<'_>],
    routes: &'a [BoundRoute],
) -> impl Iterator<Item = Question> + 'a {
    let gateways = all.iter().filter(|placed| placed.placement.proxy == Proxy::Gateway).count();
    routing(all).map(move |placed| {
        let has = |route: &&BoundRoute| match placed.placement.proxy {
            // Which Gateway is whose only its own attachment says, unless there is one.
            Proxy::Gateway => route
                .gateways
                .iter()
                .any(|name| name != MESH && (gateways == 1 || placed.placement.gateways.contains(name))),
            Proxy::SidecarOutbound | Proxy::SidecarInbound => route.gateways.iter().any(|name| name == MESH),
        };
        let texts = routes.iter().filter(has).map(|route| route.text.clone());
        question(placed, ROUTES, texts.collect())
    })
}

/// The questions, with all answers to one in one place, and without those that nothing is to answer.
pub(crate) fn together(questions: impl Iterator<Item = Question>) -> Vec<Question> {
    let mut all: Vec<Question> = Vec::new();
    for mut question in questions {
        let is_asked = |one: &&mut Question| {
            (&one.namespace, &one.selector, one.path) == (&question.namespace, &question.selector, question.path)
        };
        question.answers.retain(|answer| is_plain(answer));
        match all.iter_mut().find(is_asked) {
            Some(one) => one.answers.extend(question.answers),
            None => all.push(question),
        }
    }
    for one in &mut all {
        one.answers.sort();
        one.answers.dedup();
    }
    all.retain(|one| !one.answers.is_empty());
    all
}

fn routing<'a>(all: &'a [PlacedFilter<'_>]) -> impl Iterator<Item = &'a PlacedFilter<'a>> {
    all.iter().filter(|placed| placed.file.attachment.role != Role::Inbound)
}

fn question(placed: &PlacedFilter<'_>, path: &'static str, answers: Vec<String>) -> Question {
    let placement = &placed.placement;
    Question { namespace: placement.namespace.clone(), selector: placement.selector.clone(), path, answers }
}

/// Whether a proxy shows the text as it is, and a shell takes it so in single quotes: whatever else a route is called is not
/// asked for.
fn is_plain(text: &str) -> bool {
    let bare = text.trim_matches('"');
    bare.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) && !bare.contains(['\'', '"', '\\', '<', '>', '&'])
}
