//! Policies that were saved, read back from the state: one file each, whatever attachments they are put together with.

use std::sync::Arc;

use weir_policy::{Checked, Revision, Role, SourceId, Sources};

use super::deployment::Deployment;
use crate::effective::{self, Additions, Effective, People};
use crate::load;
use crate::problems::Failure;
use crate::state_dir::{Cause, StateDir};

/// What people wrote once.
pub struct Saved {
    /// What they wrote.
    pub people: People,
    sources: Sources,
    additions: SourceId,
    role: Role,
}

impl Saved {
    /// The policy that takes effect of it now, with releases.
    pub fn effective(&self, releases: &Additions<'_>) -> Result<Effective, Failure> {
        self.people.effective(&self.sources, self.role, &releases.at(self.additions))
    }
}

/// What people wrote under this revision.
pub fn written(state: &StateDir, revision: &str, role: Role) -> Result<Saved, Failure> {
    let (mut sources, files) = sources(state, revision)?;
    let people = People::read(&sources, &files, role)?;
    whole(state, revision, people.policy.revision)?;
    let additions = Additions::source(&mut sources);
    Ok(Saved { people, sources, additions, role })
}

/// The policy that was in force last, and why.
pub fn last_in_force(state: &StateDir, role: Role) -> Result<Option<(Saved, Cause)>, Failure> {
    let Some(last) = state.history()?.pop() else { return Ok(None) };
    Ok(Some((written(state, &last.revision, role)?, last.cause)))
}

/// What Envoys were offered when the server ended, as far as it was saved, at the attachments and with the resources of the
/// first target.
pub fn deployed(state: &StateDir, first: &Deployment, role: Role) -> Result<Option<Deployment>, Failure> {
    let Some(deployed) = state.deployed()? else { return Ok(None) };
    let policy = |revision: &str| match revision == first.revision() {
        true => Ok(first.mesh.policy.clone()),
        false => served(state, revision, role),
    };
    let edges = first.edges.with(policy(&deployed.edges)?, deployed.edges_push);
    let mesh = first.mesh.with(policy(&deployed.mesh)?, deployed.mesh_push);
    // What was in force last; where that cannot be read, nothing is told of what changed in it.
    let last = state.last_in_force()?.filter(|last| *last != first.written.revision.to_string());
    let last = last.and_then(|last| served(state, &last, role).ok());
    let written = last.unwrap_or_else(|| first.written.clone());
    Ok(Some(Deployment { edges, mesh, resources: first.resources.clone(), written }))
}

/// A policy as it was served, with nothing added: it may be one that nobody wrote, of a stage.
fn served(state: &StateDir, revision: &str, role: Role) -> Result<Arc<Checked>, Failure> {
    let (sources, files) = sources(state, revision)?;
    let policy = effective::check(&sources, &files, role)?;
    whole(state, revision, policy.revision)?;
    Ok(Arc::new(policy))
}

fn sources(state: &StateDir, revision: &str) -> Result<(Sources, Vec<SourceId>), Failure> {
    let mut sources = Sources::default();
    let files = load::policy_files(&state.policy(revision), &mut sources)?;
    Ok((sources, files))
}

fn whole(state: &StateDir, revision: &str, found: Revision) -> Result<(), Failure> {
    if found.to_string() == revision {
        return Ok(());
    }
    let path = state.policy(revision);
    Err(Failure::Message(format!("weir: {}: damaged: it holds revision {found}\n", path.display())))
}
