//! What is written: the texts of all files at one moment, read and not judged. A file that cannot be read is part of it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use weir_policy::{AttachmentFile, SourceId, Sources};
use weir_resources::ResourceFiles;

use super::files::Files;
use crate::load;
use crate::problems::Failure;

/// What all files say at one moment.
pub struct Written {
    /// The texts of all files.
    pub sources: Sources,
    /// The texts of the policy.
    pub policy: Result<Vec<SourceId>, Failure>,
    /// The attachments.
    pub attachments: Result<WrittenAttachments, Failure>,
    /// The Envoy resources; `None` where the server is given none.
    pub resources: Result<Option<ResourceFiles>, Failure>,
}

/// Attachments as they are written.
pub struct WrittenAttachments {
    /// What they say, each with its text.
    pub files: Vec<(SourceId, AttachmentFile)>,
    /// The name and the absolute path of the module of each.
    pub placed: Vec<Result<(String, PathBuf), Failure>>,
}

impl Written {
    /// Reads all files.
    pub fn read(files: &Files) -> Written {
        let mut sources = Sources::default();
        Written {
            policy: load::policy_files(&files.policy, &mut sources),
            attachments: read_attachments(files, &mut sources),
            resources: files.resources.as_ref().map(|folder| read_resources(folder, &mut sources)).transpose(),
            sources,
        }
    }

    /// A number that differs where anything is written that was not: nothing is judged twice.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.sources.iter().for_each(|(id, source)| (id, &source.name, &source.text).hash(&mut hasher));
        let failed = |failure: &Failure, hasher: &mut DefaultHasher| failure.text(false).hash(hasher);
        match &self.policy {
            Ok(files) => files.hash(&mut hasher),
            Err(failure) => failed(failure, &mut hasher),
        }
        match &self.attachments {
            Ok(attachments) => {
                for placed in &attachments.placed {
                    match placed {
                        Ok(placed) => placed.hash(&mut hasher),
                        Err(failure) => failed(failure, &mut hasher),
                    }
                }
            }
            Err(failure) => failed(failure, &mut hasher),
        }
        match &self.resources {
            Ok(resources) => {
                let each = resources.iter().flat_map(|files| &files.resources);
                each.for_each(|one| (one.kind, &one.name, &one.version).hash(&mut hasher));
            }
            Err(failure) => failed(failure, &mut hasher),
        }
        hasher.finish()
    }
}

fn read_attachments(files: &Files, sources: &mut Sources) -> Result<WrittenAttachments, Failure> {
    let mut paths = Vec::new();
    for path in &files.attach {
        paths.extend(load::documents(path, "attachment")?);
    }
    let files = load::attachment_files(&paths, sources)?;
    let place = |(path, (_, file)): (&PathBuf, &(SourceId, AttachmentFile))| {
        Ok((load::name(path, file)?.to_owned(), load::module_file(path, file)?))
    };
    let placed = paths.iter().zip(&files).map(place).collect();
    Ok(WrittenAttachments { files, placed })
}

fn read_resources(folder: &Path, sources: &mut Sources) -> Result<ResourceFiles, Failure> {
    let files = weir_resources::add(folder, sources).map_err(|why| Failure::Usage(format!("--resources {why}")))?;
    weir_resources::read(sources, &files).map_err(|problems| Failure::problems(sources, problems))
}
