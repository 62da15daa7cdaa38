//! Releases that `weir check` is given: held against each other, the policy, and what a journal knows.

use std::collections::HashSet;
use std::path::Path;

use weir_policy::written::Policy;
use weir_policy::{At, Problem, Problems, Role, SourceId, Sources, read};
use weir_release::effective::{InForce, Stage, effective};
use weir_release::journal::{Document, Text};
use weir_release::state::{Lifecycle, State};
use weir_release::{Around, Checked, Release};

use super::given::Given;
use crate::problems::Failure;
use crate::queries;
use crate::state_dir::StateDir;

/// A document of a release that is over, by its id and how it ended.
pub type Over = (SourceId, String, Lifecycle);

/// The releases that are good and what is wrong with the others, and those that are over.
pub fn judge(given: &Given, journal: Option<&State>) -> (Checked, Vec<Over>) {
    let policy = policies(&given.sources, &given.policy);
    let known = journal.map(State::known);
    let around = Around { policy: policy.as_deref(), journal: known.as_ref(), query: Some(&queries::wrong) };
    let mut checked = match weir_release::read(&given.sources, &given.releases) {
        Ok(documents) => documents.check(around),
        Err(problems) => return (Checked { problems, ..Checked::default() }, Vec::new()),
    };
    let over = journal.map(|journal| by_journal(given, journal, &mut checked)).unwrap_or_default();
    (checked, over)
}

/// Adds what a server with this journal would not take, and says which releases are over.
fn by_journal(given: &Given, journal: &State, checked: &mut Checked) -> Vec<Over> {
    let (mut problems, mut over) = (Problems::default(), Vec::new());
    for source in &given.releases {
        // What is bad by itself is told by now, or is of one that is over and counts for nothing.
        let Some(Ok(document)) = given.sources.get(*source).map(|source| Document::read(Text::of(source))) else {
            continue;
        };
        let id = &document.release.id;
        let refused = journal.refuses(&document);
        let root = At::Root { source: *source };
        let at = root.key("id");
        for trouble in &refused {
            // A code that it has is one of the list.
            let code = weir_release::codes::ALL.iter().find(|code| code.name() == trouble.code);
            code.into_iter().for_each(|code| problems.add(*code, &at, trouble.text.clone()));
        }
        let end = journal.lifecycle(id).filter(|_| journal.over().contains_key(id) && refused.is_empty());
        over.extend(end.map(|end| (*source, id.clone(), end)));
    }
    let mut problems = problems.into_vec();
    given.sources.locate(&mut problems);
    let bad: HashSet<SourceId> = problems.iter().map(|problem| problem.source).collect();
    checked.releases.retain(|(source, _)| !bad.contains(source));
    checked.problems.extend(problems);
    over
}

/// What is wrong with releases that could never start with this policy, however empty the pool is: with one of them in its last step the
/// policy is not good any more. The server would have it wait for ever.
pub fn never_starting(documents: &[Policy], role: Role, releases: &[(SourceId, Release)]) -> Vec<Problem> {
    if releases.is_empty() {
        return Vec::new();
    }
    let in_its_last_step = |release| InForce { release, slots: &[], stage: Stage::Step(last_step(release)) };
    let in_force: Vec<InForce<'_>> = releases.iter().map(|(_, release)| in_its_last_step(release)).collect();
    let Err(found) = weir_policy::check(&effective(documents, &in_force, SourceId::FIRST), role) else {
        // Where there is room for all, there is for each: one check of a policy that may be large.
        return Vec::new();
    };
    if let [(source, _)] = releases {
        let mut problems = Problems::default();
        for problem in found {
            let message = format!("it could never start with this policy: {}", problem.message);
            problems.add(problem.code, &At::Root { source: *source }, message);
        }
        return problems.into_vec();
    }
    let (some, others) = releases.split_at(releases.len() / 2);
    [some, others].into_iter().flat_map(|half| never_starting(documents, role, half)).collect()
}

fn last_step(release: &Release) -> usize {
    release.steps.len().saturating_sub(1)
}

/// The documents of the policy, good or bad: of a bad one more is told elsewhere. None if none are given.
fn policies(sources: &Sources, files: &[SourceId]) -> Option<Vec<Policy>> {
    if files.is_empty() { None } else { read(sources, files).ok().map(|documents| documents.policies) }
}

/// What the journal in the folder of a server's state comes to.
pub fn journal(state_dir: &Path) -> Result<State, Failure> {
    StateDir::existing(state_dir)?.releases()
}
