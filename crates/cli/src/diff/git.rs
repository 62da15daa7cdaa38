//! Documents of a revision that git keeps, by the program `git`.

use std::io::{Seek, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use weir_policy::limits::POLICY_BYTES_MAX;
use weir_policy::{Source, SourceId, Sources};

use crate::load;
use crate::problems::Failure;

/// What stands first in a file that Git LFS keeps elsewhere.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";

/// A path in a revision, as git writes it: `main:policies`. It is from the root of the repository, or from here if it begins
/// with `./`.
pub struct InGit<'a> {
    spec: &'a str,
}

/// What git keeps under a name.
struct Object {
    id: String,
    kind: String,
    size: usize,
}

impl<'a> InGit<'a> {
    /// What is written so, if something is.
    pub fn of(spec: &'a str) -> Option<InGit<'a>> {
        let (revision, path) = spec.split_once(':')?;
        // An option to git would be no revision, and git is asked line by line.
        let is_revision = !revision.is_empty() && !revision.starts_with('-') && !spec.contains('\n');
        // `C:\policies` and `C:/policies` are paths of Windows: in git none begins so.
        let is_drive = revision.len() == 1 && path.starts_with(['\\', '/']);
        (is_revision && !is_drive).then_some(InGit { spec })
    }

    /// Adds the file, or all documents of the folder by name.
    pub fn add(&self, what: &str, sources: &mut Sources) -> Result<Vec<SourceId>, Failure> {
        let found = self.find(vec![self.spec.to_owned()])?;
        let documents = match found.as_slice() {
            [(_, Object { id, kind, .. })] if kind == "tree" => self.documents(id, what)?,
            [(_, Object { kind, .. })] if kind != "blob" => return Err(self.other(kind)),
            _ => found,
        };
        let size = documents.iter().map(|(_, object)| object.size).fold(0, usize::saturating_add);
        if size > POLICY_BYTES_MAX {
            return Err(self.failure(&format!("found {size} bytes; at most {POLICY_BYTES_MAX} are read")));
        }
        let texts = self.texts(&documents)?;
        let add = |((name, _), bytes): ((String, Object), Vec<u8>)| {
            if bytes.starts_with(LFS) {
                let message =
                    format!("{name} is a pointer of Git LFS, which keeps the text elsewhere; a checkout has it");
                return Err(self.failure(&message));
            }
            let format = load::format(Path::new(&name));
            Ok(sources.add(Source::from_bytes(name, bytes, format)))
        };
        documents.into_iter().zip(texts).map(add).collect()
    }

    /// The documents of a folder, by name.
    fn documents(&self, folder: &str, what: &str) -> Result<Vec<(String, Object)>, Failure> {
        // Else it would list what of the folder has the name of the folder where it is run.
        let listed = self.run(&["ls-tree", "-z", "--full-tree", folder], Stdio::null())?;
        let mut names = Vec::new();
        for entry in listed.split(|byte| *byte == 0) {
            // `MODE TYPE OBJECT<tab>NAME`; a link is a blob, too.
            let entry = String::from_utf8_lossy(entry);
            let Some((head, name)) = entry.split_once('\t') else { continue };
            if !head.contains(" blob ") || !load::has_document_name(Path::new(name)) {
                continue;
            }
            if name.contains('\n') {
                return Err(self.failure(&format!("{name:?} has a line break, and git is asked line by line")));
            }
            names.push(self.within(name));
        }
        names.sort_unstable();
        let mut documents = self.find(names)?;
        // What a link leads to may be a folder, which is no document on disk either.
        documents.retain(|(_, object)| object.kind == "blob");
        if documents.is_empty() {
            return Err(self.failure(&format!("no {what} in this folder; it holds no .yaml, .yml or .json file")));
        }
        Ok(documents)
    }

    fn within(&self, name: &str) -> String {
        let slash = if self.spec.ends_with([':', '/']) { "" } else { "/" };
        format!("{}{slash}{name}", self.spec)
    }

    /// What has these names, links within the revision followed as they are on disk.
    fn find(&self, names: Vec<String>) -> Result<Vec<(String, Object)>, Failure> {
        let asked = names.iter().map(String::as_str);
        let answers = self.ask(&["cat-file", "--batch-check", "--follow-symlinks"], asked)?;
        let answers = String::from_utf8_lossy(&answers);
        let each = names.into_iter().zip(answers.lines().chain(std::iter::repeat("")));
        let find = |(name, answer): (String, &str)| match answer.split(' ').collect::<Vec<_>>()[..] {
            ["symlink" | "dangling" | "loop" | "notdir", _] => {
                Err(self.failure(&format!("{name} is a link to what is not in this revision")))
            }
            [id, kind, size] => {
                let size = size.parse().unwrap_or(usize::MAX);
                Ok((name, Object { id: id.to_owned(), kind: kind.to_owned(), size }))
            }
            // It is missing, and whoever asks for it alone is told why.
            _ => Err(match self.run(&["cat-file", "-t", &name], Stdio::null()) {
                Ok(kind) => self.other(&String::from_utf8_lossy(kind.trim_ascii())),
                Err(why) => why,
            }),
        };
        each.map(find).collect()
    }

    /// The bytes of objects, by one process however many they are.
    fn texts(&self, objects: &[(String, Object)]) -> Result<Vec<Vec<u8>>, Failure> {
        let output = self.ask(&["cat-file", "--batch"], objects.iter().map(|(_, object)| object.id.as_str()))?;
        let mut rest = output.as_slice();
        let mut text = |_| {
            // `OBJECT blob SIZE`, the bytes, and the end of a line.
            let answer = rest.iter().position(|byte| *byte == b'\n').and_then(|end| {
                let size = str::from_utf8(&rest[..end]).ok()?.rsplit_once(' ')?.1.parse::<usize>().ok()?;
                Some((rest.get(end + 1..end + 1 + size)?, rest.get(end + 2 + size..)?))
            });
            let (text, behind) = answer.ok_or_else(|| self.failure("git gives no such text"))?;
            rest = behind;
            Ok(text.to_vec())
        };
        objects.iter().map(&mut text).collect()
    }

    /// What git answers to lines.
    fn ask<'o>(&self, words: &[&str], lines: impl Iterator<Item = &'o str>) -> Result<Vec<u8>, Failure> {
        let failed = |error: std::io::Error| self.failure(&error.to_string());
        // A file, for who writes to a pipe while git writes to another would have to do both at once.
        let mut input = tempfile::tempfile().map_err(failed)?;
        let lines: String = lines.map(|line| format!("{line}\n")).collect();
        input.write_all(lines.as_bytes()).and_then(|()| input.rewind()).map_err(failed)?;
        self.run(words, input.into())
    }

    fn run(&self, words: &[&str], input: Stdio) -> Result<Vec<u8>, Failure> {
        let Output { status, stdout, stderr } = git(words, input).map_err(|error| {
            self.failure(&format!("the program git cannot be run: {error}; it reads what is written as REVISION:PATH"))
        })?;
        if status.success() {
            return Ok(stdout);
        }
        let said = String::from_utf8_lossy(&stderr);
        // Before that may stand warnings.
        let fatal = said.lines().find_map(|line| line.strip_prefix("fatal: "));
        let why = fatal.or(said.lines().next()).unwrap_or("it does not say why");
        Err(self.failure(&format!("git says: {why}{}", would_do(&said))))
    }

    fn other(&self, kind: &str) -> Failure {
        self.failure(&format!("found a {kind}; a file or a folder would do"))
    }

    fn failure(&self, message: &str) -> Failure {
        Failure::Usage(format!("{}: {message}", self.spec))
    }
}

/// What would do where git refuses, if that is known.
fn would_do(said: &str) -> String {
    // Of a repository that is somebody else's it says a command, in a line of its own.
    if let Some(command) = said.lines().find_map(|line| line.strip_prefix('\t')) {
        return format!("; {command} would do");
    }
    if said.contains("could not get object info") {
        return "; a submodule has its files in a repository of its own".to_owned();
    }
    let shallow = git(&["rev-parse", "--is-shallow-repository"], Stdio::null());
    if shallow.is_ok_and(|output| output.stdout.starts_with(b"true")) {
        return "; this clone is shallow: git fetch --unshallow, or fetch-depth: 0 of actions/checkout, has all revisions"
            .to_owned();
    }
    String::new()
}

fn git(words: &[&str], input: Stdio) -> std::io::Result<Output> {
    // Words of git are read here, and so in one language.
    Command::new("git").args(words).env("LC_ALL", "C").stdin(input).output()
}
