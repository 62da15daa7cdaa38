//! Plain Envoy resource files, in the form that Envoy's own `path_config_source` reads, as resources of xDS.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, ReflectMessage};
use serde_json::Value;
use weir_xds::{Resource, ResourceKind, version};

mod schema;
mod warming;
mod yaml;

/// What is wrong in a resource file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, or the folder if that cannot be read.
    pub file: PathBuf,
    /// The resource, by its name or place, where the problem is in one.
    pub resource: Option<String>,
    /// What was found and what would do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if let Some(resource) = &self.resource {
            write!(f, "{resource}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Reads every `*.yaml`, `*.yml` and `*.json` file of a folder, hidden ones and subfolders aside. Each holds
/// `resources: [{"@type": …, …}, …]` of the types `Listener`, `RouteConfiguration`, `Cluster` and
/// `ClusterLoadAssignment`; a name may occur once per type.
///
/// # Errors
/// Every problem of every file, by file name; at most one per resource.
pub fn load(folder: &Path) -> Result<Vec<Resource>, Vec<Problem>> {
    let problem = |file: &Path, message| Problem { file: file.to_owned(), resource: None, message };
    let files = files(folder).map_err(|error| vec![problem(folder, format!("cannot be read: {error}"))])?;

    let mut reading = Reading::default();
    for file in &files {
        match fs::read_to_string(file) {
            Ok(text) => reading.file(file, &text),
            Err(error) => reading.problems.push(problem(file, format!("cannot be read: {error}"))),
        }
    }
    if !reading.problems.is_empty() {
        return Err(reading.problems);
    }
    warming::follow_clusters(&mut reading.resources);
    Ok(reading.resources)
}

/// One message of the Envoy API, written in YAML, as it goes over the wire.
///
/// # Errors
/// What is wrong in the text.
pub fn encode(type_url: &str, text: &str) -> Result<Vec<u8>, String> {
    let message = schema::message(type_url, &yaml::read(text)?)?;
    Ok(message.encode_to_vec())
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let extension = path.extension().and_then(|extension| extension.to_str());
        if !hidden && matches!(extension, Some("yaml" | "yml" | "json")) && !path.is_dir() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[derive(Default)]
struct Reading {
    resources: Vec<Resource>,
    /// The file each resource came from.
    origins: HashMap<(ResourceKind, String), PathBuf>,
    problems: Vec<Problem>,
}

impl Reading {
    fn file(&mut self, file: &Path, text: &str) {
        let items = match document(file, text).and_then(items) {
            Ok(items) => items,
            Err(message) => {
                self.problems.push(Problem { file: file.to_owned(), resource: None, message });
                return;
            }
        };
        for (index, item) in items.iter().enumerate() {
            match resource(item).and_then(|resource| self.add(file, resource)) {
                Ok(()) => {}
                Err(message) => {
                    let resource = Some(place(index, item));
                    self.problems.push(Problem { file: file.to_owned(), resource, message });
                }
            }
        }
    }

    fn add(&mut self, file: &Path, resource: Resource) -> Result<(), String> {
        let key = (resource.kind, resource.name.clone());
        if let Some(first) = self.origins.get(&key) {
            let first = if first == file { "this file".into() } else { first.display().to_string() };
            return Err(format!("the name occurs in {first} already, and may once per type"));
        }
        self.origins.insert(key, file.to_owned());
        self.resources.push(resource);
        Ok(())
    }
}

fn document(file: &Path, text: &str) -> Result<Value, String> {
    if file.extension().is_some_and(|extension| extension == "json") {
        serde_json::from_str(text).map_err(|error| error.to_string())
    } else {
        yaml::read(text)
    }
}

/// The items under `resources`. Envoy's files may also say `version_info`, which means nothing here.
fn items(document: Value) -> Result<Vec<Value>, String> {
    let Value::Object(mut fields) = document else {
        return Err("expected an object with the field `resources`".into());
    };
    fields.remove("version_info");
    let items = fields.remove("resources").ok_or("expected the field `resources`")?;
    if let Some(field) = fields.keys().next() {
        return Err(format!("unknown field `{field}`, only `resources` and `version_info` are known"));
    }
    match items {
        Value::Array(items) => Ok(items),
        _ => Err("`resources` is no list".into()),
    }
}

fn resource(item: &Value) -> Result<Resource, String> {
    let served = || ResourceKind::ALL.into_iter().filter(|kind| *kind != ResourceKind::Extension);
    let listed = || served().map(ResourceKind::type_url).collect::<Vec<_>>().join(", ");
    let type_url = item.get("@type").and_then(Value::as_str);
    let type_url = type_url.ok_or_else(|| format!("expected the field `@type`, one of {}", listed()))?;
    let kind = served()
        .find(|kind| kind.type_url() == type_url)
        .ok_or_else(|| format!("the type `{type_url}` is not served, only {}", listed()))?;

    let mut body = item.clone();
    body.as_object_mut().map(|fields| fields.remove("@type"));
    let message = schema::message(type_url, &body)?;
    let name = name(kind, &message)?;
    Ok(Resource {
        kind,
        name,
        // Of the text, since protobuf's maps have no order and come out in another with each reading.
        version: version(item.to_string().as_bytes()),
        body: message.encode_to_vec().into(),
    })
}

fn name(kind: ResourceKind, message: &DynamicMessage) -> Result<String, String> {
    let field = if kind == ResourceKind::Endpoints { "cluster_name" } else { "name" };
    let descriptor = message.descriptor();
    let value = descriptor.get_field_by_name(field).map(|field| message.get_field(&field).into_owned());
    match value.as_ref().and_then(|value| value.as_str()) {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(format!("expected the field `{field}`, not empty")),
    }
}

fn place(index: usize, item: &Value) -> String {
    let name = ["name", "cluster_name", "clusterName"].iter().find_map(|field| item.get(field)?.as_str());
    match name {
        Some(name) => format!("resources[{index}] `{name}`"),
        None => format!("resources[{index}]"),
    }
}

#[cfg(test)]
mod tests;
