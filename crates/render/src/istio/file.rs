//! One file of manifests: a name in the order of application, and YAML documents.

use crate::istio::awaited::Waits;
use crate::istio::object::{CLIENT_SIDE_BYTES_MAX, Object, Phase};

/// A file of manifests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// Its name; the order of names is the order of safe application.
    pub name: String,
    /// YAML documents.
    pub text: String,
    /// Whether it holds an object that `kubectl apply` takes only with `--server-side`.
    pub server_side: bool,
    /// The file of VirtualServices that people had before, whose place it takes.
    pub replaces: Option<String>,
    /// What is waited for behind it.
    pub(crate) waits: Waits,
}

impl File {
    /// The objects of a phase as a file, if there are any.
    pub(crate) fn of(phase: Phase, objects: &[Object]) -> Option<File> {
        let objects: Vec<&Object> = objects.iter().filter(|object| object.phase == phase).collect();
        let texts: Vec<String> = objects.iter().map(|object| object.text()).collect();
        let server_side = objects.iter().any(|object| object.bytes() > CLIENT_SIDE_BYTES_MAX);
        (!texts.is_empty()).then(|| File {
            name: phase.file().to_owned(),
            text: texts.join("---\n"),
            server_side,
            replaces: None,
            waits: Waits::default(),
        })
    }
}

/// The documents of all files as one text. Those of others may lack the end of their last line, begin by `%YAML`, or by a byte
/// order mark.
pub fn joined(files: &[File]) -> String {
    let mut out = String::new();
    for file in files {
        let text = file.text.trim_start_matches('\u{feff}');
        if !out.is_empty() {
            let end = if out.ends_with('\n') { "" } else { "\n" };
            let says_something = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
            let has_directive = text.lines().find(says_something).is_some_and(|line| line.starts_with('%'));
            out.push_str(end);
            out.push_str(if has_directive { "...\n" } else { "---\n" });
        }
        out.push_str(text);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_others_do_not_run_into_each_other() {
        let file = |text: &str| File { text: text.to_owned(), ..File::default() };
        let all = ["a: 1\n", "\u{feff}b: 1", "# c\n%YAML 1.2\n---\nc: 1\n", "d: 1\n"].map(file);
        assert_eq!(joined(&all), "a: 1\n---\nb: 1\n...\n# c\n%YAML 1.2\n---\nc: 1\n---\nd: 1\n");
    }
}
