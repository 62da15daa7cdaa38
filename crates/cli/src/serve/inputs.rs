//! The files that are served: read into a snapshot, and looked at for changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use weir_engine::{ENVELOPE_BYTES_MAX, limits};
use weir_xds::{Snapshot, filter, resources};

use crate::load;
use crate::problems::Failure;

/// Path, length and time of every file.
pub type Fingerprint = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// Where everything that is served comes from.
pub struct Inputs {
    pub policy: PathBuf,
    pub attach: PathBuf,
    pub resources: Option<PathBuf>,
}

impl Inputs {
    /// Reads and checks everything; nothing is served that the engine has not found good.
    pub fn read(&self) -> Result<Snapshot, Failure> {
        let (file, policy) = load::attached(Some(&self.attach), None, &self.policy)?;
        let module = load::module_file(&self.attach, &file)?;
        let name = load::name(&self.attach, &file)?;
        let envelope = file.attachment.envelope(policy.revision, &policy.canonical);
        let max = limits::POLICY_BYTES_MAX + ENVELOPE_BYTES_MAX;
        if envelope.len() > max {
            let found = envelope.len();
            return Err(Failure::Use(format!(
                "the policy takes {found} bytes on the wire; filters read at most {max}"
            )));
        }
        let mut served = match &self.resources {
            Some(folder) => resources::load(folder).map_err(|problems| resource_problems(&problems))?,
            None => Vec::new(),
        };
        let vm_id = file.attachment.vm_id(&format!("weir.{name}"));
        served.push(filter::resource(name, &vm_id, &module.to_string_lossy(), &envelope));
        Ok(Snapshot::new(policy.revision.to_string(), served))
    }

    /// What an edit changes of the files, without reading them.
    pub fn fingerprint(&self) -> Fingerprint {
        let paths = [Some(&self.policy), Some(&self.attach), self.resources.as_ref()];
        let mut files: Vec<PathBuf> = paths.into_iter().flatten().flat_map(|path| files_of(path)).collect();
        files.sort_unstable();
        let look = |file: PathBuf| {
            // Symbolic links are followed: a swapped link is a change as well.
            let metadata = fs::metadata(&file).ok();
            let length = metadata.as_ref().map_or(0, fs::Metadata::len);
            (fs::canonicalize(&file).unwrap_or(file), length, metadata.and_then(|metadata| metadata.modified().ok()))
        };
        files.into_iter().map(look).collect()
    }

    /// The folders in which a change of these files shows: editors and ConfigMaps rename beside them.
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        for path in [Some(&self.policy), Some(&self.attach), self.resources.as_ref()].into_iter().flatten() {
            let folder = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new("")) };
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            folders.push(folder.to_owned());
        }
        folders.sort_unstable();
        folders.dedup();
        folders
    }
}

fn files_of(path: &Path) -> Vec<PathBuf> {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![path.to_owned()],
    }
}

fn resource_problems(problems: &[resources::Problem]) -> Failure {
    let lines: Vec<String> = problems.iter().map(|problem| format!("  {problem}\n")).collect();
    let plural = if problems.len() == 1 { "problem" } else { "problems" };
    Failure::Said(format!("{} {plural} in the Envoy resources\n{}", problems.len(), lines.concat()))
}
