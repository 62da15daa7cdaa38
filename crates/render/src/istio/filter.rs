//! The EnvoyFilter that carries the filter: by ECDS, so that a new policy changes no listener.

use weir_policy::model::EnvTag;
use weir_policy::{Module, Role};

use crate::filter::WASM;
use crate::istio::object::{Object, Phase};
use crate::istio::patches::{self, Patch};
use crate::istio::placed::PlacedFilter;
use crate::istio::placement::Proxy;
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
    let spec = placed.spec();
    let resource = spec.resource_name();
    let mut comment = format!(
        "The filter {resource}, role {}, before the router. Its policy comes by ECDS: a new one changes no listener.\n{WARMING}",
        placed.file.attachment.role.name()
    );
    let mut patches = vec![
        map! {
            "applyTo" => "EXTENSION_CONFIG",
            "patch" => map! {"operation" => "ADD", "value" => spec.to_yaml()},
        },
        map! {
            "applyTo" => "HTTP_FILTER",
            "match" => patches::before_the_router(context),
            "patch" => map! {"operation" => "INSERT_BEFORE", "value" => entry(&resource)},
        },
    ];
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
fn entry(resource: &str) -> Yaml {
    let source = map! {"ads" => map! {}, "resource_api_version" => "V3", "initial_fetch_timeout" => "0s"};
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

/// What there is before a policy has come.
const WARMING: &str = "initial_fetch_timeout: 0s: a listener that gets the filter waits for its policy however long that takes; the one before\n\
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
