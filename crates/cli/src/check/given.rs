//! What `weir check` is given: the documents of files and folders, sorted by what they are.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use weir_policy::{At, Kind, Problem, Problems, SourceId, Sources, limits};

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
    /// Releases.
    pub releases: Vec<SourceId>,
    /// What is wrong with those that are nothing of that.
    pub problems: Vec<Problem>,
}

/// What is read.
const KINDS: [Kind; 4] = [Kind::Policy, Kind::Attachment, Kind::Resources, Kind::Release];

impl Given {
    /// Reads these files, and those of these folders, each once.
    pub fn read(paths: &[PathBuf]) -> Result<Given, Failure> {
        let (mut files, mut seen) = (Vec::new(), BTreeSet::new());
        for path in paths {
            let documents = load::documents(path, "document")?;
            files.extend(documents.into_iter().filter(|file| seen.insert(fs::canonicalize(file).ok())));
        }
        let (mut given, mut problems) = (Given::default(), Problems::default());
        for id in load::add_all(&files, &mut given.sources)? {
            // What is too large to be read is not parsed, and told so as of a policy.
            let source = given.sources.get(id).filter(|source| source.text.len() <= limits::POLICY_BYTES_MAX);
            let document = source.map(|source| source.parse(id).0);
            let root = At::Root { source: id };
            let kind = document.map_or(Some(None), |document| Kind::among(&KINDS, &document, &root, &mut problems));
            match kind {
                Some(Some(Kind::Attachment)) => given.attachments.push(id),
                Some(Some(Kind::Resources)) => given.resources.push(id),
                Some(Some(Kind::Release)) => given.releases.push(id),
                Some(_) => given.policy.push(id),
                None => {}
            }
        }
        given.problems = problems.into_vec();
        given.sources.locate(&mut given.problems);
        Ok(given)
    }
}
