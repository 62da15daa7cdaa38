//! The seam between what people wrote and what takes effect: the one place where anything else than the policy's files can
//! have a say in the policy. Whatever adds to it adds documents here, and the whole is checked by the same checker.

use std::sync::Arc;

use weir_policy::written::Policy;
use weir_policy::{Checked, Problem, Role, Source, SourceId, Sources, read};
use weir_release::effective::{InForce, effective, missing_holdouts};
use weir_release::state::State;

use crate::problems::Failure;

/// A good policy as it takes effect, and what people wrote, which need not be the same.
#[derive(Clone, Debug)]
pub struct Effective {
    /// What people wrote, by itself: it changes when they change their files, and not otherwise. History and rollbacks name it.
    pub written: Arc<Checked>,
    /// The policy that takes effect.
    pub policy: Arc<Checked>,
    /// The number of the change of what is added to it: the push number, by which evidence tells what edges decided by.
    pub push: u64,
}

impl Effective {
    /// The policy that takes effect of these texts where there are no releases, with its documents, for who tells where in them
    /// something stands.
    pub fn with_documents(
        sources: &Sources,
        files: &[SourceId],
        role: Role,
    ) -> Result<(Effective, Vec<Policy>), Failure> {
        let people = People::read(sources, files, role)?;
        Ok((people.effective(sources, role, &Additions::default())?, people.documents))
    }

    /// A policy to which nothing is added.
    pub fn by_itself(policy: Arc<Checked>) -> Effective {
        Effective { written: policy.clone(), policy, push: 0 }
    }
}

/// What people wrote, and is good.
#[derive(Clone)]
pub struct People {
    /// Its documents.
    pub documents: Vec<Policy>,
    /// The policy of them by itself.
    pub policy: Arc<Checked>,
}

/// What releases add to a policy.
#[derive(Clone, Default)]
pub struct Additions<'a> {
    /// Those that are in force.
    pub in_force: Vec<InForce<'a>>,
    /// The number of the last change of it.
    pub push: u64,
    /// The text that problems of it point to, which is of no file.
    pub source: SourceId,
}

impl<'a> Additions<'a> {
    /// What releases in this state add.
    pub fn of(state: &'a State, source: SourceId) -> Additions<'a> {
        Additions { in_force: state.in_force(), push: state.push(), source }
    }

    /// The text that problems of what is added point to.
    pub fn source(sources: &mut Sources) -> SourceId {
        sources.add(Source::json("the releases in force", "{}"))
    }

    /// The documents that take effect: those that people wrote, and one of what releases add.
    pub fn documents(&self, written: &[Policy]) -> Vec<Policy> {
        effective(written, &self.in_force, self.source)
    }

    /// The same among other texts.
    #[must_use]
    pub fn at(&self, source: SourceId) -> Additions<'a> {
        Additions { source, ..self.clone() }
    }
}

impl People {
    /// What these texts say, if they are good.
    pub fn read(sources: &Sources, files: &[SourceId], role: Role) -> Result<People, Failure> {
        let failure = |problems| failure(sources, problems);
        let documents = read(sources, files).map_err(failure)?;
        let policy = Checked::from(documents.check(&documents.policies, role).map_err(failure)?);
        Ok(People { documents: documents.policies, policy: Arc::new(policy) })
    }

    /// The policy that takes effect with releases, if it is good as a whole.
    pub fn effective(&self, sources: &Sources, role: Role, releases: &Additions<'_>) -> Result<Effective, Failure> {
        let (written, push) = (self.policy.clone(), releases.push);
        if releases.in_force.is_empty() {
            return Ok(Effective { policy: written.clone(), written, push });
        }
        let missing = missing_holdouts(&self.documents, &releases.in_force);
        if !missing.is_empty() {
            let told = missing.into_iter().map(|one| format!("{}: {}\n", one.code, one.text));
            return Err(Failure::Message(told.collect()));
        }
        let documents = releases.documents(&self.documents);
        match weir_policy::check(&documents, role) {
            Ok(model) => Ok(Effective { written, policy: Arc::new(Checked::from(model)), push }),
            Err(mut problems) => {
                sources.locate(&mut problems);
                Err(failure(sources, problems))
            }
        }
    }
}

/// The policy of these texts, with nothing added.
pub fn check(sources: &Sources, files: &[SourceId], role: Role) -> Result<Checked, Failure> {
    Ok(Arc::unwrap_or_clone(People::read(sources, files, role)?.policy))
}

/// The problems of a policy know their places, but for one of a text that is too large to be read, which is not read for that.
fn failure(sources: &Sources, problems: Vec<Problem>) -> Failure {
    Failure::Problems { sources: sources.clone(), problems }
}
