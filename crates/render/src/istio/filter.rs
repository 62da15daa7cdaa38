//! The EnvoyFilter that carries the filter: by ECDS, so that a new policy changes no listener.

use weir_policy::model::EnvTag;
use weir_policy::{Module, Role};

use crate::filter::WASM;
use crate::istio::object::{Object, Phase};
use crate::istio::patches::{self, Patch};
use crate::istio::placed::PlacedFilter;
use crate::istio::placement::Proxy;
use crate::istio::server_cluster;
use crate::yaml::{Yaml, map};

const ENVOY_FILTER: (&str, &str) = ("networking.istio.io/v1alpha3", "EnvoyFilter");
const RBAC: &str = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";
/// The priority of the EnvoyFilter. `istioctl analyze` warns of 0; patches of one proxy are applied in the order of
/// their priorities.
const PRIORITY: i64 = 10;

/// The EnvoyFilter that puts the filter before the router.
pub(crate) fn object(placed: &PlacedFilter<'_>) -> Object {
    let name = &placed.name;
    let placement = &placed.placement;
    let context = placement.proxy.context();
    let resource = placed.resource_name();
    let role = placed.file.attachment.role.name();
    let (whence, first, source) = match &placement.server {
        Some(server) => {
            (ASKED, server_cluster::patch(placed, server), asked(server_cluster::grpc_service(placed, server)))
        }
        None => {
            let value = placed.spec().to_yaml();
            let patch =
                map! {"applyTo" => "EXTENSION_CONFIG", "patch" => map! {"operation" => "ADD", "value" => value}};
            (BROUGHT, Some(patch), brought())
        }
    };
    let mut comment = format!("The filter {resource}, role {role}, before the router. {whence}");
    let entry = map! {
        "applyTo" => "HTTP_FILTER",
        "match" => patches::before_the_router(context),
        "patch" => map! {"operation" => "INSERT_BEFORE", "value" => entry(&resource, source)},
    };
    let mut patches: Vec<Yaml> = first.into_iter().chain([entry]).collect();
    if !matches!(placed.module, Module::File(_)) {
        comment.push_str(FETCHED);
    }
    let mut noted = "";
    for Patch { note, patch } in patches::of_routes(placed) {
        if note != noted {
            comment.push_str(&format!("{note}\n"));
            noted = note;
        }
        patches.push(patch);
    }
    envoy_filter(placed.phase(), placed, &format!("weir-{name}"), &comment, patches)
}

/// The EnvoyFilter by which an edge drops forged headers before it matches routes, with the filter or without it.
pub(crate) fn against_forgeries(placed: &PlacedFilter<'_>, env_tag: &EnvTag) -> Option<Object> {
    let attachment = &placed.file.attachment;
    if attachment.role != Role::Edge || placed.placement.proxy != Proxy::Gateway {
        return None;
    }
    let mut comment =
        "Clients may not choose their variant: these headers are dropped before routes are matched, even where\n\
                       the filter is missing. To be applied first and taken away last.\n"
            .to_owned();
    if env_tag.baggage.is_some() {
        comment.push_str(BAGGAGE);
    }
    let patch = patches::internal_only(placed, env_tag);
    Some(envoy_filter(Phase::Forgeries, placed, &format!("weir-{}-forgeries", placed.name), &comment, vec![patch]))
}

/// The filter's entry in the list of HTTP filters, which fetches the resource by ECDS.
fn entry(resource: &str, source: Yaml) -> Yaml {
    map! {
        "name" => resource,
        "config_discovery" => map! {
            "config_source" => source,
            // Lets everything through until the filter has come, and where it cannot be loaded.
            "default_config" => map! {"@type" => RBAC},
            "type_urls" => [WASM, RBAC],
        },
    }
}

/// The source of a policy that istiod brings.
fn brought() -> Yaml {
    map! {"ads" => map! {}, "resource_api_version" => "V3", "initial_fetch_timeout" => "0s"}
}

/// The source of a policy that the proxy asks the server of this gRPC service for. Envoy takes a cluster that CDS added for a service of
/// deltas alone.
fn asked(service: Yaml) -> Yaml {
    let source = map! {
        "api_type" => "DELTA_GRPC",
        "transport_api_version" => "V3",
        "set_node_on_first_message_only" => true,
        "grpc_services" => [service],
    };
    map! {"api_config_source" => source, "resource_api_version" => "V3", "initial_fetch_timeout" => POLICY_TIMEOUT}
}

/// What a listener waits for the policy of a server.
const POLICY_TIMEOUT: &str = "5s";

/// What there is before a policy has come from a server.
const ASKED: &str = "The proxy asks weir serve for its policy: a new one changes nothing here.\n\
                     initial_fetch_timeout: 5s: a listener that gets the filter waits so long for a policy, and then goes without one:\n\
                     default_config lets everything through, stable, until a policy comes.\n";

/// What there is before a policy has come by istiod.
const BROUGHT: &str = "Its policy comes by ECDS: a new one changes no listener.\n\
                       initial_fetch_timeout: 0s: a listener that gets the filter waits for its policy however long that takes; the one before\n\
                       it serves on. default_config lets everything through, stable, where the module cannot be loaded.\n";

const BAGGAGE: &str =
    "Baggage of clients is dropped whole, because the sidecars would follow tags in it while the filter is missing.\n";

pub(crate) const FETCHED: &str = "The module is fetched by istio-agent, which no plain Envoy has. FAIL_OPEN, because for any other policy the\n\
                       agent puts a filter in our place that denies every request when it cannot fetch the module.\n";

fn envoy_filter(phase: Phase, placed: &PlacedFilter<'_>, name: &str, comment: &str, patches: Vec<Yaml>) -> Object {
    let placement = &placed.placement;
    let spec = map! {
        "workloadSelector" => map! {"labels" => Yaml::labels(&placement.selector)},
        "priority" => PRIORITY,
        "configPatches" => patches,
    };
    Object::new(phase, ENVOY_FILTER, &placement.namespace, name, comment, spec)
}
