//! What is written: the texts of all files at one moment, read and not judged. A file that cannot be read is part of it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use weir_policy::{AttachmentFile, SourceId, Sources};
use weir_resources::ResourceFiles;

use super::files::Files;
use crate::effective::Additions;
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
    /// The texts of releases; `None` where the server is given none.
    pub releases: Option<Result<Vec<SourceId>, Failure>>,
    /// The text that problems of what releases add to the policy point to.
    pub additions: SourceId,
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
            releases: files.releases.as_ref().map(|path| read_releases(path, files, &mut sources)),
            additions: Additions::source(&mut sources),
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
        match &self.releases {
            Some(Ok(files)) => files.hash(&mut hasher),
            Some(Err(failure)) => failed(failure, &mut hasher),
            None => {}
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

/// Looks at a moment when they have not been read yet, and once more when they have: a file that goes is one that a person took
/// away, so all must be of one moment, also where links are swapped or a tool writes one file after the other.
fn read_releases(path: &Path, files: &Files, sources: &mut Sources) -> Result<Vec<SourceId>, Failure> {
    for _ in 0..LOOKS_MAX {
        let before = files.fingerprint_of_releases();
        let read = load::documents(path, "release")
            .and_then(|paths| paths.iter().map(|path| load::source(path)).collect::<Result<Vec<_>, _>>());
        if files.fingerprint_of_releases() == before {
            return Ok(read?.into_iter().map(|source| sources.add(source)).collect());
        }
        thread::sleep(PAUSE);
    }
    Err(Failure::Usage(format!("--releases {}: changes all the time while it is read", path.display())))
}

/// How often releases are looked at until two looks are the same, and the time between.
const LOOKS_MAX: usize = 20;
const PAUSE: Duration = Duration::from_millis(10);

fn read_resources(folder: &Path, sources: &mut Sources) -> Result<ResourceFiles, Failure> {
    let files = weir_resources::add(folder, sources).map_err(|why| Failure::Usage(format!("--resources {why}")))?;
    weir_resources::read(sources, &files).map_err(|problems| Failure::problems(sources, problems))
}
