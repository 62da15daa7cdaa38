//! Reader of the VirtualServices and DestinationRules of a file. Whatever else is in it stays as it is, and may say what no
//! policy may.

use weir_policy::{At, Path, Problem, Problems, Source, SourceId, Spanned, Value, codes};

use super::documents::{Item, documents, has_action, is_template, items};
use super::hosts;
use super::node::{child, text};
use super::object::Object;
use super::odd;
use super::place::Place;
use super::rule::DestinationRule;
use super::virtual_service::VirtualService;
use crate::istio::marks::{MANAGED_BY, MANAGER};
use crate::yaml::Yaml;

const GROUP: &str = "networking.istio.io/";
const VIRTUAL_SERVICE: &str = "VirtualService";
const DESTINATION_RULE: &str = "DestinationRule";

/// What is in a file.
#[derive(Default)]
pub(super) struct Found {
    pub virtual_services: Vec<VirtualService>,
    pub rules: Vec<DestinationRule>,
}

/// Reads a file, in which short names of services are of this domain.
pub(super) fn read(file: &Source, source: SourceId, domain: &str, problems: &mut Problems) -> Found {
    let mut found = Found::default();
    if let Some(problem) = file.not_utf8(source) {
        problems.push(problem);
        return found;
    }
    let mut told = Problems::default();
    let mut others = Vec::new();
    for alone in documents(file) {
        let (node, unread) = alone.parse(source);
        let items = items(&node);
        let ours: Vec<&Item<'_>> = items.iter().filter(|item| kind_of(item.node).is_some()).collect();
        // Of a text that is no YAML nobody knows what it would have been.
        let is_ours = |problem: &Problem| {
            problem.code == codes::SYNTAX || ours.iter().any(|item| item.has(&problem.path.to_string()))
        };
        let unread: Vec<Problem> = unread.into_iter().filter(is_ours).collect();
        if let Some(first) = unread.first() {
            if is_template(&alone.text) {
                problems.push(Problem {
                    code: codes::SYNTAX,
                    path: Path::default(),
                    message: TEMPLATE.into(),
                    ..first.clone()
                });
                return Found::default();
            }
            told.extend(unread);
            continue;
        }
        if !ours.is_empty() && !are_once(&node, &alone, source, &mut told) {
            continue;
        }
        for item in &items {
            let place = Place { alone: alone.clone(), source, item: item.index };
            if let Some(message) = ours_already(item.node) {
                place.within(&mut told, |root, told| {
                    told.add(codes::CONFLICT, &root.key("metadata").key("labels"), message)
                });
                others.push(String::new());
                continue;
            }
            let Some(kind) = kind_of(item.node) else {
                check_kind(item.node, &place, &mut told);
                others.push(describe(item.node));
                continue;
            };
            let is_read = place.clone().within(&mut told, |root, told| {
                let object = object(item.node, kind, domain, place, root, told)?;
                let at = root.key("spec");
                match kind {
                    VIRTUAL_SERVICE => {
                        let existing = VirtualService::read(object, &at, told);
                        hosts::check(&existing.written_hosts, &at.key("hosts"), told);
                        found.virtual_services.push(existing);
                    }
                    _ => found.rules.extend(DestinationRule::read(object)),
                }
                Some(())
            });
            // A problem has been told of it.
            others.extend(is_read.is_none().then(String::new));
        }
    }
    if found.virtual_services.is_empty() && found.rules.is_empty() && told.is_empty() {
        told.add(codes::MISSING_FIELD, &At::Root { source }, nothing(&others));
    }
    problems.extend(told.into_vec());
    found
}

const TEMPLATE: &str = "a template of Helm, which is not YAML yet; run helm template first, and give what it prints";

fn kind_of(node: &Spanned) -> Option<&'static str> {
    let is_istio = text(node, "apiVersion").starts_with(GROUP);
    [VIRTUAL_SERVICE, DESTINATION_RULE].into_iter().find(|kind| is_istio && text(node, "kind") == *kind)
}

/// The bytes of the largest object of a text, as Kubernetes has it.
pub(super) fn largest(text: &str) -> usize {
    let bytes = |alone: Source| {
        let (node, _) = alone.parse(SourceId::FIRST);
        items(&node).into_iter().map(|item| Yaml::from(item.node).json_bytes()).max().unwrap_or_default()
    };
    documents(&Source::yaml("", text)).into_iter().map(bytes).max().unwrap_or_default()
}

/// Whether no key of a document that is a list stands twice in it; those of its items are looked at one by one.
fn are_once(node: &Spanned, alone: &Source, source: SourceId, problems: &mut Problems) -> bool {
    let Value::Map(entries) = &node.value else { return true };
    let is_again = |i: &usize| entries[..*i].iter().any(|other| other.key == entries[*i].key);
    let again: Vec<usize> = (0..entries.len()).filter(is_again).collect();
    let place = Place { alone: alone.clone(), source, item: None };
    place.within(problems, |root, problems| {
        for i in &again {
            let message = format!("{} stands here twice, and readers differ in which they heed", entries[*i].key);
            problems.add(codes::DUPLICATE_KEY, &root.key(&entries[*i].key), message);
        }
    });
    again.is_empty()
}

/// What to say of an object that was rendered: its place is among the rendered files, not among those that are given.
fn ours_already(node: &Spanned) -> Option<String> {
    let labels = child(child(node, "metadata")?, "labels")?;
    (text(labels, MANAGED_BY) == MANAGER).then(|| {
        let (kind, name) = (text(node, "kind"), child(node, "metadata").map_or("", |metadata| text(metadata, "name")));
        format!(
            "{kind} {name} was written by weir render, which writes it again; give your files as they are without it"
        )
    })
}

/// Reports what is meant to be read here and is not what Kubernetes would take for it.
fn check_kind(node: &Spanned, place: &Place, problems: &mut Problems) {
    let (version, kind) = (text(node, "apiVersion"), text(node, "kind"));
    let known = [VIRTUAL_SERVICE, DESTINATION_RULE].into_iter().find(|known| kind.eq_ignore_ascii_case(known));
    let Some(known) = known else { return };
    place.within(problems, |root, problems| {
        if version.starts_with(GROUP) {
            let message = format!("found {kind:?}; Kubernetes heeds upper case, {known} would do");
            problems.add(codes::BAD_VALUE, &root.key("kind"), message);
        } else if version.is_empty() && child(node, "apiVersion").is_none() {
            let message = format!("`apiVersion` is missing; for a {known} of Istio it is {GROUP}v1");
            problems.add(codes::MISSING_FIELD, root, message);
        }
    });
}

/// What an object is, for whoever gave it.
fn describe(node: &Spanned) -> String {
    let is_patch = |node: &Spanned| !text(node, "op").is_empty() && !text(node, "path").is_empty();
    match &node.value {
        Value::List(items) if items.iter().any(is_patch) => "a patch of kustomize".to_owned(),
        Value::Map(_) if !text(node, "kind").is_empty() => {
            format!("{} of {}", text(node, "kind"), text(node, "apiVersion"))
        }
        _ => String::new(),
    }
}

/// What to say of a file without anything that is read here.
fn nothing(others: &[String]) -> String {
    let mut named: Vec<&str> = others.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    named.dedup();
    let has = if named.is_empty() { String::new() } else { format!("; it has {}", named.join(", ")) };
    let is_kustomize = |name: &&str| name.contains("kustomize") || name.starts_with("Kustomization ");
    let cure =
        if named.iter().any(is_kustomize) { ". Run kubectl kustomize first, and give what it prints" } else { "" };
    format!(
        "no {VIRTUAL_SERVICE} and no {DESTINATION_RULE} of Istio in this file; only into these is anything put{has}{cure}"
    )
}

fn object(
    node: &Spanned,
    kind: &'static str,
    domain: &str,
    place: Place,
    root: &At<'_>,
    problems: &mut Problems,
) -> Option<Object> {
    let mut is_good = odd::check_keys(node, root, problems);
    let metadata = child(node, "metadata").cloned().unwrap_or(Spanned::from(Value::Null));
    let spec = child(node, "spec").cloned().unwrap_or(Spanned::from(Value::Null));
    let namespace = text(&metadata, "namespace");
    if [&metadata, &spec].into_iter().any(has_templated_name) {
        problems.add(codes::SYNTAX, &root.key("spec"), TEMPLATE);
        return None;
    }
    if namespace.is_empty() {
        let message = "`namespace` is missing; without it nobody knows which services short host names mean. Write it, or give \
                       what kubectl kustomize or helm template --namespace prints";
        problems.add(codes::MISSING_FIELD, &root.key("metadata"), message);
        is_good = false;
    }
    let name = match text(&metadata, "name") {
        "" => "without a name",
        name => name,
    };
    let (name, namespace, domain) = (name.to_owned(), namespace.to_owned(), domain.to_owned());
    is_good.then_some(Object { kind, name, namespace, domain, spec, place })
}

/// Whether a name that is read here is one that Helm has yet to write, such as `"{{ .Values.host }}"`.
fn has_templated_name(node: &Spanned) -> bool {
    match &node.value {
        Value::List(nodes) => nodes.iter().any(has_templated_name),
        Value::Map(entries) => entries.iter().any(|entry| match &entry.node.value {
            Value::Str(text) => {
                ["host", "subset", "name", "namespace"].contains(&entry.key.as_str()) && has_action(text)
            }
            Value::List(hosts) if entry.key == "hosts" => {
                hosts.iter().any(|host| matches!(&host.value, Value::Str(text) if has_action(text)))
            }
            _ => has_templated_name(&entry.node),
        }),
        _ => false,
    }
}
