//! The Telemetry that puts decisions into access logs and traces.

use crate::istio::object::Object;
use crate::istio::placed::PlacedFilter;
use crate::yaml::{Yaml, map};

const TELEMETRY: (&str, &str) = ("telemetry.istio.io/v1", "Telemetry");
/// The decision in the filter state: docs/filter.md, exposure.
const STATE: &str = "%FILTER_STATE(wasm.weir:PLAIN)%";
/// Parts of the filter's metric names that become labels.
const STAT_TAGS: [&str; 9] =
    ["attachment", "experiment", "variant", "reason", "code", "layer", "cause", "part", "outcome"];

/// The Telemetry of the attachment's proxies.
pub(crate) fn object(placed: &PlacedFilter<'_>) -> Object {
    let placement = &placed.placement;
    let tag = map! {"weir" => map! {"formatter" => map! {"value" => STATE}}};
    let spec = map! {
        "selector" => map! {"matchLabels" => Yaml::labels(&placement.selector)},
        "accessLogging" => [map! {"providers" => [map! {"name" => "weir"}]}],
        "tracing" => [map! {"customTags" => tag}],
    };
    let comment = format!(
        "Decisions in access logs and on spans. Of several Telemetries for one workload Istio heeds the oldest.\n\
         The provider, and the labels of the filter's numbers, are the mesh config's; proxies take extraStatTags when\n\
         they start:\n{}",
        mesh_config().text()
    );
    Object::new(placed.phase(), TELEMETRY, &placement.namespace, &format!("weir-{}", placed.name), &comment, spec)
}

/// The lines that an operator adds to the mesh config.
fn mesh_config() -> Yaml {
    let labels = map! {
        "start_time" => "%START_TIME%",
        "method" => "%REQ(:METHOD)%",
        "path" => "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
        "status" => "%RESPONSE_CODE%",
        "flags" => "%RESPONSE_FLAGS%",
        "route" => "%ROUTE_NAME%",
        "cluster" => "%UPSTREAM_CLUSTER%",
        "decision" => STATE,
    };
    let log = map! {"path" => "/dev/stdout", "logFormat" => map! {"labels" => labels}};
    map! {"meshConfig" => map! {
        "extensionProviders" => [map! {"name" => "weir", "envoyFileAccessLog" => log}],
        "defaultConfig" => map! {"extraStatTags" => STAT_TAGS},
    }}
}
