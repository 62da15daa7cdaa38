//! What the routes of resource files say: which clusters get a request, and which headers that takes. Routes stand in
//! route configurations, and inline in the HTTP connection managers of listeners.

use std::collections::BTreeSet;

use serde_json::Value;
use weir_policy::{At, Path, SourceId};
use weir_xds::ResourceKind;

use crate::fields::{each, field};
use crate::managers::each_manager;

mod header;
pub mod index;

pub use header::HeaderMatch;

/// The routes of all files.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    /// Every virtual host.
    pub hosts: Vec<VirtualHost>,
    /// Whether some routes are not among these files, or are not plain ones: then nobody can say that no route does a thing.
    pub is_partial: bool,
    /// Names of route configurations that listeners ask for, and of those that are here.
    asked: BTreeSet<String>,
    here: BTreeSet<String>,
}

/// The routes for some domains, in their order.
#[derive(Clone, Debug)]
pub struct VirtualHost {
    /// As they are written.
    pub domains: Vec<String>,
    /// The first that matches takes the request.
    pub routes: Vec<Route>,
}

/// One route.
#[derive(Clone, Debug)]
pub struct Route {
    /// The text that it stands in.
    pub source: SourceId,
    /// Where in the text.
    pub path: Path,
    /// Whether it takes whatever comes.
    pub is_catch_all: bool,
    /// Whether it takes every path, and asks for nothing but headers.
    pub takes_every_path: bool,
    /// What it asks of headers, all of it.
    pub headers: Vec<HeaderMatch>,
    /// The clusters that it leads to, by name.
    pub clusters: Vec<String>,
    /// The headers that name a cluster that it leads to, in lower case.
    pub cluster_headers: Vec<String>,
}

/// A tag that nobody has.
const NOBODY: &str = "weir.nobody";

impl Routing {
    /// Every route.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.hosts.iter().flat_map(|host| &host.routes)
    }

    /// Whether some route is for requests that carry this tag in this header, alone or among others.
    pub fn asks_for(&self, header: &str, tag: &str) -> bool {
        let is_for = |one: &HeaderMatch| {
            one.name == header
                && (one.exact() == Some(tag) || one.listed() == Some(tag) || one.holds(tag) && !one.holds(NOBODY))
        };
        self.routes().any(|route| route.headers.iter().any(is_for))
    }

    /// Takes in the routes of a resource.
    pub(crate) fn add(&mut self, kind: ResourceKind, name: &str, resource: &Value, at: &At<'_>) {
        match kind {
            ResourceKind::Route => {
                self.here.insert(name.to_owned());
                self.table(resource, at);
            }
            ResourceKind::Listener => each_manager(resource, at, &mut |manager, at| self.manager(manager, at)),
            _ => {}
        }
    }

    /// Looks for routes that are elsewhere, once all files are read.
    pub(crate) fn finish(&mut self) {
        self.is_partial |= !self.asked.is_subset(&self.here);
    }

    fn manager(&mut self, manager: &Value, at: &At<'_>) {
        if let Some((key, table)) = field(manager, "route_config") {
            self.table(table, &at.key(key));
        }
        if let Some((_, rds)) = field(manager, "rds") {
            let name = field(rds, "route_config_name").and_then(|(_, name)| name.as_str());
            self.asked.insert(name.unwrap_or_default().to_owned());
        }
        self.is_partial |= field(manager, "scoped_routes").is_some();
    }

    fn table(&mut self, table: &Value, at: &At<'_>) {
        self.is_partial |= field(table, "vhds").is_some();
        each(table, "virtual_hosts", at, |host, at| {
            let mut domains = Vec::new();
            each(host, "domains", at, |domain, _| domains.extend(domain.as_str().map(str::to_owned)));
            let mut routes = Vec::new();
            each(host, "routes", at, |route, at| routes.push(self.route(route, at)));
            self.is_partial |= field(host, "matcher").is_some();
            self.hosts.push(VirtualHost { domains, routes });
        });
    }

    fn route(&mut self, route: &Value, at: &At<'_>) -> Route {
        let nothing = Value::Null;
        let part = |name| field(route, name).map_or(&nothing, |(_, part)| part);
        let (matched, action) = (part("match"), part("route"));
        let mut headers = Vec::new();
        each(matched, "headers", at, |header, _| headers.push(HeaderMatch::read(header)));
        let (mut clusters, mut cluster_headers) = (Vec::new(), Vec::new());
        let mut leads = |value: &Value, cluster: &str| {
            let text = |name| field(value, name).and_then(|(_, name)| name.as_str()).filter(|name| !name.is_empty());
            clusters.extend(text(cluster).map(str::to_owned));
            cluster_headers.extend(text("cluster_header").map(str::to_ascii_lowercase));
        };
        leads(action, "cluster");
        if let Some((_, weighted)) = field(action, "weighted_clusters") {
            each(weighted, "clusters", at, |cluster, _| leads(cluster, "name"));
        }
        let plugins = ["cluster_specifier_plugin", "inline_cluster_specifier_plugin"];
        let states = ["filter_state", "dynamic_metadata"];
        self.is_partial |= plugins.iter().any(|name| field(action, name).is_some())
            || states.iter().any(|name| field(matched, name).is_some());
        let (source, path) = at.path();
        let takes_every_path = takes_every_path(matched);
        let is_catch_all = takes_every_path && field(matched, "headers").is_none();
        Route { source, path, is_catch_all, takes_every_path, headers, clusters, cluster_headers }
    }
}

impl Route {
    /// Whether it asks something of this header, and a request with this value would do.
    pub fn asks(&self, header: &str, value: &str) -> bool {
        let mut asked = self.headers.iter().filter(|asked| asked.name == header).peekable();
        asked.peek().is_some() && asked.all(|asked| asked.holds(value))
    }
}

/// Whether a match asks for nothing but the prefix `/`, which every path has, and headers.
fn takes_every_path(matched: &Value) -> bool {
    let Value::Object(fields) = matched else { return false };
    let asks = |(key, value): (&String, &Value)| match key.as_str() {
        "prefix" => *value != "/",
        "headers" | "case_sensitive" | "caseSensitive" => false,
        _ => !value.is_null(),
    };
    fields.contains_key("prefix") && !fields.iter().any(asks)
}
