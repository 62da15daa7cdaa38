//! Patches of Envoy's routes that only an EnvoyFilter can make.

use weir_policy::model::EnvTag;
use weir_policy::{CLUSTER_HEADER, Role, Steer};

use crate::headers;
use crate::istio::placed::PlacedFilter;
use crate::yaml::{Yaml, map};

const LOCAL_RATE_LIMIT: &str = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";

/// A patch, and a note for whoever reads the manifest.
pub(crate) struct Patch {
    pub note: &'static str,
    pub patch: Yaml,
}

/// The patch that drops forged headers where clients come in.
pub(crate) fn internal_only(placed: &PlacedFilter<'_>, env_tag: &EnvTag) -> Yaml {
    let headers = headers::forgeable(&placed.file.attachment, env_tag);
    route_configuration("GATEWAY", map! {"internal_only_headers" => headers})
}

/// The patches of the routes that an attachment asks for.
pub(crate) fn of_routes(placed: &PlacedFilter<'_>) -> Vec<Patch> {
    let context = placed.placement.proxy.context();
    let mut patches = Vec::new();
    let written = headers::written(&placed.file.attachment);
    if !written.is_empty() {
        patches.push(Patch {
            note: "What the filter writes for the routes stays in the proxy: no service is sent it.",
            patch: route_configuration(context, map! {"request_headers_to_remove" => written}),
        });
    }
    let attachment = &placed.file.attachment;
    if attachment.steer == Steer::Cluster && attachment.role != Role::Inbound {
        patches.push(Patch {
            note: "The first route of all takes requests for which the filter named a cluster, and no other. It has no\n\
                   timeout and no retries; what other routes say of these does not count for variants.",
            patch: by_cluster(context),
        });
    }
    for (id, routes) in &placed.placement.weights {
        let sticky = attachment.sticky.iter().find(|sticky| sticky.id == *id);
        let header = sticky.map_or("", |sticky| &sticky.header);
        patches.extend(routes.iter().map(|route| Patch {
            note: "Weights that become sticky must be those of a route with two destinations or more: one destination\n\
                   is no weight, and the route would lead nowhere.",
            patch: merge_route(
                context,
                route,
                map! {
                    "route" => map! {"weighted_clusters" => map! {"header_name" => header}},
                },
            ),
        }));
    }
    patches.extend(limits(placed));
    patches
}

fn by_cluster(context: &str) -> Yaml {
    let present = map! {"name" => CLUSTER_HEADER, "present_match" => true};
    let route = map! {
        "name" => "weir/cluster",
        "match" => map! {"prefix" => "/", "headers" => [present]},
        "route" => map! {"cluster_header" => CLUSTER_HEADER, "timeout" => "0s"},
    };
    map! {
        "applyTo" => "HTTP_ROUTE",
        "match" => map! {"context" => context},
        "patch" => map! {"operation" => "INSERT_FIRST", "value" => route},
    }
}

/// The patches of rate limits: a filter behind Weir's that is idle but on the routes that have a limit.
fn limits(placed: &PlacedFilter<'_>) -> Vec<Patch> {
    let placement = &placed.placement;
    if placement.limits.is_empty() {
        return Vec::new();
    }
    let context = placement.proxy.context();
    let name = format!("{}/weir.{}.limits", placement.namespace, placed.name);
    let base = map! {"@type" => LOCAL_RATE_LIMIT, "stat_prefix" => "weir_limits"};
    let filter = map! {
        "applyTo" => "HTTP_FILTER",
        "match" => before_the_router(context),
        "patch" => map! {
            "operation" => "INSERT_BEFORE",
            "value" => map! {"name" => &name, "typed_config" => base.clone()},
        },
    };
    let note = "What is over a limit is answered 429 at once. Each proxy counts for itself.";
    let always = || map! {"default_value" => map! {"numerator" => 100, "denominator" => "HUNDRED"}};
    let limit = |(route, requests): &(String, i64)| {
        let bucket = map! {"max_tokens" => *requests, "tokens_per_fill" => *requests, "fill_interval" => "1s"};
        let limit = base.clone().with("token_bucket", Some(bucket)).with("filter_enabled", Some(always()));
        let limit = limit.with("filter_enforced", Some(always()));
        merge_route(context, route, map! {"typed_per_filter_config" => map! {&name => limit}})
    };
    let patches = [filter].into_iter().chain(placement.limits.iter().map(limit));
    patches.map(|patch| Patch { note, patch }).collect()
}

/// The match of the place right before the router, behind everything that was put there before.
pub(crate) fn before_the_router(context: &str) -> Yaml {
    let filter = map! {
        "name" => "envoy.filters.network.http_connection_manager",
        "subFilter" => map! {"name" => "envoy.filters.http.router"},
    };
    map! {"context" => context, "listener" => map! {"filterChain" => map! {"filter" => filter}}}
}

fn route_configuration(context: &str, value: Yaml) -> Yaml {
    map! {
        "applyTo" => "ROUTE_CONFIGURATION",
        "match" => map! {"context" => context},
        "patch" => map! {"operation" => "MERGE", "value" => value},
    }
}

fn merge_route(context: &str, route: &str, value: Yaml) -> Yaml {
    let named = map! {"vhost" => map! {"route" => map! {"name" => route}}};
    map! {
        "applyTo" => "HTTP_ROUTE",
        "match" => map! {"context" => context, "routeConfiguration" => named},
        "patch" => map! {"operation" => "MERGE", "value" => value},
    }
}
