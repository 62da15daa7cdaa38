//! Reader of the VirtualServices of a file, with the places of all that may be refused.

use weir_policy::fields;
use weir_policy::{At, Entry, Path, Problem, Problems, Source, SourceId, Spanned, Value, codes};

use crate::istio::host_name::full_name;
use crate::istio::routes::MESH;

/// An existing VirtualService, as far as it matters for adding routes.
pub(super) struct VirtualService {
    pub name: String,
    namespace: String,
    /// The domain of the cluster.
    domain: String,
    /// Hosts by their full names in lower case, as Istio compares them.
    pub hosts: Vec<String>,
    /// Gateways that it is bound to; `mesh` for all sidecars.
    pub gateways: Vec<String>,
    pub routes: Vec<Route>,
    /// Routes of TLS and TCP, as they are written.
    pub tls: Vec<Spanned>,
    pub tcp: Vec<Spanned>,
    /// Its place in the list that its document is, if it is one.
    item: Option<usize>,
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

/// The VirtualServices of a file. Whatever else is in it stays as it is, and may say what no policy may.
pub(super) fn virtual_services(
    file: &Source,
    source: SourceId,
    domain: &str,
    problems: &mut Problems,
) -> Vec<VirtualService> {
    let mut all = Vec::new();
    let mut found = Vec::new();
    for alone in documents(file) {
        let (node, unread) = alone.parse(source);
        let items = items(&node);
        let ours: Vec<&Item<'_>> = items.iter().filter(|item| is_virtual_service(item.node)).collect();
        // Of a text that is no YAML nobody knows what it would have been.
        let is_ours = |problem: &Problem| {
            problem.code == codes::SYNTAX || ours.iter().any(|item| item.has(&problem.path.to_string()))
        };
        let mut of_document = Problems::default();
        of_document.extend(unread.into_iter().filter(is_ours));
        for item in ours {
            all.extend(virtual_service(item, alone.clone(), source, domain, &mut of_document));
        }
        found.extend(located(&alone, of_document));
    }
    if let Some(first) = found.first().filter(|_| is_template(&file.text)) {
        let message =
            "a template of Helm, which is not YAML yet; run helm template first, and give what it prints".to_owned();
        problems.push(Problem { code: codes::SYNTAX, path: Path::default(), message, ..first.clone() });
        return Vec::new();
    }
    if all.is_empty() && found.is_empty() {
        let message = "no VirtualService in this file; only into one can routes be merged";
        problems.add(codes::MISSING_FIELD, &At::Root { source }, message);
    }
    problems.extend(found);
    all
}

/// Each document of the file behind as many empty lines as it has lines before it. `---` at the start of a line begins a
/// document whatever surrounds it, and `...` ends one (YAML 1.2, section 9.1.2).
fn documents(source: &Source) -> Vec<Source> {
    let mut texts: Vec<String> = vec![String::new()];
    for (number, line) in source.text.split_inclusive('\n').enumerate() {
        if is_marker(line, "---") {
            texts.push("\n".repeat(number));
        }
        if let Some(text) = texts.last_mut() {
            text.push_str(line);
        }
        if is_marker(line, "...") {
            texts.push("\n".repeat(number + 1));
        }
    }
    // What stands before a document is of comments and directives, such as `%YAML 1.2`.
    let is_content = |line: &str| !line.trim().is_empty() && !line.starts_with(['#', '%']) && !is_marker(line, "...");
    let has_content = |text: &String| text.lines().any(|line| is_content(line) && line.trim_end() != "---");
    texts.into_iter().filter(has_content).map(|text| Source::yaml(source.name.clone(), text)).collect()
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// Whether a text has what Helm replaces: an action in double braces.
fn is_template(text: &str) -> bool {
    let actions = text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
    let words = [
        ".Values",
        ".Release",
        ".Chart",
        "include ",
        "template ",
        "if ",
        "range ",
        "with ",
        "end",
        "toYaml",
        "define ",
    ];
    actions
        .map(|action| action.trim_start_matches('-').trim_start())
        .any(|action| words.iter().any(|word| action.starts_with(word)))
}

/// An object of a document: the document itself, or one of the items of a list, as `kubectl get -o yaml` writes it.
struct Item<'a> {
    /// Its place in the list.
    index: Option<usize>,
    node: &'a Spanned,
}

impl Item<'_> {
    /// Whether a path of the document is within the object.
    fn has(&self, path: &str) -> bool {
        self.index.is_none_or(|index| path.starts_with(&format!("items[{index}]")))
    }
}

fn items(node: &Spanned) -> Vec<Item<'_>> {
    let is_list =
        matches!(child(node, "kind").map(|kind| &kind.value), Some(Value::Str(kind)) if kind.ends_with("List"));
    match child(node, "items").map(|items| &items.value) {
        Some(Value::List(items)) if is_list => {
            items.iter().enumerate().map(|(index, node)| Item { index: Some(index), node }).collect()
        }
        _ => vec![Item { index: None, node }],
    }
}

fn is_virtual_service(node: &Spanned) -> bool {
    let is = |name, test: fn(&str) -> bool| matches!(child(node, name).map(|node| &node.value), Some(Value::Str(text)) if test(text));
    is("kind", |kind| kind == "VirtualService")
        && is("apiVersion", |version| version.starts_with("networking.istio.io/"))
}

fn virtual_service(
    item: &Item<'_>,
    alone: Source,
    source: SourceId,
    domain: &str,
    problems: &mut Problems,
) -> Option<VirtualService> {
    let Item { index: item, node } = *item;
    within(source, item, |root| read(node, root, alone, (source, item), domain, problems))
}

/// Calls back with the path of a document's object.
fn within<T>(source: SourceId, item: Option<usize>, found: impl FnOnce(&At<'_>) -> T) -> T {
    let root = At::Root { source };
    match item {
        Some(index) => found(&root.key("items").index(index)),
        None => found(&root),
    }
}

fn read(
    node: &Spanned,
    root: &At<'_>,
    alone: Source,
    (source, item): (SourceId, Option<usize>),
    domain: &str,
    problems: &mut Problems,
) -> Option<VirtualService> {
    let text = |parent: &str, name: &str| {
        let node = child(child(node, parent)?, name)?;
        if let Value::Str(text) = &node.value { Some(text.clone()) } else { None }
    };
    let name = text("metadata", "name").unwrap_or_else(|| "without a name".to_owned());
    let Some(namespace) = text("metadata", "namespace") else {
        let message = "`namespace` is missing; without it nobody knows which services short host names mean";
        problems.add(codes::MISSING_FIELD, &root.key("metadata"), message);
        return None;
    };
    let at = root.key("spec");
    let spec = child(node, "spec").cloned().unwrap_or(Spanned::from(Value::Null));
    let list = |name: &'static str, problems: &mut Problems| match child(&spec, name) {
        Some(node) => fields::list(node.clone(), &at.key(name), problems).unwrap_or_default(),
        None => Vec::new(),
    };
    let texts = |name: &'static str, problems: &mut Problems| -> Vec<String> {
        let nodes = Spanned::from(Value::List(list(name, problems)));
        fields::strings(nodes, &at.key(name), problems).unwrap_or_default()
    };
    let hosts = texts("hosts", problems)
        .into_iter()
        .map(|host| full_name(&host, &namespace, domain).to_ascii_lowercase())
        .collect();
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
    let [tls, tcp] = ["tls", "tcp"].map(|name| list(name, problems));
    let domain = domain.to_owned();
    Some(VirtualService { name, namespace, domain, hosts, gateways, routes, tls, tcp, alone, source, item })
}

impl VirtualService {
    /// The full name of a host that this VirtualService names.
    pub fn full_name(&self, host: &str) -> String {
        full_name(host, &self.namespace, &self.domain)
    }

    /// Its namespace and name, as others delegate to it.
    pub fn full_title(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Routes that delegate, each with the namespace and name of the VirtualService that it delegates to.
    pub fn delegates(&self) -> impl Iterator<Item = (&Route, String)> {
        self.routes.iter().filter_map(|route| {
            let delegate = child(&route.node, "delegate")?;
            let text = |name| match child(delegate, name).map(|node| &node.value) {
                Some(Value::Str(text)) => text.as_str(),
                _ => "",
            };
            let namespace = if text("namespace").is_empty() { &self.namespace } else { text("namespace") };
            Some((route, format!("{namespace}/{}", text("name"))))
        })
    }

    /// Reports the VirtualService as such.
    pub fn refuse_itself(&self, message: String, problems: &mut Problems) {
        within(self.source, self.item, |root| self.add(&root.key("spec"), message, problems));
    }

    /// Reports a field of a route of this VirtualService.
    pub fn refuse(&self, route: &Route, field: &str, message: String, problems: &mut Problems) {
        self.refuse_in("http", route.index, field, message, problems);
    }

    /// Reports a field of an entry of one of the lists of this VirtualService: `http`, `tls` or `tcp`.
    pub fn refuse_in(&self, list: &str, index: usize, field: &str, message: String, problems: &mut Problems) {
        within(self.source, self.item, |root| {
            self.add(&root.key("spec").key(list).index(index).key(field), message, problems);
        });
    }

    /// Reports a host of this VirtualService.
    pub fn refuse_host(&self, index: usize, message: String, problems: &mut Problems) {
        within(self.source, self.item, |root| {
            self.add(&root.key("spec").key("hosts").index(index), message, problems);
        });
    }

    fn add(&self, at: &At<'_>, message: String, problems: &mut Problems) {
        let mut found = Problems::default();
        found.add(codes::CONFLICT, at, format!("VirtualService {}: {message}", self.name));
        problems.extend(located(&self.alone, found));
    }
}

/// The field of an object, if it has one of this name and something in it: null and what is empty count as absent.
pub(super) fn child<'a>(node: &'a Spanned, name: &str) -> Option<&'a Spanned> {
    let Value::Map(entries) = &node.value else { return None };
    let entry = entries.iter().find(|entry: &&Entry| entry.key == name)?;
    let is_empty = match &entry.node.value {
        Value::Null => true,
        Value::List(nodes) => nodes.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        _ => false,
    };
    (!is_empty).then_some(&entry.node)
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

/// Problems of one document, each with its place in the whole file.
fn located(alone: &Source, found: Problems) -> Vec<Problem> {
    let mut found = found.into_vec();
    alone.locate(&mut found);
    found
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
