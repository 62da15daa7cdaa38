//! What attaches a policy to proxies, pure: the filter as a resource, and documents to apply, of Istio or of a plain
//! Envoy.
//!
//! ```
//! use weir_policy::{AttachmentFile, Role, Source, Sources, read_policy};
//!
//! let policy = Source::yaml("policy.yaml", "version: 1\nunits: {user: [{header: x-user-id}]}");
//! let model = read_policy(&Sources::of([policy]), Role::Edge).unwrap();
//! let mut sources = Sources::default();
//! let source = sources.add(Source::yaml("gateway.yaml", "
//!     weir: 1
//!     name: gateway
//!     wasm: {file: /etc/weir/weir.wasm}
//!     istio: {namespace: shop, selector: {istio: ingressgateway}}"));
//! let file = AttachmentFile::read(&sources, source).unwrap();
//! let envelope = r#"{"weir":1,"policy":{"version":1}}"#.to_owned();
//! let revision = weir_policy::Revision::of(&model.canonical());
//! let gateway = weir_render::istio::Enveloped { source, file: &file, envelope, revision };
//!
//! let files = weir_render::istio::render(&model, vec![gateway], &sources, &[], &Default::default()).unwrap();
//! let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
//! assert_eq!(names, ["05-forgeries.yaml", "30-edge.yaml"]);
//! ```

mod entries;
pub mod envoy;
mod filter;
mod headers;
pub mod istio;
mod unknown_target;
mod variants;
mod yaml;

pub use filter::FilterSpec;
pub use unknown_target::{CODES, UNKNOWN_TARGET, unknown_targets};
