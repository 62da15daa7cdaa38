//! Where a proxy gets the filter's module.

use crate::document::fields::{self, Fields};
use crate::document::{At, Problems, Spanned, codes};

/// Where a proxy gets the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Module {
    /// A file on the proxy's machine, as written.
    File(String),
    /// A download.
    Url {
        /// Begins with `https://` or `http://`.
        url: String,
        /// Of the module, 64 lower-case hex digits.
        sha256: String,
    },
    /// An image in a registry.
    Oci {
        /// Begins with `oci://`.
        url: String,
        /// Of the image, 64 lower-case hex digits.
        sha256: Option<String>,
    },
}

impl Module {
    /// All that it says, in one text.
    pub(crate) fn text(&self) -> String {
        match self {
            Module::File(file) => format!("file {file}"),
            Module::Url { url, sha256 } => format!("url {url} {sha256}"),
            Module::Oci { url, sha256 } => format!("oci {url} {}", sha256.as_deref().unwrap_or_default()),
        }
    }

    /// `{file: PATH}`, `{url: URL, sha256: HEX}` or `{oci: URL}`.
    pub(super) fn read(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Module> {
        let mut fields = Fields::open(node, at, problems)?;
        let mut text = |name, problems: &mut Problems| {
            fields.take(name).and_then(|node| fields::string(node, &at.key(name), problems))
        };
        let (file, url, oci) = (text("file", problems), text("url", problems), text("oci", problems));
        let sha256 = text("sha256", problems);
        if let Some(digest) = &sha256 {
            check_sha256(digest, &at.key("sha256"), problems);
        }
        let begins = |text: &str, key: &str, schemes: &[&str], problems: &mut Problems| {
            if !schemes.iter().any(|scheme| text.starts_with(scheme)) {
                let known = schemes.join(" or ");
                problems.add(codes::BAD_VALUE, &at.key(key), format!("found {text:?}; it begins with {known}"));
            }
        };
        let module = match (file, url, oci) {
            (Some(file), None, None) => {
                if sha256.is_some() {
                    problems.add(codes::CONFLICT, &at.key("sha256"), "nobody checks a file; this is for url and oci");
                }
                Some(Module::File(file))
            }
            (None, Some(url), None) => {
                begins(&url, "url", &["https://", "http://"], problems);
                if sha256.is_none() {
                    problems.add(codes::MISSING_FIELD, at, "`sha256` is missing; sha256sum weir.wasm tells it");
                }
                sha256.map(|sha256| Module::Url { url, sha256 })
            }
            (None, None, Some(url)) => {
                begins(&url, "oci", &["oci://"], problems);
                Some(Module::Oci { url, sha256 })
            }
            (None, None, None) => {
                problems.add(codes::MISSING_FIELD, at, "says nothing of the module; one of file, url and oci would do");
                None
            }
            _ => {
                problems.add(codes::CONFLICT, at, "the module lies in one place; keep one of file, url and oci");
                None
            }
        };
        fields.finish(problems);
        module
    }
}

fn check_sha256(digest: &str, at: &At<'_>, problems: &mut Problems) {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digest.len() != 64 || !digest.bytes().all(is_hex) {
        problems.add(codes::BAD_VALUE, at, format!("found {digest:?}; 64 lower-case hex digits would do"));
    }
}
