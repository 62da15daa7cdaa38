//! Documents of cases, through the readers that all documents go through.

use serde_json::Value;
use weir_policy::written::Policy;
use weir_policy::{Source, Sources};
use weir_release::{Around, Release};

/// A policy's documents: here always one.
pub fn policy(written: &Value) -> Result<Vec<Policy>, String> {
    let sources = Sources::of([Source::json("policy.json", written.to_string())]);
    let ids: Vec<_> = sources.iter().map(|(id, _)| id).collect();
    let documents = weir_policy::read(&sources, &ids).map_err(|problems| format!("{problems:?}"))?;
    documents.check(&documents.policies, weir_policy::Role::Edge).map_err(|problems| format!("{problems:?}"))?;
    Ok(documents.policies)
}

/// Releases beside a policy, all good, in the order of their texts.
pub fn releases<'a>(
    written: impl IntoIterator<Item = &'a Value>,
    policy: Option<&[Policy]>,
) -> Result<Vec<Release>, String> {
    let texts = written.into_iter().map(|document| {
        let id = document["id"].as_str().unwrap();
        Source::json(format!("{id}.json"), document.to_string())
    });
    let sources = Sources::of(texts);
    let ids: Vec<_> = sources.iter().map(|(id, _)| id).collect();
    let documents = weir_release::read(&sources, &ids).map_err(|problems| format!("{problems:?}"))?;
    let checked = documents.check(Around { policy, ..Around::default() });
    match checked.problems.as_slice() {
        [] => Ok(checked.releases.into_iter().map(|(_, release)| release).collect()),
        problems => Err(problems.iter().map(|one| format!("{}: {one}\n", named(&sources, one))).collect()),
    }
}

fn named(sources: &Sources, problem: &weir_policy::Problem) -> String {
    sources.get(problem.source).map_or_else(String::new, |source| source.name.clone())
}
