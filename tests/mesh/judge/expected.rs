//! What the objects of a set ask of a proxy, and what is wrong with what it has: nothing that was rendered may be refused, and
//! nothing may be without effect.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use super::dump::{Dump, list, text_of};

/// The name in a VirtualService for all sidecars.
const MESH: &str = "mesh";
const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

/// A proxy for which something was rendered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    pub is_gateway: bool,
    pub namespace: String,
    pub labels: BTreeMap<String, String>,
}

/// What must be in the configuration of a proxy.
#[derive(Debug, Default)]
pub struct Expected {
    /// Our filters by the direction of the traffic, `INBOUND` or `OUTBOUND`.
    filters: BTreeSet<(String, String)>,
    /// Our routes by name.
    routes: BTreeSet<String>,
    /// Routes that are patched, with the fields that they have then.
    patched: BTreeSet<(String, String)>,
    /// What every route table is given.
    tables: BTreeSet<String>,
    /// Hosts and their subsets.
    subsets: BTreeSet<(String, String)>,
}

/// Objects of Istio, as the API server has them.
pub struct Objects<'a> {
    pub all: Vec<&'a Value>,
    pub root_namespace: &'a str,
}

impl Objects<'_> {
    fn kind<'b>(&'b self, kind: &'b str) -> impl Iterator<Item = &'b Value> {
        self.all.iter().copied().filter(move |one| one["kind"] == kind)
    }

    /// What brings a filter to proxies.
    pub fn carriers(&self) -> Vec<&Value> {
        let is_carrier = |one: &&&Value| match one["kind"].as_str() {
            Some("EnvoyFilter") => patches(one, "HTTP_FILTER").next().is_some(),
            Some("WasmPlugin" | "TrafficExtension") => true,
            _ => false,
        };
        self.all.iter().filter(is_carrier).copied().collect()
    }

    /// The proxies that are meant, each once. One that is meant from Istio's root namespace stands in another one.
    pub fn subjects(&self, elsewhere: &str) -> BTreeSet<Subject> {
        let subject = |one: &&Value| {
            let mut labels = selector(one);
            let gateways = || self.kind("Gateway").map(gateway_selector);
            let is_gateway = match one["kind"].as_str() {
                Some("EnvoyFilter") => patches(one, "HTTP_FILTER").any(|patch| patch["match"]["context"] == "GATEWAY"),
                _ => gateways().any(|gateway| is_part(&labels, &gateway)),
            };
            // A pod of a gateway has the labels of its Gateways, too.
            for gateway in gateways().filter(|_| is_gateway) {
                if gateway.iter().all(|(key, value)| labels.get(key).is_none_or(|other| other == value)) {
                    labels.extend(gateway);
                }
            }
            let namespace = namespace(one);
            let namespace = if namespace == self.root_namespace { elsewhere.to_owned() } else { namespace };
            Subject { is_gateway, namespace, labels }
        };
        self.carriers().iter().map(subject).collect()
    }

    /// What they ask of a proxy.
    pub fn expected(&self, subject: &Subject) -> Expected {
        let mut expected = Expected::default();
        let selected = |one: &&Value| {
            (namespace(one) == subject.namespace || namespace(one) == self.root_namespace)
                && is_part(&selector(one), &subject.labels)
        };
        for one in ["WasmPlugin", "TrafficExtension"].iter().flat_map(|kind| self.kind(kind)).filter(selected) {
            // Istio makes the one of the other.
            let end = if one["kind"] == "WasmPlugin" { "~istio-translated-wasmplugin" } else { "" };
            let filter = format!("extensions.istio.io/trafficextension/{}.{}{end}", namespace(one), name(one));
            let is_server = list(&one["spec"]["match"]).iter().any(|traffic| traffic["mode"] == "SERVER");
            expected.filters.insert((if is_server { "INBOUND" } else { "OUTBOUND" }.to_owned(), filter));
        }
        for one in self.kind("EnvoyFilter").filter(selected) {
            expected.patched_by(one, subject);
        }
        for one in self.kind("VirtualService").filter(|one| self.is_bound(one, subject)) {
            let ours = |name: &&str| name.contains("/tag/") || name.contains("/subset/") || name.ends_with("/stable");
            let names = list(&one["spec"]["http"]).iter().filter_map(|route| route["name"].as_str());
            expected.routes.extend(names.filter(ours).map(str::to_owned));
        }
        for one in self.kind("DestinationRule") {
            let host = full_name(&text_of(&one["spec"]["host"]), &namespace(one));
            let subsets = list(&one["spec"]["subsets"]).iter().map(|subset| (host.clone(), text_of(&subset["name"])));
            expected.subsets.extend(subsets);
        }
        expected
    }

    /// Whether routes of a VirtualService are for a proxy, or those that delegate to it.
    fn is_bound(&self, one: &Value, subject: &Subject) -> bool {
        let spec = &one["spec"];
        if list(&spec["hosts"]).is_empty() {
            let delegates = |root: &&Value| {
                list(&root["spec"]["http"]).iter().any(|route| {
                    let to = &route["delegate"];
                    to["name"] == one["metadata"]["name"]
                        && to["namespace"].as_str().is_none_or(|to| to == namespace(one))
                })
            };
            return self.kind("VirtualService").filter(delegates).any(|root| self.is_bound(root, subject));
        }
        let gateways = list(&spec["gateways"]);
        if !subject.is_gateway {
            return gateways.is_empty() || gateways.iter().any(|gateway| gateway == MESH);
        }
        let is_meant = |gateway: &Value| {
            let full =
                |text: &str| if text.contains('/') { text.to_owned() } else { format!("{}/{text}", namespace(one)) };
            gateways
                .iter()
                .filter_map(Value::as_str)
                .any(|text| full(text) == format!("{}/{}", namespace(gateway), name(gateway)))
        };
        self.kind("Gateway").filter(|one| is_meant(one)).any(|one| is_part(&gateway_selector(one), &subject.labels))
    }
}

impl Expected {
    fn patched_by(&mut self, one: &Value, subject: &Subject) {
        let direction = |patch: &Value| match patch["match"]["context"].as_str() {
            Some("GATEWAY") if subject.is_gateway => Some("OUTBOUND"),
            Some("SIDECAR_OUTBOUND") if !subject.is_gateway => Some("OUTBOUND"),
            Some("SIDECAR_INBOUND") if !subject.is_gateway => Some("INBOUND"),
            _ => None,
        };
        for patch in patches(one, "HTTP_FILTER") {
            let filter = text_of(&patch["patch"]["value"]["name"]);
            self.filters.extend(direction(patch).map(|direction| (direction.to_owned(), filter)));
        }
        for patch in patches(one, "HTTP_ROUTE").filter(|patch| direction(patch).is_some()) {
            let value = &patch["patch"]["value"];
            let route = &patch["match"]["routeConfiguration"]["vhost"]["route"]["name"];
            self.routes.extend(value["name"].as_str().map(str::to_owned));
            if value["route"]["weighted_clusters"]["header_name"].is_string() {
                self.patched.insert((text_of(route), "header_name".to_owned()));
            }
            let limits = value["typed_per_filter_config"].as_object();
            self.patched.extend(limits.into_iter().flat_map(|all| all.keys()).map(|key| (text_of(route), key.clone())));
        }
        for patch in patches(one, "ROUTE_CONFIGURATION").filter(|patch| direction(patch) == Some("OUTBOUND")) {
            let fields = patch["patch"]["value"].as_object();
            self.tables.extend(fields.into_iter().flat_map(|all| all.keys()).cloned());
        }
    }

    /// What is wrong with what a proxy has.
    pub fn faults(&self, dump: &Dump) -> Vec<String> {
        let mut faults: Vec<String> = dump.refused.iter().map(|what| format!("refused: {what}")).collect();
        self.check_filters(dump, &mut faults);
        let routes = dump.all_routes();
        for (route, clusters) in &routes {
            let missing = clusters.iter().filter(|cluster| !dump.clusters.contains_key(**cluster));
            faults.extend(missing.map(|cluster| format!("route {route} leads to {cluster}, which is no cluster")));
        }
        for wanted in &self.routes {
            let found: Vec<_> = routes.iter().filter(|(name, _)| is_route(name, wanted)).collect();
            if found.is_empty() {
                faults.push(format!("no route {wanted}"));
            }
            let empty = found.iter().flat_map(|(_, clusters)| clusters);
            // Those of other clusters are found when they are called.
            let empty = empty.filter(|cluster| dump.clusters.get(**cluster).is_some_and(|one| one["type"] == "EDS"));
            let empty = empty.filter(|cluster| dump.endpoints.get(**cluster).is_none_or(|count| *count == 0));
            faults.extend(empty.map(|cluster| format!("route {wanted} leads to {cluster}, which has no endpoints")));
        }
        for (host, subset) in &self.subsets {
            let is_meant = |name: &&String| {
                let parts: Vec<&str> = name.split('|').collect();
                matches!(parts[..], ["outbound", _, of, at] if of == subset && at == host)
            };
            if dump.clusters.keys().find(is_meant).is_none() {
                faults.push(format!("no cluster of {host} for the subset {subset}"));
            }
        }
        let tables = || dump.routes.values();
        for field in &self.tables {
            let without = tables().filter(|table| table[field].is_null());
            faults.extend(without.map(|table| format!("route table {} without {field}", table["name"])));
        }
        for (route, field) in &self.patched {
            let has = |one: &Value| {
                one["name"].as_str().is_some_and(|name| is_route(name, route))
                    && (one["route"]["weighted_clusters"][field].is_string()
                        || one["typed_per_filter_config"][field].is_object())
            };
            let hosts = tables().flat_map(|table| list(&table["virtual_hosts"]));
            if !hosts.flat_map(|host| list(&host["routes"])).any(has) {
                faults.push(format!("no route {route} with {field}"));
            }
        }
        faults
    }

    /// Each of our filters stands once in every chain of its direction, and no other one of ours does.
    fn check_filters(&self, dump: &Dump, faults: &mut Vec<String>) {
        let managers = dump.managers();
        for direction in self.filters.iter().map(|(direction, _)| direction).collect::<BTreeSet<_>>() {
            if !managers.iter().any(|manager| manager.direction == direction) {
                faults.push(format!("no {direction} HTTP"));
            }
        }
        for manager in &managers {
            let wanted = self.filters.iter().filter(|(direction, _)| direction == manager.direction);
            let mut wanted: Vec<&str> = wanted.map(|(_, filter)| filter.as_str()).collect();
            let mut found: Vec<&str> = manager.filters.iter().copied().filter(|name| is_ours(name)).collect();
            wanted.sort_unstable();
            found.sort_unstable();
            if found != wanted {
                faults.push(format!("{} has the filters {found:?} instead of {wanted:?}", manager.listener));
            }
            let deciding = found.iter().filter(|name| !name.ends_with(".limits")).count();
            if deciding > 1 {
                faults.push(format!("{} has several filters that decide: {found:?}", manager.listener));
            }
        }
        for (_, filter) in self.filters.iter().filter(|(_, filter)| !filter.ends_with(".limits")) {
            let Some(came) = dump.filters.get(filter) else {
                faults.push(format!("the filter {filter} has not come"));
                continue;
            };
            let envelope = text_of(&came["config"]["configuration"]["value"]);
            if came["@type"] != WASM || weir_policy::open(envelope.as_bytes()).is_err() {
                faults.push(format!("the filter {filter} came without a policy: {came}"));
            }
        }
    }
}

impl Display for Subject {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kind = if self.is_gateway { "gateway" } else { "sidecar" };
        write!(f, "the {kind} of {} {:?}", self.namespace, self.labels)
    }
}

impl Display for Expected {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Expected { filters, routes, patched, subsets, .. } = self;
        let [filters, routes, patched, subsets] = [filters.len(), routes.len(), patched.len(), subsets.len()];
        write!(f, "{filters} filters, {routes} routes, {patched} patched ones, {subsets} subsets")
    }
}

/// Istio names a route by its name, a delegate's behind that of the route that delegates, and by its match where that has one.
fn is_route(name: &str, wanted: &str) -> bool {
    name == wanted || name.ends_with(&format!("-{wanted}")) || name.starts_with(&format!("{wanted}."))
}

fn is_ours(filter: &str) -> bool {
    filter.contains("/weir.") || filter.contains(".weir-")
}

fn patches<'a>(one: &'a Value, to: &'a str) -> impl Iterator<Item = &'a Value> {
    list(&one["spec"]["configPatches"]).iter().filter(move |patch| patch["applyTo"] == to)
}

fn selector(one: &Value) -> BTreeMap<String, String> {
    let spec = &one["spec"];
    labels(
        [&spec["workloadSelector"]["labels"], &spec["selector"]["matchLabels"]].into_iter().find(|one| one.is_object()),
    )
}

fn gateway_selector(one: &Value) -> BTreeMap<String, String> {
    labels(Some(&one["spec"]["selector"]))
}

fn labels(value: Option<&Value>) -> BTreeMap<String, String> {
    let labels = value.and_then(Value::as_object).into_iter().flatten();
    labels.map(|(key, value)| (key.clone(), text_of(value))).collect()
}

fn is_part(some: &BTreeMap<String, String>, all: &BTreeMap<String, String>) -> bool {
    some.iter().all(|(key, value)| all.get(key) == Some(value))
}

fn full_name(host: &str, namespace: &str) -> String {
    if host.contains('.') { host.to_owned() } else { format!("{host}.{namespace}.svc.cluster.local") }
}

fn namespace(one: &Value) -> String {
    text_of(&one["metadata"]["namespace"])
}

fn name(one: &Value) -> String {
    text_of(&one["metadata"]["name"])
}
