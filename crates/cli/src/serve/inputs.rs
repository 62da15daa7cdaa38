//! The files that are served: read and checked, and looked at for changes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use weir_policy::{At, AttachmentFile, Code, Problems};
use weir_xds::Nodes;

use super::deployment::{AttachedFilter, Deployment};
use super::nodes;
use crate::load::{self, Attachments};
use crate::problems::Failure;
use crate::state_dir::StateDir;

/// Path, inode, length and time of every file.
pub type Fingerprint = Vec<(PathBuf, Option<(u64, u64, SystemTime)>)>;

/// Where everything that is served comes from.
pub struct Inputs {
    pub policy: PathBuf,
    /// Files, and folders of files.
    pub attach: Vec<PathBuf>,
    pub resources: Option<PathBuf>,
    /// Where what was served is kept.
    pub state: Option<StateDir>,
}

impl Inputs {
    /// Reads and checks everything; nothing is served that the engine has not found good.
    pub fn read(&self) -> Result<Deployment, Failure> {
        self.read_with(&self.policy)
    }

    /// The same with a policy that was kept under this revision.
    pub fn read_kept(&self, state: &StateDir, revision: &str) -> Result<Deployment, Failure> {
        let path = state.policy(revision);
        let kept = self.read_with(&path)?;
        let found = kept.revision();
        if found != revision {
            let path = path.display();
            return Err(Failure::Message(format!("weir: {path}: damaged: it holds revision {found}\n")));
        }
        Ok(kept)
    }

    fn read_with(&self, policy: &Path) -> Result<Deployment, Failure> {
        let mut paths = Vec::new();
        for path in &self.attach {
            paths.extend(load::documents(path, "attachment")?);
        }
        let Attachments { sources, files, policy } = load::attachments(&paths, policy)?;
        let mut problems = Problems::default();
        let all_nodes = read_nodes(&files, &mut problems);
        let mut problems = problems.into_vec();
        if !problems.is_empty() {
            for (document, source) in sources.iter().enumerate() {
                source.locate(problems.iter_mut().filter(|problem| problem.document == document));
            }
            return Err(Failure::Problems { sources, problems });
        }
        let mut attachments = Vec::with_capacity(files.len());
        for ((path, file), nodes) in paths.iter().zip(files).zip(all_nodes) {
            let (name, module) = (load::name(path, &file)?.to_owned(), load::module_file(path, &file)?);
            attachments.push(AttachedFilter { file, name, nodes, module });
        }
        let resources = match &self.resources {
            Some(folder) => weir_resources::load(folder).map_err(|problems| resource_problems(&problems))?,
            None => Vec::new(),
        };
        let standing = Deployment::of(policy, attachments, resources);
        standing.check_size()?;
        Ok(standing)
    }

    /// What an edit changes of the files, without reading them.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut files: Vec<PathBuf> = self.paths().flat_map(|path| files_of(&path)).collect();
        files.sort_unstable();
        let look = |file: PathBuf| {
            // Symbolic links are followed: a swapped link is a change as well.
            let found = fs::metadata(&file).and_then(|found| Ok((found.ino(), found.len(), found.modified()?)));
            (fs::canonicalize(&file).unwrap_or(file), found.ok())
        };
        files.into_iter().map(look).collect()
    }

    /// The folders in which a change of these files shows: editors and ConfigMaps rename beside them.
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        for path in self.paths() {
            let folder = if path.is_dir() { &path } else { path.parent().unwrap_or(Path::new("")) };
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            folders.push(folder.to_owned());
        }
        folders.sort_unstable();
        folders.dedup();
        folders
    }

    /// Whether what is at this path in one of the folders is read.
    pub fn reads(&self, found: &Path) -> bool {
        self.paths().any(|path| found.file_name() == path.file_name() || found.starts_with(path))
    }

    /// Of all that is watched.
    fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let served = [&self.policy].into_iter().chain(&self.attach).chain(&self.resources).cloned();
        served.chain(self.state.as_ref().map(StateDir::rollback_file))
    }
}

/// Whom each attachment is for. Two of one name for the same Envoys are a problem: only one of them could decide there.
fn read_nodes(files: &[AttachmentFile], problems: &mut Problems) -> Vec<Nodes> {
    let mut all: Vec<Nodes> = Vec::with_capacity(files.len());
    for (document, file) in files.iter().enumerate() {
        let root = At::Root { document };
        let nodes = nodes::read(file.nodes.clone(), &root.key("nodes"), problems);
        for (other, other_nodes) in files.iter().zip(&all) {
            let name = file.attachment.name.as_ref();
            if let Some(name) = name.filter(|_| other.attachment.name.as_ref() == name && other_nodes.overlap(&nodes)) {
                let message = format!(
                    "another attachment gives the filter weir.{name} to the same Envoys; take another name, or nodes \
                     that keep them apart"
                );
                problems.add(Code::Conflict, &root.key("name"), message);
            }
        }
        all.push(nodes);
    }
    all
}

fn files_of(path: &Path) -> Vec<PathBuf> {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![path.to_owned()],
    }
}

fn resource_problems(problems: &[weir_resources::Problem]) -> Failure {
    let lines: Vec<String> = problems.iter().map(|problem| format!("  {problem}\n")).collect();
    let plural = if problems.len() == 1 { "problem" } else { "problems" };
    Failure::Message(format!("{} {plural} in the Envoy resources\n{}", problems.len(), lines.concat()))
}
