//! What a document is, told by the fields that it has: the one place where policies, attachments and all else that people
//! write beside them are told apart.

use crate::document::{At, Entry, Problems, Spanned, Value, codes};

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A policy, or a file of one.
    Policy,
    /// Where and how the filter is put.
    Attachment,
    /// A release that ramps by itself.
    Release,
    /// Plain Envoy resources.
    Resources,
    /// A filter for an Envoy that reads it from a file.
    Filter,
    /// Requests with what is expected of them.
    Requests,
    /// An object of Kubernetes or Istio.
    Kubernetes,
    /// What a filter is sent: an attachment with its policy in it.
    Envelope,
    /// The configuration that an Envoy starts with.
    Bootstrap,
}

/// The fields of a policy that nothing else has. A file of a policy may lack each of them.
const POLICY: [&str; 9] =
    ["version", "units", "lists", "conditions", "env_tag", "targeting", "holdouts", "layers", "namespace"];

/// The fields of a release that nothing else has. The first one says it, and may have been forgotten.
const RELEASE: [&str; 6] = ["release", "steps", "guardrails", "touches", "warmup", "max_hold"];
/// With one of these a document is no release, whatever else it has.
const NEVER_RELEASE: [&str; 4] = ["units", "lists", "conditions", "layers"];

const POLICY_FIELDS: [&str; 10] =
    ["version", "enabled", "namespace", "units", "lists", "conditions", "env_tag", "targeting", "holdouts", "layers"];
const ATTACHMENT_FIELDS: [&str; 13] = [
    "weir", "name", "role", "steer", "trace", "sticky", "log_unit", "join", "wasm", "policy", "istio", "envoy", "nodes",
];
const RELEASE_FIELDS: [&str; 26] = [
    "release",
    "id",
    "kind",
    "unit",
    "services",
    "arms",
    "touches",
    "env_tag",
    "traffic",
    "control",
    "targeting",
    "rules",
    "overrides",
    "holdouts",
    "priority",
    "after",
    "not_before",
    "steps",
    "warmup",
    "guardrails",
    "windows",
    "max_hold",
    "design_effect",
    "promote",
    "end",
    "on",
];

impl Kind {
    /// The kind of a document, where its fields say one and no other.
    pub fn of(document: &Spanned) -> Option<Kind> {
        let Value::Map(entries) = &document.value else { return None };
        Kind::told(entries).map(|(kind, _)| kind)
    }

    /// Whether a document that is read as of this kind is clearly of another, or has nothing of it; that is a problem of it, and
    /// the only one that is worth telling.
    pub fn is_other(self, document: &Spanned, at: &At<'_>, problems: &mut Problems) -> bool {
        let Value::Map(entries) = &document.value else { return false };
        match Kind::told(entries) {
            Some((found, _)) if found == self => return false,
            Some(found) => other(found, entries, &format!("{} is meant here", self.name()), at, problems),
            None => {
                let Some(first) = entries.first() else { return false };
                let is_known = |entry: &Entry| self.fields().contains(&entry.key.as_str());
                if self.fields().is_empty() || entries.iter().any(is_known) {
                    return false;
                }
                let (name, fields) = (self.name(), self.fields().join(", "));
                let first_line = [(Kind::Release, "release: 1"), (Kind::Attachment, "weir: 1")];
                let meant = first_line.into_iter().filter(|(kind, _)| *kind != self);
                let meant =
                    meant.filter(|(kind, _)| entries.iter().any(|entry| kind.fields().contains(&entry.key.as_str())));
                let meant: Vec<String> =
                    meant.map(|(kind, line)| format!("; {} begins with `{line}`", kind.name())).collect();
                let meant = meant.concat();
                let message = format!("no field of this is one of {name}, which are {fields}{meant}");
                problems.add(codes::OTHER_DOCUMENT, &at.key(&first.key), message);
            }
        }
        true
    }

    /// The kind of a document that is read whichever of these it is of, or of none that is known. `None` where it is of another:
    /// that is a problem of it.
    pub fn among(kinds: &[Kind], document: &Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Option<Kind>> {
        let Value::Map(entries) = &document.value else { return Some(None) };
        let Some(found) = Kind::told(entries).filter(|(kind, _)| !kinds.contains(kind)) else {
            return Some(Kind::of(document));
        };
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        other(found, entries, &format!("what is read here is {}", names.join(", or ")), at, problems);
        None
    }

    /// All that such a document may have, where many others are taken for one.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Kind::Policy => &POLICY_FIELDS,
            Kind::Attachment => &ATTACHMENT_FIELDS,
            Kind::Release => &RELEASE_FIELDS,
            _ => &[],
        }
    }

    /// The kind, and the field that tells it.
    fn told(entries: &[Entry]) -> Option<(Kind, &'static str)> {
        let has = |field: &str| entries.iter().any(|entry| entry.key == field);
        let policy = || POLICY.into_iter().find(|field| has(field));
        let alone = |kind: Kind, field: &'static str| (has(field) && policy().is_none()).then_some((kind, field));
        if has("apiVersion") && has("kind") {
            return Some((Kind::Kubernetes, "apiVersion"));
        }
        if has("weir") && holds_policy(entries) {
            return Some((Kind::Envelope, "policy"));
        }
        if has("value") && text(entries, "@type").is_some_and(|name| name.ends_with("/google.protobuf.StringValue")) {
            return Some((Kind::Envelope, "@type"));
        }
        if has("resources") && policy().is_none() && are_filters(entries) {
            return Some((Kind::Filter, "resources"));
        }
        alone(Kind::Attachment, "weir")
            .or_else(|| alone(Kind::Resources, "resources"))
            .or_else(|| alone(Kind::Requests, "requests"))
            .or_else(|| alone(Kind::Bootstrap, "static_resources"))
            .or_else(|| alone(Kind::Bootstrap, "dynamic_resources"))
            .or_else(|| {
                let others = ["weir", "resources", "requests", "static_resources", "dynamic_resources"];
                if others.into_iter().any(has) {
                    return None;
                }
                match RELEASE.into_iter().find(|field| has(field)) {
                    None => policy().map(|field| (Kind::Policy, field)),
                    Some(field) => (!NEVER_RELEASE.into_iter().any(has)).then_some((Kind::Release, field)),
                }
            })
    }

    /// What a person would call it.
    fn name(self) -> &'static str {
        match self {
            Kind::Policy => "a policy",
            Kind::Attachment => "an attachment",
            Kind::Release => "a release",
            Kind::Resources => "a file of Envoy resources",
            Kind::Filter => "a filter for an Envoy that watches its file (ECDS)",
            Kind::Requests => "a file of requests",
            Kind::Kubernetes => "an object of Kubernetes",
            Kind::Envelope => "an envelope, which a filter is sent",
            Kind::Bootstrap => "the bootstrap of an Envoy",
        }
    }

    /// Who would take a document of these entries.
    fn taken_by(self, entries: &[Entry]) -> &'static str {
        match self {
            Kind::Policy => "weir check takes it, and --policy",
            Kind::Attachment => "weir check takes it, and --attach",
            Kind::Release => "weir check takes it, and --releases",
            Kind::Resources => "weir check takes it, and weir serve --resources its folder",
            Kind::Filter => "path_config_source of an Envoy takes it, and weir serve makes its own",
            Kind::Requests => "weir test takes it, and weir explain --requests",
            Kind::Kubernetes => match text(entries, "kind") {
                Some("VirtualService" | "DestinationRule") => "weir render istio --into takes it",
                Some("ConfigMap") => "each document in its data is a file of its own",
                _ => "nothing of weir takes it",
            },
            Kind::Envelope => "its attachment and its policy are files of their own",
            Kind::Bootstrap => "envoy --config-path takes it",
        }
    }
}

/// Tells of a document that is of another kind than is meant.
fn other((kind, field): (Kind, &str), entries: &[Entry], meant: &str, at: &At<'_>, problems: &mut Problems) {
    let message = format!("this is {}, and {meant}; {}", kind.name(), kind.taken_by(entries));
    problems.add(codes::OTHER_DOCUMENT, &at.key(field), message);
}

fn text<'e>(entries: &'e [Entry], field: &str) -> Option<&'e str> {
    let entry = entries.iter().find(|entry| entry.key == field)?;
    if let Value::Str(text) = &entry.node.value { Some(text) } else { None }
}

/// Whether the field `policy` is a policy: that of an attachment file says where one comes from.
fn holds_policy(entries: &[Entry]) -> bool {
    let policy = entries.iter().find(|entry| entry.key == "policy");
    let Some(Value::Map(fields)) = policy.map(|entry| &entry.node.value) else { return false };
    fields.iter().any(|field| field.key == "version")
}

/// Whether all resources are those of ECDS.
fn are_filters(entries: &[Entry]) -> bool {
    let resources = entries.iter().find(|entry| entry.key == "resources");
    let Some(Value::List(items)) = resources.map(|entry| &entry.node.value) else { return false };
    let is_filter = |item: &Spanned| {
        let Value::Map(fields) = &item.value else { return false };
        text(fields, "@type").is_some_and(|name| name.ends_with("/envoy.config.core.v3.TypedExtensionConfig"))
    };
    !items.is_empty() && items.iter().all(is_filter)
}

#[cfg(test)]
mod tests {
    use crate::document::{Problem, Source, SourceId, Sources};
    use crate::{AttachmentFile, Role, read_policy};

    use super::*;

    #[test]
    fn a_document_is_told_by_its_fields() {
        let table = [
            ("version: 1", Some(Kind::Policy)),
            ("layers: []", Some(Kind::Policy)),
            ("{version: 1, colour: red}", Some(Kind::Policy)),
            ("weir: 1", Some(Kind::Attachment)),
            ("release: 1", Some(Kind::Release)),
            ("{release: 1, env_tag: owl, targeting: {}, holdouts: [], version: v21}", Some(Kind::Release)),
            ("{id: owl, kind: release, env_tag: owl, steps: []}", Some(Kind::Release)),
            ("{weir: 1, name: shop, wasm: {file: weir.wasm}}", Some(Kind::Attachment)),
            ("resources: []", Some(Kind::Resources)),
            ("{version_info: '1', resources: [{'@type': x}]}", Some(Kind::Resources)),
            ("requests: []", Some(Kind::Requests)),
            ("{apiVersion: v1, kind: ConfigMap, data: {}}", Some(Kind::Kubernetes)),
            ("{weir: 1, policy: {version: 1}}", Some(Kind::Envelope)),
            ("{weir: 1, policy: {from: server}}", Some(Kind::Attachment)),
            ("{weir: 1, policy: server}", Some(Kind::Attachment)),
            (r#"{"@type": type.googleapis.com/google.protobuf.StringValue, value: "{}"}"#, Some(Kind::Envelope)),
            (r#"{"@type": type.googleapis.com/google.protobuf.Int32Value, value: "{}"}"#, None),
            (r#"{"@type": type.googleapis.com/google.protobuf.StringValue}"#, None),
            (
                r#"resources: [{"@type": type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig, name: weir.shop}]"#,
                Some(Kind::Filter),
            ),
            (
                r#"resources: [{"@type": type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig}, {"@type": x}]"#,
                Some(Kind::Resources),
            ),
            ("static_resources: {}", Some(Kind::Bootstrap)),
            ("{admin: {}, dynamic_resources: {}}", Some(Kind::Bootstrap)),
            // Of these nobody knows: whoever reads them says what is wrong.
            ("{version: 1, weir: 1}", None),
            ("{version: 1, resources: []}", None),
            ("{release: 1, layers: []}", None),
            ("{release: 1, weir: 1}", Some(Kind::Attachment)),
            ("{release: 1, requests: []}", Some(Kind::Requests)),
            ("{layers: [], requests: []}", None),
            ("kind: test", None),
            ("policy: {version: 1}", None),
            ("role: mesh", None),
            ("{}", None),
            ("[]", None),
            ("", None),
            ("version", None),
        ];
        for (text, kind) in table {
            assert_eq!(Kind::of(&Source::yaml("a.yaml", text).parse(SourceId::FIRST).0), kind, "{text}");
        }
    }

    #[test]
    fn what_is_told_of_an_object_of_kubernetes_depends_on_what_it_is() {
        let table = [
            ("VirtualService", "; weir render istio --into takes it"),
            ("ConfigMap", "; each document in its data is a file of its own"),
            ("Secret", "; nothing of weir takes it"),
        ];
        for (kind, told) in table {
            let sources = Sources::of([Source::yaml("a.yaml", format!("{{apiVersion: v1, kind: {kind}}}"))]);
            let found = read_policy(&sources, Role::Edge).unwrap_err();
            let [problem] = found.as_slice() else { panic!("{found:?}") };
            let start = "this is an object of Kubernetes, and a policy is meant here";
            assert_eq!(problem.message, format!("{start}{told}"));
        }
    }

    #[test]
    fn several_kinds_may_be_read_in_one_place() {
        let told = |text: &str| {
            let (mut problems, root) = (Problems::default(), At::Root { source: SourceId::FIRST });
            let document = Source::yaml("a.yaml", text).parse(SourceId::FIRST).0;
            let found = Kind::among(&[Kind::Policy, Kind::Attachment], &document, &root, &mut problems);
            (found, problems.into_vec().into_iter().map(|problem| problem.message).collect::<Vec<_>>())
        };
        assert_eq!(told("version: 1"), (Some(Some(Kind::Policy)), vec![]));
        assert_eq!(told("weir: 1"), (Some(Some(Kind::Attachment)), vec![]));
        assert_eq!(told("x: 1"), (Some(None), vec![]));
        assert_eq!(told("[]"), (Some(None), vec![]));
        let message = "this is the bootstrap of an Envoy, and what is read here is a policy, or an attachment; \
                       envoy --config-path takes it";
        assert_eq!(told("admin: {}\nstatic_resources: {}"), (None, vec![message.to_owned()]));
    }

    /// What is told of a document without any of them is what whoever reads one asks for.
    #[test]
    fn the_fields_are_those_that_are_read() {
        let problems = |text: &str, read: fn(&Sources) -> Vec<Problem>| {
            read(&Sources::of([Source::yaml("a.yaml", text)])).into_iter().map(|problem| problem.message).collect()
        };
        let policy = |sources: &Sources| read_policy(sources, Role::Edge).unwrap_err();
        let attachment = |sources: &Sources| AttachmentFile::read(sources, SourceId::FIRST).unwrap_err();
        let told: Vec<String> = problems("{version: 1, x: 1}", policy);
        let mut fields: Vec<&str> = told[0].rsplit(" are ").next().unwrap().split(", ").collect();
        fields.sort_unstable();
        let mut known = POLICY_FIELDS;
        known.sort_unstable();
        assert_eq!(fields, known);
        let told: Vec<String> = problems("{weir: 1, x: 1}", attachment);
        let mut fields: Vec<&str> = told[0].rsplit(" are ").next().unwrap().split(", ").collect();
        fields.sort_unstable();
        let mut known = ATTACHMENT_FIELDS;
        known.sort_unstable();
        assert_eq!(fields, known);
    }
}
