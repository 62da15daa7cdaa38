//! What proxies were told by istiod, as one bootstrap that needs no istiod: Envoy boots it, or says what is wrong.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::dump::{Dump, each};
use crate::support::artifact;

/// Whether Envoy boots on what these proxies have; otherwise what it says.
pub fn validate(base: &Value, dumps: &[Dump], release: Option<&str>) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bootstrap.json"), bootstrap(base, dumps).to_string()).unwrap();
    let mut envoy = Command::new(artifact::envoy(release));
    envoy.args(["--mode", "validate", "--log-level", "error", "--config-path", "bootstrap.json"]);
    // Where its access log goes.
    let output = envoy.current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

/// Listeners with their routes and filters in them, and clusters. `base` is the bootstrap that the proxies had.
fn bootstrap(base: &Value, dumps: &[Dump]) -> Value {
    let mut all = base.clone();
    let clusters: BTreeMap<&str, &Value> =
        dumps.iter().flat_map(|dump| &dump.clusters).map(|(name, cluster)| (name.as_str(), cluster)).collect();
    let clusters = clusters.into_values().cloned();
    let listeners: Vec<Value> = dumps.iter().enumerate().flat_map(|(place, dump)| listeners(place, dump)).collect();
    let dynamic = all["dynamic_resources"].as_object_mut().unwrap();
    dynamic.retain(|key, _| key == "ads_config");
    all["static_resources"]["clusters"].as_array_mut().unwrap().extend(clusters);
    all["static_resources"]["listeners"] = json!(listeners);
    all
}

/// Of one proxy among several: each listener has a name and an address of its own.
fn listeners(place: usize, dump: &Dump) -> Vec<Value> {
    let one = |(port, listener): (usize, &Value)| {
        let mut listener = listener.clone();
        listener["name"] = json!(format!("{place}/{}", listener["name"].as_str().unwrap_or_default()));
        let address = json!({"address": format!("127.0.{}.1", place + 1), "port_value": 1024 + port});
        listener["address"] = json!({"socket_address": address});
        listener.as_object_mut().unwrap().remove("additional_addresses");
        each(&mut listener, &mut |value| inline(value, dump));
        listener
    };
    dump.listeners.iter().enumerate().map(one).collect()
}

/// In the place of what is fetched stands what came.
fn inline(value: &mut Value, dump: &Dump) {
    let Some(object) = value.as_object_mut() else { return };
    let rds = object.get("rds").and_then(|rds| rds["route_config_name"].as_str()).map(str::to_owned);
    if let Some(routes) = rds.and_then(|name| dump.routes.get(&name)) {
        object.remove("rds");
        object.insert("route_config".to_owned(), routes.clone());
    }
    if object.contains_key("config_discovery")
        && let Some(filter) = object["name"].as_str().and_then(|name| dump.filters.get(name))
    {
        object.remove("config_discovery");
        object.insert("typed_config".to_owned(), filter.clone());
    }
}
