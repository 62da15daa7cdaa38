//! The WasmPlugin or TrafficExtension that carries the filter: Istio's own kinds, which can do less than an
//! EnvoyFilter.

use weir_policy::{Module, Source, SourceId};

use crate::istio::object::Object;
use crate::istio::placed::PlacedFilter;
use crate::istio::placement::{Carrier, Proxy};
use crate::yaml::{Yaml, map};

const VERSION: &str = "extensions.istio.io/v1alpha1";

/// The comment on what is missing, for whoever chooses between the kinds.
const LIMITS: &str = "It cannot do what an EnvoyFilter does (attach: envoyfilter):\n\
- no default_config: every request gets 500 while a module that cannot be loaded is the first to come\n\
- no internal_only_headers: where the filter is missing, clients choose their variant by forged headers\n\
- no vm_id: the machine is shared with every plugin of the same module, so that a trap takes down all of them\n\
- no steer: cluster, no sticky weights, no limits\n";

/// The object that puts the filter behind Istio's own filters.
pub(crate) fn object(placed: &PlacedFilter<'_>) -> Object {
    let PlacedFilter { name, placement, module, .. } = placed;
    let selector = map! {"matchLabels" => Yaml::labels(&placement.selector)};
    let mode = if placement.proxy == Proxy::SidecarInbound { "SERVER" } else { "CLIENT" };
    let spec = map! {"selector" => selector, "match" => [map! {"mode" => mode}]};
    let (kind, since, spec) = match placement.carrier {
        Carrier::TrafficExtension => {
            ("TrafficExtension", "Istio 1.30 and later.", spec.with("wasm", Some(wasm(placed))))
        }
        Carrier::WasmPlugin | Carrier::EnvoyFilter => {
            ("WasmPlugin", "From Istio 1.30 on a TrafficExtension takes its place.", spec.and(wasm(placed)))
        }
    };
    let role = placed.file.attachment.role.name();
    let mut comment = format!("The filter weir.{name}, role {role}. {since}\n{LIMITS}");
    if !matches!(module, Module::File(_)) {
        comment.push_str(crate::istio::filter::FETCHED);
    }
    Object::new(placed.phase(), (VERSION, kind), &placement.namespace, &format!("weir-{name}"), &comment, spec)
}

fn wasm(placed: &PlacedFilter<'_>) -> Yaml {
    let spec = placed.spec();
    let (url, sha256) = match &placed.module {
        Module::File(file) => (format!("file://{file}"), None),
        Module::Url { url, sha256 } => (url.clone(), Some(sha256)),
        Module::Oci { url, sha256 } => (url.clone(), sha256.as_ref()),
    };
    // The envelope is JSON, and stays JSON on its way through Istio to the filter.
    let (envelope, _) = Source::json("envelope", placed.envelope.clone()).parse(SourceId::FIRST);
    map! {"url" => url}
        .with("sha256", sha256)
        .with("failStrategy", Some(spec.failure_policy().as_str_name()))
        .with("pluginName", Some(spec.plugin_name()))
        .with("pluginConfig", Some(Yaml::from(&envelope)))
}
