//! How a proxy reaches the server that it asks for its policy: a cluster of ours in the EnvoyFilter, or Istio's own, which a
//! DestinationRule tells whom to trust.

use std::net::IpAddr;

use weir_policy::{At, Problems, codes};

use crate::istio::authority::Authority;
use crate::istio::object::{Object, Phase};
use crate::istio::placed::PlacedFilter;
use crate::istio::server::{Cluster, Server, Tls};
use crate::yaml::{Yaml, map};

const DESTINATION_RULE: (&str, &str) = ("networking.istio.io/v1", "DestinationRule");
const TLS: &str = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
const HTTP: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
/// The cluster by which every proxy of Istio asks its agent for certificates.
const AGENT: &str = "sds-grpc";
/// The agent's name for the proxy's own certificate.
const OWN_CERTIFICATE: &str = "default";
/// The agent's name for the certificates of Istio's authority.
const ISTIO_AUTHORITY: &str = "ROOTCA";
/// What a proxy waits for a certificate. Until then it does not begin with its listeners, and then it waits for the policy on top.
const CERTIFICATE_TIMEOUT: &str = "1s";
/// More than any proxy has: it never is what keeps a policy away.
const UNBOUNDED: i64 = 100_000;

const COMMENT: &str = "Whom proxies of this namespace take for the server that they ask for their policy: by Istio's certificates, and by this\n\
                       name alone.\n";

/// The gRPC service that a proxy asks.
pub(crate) fn grpc_service(placed: &PlacedFilter<'_>, server: &Server) -> Yaml {
    // Envoy takes the cluster's name for it else, and HTTP has no `|` there: the server would reset every stream.
    let authority = (server.cluster == Cluster::Service).then_some(&server.host);
    // Envoy's own pauses grow to 30 s, so that a policy would be late by that after the server was away.
    let pauses = map! {"base_interval" => "0.5s", "max_interval" => "5s"};
    let service = map! {"cluster_name" => name(placed, server)}.with("authority", authority);
    let retries = map! {"retry_back_off" => pauses};
    map! {"envoy_grpc" => service.with("retry_policy", Some(retries))}
}

/// The name of the cluster.
fn name(placed: &PlacedFilter<'_>, server: &Server) -> String {
    match server.cluster {
        // One for each attachment, also of others that a proxy is in: it refuses all clusters when two have one name.
        Cluster::Own => format!("weir-{}.{}", placed.name, placed.placement.namespace),
        Cluster::Service => format!("outbound|{}||{}", server.port, server.host),
    }
}

/// The patch that adds a cluster of ours, where it is ours.
pub(crate) fn patch(placed: &PlacedFilter<'_>, server: &Server) -> Option<Yaml> {
    let patch = map! {"operation" => "ADD", "value" => own_cluster(&name(placed, server), server)};
    let context = placed.placement.proxy.context();
    let patch = map! {"applyTo" => "CLUSTER", "match" => map! {"context" => context}, "patch" => patch};
    (server.cluster == Cluster::Own).then_some(patch)
}

/// The DestinationRules of the services that proxies ask by Istio's own clusters: one for a service and a namespace.
pub(crate) fn destination_rules(all: &[PlacedFilter<'_>], problems: &mut Problems) -> Vec<Object> {
    let mut rules: Vec<(&PlacedFilter<'_>, &Server, &str)> = Vec::new();
    for placed in all {
        let Some((server, name)) = by_service(placed) else { continue };
        let namespace = &placed.placement.namespace;
        let is_same = |other: &&(&PlacedFilter<'_>, &Server, &str)| {
            other.0.placement.namespace == *namespace && other.1.host == server.host
        };
        match rules.iter().find(is_same) {
            None => rules.push((placed, server, name)),
            Some((_, _, other)) if *other == name => {}
            Some((first, _, other)) => {
                let root = At::Root { source: placed.source };
                let message = format!(
                    "found {name:?}, and {other:?} in the attachment {} of the same namespace; one certificate has one name",
                    first.name
                );
                problems.add(codes::CONFLICT, &root.key("istio").key("server").key("name"), message);
            }
        }
    }
    rules.into_iter().map(|(placed, server, name)| rule(&placed.placement.namespace, server, name)).collect()
}

/// The server of an attachment that asks it by Istio's cluster, and the name that its certificate has.
fn by_service<'a>(placed: &'a PlacedFilter<'_>) -> Option<(&'a Server, &'a str)> {
    let server = placed.placement.server.as_ref().filter(|server| server.cluster == Cluster::Service)?;
    Some((server, &server.tls.as_ref()?.name))
}

fn rule(namespace: &str, server: &Server, name: &str) -> Object {
    let tls = map! {"mode" => "ISTIO_MUTUAL", "subjectAltNames" => [name]};
    let spec = map! {"host" => &server.host, "exportTo" => ["."], "trafficPolicy" => map! {"tls" => tls}};
    // Dots are good in a name of an object, and a host is never the name of another object of ours.
    Object::new(Phase::Subsets, DESTINATION_RULE, namespace, &format!("weir-server.{}", server.host), COMMENT, spec)
}

fn own_cluster(name: &str, server: &Server) -> Yaml {
    let address: Option<IpAddr> = server.host.parse().ok();
    let socket = map! {"socket_address" => map! {"address" => &server.host, "port_value" => server.port}};
    let endpoint = map! {"endpoint" => map! {"address" => socket}};
    let endpoints = map! {"cluster_name" => name, "endpoints" => [map! {"lb_endpoints" => [endpoint]}]};
    let keepalive = map! {"interval" => "30s", "timeout" => "5s"};
    let http2 = map! {"http2_protocol_options" => map! {"connection_keepalive" => keepalive}};
    let http = map! {"@type" => format!("type.googleapis.com/{HTTP}"), "explicit_http_config" => http2};
    let bounds =
        map! {"max_connections" => UNBOUNDED, "max_pending_requests" => UNBOUNDED, "max_requests" => UNBOUNDED};
    let cluster = map! {
        "name" => name,
        // A dot would end the label by which numbers of clusters are told apart.
        "alt_stat_name" => name.replace('.', "_"),
        "type" => if address.is_some() { "STATIC" } else { "STRICT_DNS" },
        "connect_timeout" => "1s",
        // Nothing that becomes of this cluster keeps a proxy from its listeners.
        "wait_for_warm_on_init" => false,
    };
    let cluster = if address.is_some() {
        cluster
    } else {
        cluster.with("dns_lookup_family", Some("V4_PREFERRED")).with("respect_dns_ttl", Some(true))
    };
    let cluster = cluster
        .with("circuit_breakers", Some(map! {"thresholds" => [bounds]}))
        .with("typed_extension_protocol_options", Some(map! {HTTP => http}));
    let tls = server.tls.as_ref().map(|tls| transport_socket(tls, &server.host, address.is_some()));
    cluster.with("transport_socket", tls).with("load_assignment", Some(endpoints))
}

fn transport_socket(tls: &Tls, host: &str, is_address: bool) -> Yaml {
    let matcher = map! {"san_type" => san_type(&tls.name), "matcher" => map! {"exact" => &tls.name}};
    let names = map! {"match_typed_subject_alt_names" => [matcher]};
    let combined = |secret: &str| {
        let trusted = map! {"default_validation_context" => names.clone()};
        let trusted = trusted.with("validation_context_sds_secret_config", Some(secret_of_agent(secret)));
        ("combined_validation_context", trusted)
    };
    let (key, trusted) = match &tls.authority {
        None => combined(ISTIO_AUTHORITY),
        Some(Authority::File(path)) => combined(&format!("file-root:{path}")),
        Some(Authority::Pem(pem)) => {
            let pem = map! {"inline_string" => Yaml::Literal(pem.clone())};
            ("validation_context", map! {"trusted_ca" => pem}.and(names.clone()))
        }
    };
    let context = map! {
        "alpn_protocols" => ["h2"],
        "tls_certificate_sds_secret_configs" => [secret_of_agent(OWN_CERTIFICATE)],
    };
    let config = map! {"@type" => TLS}.with("sni", (!is_address).then_some(host));
    let config = config.with("common_tls_context", Some(context.with(key, Some(trusted))));
    map! {"name" => "envoy.transport_sockets.tls", "typed_config" => config}
}

fn san_type(name: &str) -> &'static str {
    match name {
        name if name.contains("://") => "URI",
        name if name.parse::<IpAddr>().is_ok() => "IP_ADDRESS",
        _ => "DNS",
    }
}

/// A secret that istio-agent keeps, and sends anew when it changes.
fn secret_of_agent(name: &str) -> Yaml {
    let source = map! {
        "api_type" => "GRPC",
        "transport_api_version" => "V3",
        "set_node_on_first_message_only" => true,
        "grpc_services" => [map! {"envoy_grpc" => map! {"cluster_name" => AGENT}}],
    };
    let config = map! {
        "api_config_source" => source,
        "resource_api_version" => "V3",
        "initial_fetch_timeout" => CERTIFICATE_TIMEOUT,
    };
    map! {"name" => name, "sds_config" => config}
}
