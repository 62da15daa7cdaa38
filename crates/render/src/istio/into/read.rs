//! Reader of the VirtualServices of a file, with the places of all that may be refused.

use weir_policy::fields;
use weir_policy::{At, Entry, Problem, Problems, Source, SourceId, Spanned, Value, codes};

use crate::istio::routes::MESH;

/// An existing VirtualService, as far as it matters for adding routes.
pub(super) struct VirtualService {
    pub name: String,
    namespace: String,
    /// Hosts by their full names.
    pub hosts: Vec<String>,
    /// Gateways that it is bound to; `mesh` for all sidecars.
    pub gateways: Vec<String>,
    pub routes: Vec<Route>,
    /// The file with only this document in it, so that places in it are places in the file.
    alone: Source,
    source: SourceId,
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

/// The VirtualServices of a file. Whatever else is in it stays as it is.
pub(super) fn virtual_services(file: &Source, source: SourceId, problems: &mut Problems) -> Vec<VirtualService> {
    let mut all = Vec::new();
    for alone in documents(file) {
        let (node, unread) = alone.parse(source);
        let mut found = Problems::default();
        found.extend(unread);
        if is_virtual_service(&node) {
            all.extend(virtual_service(node, alone.clone(), source, &mut found));
        }
        problems.extend(located(&alone, found));
    }
    if all.is_empty() && problems.is_empty() {
        let message = "no VirtualService in this file; only into one can routes be merged";
        problems.add(codes::MISSING_FIELD, &At::Root { source }, message);
    }
    all
}

/// Each document of the file behind as many empty lines as it has lines before it. `---` at the start of a line begins
/// a document whatever surrounds it (YAML 1.2, section 9.1.2).
fn documents(source: &Source) -> Vec<Source> {
    let mut texts: Vec<String> = vec![String::new()];
    for (number, line) in source.text.split_inclusive('\n').enumerate() {
        let begins =
            line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if begins {
            texts.push("\n".repeat(number));
        }
        if let Some(text) = texts.last_mut() {
            text.push_str(line);
        }
    }
    let content = |text: &String| text.lines().any(|line| !line.trim().is_empty() && !line.starts_with("---"));
    texts.into_iter().filter(content).map(|text| Source::yaml(source.name.clone(), text)).collect()
}

fn is_virtual_service(node: &Spanned) -> bool {
    let is = |name, test: fn(&str) -> bool| matches!(child(node, name).map(|node| &node.value), Some(Value::Str(text)) if test(text));
    is("kind", |kind| kind == "VirtualService")
        && is("apiVersion", |version| version.starts_with("networking.istio.io/"))
}

fn virtual_service(node: Spanned, alone: Source, source: SourceId, problems: &mut Problems) -> Option<VirtualService> {
    let root = At::Root { source };
    let text = |parent: &str, name: &str| {
        let node = child(child(&node, parent)?, name)?;
        if let Value::Str(text) = &node.value { Some(text.clone()) } else { None }
    };
    let name = text("metadata", "name").unwrap_or_else(|| "without a name".to_owned());
    let Some(namespace) = text("metadata", "namespace") else {
        let message = "`namespace` is missing; without it nobody knows which services short host names mean";
        problems.add(codes::MISSING_FIELD, &root.key("metadata"), message);
        return None;
    };
    let at = root.key("spec");
    let spec = child(&node, "spec").cloned().unwrap_or(Spanned::from(Value::Null));
    let list = |name: &'static str, problems: &mut Problems| match child(&spec, name) {
        Some(node) => fields::list(node.clone(), &at.key(name), problems).unwrap_or_default(),
        None => Vec::new(),
    };
    let texts = |name: &'static str, problems: &mut Problems| -> Vec<String> {
        let nodes = Spanned::from(Value::List(list(name, problems)));
        fields::strings(nodes, &at.key(name), problems).unwrap_or_default()
    };
    let hosts = texts("hosts", problems).into_iter().map(|host| full_name(&host, &namespace)).collect();
    let mut gateways = texts("gateways", problems);
    if gateways.is_empty() {
        gateways.push(MESH.to_owned());
    }
    let gateways = gateways.into_iter().map(|gateway| full_gateway(gateway, &namespace)).collect();
    let routes = list("http", problems).into_iter().enumerate().map(|(index, node)| Route {
        index,
        name: match child(&node, "name").map(|node| &node.value) {
            Some(Value::Str(name)) => name.clone(),
            _ => format!("http-{index}"),
        },
        node,
    });
    let routes = routes.collect();
    Some(VirtualService { name, namespace, hosts, gateways, routes, alone, source })
}

impl VirtualService {
    /// The full name of a host that this VirtualService names.
    pub fn full_name(&self, host: &str) -> String {
        full_name(host, &self.namespace)
    }

    /// Reports a field of a route of this VirtualService.
    pub fn refuse(&self, route: &Route, field: &str, message: String, problems: &mut Problems) {
        let root = At::Root { source: self.source };
        let spec = root.key("spec");
        let http = spec.key("http");
        self.add(&http.index(route.index).key(field), message, problems);
    }

    /// Reports a host of this VirtualService.
    pub fn refuse_host(&self, index: usize, message: String, problems: &mut Problems) {
        let root = At::Root { source: self.source };
        let spec = root.key("spec");
        self.add(&spec.key("hosts").index(index), message, problems);
    }

    fn add(&self, at: &At<'_>, message: String, problems: &mut Problems) {
        let mut found = Problems::default();
        found.add(codes::CONFLICT, at, format!("VirtualService {}: {message}", self.name));
        problems.extend(located(&self.alone, found));
    }
}

/// The field of an object, if it has one of this name.
pub(super) fn child<'a>(node: &'a Spanned, name: &str) -> Option<&'a Spanned> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|entry: &&Entry| entry.key == name).map(|entry| &entry.node)
}

/// The full name of a host; a name without a dot is one of the VirtualService's namespace.
fn full_name(host: &str, namespace: &str) -> String {
    if host.contains('.') || host.starts_with('*') {
        host.to_owned()
    } else {
        format!("{host}.{namespace}.svc.cluster.local")
    }
}

fn full_gateway(gateway: String, namespace: &str) -> String {
    if gateway == MESH || gateway.contains('/') { gateway } else { format!("{namespace}/{gateway}") }
}

/// Problems of one document, each with its place in the whole file.
fn located(alone: &Source, found: Problems) -> Vec<Problem> {
    let mut found = found.into_vec();
    alone.locate(&mut found);
    found
}
