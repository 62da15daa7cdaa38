//! An existing VirtualService, as far as it matters for adding routes.

use std::collections::BTreeMap;

use weir_policy::fields;
use weir_policy::{At, Problems, Spanned, Value};

use super::node::{child, list, text};
use super::object::Object;
use super::place::Place;
use super::shape;
use crate::istio::routes::MESH;

/// A VirtualService.
pub(super) struct VirtualService {
    object: Object,
    /// Hosts by their full names in lower case, as Istio compares them.
    pub hosts: Vec<String>,
    /// The same hosts as they are written.
    pub written_hosts: Vec<String>,
    /// Gateways that it is bound to; `mesh` for all sidecars.
    pub gateways: Vec<String>,
    pub routes: Vec<Route>,
    /// The number of routes of each name.
    names: BTreeMap<String, usize>,
    /// Routes of TLS and TCP, as they are written.
    pub tls: Vec<Spanned>,
    pub tcp: Vec<Spanned>,
}

/// An HTTP route of an existing VirtualService.
pub(super) struct Route {
    /// The route's place among the others.
    pub index: usize,
    /// The beginning of the names of routes added before it: its name, or else its place.
    pub name: String,
    /// The route as it is written.
    pub node: Spanned,
}

impl VirtualService {
    /// Reads one; the path is that of its `spec`.
    pub fn read(object: Object, at: &At<'_>, problems: &mut Problems) -> VirtualService {
        let list = |name: &'static str, problems: &mut Problems| match child(&object.spec, name) {
            Some(node) => fields::list(node.clone(), &at.key(name), problems).unwrap_or_default(),
            None => Vec::new(),
        };
        let texts = |name: &'static str, problems: &mut Problems| -> Vec<String> {
            let nodes = Spanned::from(Value::List(list(name, problems)));
            fields::strings(nodes, &at.key(name), problems).unwrap_or_default()
        };
        let written_hosts = texts("hosts", problems);
        let hosts = written_hosts.iter().map(|host| object.full_name(host).to_ascii_lowercase()).collect();
        let mut gateways = texts("gateways", problems);
        if gateways.is_empty() {
            gateways.push(MESH.to_owned());
        }
        let gateways = gateways.into_iter().map(|gateway| full_gateway(gateway, &object.namespace)).collect();
        let routes = list("http", problems).into_iter().enumerate().map(|(index, node)| Route {
            index,
            name: match text(&node, "name") {
                "" => format!("http-{index}"),
                name => name.to_owned(),
            },
            node,
        });
        let routes: Vec<Route> = routes.collect();
        let mut names = BTreeMap::new();
        for route in &routes {
            *names.entry(route.name.clone()).or_default() += 1;
        }
        let [tls, tcp] = ["tls", "tcp"].map(|name| list(name, problems));
        let http = routes.iter().map(|route| &route.node).enumerate().map(|one| ("http", one));
        let others =
            tls.iter().enumerate().map(|one| ("tls", one)).chain(tcp.iter().enumerate().map(|one| ("tcp", one)));
        for (name, (index, route)) in http.chain(others) {
            shape::check(route, &at.key(name).index(index), problems);
        }
        VirtualService { object, hosts, written_hosts, gateways, routes, names, tls, tcp }
    }

    /// The number of HTTP routes of this name.
    pub fn called(&self, name: &str) -> usize {
        self.names.get(name).copied().unwrap_or_default()
    }

    pub fn object(&self) -> &Object {
        &self.object
    }

    pub fn name(&self) -> &str {
        &self.object.name
    }

    /// The full name of a host that this VirtualService names.
    pub fn full_name(&self, host: &str) -> String {
        self.object.full_name(host)
    }

    /// Namespace and name of a Gateway that this VirtualService names.
    pub fn full_gateway(&self, gateway: &str) -> String {
        full_gateway(gateway.to_owned(), &self.object.namespace)
    }

    /// Its namespace and name, as others delegate to it.
    pub fn full_title(&self) -> String {
        format!("{}/{}", self.object.namespace, self.object.name)
    }

    /// The namespaces that see it; `None` where all do.
    pub fn seen_by(&self) -> Option<Vec<&str>> {
        self.object.seen_by()
    }

    pub fn place(&self) -> &Place {
        &self.object.place
    }

    /// Routes that delegate, each with the namespace and name of the VirtualService that it delegates to.
    pub fn delegates(&self) -> impl Iterator<Item = (&Route, String)> {
        self.routes.iter().filter_map(|route| Some((route, self.delegate_of(route)?)))
    }

    /// The namespace and name of the VirtualService that a route delegates to.
    pub fn delegate_of(&self, route: &Route) -> Option<String> {
        let delegate = child(&route.node, "delegate")?;
        let namespace = text(delegate, "namespace");
        let namespace = if namespace.is_empty() { &self.object.namespace } else { namespace };
        Some(format!("{namespace}/{}", text(delegate, "name")))
    }

    /// Reports the VirtualService as such, or a field of it.
    pub fn refuse_itself(&self, fields: &[&str], message: String, problems: &mut Problems) {
        self.object.refuse(fields, message, problems);
    }

    /// Reports the name of the VirtualService.
    pub fn refuse_name(&self, message: String, problems: &mut Problems) {
        self.object.refuse_name(message, problems);
    }

    /// Reports a field of a route of this VirtualService.
    pub fn refuse(&self, route: &Route, field: &str, message: String, problems: &mut Problems) {
        self.refuse_in("http", route.index, field, message, problems);
    }

    /// Reports a field of an entry of one of the lists of this VirtualService: `http`, `tls` or `tcp`.
    pub fn refuse_in(&self, list: &str, index: usize, field: &str, message: String, problems: &mut Problems) {
        self.object.refuse_in(list, index, &[field], message, problems);
    }

    /// Reports a host of this VirtualService.
    pub fn refuse_host(&self, index: usize, message: String, problems: &mut Problems) {
        self.object.refuse_in("hosts", index, &[], message, problems);
    }

    /// Whether sidecars go by it.
    pub fn is_for_sidecars(&self) -> bool {
        self.gateways.iter().any(|gateway| gateway == MESH)
    }

    /// The full names of the hosts that its routes lead to.
    pub fn hosts_led_to(&self) -> Vec<String> {
        self.destinations().into_iter().map(|(.., destination)| self.full_name(text(destination, "host"))).collect()
    }

    /// The destinations of its routes of HTTP, TLS and TCP and of their mirrors, each with the list and the place that its route
    /// has there, the field that it stands in, and a name for it.
    pub fn destinations(&self) -> Vec<(&'static str, usize, &'static str, String, &Spanned)> {
        let mut all = Vec::new();
        for route in &self.routes {
            let (at, name) = (route.index, &route.name);
            let routes = list(child(&route.node, "route")).iter().filter_map(|one| child(one, "destination"));
            all.extend(routes.map(|one| ("http", at, "route", name.clone(), one)));
            let mirror = || format!("the mirror of {name}");
            all.extend(child(&route.node, "mirror").map(|one| ("http", at, "mirror", mirror(), one)));
            let mirrors = list(child(&route.node, "mirrors")).iter().filter_map(|one| child(one, "destination"));
            all.extend(mirrors.map(|one| ("http", at, "mirrors", mirror(), one)));
        }
        for (name, routes) in [("tls", &self.tls), ("tcp", &self.tcp)] {
            for (at, route) in routes.iter().enumerate() {
                let routes = list(child(route, "route")).iter().filter_map(|one| child(one, "destination"));
                all.extend(routes.map(|one| (name, at, "route", format!("{name}[{at}]"), one)));
            }
        }
        all
    }
}

/// Namespace and name of a Gateway: a name alone and `./NAME` are of the VirtualService's namespace, and what is left of an old
/// form is called as its service, `NAME.NAMESPACE.svc.DOMAIN`.
fn full_gateway(gateway: String, namespace: &str) -> String {
    match (gateway.as_str(), gateway.split_once('/'), gateway.split_once('.')) {
        (MESH, ..) => gateway,
        (_, Some((".", name)), _) => format!("{namespace}/{name}"),
        (_, Some(_), _) => gateway,
        (_, None, Some((name, rest))) => format!("{}/{name}", rest.split('.').next().unwrap_or(rest)),
        (_, None, None) => format!("{namespace}/{gateway}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Istio's `resolveGatewayName`.
    #[test]
    fn gateways_in_every_form() {
        for (written, expected) in [
            ("mesh", "mesh"),
            ("public", "shop/public"),
            ("./public", "shop/public"),
            ("edge/public", "edge/public"),
            ("public.edge", "edge/public"),
            ("public.edge.svc.cluster.local", "edge/public"),
        ] {
            assert_eq!(full_gateway(written.to_owned(), "shop"), expected);
        }
    }
}
