//! A look at the documents of releases, as they stand in their files.

use std::collections::BTreeSet;

use weir_policy::written::Policy;
use weir_policy::{Problem, SourceId, Sources};
use weir_release::decide::{Bad, File, Look};
use weir_release::journal::{Document, Format, Text, Trouble};
use weir_release::state::State;
use weir_release::{Around, Known, read};

use crate::check::wrong_query;
use crate::problems::Failure;

/// What files say, by themselves, with each other, with this policy and with what the journal knows.
pub fn look(
    name: String,
    files: &Result<Vec<SourceId>, Failure>,
    sources: &Sources,
    policy: &[Policy],
    state: &State,
) -> Look {
    let ids = match files {
        Ok(ids) => ids,
        Err(failure) => {
            let trouble = Trouble::new("unreadable", failure.text(false).trim_end());
            return Look { name, files: Err(vec![trouble]) };
        }
    };
    let documents = match read(sources, ids) {
        Ok(documents) => documents,
        Err(problems) => return Look { name, files: Err(problems.iter().map(trouble).collect()) },
    };
    let known = Known {
        over: state.over().keys().cloned().collect(),
        others: state.entries().keys().cloned().collect::<BTreeSet<String>>(),
    };
    let checked = documents.check(Around { policy: Some(policy), journal: Some(&known), query: Some(&wrong_query) });
    let file = |(id, written): (&SourceId, &weir_release::written::Release)| {
        let source = sources.get(*id)?;
        let problems: Vec<Trouble> = checked.problems.iter().filter(|one| one.source == *id).map(trouble).collect();
        let text = || {
            let format = match source.format {
                weir_policy::Format::Json => Format::Json,
                weir_policy::Format::Yaml => Format::Yaml,
            };
            Text { format, text: source.text.clone() }
        };
        let document = if problems.is_empty() { Document::read(text()) } else { Err(problems) };
        let document = document.map_err(|problems| Bad { release: written.id.clone(), problems });
        Some(File { name: source.name.clone(), document })
    };
    let files = ids.iter().zip(&documents.releases).filter_map(file).collect();
    Look { name, files: Ok(files) }
}

fn trouble(problem: &Problem) -> Trouble {
    let place = problem.position.map(|position| format!("line {}: ", position.line)).unwrap_or_default();
    Trouble::new(problem.code.name(), format!("{place}{}", problem.message))
}
