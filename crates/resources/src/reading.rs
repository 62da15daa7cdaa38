//! Texts of resource files to resources, or to all their problems.

use std::collections::HashMap;

use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, ReflectMessage};
use serde_json::Value;
use weir_policy::{At, Format, Kind, Position, Problem, Problems, Source, SourceId, Sources, codes};
use weir_xds::{Resource, ResourceKind, version};

use crate::references::{self, Reference};
use crate::routing::Routing;
use crate::{schema, warming, yaml};

/// What resource files say.
#[derive(Clone, Debug, Default)]
pub struct ResourceFiles {
    /// In the order of the files.
    pub resources: Vec<Resource>,
    /// What the routes among them say.
    pub routing: Routing,
    /// What they ask for by name.
    pub(crate) references: Vec<Reference>,
}

/// The resources of these files. Each holds `resources: [{"@type": …, …}, …]` of the types `Listener`, `RouteConfiguration`,
/// `Cluster` and `ClusterLoadAssignment`; a name may occur once per type.
///
/// # Errors
/// Every problem of every file, in their order; at most one for each resource.
pub fn read(sources: &Sources, files: &[SourceId]) -> Result<ResourceFiles, Vec<Problem>> {
    let mut reading = Reading::default();
    for (id, source) in files.iter().filter_map(|id| Some((*id, sources.get(*id)?))) {
        match text(source, id) {
            Ok(value) => reading.file(source, &At::Root { source: id }, value),
            Err(problem) => reading.problems.push(problem),
        }
    }
    let mut problems = std::mem::take(&mut reading.problems).into_vec();
    if !problems.is_empty() {
        sources.locate(&mut problems);
        return Err(problems);
    }
    warming::follow_clusters(&mut reading.resources);
    reading.routing.finish();
    let Reading { resources, routing, references, .. } = reading;
    Ok(ResourceFiles { resources, routing, references })
}

#[derive(Default)]
struct Reading<'a> {
    resources: Vec<Resource>,
    routing: Routing,
    references: Vec<Reference>,
    /// The file that each resource is from.
    origins: HashMap<(ResourceKind, String), &'a Source>,
    problems: Problems,
}

impl<'a> Reading<'a> {
    fn file(&mut self, source: &'a Source, root: &At<'_>, document: Value) {
        for (index, item) in items(document, root, &mut self.problems).into_iter().enumerate() {
            let list = root.key("resources");
            let at = list.index(index);
            if let Some(resource) = resource(&item, &at, &mut self.problems) {
                self.routing.add(resource.kind, &resource.name, &item, &at);
                references::add(resource.kind, &resource.name, &item, &at, &mut self.references);
                self.add(source, &at, resource);
            }
        }
    }

    fn add(&mut self, source: &'a Source, at: &At<'_>, resource: Resource) {
        let key = (resource.kind, resource.name.clone());
        if let Some(first) = self.origins.get(&key) {
            let first = if first.name == source.name { "this file" } else { &first.name };
            let message = format!("`{}` occurs in {first} already, and may once per type", resource.name);
            self.problems.add(codes::DUPLICATE_ID, &at.key(name_field(resource.kind)), message);
            return;
        }
        self.origins.insert(key, source);
        self.resources.push(resource);
    }
}

/// The JSON value that a text means.
fn text(source: &Source, id: SourceId) -> Result<Value, Problem> {
    // What is wrong with a text as such is told as of a policy: that it is not UTF-8, no YAML, or no JSON.
    let (document, problems) = source.parse(id);
    let mut other = Problems::default();
    if Kind::Resources.is_other(&document, &At::Root { source: id }, &mut other) {
        return Err(other.into_vec().remove(0));
    }
    if let Some(problem) = problems.into_iter().find(|problem| problem.code == codes::SYNTAX) {
        return Err(problem);
    }
    match source.format {
        Format::Yaml => yaml::read(&source.text, id),
        Format::Json => serde_json::from_str(&source.text).map_err(|error| Problem {
            code: codes::SYNTAX,
            source: id,
            path: weir_policy::Path::default(),
            position: Some(Position { line: error.line() as u32, column: error.column() as u32 }),
            message: format!("not JSON: {error}"),
        }),
    }
}

/// The items under `resources`. Envoy's files may also say `version_info`, which means nothing here.
fn items(document: Value, root: &At<'_>, problems: &mut Problems) -> Vec<Value> {
    let Value::Object(mut fields) = document else {
        problems.add(codes::WRONG_TYPE, root, "expected an object with the field `resources`");
        return Vec::new();
    };
    fields.remove("version_info");
    let items = fields.remove("resources");
    match (items, fields.keys().next()) {
        (None, _) => problems.add(codes::MISSING_FIELD, root, "expected the field `resources`"),
        (Some(_), Some(field)) => {
            let message = format!("unknown field `{field}`, only `resources` and `version_info` are known");
            problems.add(codes::UNKNOWN_FIELD, &root.key(field), message);
        }
        (Some(Value::Array(items)), None) => return items,
        (Some(_), None) => problems.add(codes::WRONG_TYPE, &root.key("resources"), "`resources` is no list"),
    }
    Vec::new()
}

fn resource(item: &Value, at: &At<'_>, problems: &mut Problems) -> Option<Resource> {
    let served = || ResourceKind::ALL.into_iter().filter(|kind| *kind != ResourceKind::Extension);
    let listed = || served().map(ResourceKind::type_url).collect::<Vec<_>>().join(", ");
    let Some(type_url) = item.get("@type").and_then(Value::as_str) else {
        problems.add(codes::MISSING_FIELD, at, format!("expected the field `@type`, one of {}", listed()));
        return None;
    };
    let Some(kind) = served().find(|kind| kind.type_url() == type_url) else {
        let message = format!("the type `{type_url}` is not served, only {}", listed());
        problems.add(codes::BAD_VALUE, &at.key("@type"), message);
        return None;
    };
    let mut body = item.clone();
    body.as_object_mut().map(|fields| fields.remove("@type"));
    let message = match schema::message(type_url, &body) {
        Ok(message) => message,
        Err(fault) => {
            fault.add(at, problems);
            return None;
        }
    };
    let Some(name) = name(kind, &message) else {
        problems.add(codes::MISSING_FIELD, at, format!("expected the field `{}`, not empty", name_field(kind)));
        return None;
    };
    // Of the text, since protobuf's maps have no order and come out in another with each reading.
    let version = version(item.to_string().as_bytes());
    Some(Resource { kind, name, version, body: message.encode_to_vec().into() })
}

fn name(kind: ResourceKind, message: &DynamicMessage) -> Option<String> {
    let field = message.descriptor().get_field_by_name(name_field(kind))?;
    let value = message.get_field(&field);
    value.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

fn name_field(kind: ResourceKind) -> &'static str {
    if kind == ResourceKind::Endpoints { "cluster_name" } else { "name" }
}
