//! One of the two policies, wherever it is.

use std::path::Path;

use weir_policy::{Checked, Role, SourceId, Sources, codes};
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

/// A side whose texts are read, and nothing of them checked.
#[derive(Clone)]
pub struct Texts {
    name: String,
    sources: Sources,
    policy: Vec<SourceId>,
    releases: Option<Vec<SourceId>>,
    /// The documents of releases that are good by themselves.
    pub documents: Vec<Document>,
}

impl Texts {
    /// Reads a policy, and releases beside it.
    pub fn read(spec: &str, releases: Option<&str>, state: Option<&StateDir>) -> Result<Texts, Failure> {
        let mut sources = Sources::default();
        let policy = texts(spec, "policy", state, &mut sources)?;
        let releases = releases.map(|spec| texts(spec, "release", None, &mut sources)).transpose()?;
        // What is bad among these is told with the policy.
        let read = |source: &SourceId| Document::read(Text::of(sources.get(*source)?)).ok();
        let documents: Vec<Document> = releases.iter().flatten().filter_map(read).collect();
        Ok(Texts { name: spec.to_owned(), sources, policy, releases, documents })
    }

    /// The policy as it takes effect with the releases that a journal has in force, and with those that wait, or without: they deal nobody,
    /// and what their documents say is told beside.
    pub fn check(self, journal: Option<&State>, waiting: bool) -> Result<Side, Failure> {
        let Texts { name, mut sources, policy, releases, documents } = self;
        let (policy, _) =
            load::with_releases(&mut sources, &policy, Role::Edge, releases.as_deref(), journal, waiting)?;
        Ok(Side { name, policy, documents })
    }
}

/// Whether too much waits for one policy. None need have room for all: few of them are in force together.
pub fn is_too_much(side: &Result<Side, Failure>) -> bool {
    matches!(side, Err(Failure::Problems { problems, .. }) if problems.iter().all(|problem| problem.code == codes::LIMIT))
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
