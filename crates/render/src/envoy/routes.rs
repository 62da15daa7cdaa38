//! The routes of a plain Envoy, for RDS: one file for what Istio spreads over DestinationRules, VirtualServices and
//! patches.

use std::collections::BTreeSet;

use weir_policy::fields::{self, Fields};
use weir_policy::model::{Model, RouteTarget, tag_regex};
use weir_policy::{
    At, AttachmentFile, CLUSTER_HEADER, Problem, Problems, Role, SUBSET_HEADER, SourceId, Spanned, Steer, codes,
};

use super::domains;
use crate::entries::{by_name, port};
use crate::headers;
use crate::unknown_targets;
use crate::variants::{self, STABLE};
use crate::yaml::{Yaml, map};

const ROUTE_CONFIGURATION: &str = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
const PORT: i64 = 80;

/// The key `envoy` of an attachment file.
#[derive(Default)]
struct Routing {
    /// The name by which listeners refer to the routes.
    route_config: Option<String>,
    /// The port in the names of clusters.
    port: Option<i64>,
    /// Domains by which a service is called beside its name, by service.
    hosts: Vec<(String, Vec<String>)>,
    /// A response header that shows the decision, without a unit.
    decision_header: Option<String>,
}

/// A file for RDS with the routes of all services that the policy routes, and of those that it leads to and the attachment
/// names: requests in a variant go to the cluster `outbound|PORT|SUBSET|SERVICE`, or to `outbound|PORT||SERVICE` of the
/// other service, all others to `outbound|PORT||SERVICE` of this one.
///
/// # Errors
/// Every problem of the attachment's key `envoy`, a service that it leads to by cluster and does not name among them; and
/// its role, where nothing is routed.
pub fn routes(model: &Model, file: &AttachmentFile, source: SourceId) -> Result<String, Vec<Problem>> {
    let mut problems = Problems::default();
    let routing = Routing::read(file, source, &mut problems);
    routing.check_targets(file, source, model, &mut problems);
    let mut services = variants::services(model);
    for (service, _) in &routing.hosts {
        if !services.contains(service.as_str()) && !variants::is_target(service, model) {
            let routed: Vec<&str> = variants::services(model).into_iter().collect();
            let message = format!("no variant routes {service}; the policy routes {}", routed.join(" "));
            problems.add(codes::BAD_VALUE, &At::Root { source }.key("envoy").key("hosts").key(service), message);
        }
        services.insert(service);
    }
    let root = At::Root { source };
    domains::check(services.iter().copied(), &routing.hosts, &root.key("envoy").key("hosts"), &mut problems);
    if let Some(header) = routing.decision_header.as_deref().filter(|header| !is_response_header(header)) {
        let message = format!("found {header:?}, which Envoy takes for no response header; x-decision would do");
        problems.add(codes::BAD_HEADER_NAME, &root.key("envoy").key("decision_header"), message);
    }
    if file.attachment.role == Role::Inbound {
        let message = "an inbound filter steers nothing; render the routes of role edge or mesh";
        problems.add(codes::CONFLICT, &At::Root { source }.key("role"), message);
    }
    if !problems.is_empty() {
        return Err(problems.into_vec());
    }
    Ok(map! {"resources" => [configuration(model, file, &routing, &services)]}.text())
}

/// Fails if variants lead to services by cluster which the attachment does not name below `envoy`. What else is wrong there
/// is a matter of routes.
///
/// # Errors
/// A problem for each such service.
pub fn check_targets(model: &Model, file: &AttachmentFile, source: SourceId) -> Result<(), Vec<Problem>> {
    let routing = Routing::read(file, source, &mut Problems::default());
    let mut problems = Problems::default();
    routing.check_targets(file, source, model, &mut problems);
    if problems.is_empty() { Ok(()) } else { Err(problems.into_vec()) }
}

impl Routing {
    fn check_targets(&self, file: &AttachmentFile, source: SourceId, model: &Model, problems: &mut Problems) {
        let missing = |target: &str, _: &[&str]| {
            let named = self.hosts.iter().any(|(service, _)| service == target);
            (!named).then(|| {
                format!("the attachment does not name it; if it has a cluster write envoy: {{hosts: {{{target}: []}}}}")
            })
        };
        let root = At::Root { source };
        let at = root.key("envoy");
        unknown_targets(&file.attachment, &at.key("hosts"), model, missing, problems);
    }

    fn read(file: &AttachmentFile, source: SourceId, problems: &mut Problems) -> Routing {
        let root = At::Root { source };
        let at = root.key("envoy");
        let read = |node: Spanned, problems: &mut Problems| {
            let mut fields = Fields::open(node, &at, problems)?;
            let mut text = |name, problems: &mut Problems| {
                fields.take(name).and_then(|node| fields::string(node, &at.key(name), problems))
            };
            let (route_config, decision_header) = (text("route_config", problems), text("decision_header", problems));
            let port = fields.take("port").and_then(|node| port(node, &at.key("port"), problems));
            let hosts = by_name(fields.take("hosts"), &at.key("hosts"), problems, fields::strings);
            fields.finish(problems);
            Some(Routing { route_config, port, hosts, decision_header })
        };
        file.envoy.clone().and_then(|node| read(node, problems)).unwrap_or_default()
    }
}

/// Whether Envoy adds a header of this name to responses: it takes a token (RFC 9110, section 5.6.2) that is not `host`.
fn is_response_header(name: &str) -> bool {
    let is_mark = |byte: u8| b"!#$%&'*+-.^_`|~".contains(&byte);
    let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte));
    !name.is_empty() && is_token && !name.eq_ignore_ascii_case("host")
}

fn configuration(model: &Model, file: &AttachmentFile, routing: &Routing, services: &BTreeSet<&str>) -> Yaml {
    let attachment = &file.attachment;
    let name = routing.route_config.as_ref().or(attachment.name.as_ref()).map_or("weir", String::as_str);
    // What a client sends under these names is dropped before routes are matched, with the filter or without it.
    let guard = (attachment.role == Role::Edge).then(|| headers::forgeable(attachment, &model.env_tag));
    let written = headers::written(attachment);
    let shown = routing.decision_header.as_ref().map(|header| {
        // With `log_unit` the second one comes last: the same without the unit.
        ["wasm.weir", "wasm.weir_decision"].map(|state| {
            let value = format!("%FILTER_STATE({state}:PLAIN)%");
            let shown = map! {"header" => map! {"key" => header, "value" => value}};
            shown.with("append_action", Some("OVERWRITE_IF_EXISTS_OR_ADD"))
        })
    });
    let hosts: Vec<Yaml> =
        services.iter().map(|service| virtual_host(service, model, attachment.steer, routing)).collect();
    map! {"@type" => ROUTE_CONFIGURATION, "name" => name, "ignore_port_in_host_matching" => true}
        .with("internal_only_headers", guard)
        .with("request_headers_to_remove", (!written.is_empty()).then_some(written))
        .with("response_headers_to_add", shown)
        .with("virtual_hosts", Some(hosts))
}

fn virtual_host(service: &str, model: &Model, steer: Steer, routing: &Routing) -> Yaml {
    let given = routing.hosts.iter().find(|(name, _)| name == service).map(|(_, hosts)| hosts.clone());
    let domains: Vec<String> = [service.to_owned()].into_iter().chain(given.unwrap_or_default()).collect();
    let port = routing.port.unwrap_or(PORT);
    let route = |name: String, header: Option<Yaml>, target: Yaml| {
        let matched = map! {"prefix" => "/"}.with("headers", header.map(|header| [header]));
        // A gRPC stream or a WebSocket may be as long as it likes.
        map! {"name" => name, "match" => matched, "route" => target.with("timeout", Some("0s"))}
    };
    let stable = || map! {"cluster" => format!("outbound|{port}||{service}")};
    let cluster = |target: &RouteTarget| match target {
        RouteTarget::Subset(subset) => map! {"cluster" => format!("outbound|{port}|{subset}|{service}")},
        RouteTarget::Service(other) => map! {"cluster" => format!("outbound|{port}||{other}")},
    };
    let variants = variants::of_service(service, model);
    let mut all: Vec<Yaml> = match steer {
        Steer::Tag => variants
            .iter()
            .map(|(tag, target)| {
                let regex = map! {"safe_regex" => map! {"regex" => tag_regex(tag)}};
                let header = map! {"name" => &model.env_tag.header, "string_match" => regex};
                route(format!("{service}/tag/{tag}"), Some(header), cluster(target))
            })
            .collect(),
        Steer::Subset => variants::targets(&variants)
            .into_iter()
            .map(|target| {
                let header = map! {"name" => SUBSET_HEADER, "string_match" => map! {"exact" => target.name()}};
                route(format!("{service}/subset/{}", target.name()), Some(header), cluster(target))
            })
            .collect(),
        // Only where the filter named one: everybody else goes on to the stable route.
        Steer::Cluster => vec![route(
            format!("{service}/cluster"),
            Some(map! {"name" => CLUSTER_HEADER, "present_match" => true}),
            map! {"cluster_header" => CLUSTER_HEADER},
        )],
    };
    all.push(route(format!("{service}/{STABLE}"), None, stable()));
    map! {"name" => service, "domains" => domains, "routes" => all}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `envoy --mode validate` answers, which takes blanks and other bytes too: no client would find these.
    #[test]
    fn headers_that_envoy_adds_to_responses() {
        for (name, is_taken) in [
            ("x-decision", true),
            ("X_Decision", true),
            ("", false),
            (":status", false),
            ("Host", false),
            ("a b", false),
            ("é", false),
        ] {
            assert_eq!(is_response_header(name), is_taken, "{name:?}");
        }
    }
}
