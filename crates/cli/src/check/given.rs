//! What `weir check` is given: the documents of files and folders, sorted by what they are.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use weir_policy::{Kind, SourceId, Sources, limits};

use crate::load;
use crate::problems::Failure;

/// Documents by what they are.
#[derive(Default)]
pub struct Given {
    /// The texts.
    pub sources: Sources,
    /// Those of a policy, and those that nothing else reads: why they are no policy is then told.
    pub policy: Vec<SourceId>,
    /// Attachments.
    pub attachments: Vec<SourceId>,
    /// Envoy resources.
    pub resources: Vec<SourceId>,
}

impl Given {
    /// Reads these files, and those of these folders, each once.
    pub fn read(paths: &[PathBuf]) -> Result<Given, Failure> {
        let (mut files, mut seen) = (Vec::new(), BTreeSet::new());
        for path in paths {
            let documents = load::documents(path, "document")?;
            files.extend(documents.into_iter().filter(|file| seen.insert(fs::canonicalize(file).ok())));
        }
        let mut given = Given::default();
        for id in load::add_all(&files, &mut given.sources)? {
            // What is too large to be read is not parsed, and told so as of a policy.
            let source = given.sources.get(id).filter(|source| source.text.len() <= limits::POLICY_BYTES_MAX);
            let document = source.map(|source| source.parse(id).0);
            let sorted = match document.as_ref().and_then(Kind::of) {
                Some(Kind::Attachment) => &mut given.attachments,
                Some(Kind::Resources) => &mut given.resources,
                _ => &mut given.policy,
            };
            sorted.push(id);
        }
        Ok(given)
    }
}
