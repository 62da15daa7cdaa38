//! What an Envoy says that it has: its listeners, clusters, routes and fetched filters, and what it refused.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::Envoy;

const MANAGER: &str =
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/// The configuration of one proxy, as it was sent.
#[derive(Default)]
pub struct Dump {
    pub listeners: Vec<Value>,
    pub clusters: BTreeMap<String, Value>,
    /// Route tables by name.
    pub routes: BTreeMap<String, Value>,
    /// Filters that were fetched, by name.
    pub filters: BTreeMap<String, Value>,
    /// What it refused, and why.
    pub refused: Vec<String>,
    /// Endpoints by cluster.
    pub endpoints: BTreeMap<String, usize>,
}

/// An HTTP connection manager.
pub struct Manager<'a> {
    pub listener: &'a str,
    /// `INBOUND` or `OUTBOUND`, as the listener says.
    pub direction: &'a str,
    /// The names of its HTTP filters in their order.
    pub filters: Vec<&'a str>,
}

impl Dump {
    /// Asks an Envoy.
    pub async fn of(envoy: &Envoy) -> Dump {
        let text = envoy.admin("/config_dump").await;
        let mut dump = Dump::read(&serde_json::from_str(&text).unwrap());
        let text = envoy.admin("/clusters?format=json").await;
        let clusters: Value = serde_json::from_str(&text).unwrap();
        let count = |cluster: &Value| (text_of(&cluster["name"]), list(&cluster["host_statuses"]).len());
        dump.endpoints = list(&clusters["cluster_statuses"]).iter().map(count).collect();
        for counter in ["update_rejected", "config_fail"] {
            let stats = envoy.admin(&format!("/stats?filter={counter}")).await;
            let counted = stats.lines().filter(|line| !line.ends_with(": 0"));
            dump.refused.extend(counted.map(str::to_owned));
        }
        dump
    }

    fn read(answer: &Value) -> Dump {
        let mut dump = Dump::default();
        for part in list(&answer["configs"]) {
            for one in list(&part["dynamic_listeners"]) {
                dump.refuse("listener", one, &one["name"]);
                let state = ["active_state", "warming_state"].map(|state| &one[state]["listener"]);
                dump.listeners.extend(state.into_iter().find(|listener| listener.is_object()).map(untyped));
            }
            for one in ["dynamic_active_clusters", "dynamic_warming_clusters"].iter().flat_map(|key| list(&part[key])) {
                dump.refuse("cluster", one, &one["cluster"]["name"]);
                dump.clusters.insert(text_of(&one["cluster"]["name"]), untyped(&one["cluster"]));
            }
            for one in list(&part["dynamic_route_configs"]) {
                dump.refuse("routes", one, &one["route_config"]["name"]);
                dump.routes.insert(text_of(&one["route_config"]["name"]), untyped(&one["route_config"]));
            }
            for one in list(&part["ecds_filters"]) {
                let filter = &one["ecds_filter"];
                dump.refuse("filter", one, &filter["name"]);
                dump.filters.insert(text_of(&filter["name"]), filter["typed_config"].clone());
            }
        }
        dump
    }

    fn refuse(&mut self, what: &str, one: &Value, name: &Value) {
        if one["error_state"].is_object() {
            self.refused.push(format!("{what} {}: {}", text_of(name), text_of(&one["error_state"]["details"])));
        }
    }

    /// Every HTTP connection manager of every listener.
    pub fn managers(&self) -> Vec<Manager<'_>> {
        let mut all = Vec::new();
        for listener in &self.listeners {
            find(listener, &mut |value| {
                if value["@type"] == MANAGER {
                    let filters = list(&value["http_filters"]).iter().filter_map(|filter| filter["name"].as_str());
                    let [listener, direction] =
                        ["name", "traffic_direction"].map(|key| listener[key].as_str().unwrap_or_default());
                    all.push(Manager { listener, direction, filters: filters.collect() });
                }
            });
        }
        all
    }

    /// Every route, with the clusters that it leads to; of fetched tables and of those in listeners.
    pub fn all_routes(&self) -> Vec<(&str, Vec<&str>)> {
        let mut all = Vec::new();
        for value in self.routes.values().chain(&self.listeners) {
            find(value, &mut |value| {
                let Some(routes) = value["virtual_hosts"].as_array() else { return };
                for route in routes.iter().flat_map(|host| list(&host["routes"])) {
                    let mut clusters = Vec::new();
                    find(&route["route"], &mut |value| {
                        clusters.extend(value["cluster"].as_str());
                        // Those of a weighted cluster.
                        clusters.extend(value["name"].as_str().filter(|_| value["weight"].is_number()));
                    });
                    all.push((route["name"].as_str().unwrap_or_default(), clusters));
                }
            });
        }
        all
    }
}

/// Without its type, which a place of its own says already.
fn untyped(value: &Value) -> Value {
    let mut value = value.clone();
    value.as_object_mut().and_then(|object| object.remove("@type"));
    value
}

/// Calls back with each value in this one, itself included.
pub fn each(value: &mut Value, call: &mut impl FnMut(&mut Value)) {
    call(value);
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| each(one, call)),
        Value::Object(all) => all.values_mut().for_each(|one| each(one, call)),
        _ => {}
    }
}

fn find<'a>(value: &'a Value, call: &mut impl FnMut(&'a Value)) {
    call(value);
    match value {
        Value::Array(all) => all.iter().for_each(|one| find(one, call)),
        Value::Object(all) => all.values().for_each(|one| find(one, call)),
        _ => {}
    }
}

/// The entries of a list; none where there is no list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A text; empty where there is none.
pub fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
