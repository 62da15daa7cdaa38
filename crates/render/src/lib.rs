//! What attaches a policy to proxies, pure: the filter as a resource, and documents to apply, of Istio or of a plain
//! Envoy.
//!
//! ```
//! use weir_policy::{AttachmentFile, Role, Source, SourceId, Sources, read};
//! use weir_render::{WrittenPolicy, istio};
//!
//! let mut sources = Sources::of([
//!     Source::yaml("policy.yaml", "version: 1\nunits: {user: [{header: x-user-id}]}"),
//! ]);
//! let source = sources.add(Source::yaml("gateway.yaml", "
//!     weir: 1
//!     name: gateway
//!     wasm: {file: /etc/weir/weir.wasm}
//!     istio: {namespace: shop, selector: {istio: ingressgateway}}"));
//! let documents = read(&sources, &[SourceId::FIRST]).unwrap();
//! let model = documents.check(&documents.policies, Role::Edge).unwrap();
//! let file = AttachmentFile::read(&sources, source).unwrap();
//! let envelope = r#"{"weir":1,"policy":{"version":1}}"#.to_owned();
//! let revision = weir_policy::Revision::of(&model.canonical());
//! let gateway = istio::Enveloped { source, file: &file, envelope, revision, moves: false };
//!
//! let policy = WrittenPolicy { model: &model, documents: &documents.policies };
//! let files = istio::render(policy, vec![gateway], &sources, &[], &Default::default()).unwrap().files;
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
mod written;
mod yaml;

pub use filter::FilterSpec;
pub use unknown_target::{UNKNOWN_TARGET, unknown_targets};
pub use written::WrittenPolicy;

/// Every code of this crate.
pub const CODES: &[weir_policy::Code] = &[UNKNOWN_TARGET, istio::PERHAPS_TWO_FILTERS, istio::MANY_TAGS];
