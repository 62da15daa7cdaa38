//! One of the two policies, wherever it is.

use std::borrow::Cow;
use std::path::Path;

use weir_policy::{Checked, Role, SourceId, Sources};
use weir_release::journal::{Document, Text};
use weir_release::state::State;

use super::git::InGit;
use crate::load;
use crate::problems::Failure;
use crate::state_dir::StateDir;

/// A policy as it takes effect at an edge.
pub struct Side {
    /// As it was given.
    pub name: String,
    /// The policy.
    pub policy: Checked,
    /// The documents of releases that were given with it.
    pub documents: Vec<Document>,
}

impl Side {
    /// Reads a policy, and releases beside it, of which the journal with these documents says which are in force and how.
    pub fn read<'j>(
        spec: &str,
        releases: Option<&str>,
        state: Option<&StateDir>,
        journal: impl FnOnce(&[Document]) -> Option<Cow<'j, State>>,
    ) -> Result<Side, Failure> {
        let mut sources = Sources::default();
        let files = texts(spec, "policy", state, &mut sources)?;
        let releases = releases.map(|spec| texts(spec, "release", None, &mut sources)).transpose()?;
        // What is bad among these is told with the policy.
        let read = |source: &SourceId| Document::read(Text::of(sources.get(*source)?)).ok();
        let documents: Vec<Document> = releases.iter().flatten().filter_map(read).collect();
        let journal = journal(&documents);
        let releases = releases.as_deref();
        let (policy, _) = load::with_releases(&mut sources, &files, Role::Edge, releases, journal.as_deref())?;
        Ok(Side { name: spec.to_owned(), policy, documents })
    }
}

/// The texts of a file or a folder, here or in git, or that of a revision which a server saved. What is here comes first: only a
/// path can be meant by the name of one.
fn texts(spec: &str, what: &str, state: Option<&StateDir>, sources: &mut Sources) -> Result<Vec<SourceId>, Failure> {
    let path = Path::new(spec);
    if path.exists() {
        return load::add_all(&load::documents(path, what)?, sources);
    }
    if let Some(in_git) = InGit::of(spec) {
        return in_git.add(what, sources);
    }
    let is_revision = what == "policy" && spec.len() == 12 && spec.bytes().all(|byte| byte.is_ascii_hexdigit());
    match (is_revision, state) {
        (true, Some(state)) => {
            let saved = state.policy(spec);
            if !saved.exists() {
                return Err(Failure::Usage(format!(
                    "revision {spec} is not saved in --state; weir history shows those that are"
                )));
            }
            load::add_all(&[saved], sources)
        }
        (true, None) => Err(Failure::Usage(format!(
            "{spec}: no such file or folder; for a revision that a server saved add --state DIR"
        ))),
        (false, _) => {
            let others = if what == "policy" {
                ", REVISION:PATH of git, or a revision with --state"
            } else {
                " or REVISION:PATH of git"
            };
            Err(Failure::Usage(format!("{spec}: no such file or folder; a path{others} would do")))
        }
    }
}
