//! A look at the documents of releases, as they stand in their files.

use weir_policy::written::Policy;
use weir_policy::{Problem, SourceId, Sources};
use weir_release::decide::{Bad, File, Look};
use weir_release::journal::{Document, Text, Trouble};
use weir_release::state::State;
use weir_release::{Around, read};

use crate::problems::Failure;
use crate::queries;
use crate::serve::questions::Questions;

/// What files say, by themselves, with each other, with this policy and with what the journal knows.
pub fn look(
    name: String,
    files: &Result<Vec<SourceId>, Failure>,
    sources: &Sources,
    policy: &[Policy],
    state: &State,
    questions: &Questions,
) -> Look {
    let ids = match files {
        Ok(ids) => ids,
        Err(failure) => {
            let trouble = Trouble::new("unreadable", failure.text(false).trim_end().trim_start_matches("weir: "));
            return Look { name, files: Err(vec![trouble]) };
        }
    };
    let documents = match read(sources, ids) {
        Ok(documents) => documents,
        Err(problems) => return Look { name, files: Err(problems.iter().map(trouble).collect()) },
    };
    let known = state.known();
    let checked = documents.check(Around { policy: Some(policy), journal: Some(&known), query: Some(&queries::wrong) });
    let file = |(id, written): (&SourceId, &weir_release::written::Release)| {
        let source = sources.get(*id)?;
        let problems: Vec<Trouble> = checked.problems.iter().filter(|one| one.source == *id).map(trouble).collect();
        let document = if problems.is_empty() { Document::read(Text::of(source)) } else { Err(problems) };
        let document = document.and_then(|document| looked_up(document, state, questions));
        let document = document.map_err(|problems| Bad { release: written.id.clone(), problems });
        Some(File { name: source.name.clone(), document })
    };
    let files = ids.iter().zip(&documents.releases).filter_map(file).collect();
    Look { name, files: Ok(files) }
}

/// The document, if somebody knows the metrics that it asks for. Of those that were good once this is asked no more: they wait by
/// themselves where a metric is gone. No problem at all is said as long as nobody knows.
fn looked_up(document: Document, state: &State, questions: &Questions) -> Result<Document, Vec<Trouble>> {
    let release = &document.release;
    let is_over = state.over().contains_key(&release.id);
    let before = state.entries().get(&release.id).map(|entry| queries::texts(&entry.document.release));
    if is_over || before.is_some_and(|before| before == queries::texts(release)) {
        return Ok(document);
    }
    match questions.troubles(release) {
        Some(troubles) if troubles.is_empty() => Ok(document),
        troubles => Err(troubles.unwrap_or_default()),
    }
}

fn trouble(problem: &Problem) -> Trouble {
    let place = problem.position.map(|position| format!("line {}: ", position.line)).unwrap_or_default();
    Trouble::new(problem.code.name(), format!("{place}{}", problem.message))
}
