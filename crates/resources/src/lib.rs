//! Plain Envoy resource files, in the form that Envoy's own `path_config_source` reads, as resources of xDS; and what is
//! likely to be a mistake in them.

use std::fmt::Display;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use prost_reflect::prost::Message;
use weir_policy::{Format, Source, SourceId, Sources};

mod fields;
mod managers;
mod reading;
mod references;
mod routing;
mod schema;
mod warming;
mod warnings;
mod yaml;

pub use reading::{ResourceFiles, read};
pub use routing::Routing;
pub use warnings::codes::{CODES, MISSING_MODULE};
pub use warnings::{unknown_filters, warnings};

/// Adds the text of every `*.yaml`, `*.yml` and `*.json` file of a folder, hidden ones and subfolders aside.
///
/// # Errors
/// The folder or the file that cannot be read, and why.
pub fn add(folder: &Path, sources: &mut Sources) -> Result<Vec<SourceId>, String> {
    let files = files(folder).map_err(|error| match error.kind() {
        ErrorKind::NotADirectory => format!("{}: a file; a folder of such files is meant", folder.display()),
        _ => unreadable(folder, &error),
    })?;
    files.iter().map(|file| Ok(sources.add(source(file)?))).collect()
}

/// One message of the Envoy API, written in YAML, as it goes over the wire.
///
/// # Errors
/// What is wrong in the text.
pub fn encode(type_url: &str, text: &str) -> Result<Vec<u8>, String> {
    let json = yaml::read(text, SourceId::FIRST).map_err(|problem| problem.to_string())?;
    let message = schema::message(type_url, &json).map_err(|fault| fault.to_string())?;
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

fn source(file: &Path) -> Result<Source, String> {
    let is_json = file.extension().is_some_and(|extension| extension == "json");
    let format = if is_json { Format::Json } else { Format::Yaml };
    let bytes = fs::read(file).map_err(|error| unreadable(file, &error))?;
    Ok(Source::from_bytes(file.display().to_string(), bytes, format))
}

fn unreadable(path: &Path, error: &impl Display) -> String {
    format!("{}: cannot be read: {error}", path.display())
}

#[cfg(test)]
mod tests;
