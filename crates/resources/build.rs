//! Compiles the Envoy API, as `envoy-types` ships it, into one descriptor set that the loader reads resource files by.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use prost::Message;
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver};

/// Folders of the crate's `proto/` that are import roots.
const ROOTS: [&str; 7] = [
    "data-plane-api",
    "xds",
    "googleapis",
    "protoc-gen-validate",
    "client_model",
    "opentelemetry-proto",
    "cel-spec/proto",
];

/// The roots whose every file may be named by an `@type`; of the others only what these import is kept.
const NAMEABLE: [&str; 2] = ["data-plane-api", "xds"];

fn main() -> Result<(), Box<dyn Error>> {
    // The release of envoy-types is pinned in the manifest, so nothing else can change the answer.
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.toml");

    let proto = envoy_types_folder()?.join("proto");
    let mut files = Vec::new();
    for root in NAMEABLE {
        proto_files(&proto.join(root), &mut files)?;
    }
    files.sort();
    let mut resolver = ChainFileResolver::new();
    for root in ROOTS {
        resolver.add(IncludeFileResolver::new(proto.join(root)));
    }
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(Shipped(resolver));
    let set = compiler.include_imports(true).open_files(files)?.file_descriptor_set();

    let out = PathBuf::from(env::var("OUT_DIR")?).join("envoy.binpb");
    fs::write(out, set.encode_to_vec())?;
    Ok(())
}

/// The shipped files with some names spelled out. protoc resolves a relative name among the packages that the file imports,
/// protox among those of every file it has seen, where for example `envoy.extensions.config` hides `envoy.config`.
struct Shipped(ChainFileResolver);

const SPELLED_OUT: [(&str, &str); 6] = [
    (" config.", " .envoy.config."),
    (" common.async_files.", " .envoy.extensions.common.async_files."),
    (" common.aws.", " .envoy.extensions.common.aws."),
    (" common.dynamic_forward_proxy.", " .envoy.extensions.common.dynamic_forward_proxy."),
    (" common.ratelimit.", " .envoy.extensions.common.ratelimit."),
    (" common.tap.", " .envoy.extensions.common.tap."),
];

impl FileResolver for Shipped {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        self.0.resolve_path(path)
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let file = self.0.open_file(name)?;
        match file.source() {
            Some(source) if name.starts_with("envoy/extensions/") => {
                let spelled_out =
                    SPELLED_OUT.iter().fold(source.to_owned(), |source, (from, to)| source.replace(from, to));
                File::from_source(name, &spelled_out)
            }
            _ => Ok(file),
        }
    }
}

/// Cargo tells a build script nothing of where its dependencies lie, but `cargo metadata` does.
fn envoy_types_folder() -> Result<PathBuf, Box<dyn Error>> {
    let output = Command::new(env::var("CARGO")?)
        .args(["metadata", "--format-version=1", "--locked"])
        .args(["--filter-platform", &env::var("TARGET")?])
        .current_dir(env::var("CARGO_MANIFEST_DIR")?)
        .output()?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "envoy-types")
        .and_then(|package| package["manifest_path"].as_str())
        .ok_or("cargo metadata names no package envoy-types")?;
    Ok(Path::new(manifest).parent().ok_or("a manifest without folder")?.to_path_buf())
}

fn proto_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            proto_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
