//! Documents of a revision that git keeps, by the program `git`.

use std::io::{Seek, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use weir_policy::{Source, SourceId, Sources};

use crate::load;
use crate::problems::Failure;

/// A path in a revision, as git writes it: `main:policies`. It is from the root of the repository, or from here if it begins
/// with `./`.
pub struct InGit<'a> {
    spec: &'a str,
    path: &'a str,
}

impl<'a> InGit<'a> {
    /// What is written so, if something is.
    pub fn of(spec: &'a str) -> Option<InGit<'a>> {
        let spec = if spec.ends_with(":/") { spec } else { spec.trim_end_matches('/') };
        // An option to git would be no revision.
        let (revision, path) = spec.split_once(':')?;
        (!revision.is_empty() && !revision.starts_with('-')).then_some(InGit { spec, path })
    }

    /// Adds the file, or all documents of the folder by name.
    pub fn add(&self, what: &str, sources: &mut Sources) -> Result<Vec<SourceId>, Failure> {
        let kind = self.ask(&["cat-file", "-t", self.spec])?;
        let blobs = match kind.trim_ascii() {
            b"blob" => vec![(self.spec.to_owned(), self.path.to_owned())],
            b"tree" => self.documents(what)?,
            other => {
                let found = String::from_utf8_lossy(other).into_owned();
                return Err(self.failure(&format!("found a {found}; a file or a folder would do")));
            }
        };
        let texts = self.blobs(blobs.iter().map(|(object, _)| object.as_str()))?;
        let add = |((_, name), bytes): (&(String, String), Vec<u8>)| {
            let name = if kind.starts_with(b"blob") { self.spec.to_owned() } else { format!("{}/{name}", self.spec) };
            sources.add(Source::from_bytes(name.clone(), bytes, load::format(Path::new(&name))))
        };
        Ok(blobs.iter().zip(texts).map(add).collect())
    }

    /// Objects and names of the documents of a folder, by name.
    fn documents(&self, what: &str) -> Result<Vec<(String, String)>, Failure> {
        let listed = self.ask(&["ls-tree", "-z", self.spec])?;
        let mut documents = Vec::new();
        for entry in listed.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
            // `MODE TYPE OBJECT<tab>NAME`
            let entry = String::from_utf8_lossy(entry);
            let Some((head, name)) = entry.split_once('\t') else { continue };
            let head: Vec<&str> = head.split(' ').collect();
            let [mode, kind, object] = head[..] else { continue };
            if kind != "blob" || !load::has_document_name(Path::new(name)) {
                continue;
            }
            if mode == "120000" {
                return Err(self.failure(&format!("{name} is a symbolic link, which is not followed in git")));
            }
            documents.push((object.to_owned(), name.to_owned()));
        }
        if documents.is_empty() {
            return Err(self.failure(&format!("no {what} in this folder; it holds no .yaml, .yml or .json file")));
        }
        documents.sort_by(|(_, one), (_, other)| one.cmp(other));
        Ok(documents)
    }

    /// The bytes of objects, by one process however many they are.
    fn blobs<'o>(&self, objects: impl Iterator<Item = &'o str>) -> Result<Vec<Vec<u8>>, Failure> {
        let asked: Vec<&str> = objects.collect();
        let failed = |error: std::io::Error| self.failure(&error.to_string());
        let mut input = tempfile::tempfile().map_err(failed)?;
        asked.iter().try_for_each(|object| writeln!(input, "{object}")).map_err(failed)?;
        input.rewind().map_err(failed)?;
        let output = self.run(&["cat-file", "--batch"], input.into())?;
        let mut rest = output.as_slice();
        let mut blobs = Vec::with_capacity(asked.len());
        for _ in &asked {
            // `OBJECT blob SIZE`, the bytes, and the end of a line.
            let answer = rest.iter().position(|byte| *byte == b'\n').and_then(|end| {
                let size = str::from_utf8(&rest[..end]).ok()?.rsplit_once(' ')?.1.parse::<usize>().ok()?;
                Some((rest.get(end + 1..end + 1 + size)?, rest.get(end + 2 + size..)?))
            });
            let Some((blob, behind)) = answer else { return Err(self.failure("git gives no such text")) };
            blobs.push(blob.to_vec());
            rest = behind;
        }
        Ok(blobs)
    }

    fn ask(&self, words: &[&str]) -> Result<Vec<u8>, Failure> {
        self.run(words, Stdio::null())
    }

    fn run(&self, words: &[&str], input: Stdio) -> Result<Vec<u8>, Failure> {
        // Words of git are read here, and so in one language.
        let output = Command::new("git").args(words).env("LC_ALL", "C").stdin(input).output();
        let Output { status, stdout, stderr } = output.map_err(|error| {
            self.failure(&format!("the program git cannot be run: {error}; it reads what is written as REVISION:PATH"))
        })?;
        if status.success() {
            return Ok(stdout);
        }
        let said = String::from_utf8_lossy(&stderr);
        let said = said.lines().next().unwrap_or("it does not say why").trim_start_matches("fatal: ");
        Err(self.failure(&format!("git finds no such revision or path: {said}")))
    }

    fn failure(&self, message: &str) -> Failure {
        Failure::Usage(format!("{}: {message}", self.spec))
    }
}
