//! The files that are served: where they are, and what a change of them shows in.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The path, inode, length and time of every file.
pub type Fingerprint = Vec<(PathBuf, Option<(u64, u64, SystemTime)>)>;

/// The places of everything that is served.
pub struct Files {
    pub policy: PathBuf,
    /// Files, and folders of files.
    pub attach: Vec<PathBuf>,
    pub resources: Option<PathBuf>,
    /// Documents of releases: a file, or a folder of files.
    pub releases: Option<PathBuf>,
    /// The file of a request for a rollback.
    pub request: Option<PathBuf>,
}

impl Files {
    /// What an edit changes of the files, without reading them.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(self.paths())
    }

    /// The same of the documents of releases alone.
    pub fn fingerprint_of_releases(&self) -> Fingerprint {
        fingerprint(self.releases.iter().cloned())
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
        let served =
            [&self.policy].into_iter().chain(&self.attach).chain(&self.resources).chain(&self.releases).cloned();
        served.chain(self.request.clone())
    }
}

fn fingerprint(paths: impl Iterator<Item = PathBuf>) -> Fingerprint {
    let mut files: Vec<PathBuf> = paths.flat_map(|path| files_of(&path)).collect();
    files.sort_unstable();
    let look = |file: PathBuf| {
        // Symbolic links are followed: a swapped link is a change as well.
        let found = fs::metadata(&file).and_then(|found| Ok((found.ino(), found.len(), found.modified()?)));
        (fs::canonicalize(&file).unwrap_or(file), found.ok())
    };
    files.into_iter().map(look).collect()
}

fn files_of(path: &Path) -> Vec<PathBuf> {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![path.to_owned()],
    }
}
