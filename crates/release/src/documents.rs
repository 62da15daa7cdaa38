//! From the texts of releases to what they mean: `texts -> written::Release -> Release`.

use weir_policy::{At, Kind, Problem, Problems, Source, SourceId, Sources, codes};

use crate::check::{Around, Checked, check};
use crate::release::Release;
use crate::{limits, written};

/// The documents of releases as they are written.
#[derive(Clone, Debug)]
pub struct Documents<'a> {
    sources: &'a Sources,
    /// What they say, in the order of their texts.
    pub releases: Vec<written::Release>,
    problems: Vec<Problem>,
}

/// Reads the documents of releases from these texts, without judging them: what cannot be read of one is told by the check.
///
/// # Errors
/// That they are too many or too large to be read.
pub fn read<'a>(sources: &'a Sources, files: &[SourceId]) -> Result<Documents<'a>, Vec<Problem>> {
    let mut problems = Problems::default();
    let bytes = files.iter().filter_map(|file| sources.get(*file)).map(|source| source.text.len());
    let root = At::Root { source: files.first().copied().unwrap_or_default() };
    for (found, max, what) in [
        (files.len(), limits::RELEASES_MAX, "documents of releases"),
        (bytes.fold(0, usize::saturating_add), limits::RELEASES_BYTES_MAX, "bytes of releases"),
    ] {
        if found > usize::try_from(max).unwrap_or(usize::MAX) {
            problems.add(codes::LIMIT, &root, format!("{found} {what}; at most {max} are read"));
        }
    }
    if !problems.is_empty() {
        return Err(problems.into_vec());
    }
    let mut releases = Vec::with_capacity(files.len());
    for file in files {
        let document = sources.parse_as(Kind::Release, *file, &mut problems);
        let (release, found) = written::Release::read(document, *file);
        releases.push(release);
        problems.extend(found.into_vec());
    }
    Ok(Documents { sources, releases, problems: problems.into_vec() })
}

/// What a document means by itself, whatever stands around it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_alone(source: Source) -> Result<Release, Vec<Problem>> {
    let sources = Sources::of([source]);
    let checked = read(&sources, &[SourceId::FIRST])?.check(Around::default());
    // One that has no problem is there.
    checked.releases.into_iter().next().map(|(_, release)| release).ok_or(checked.problems)
}

impl Documents<'_> {
    /// Checks them, by themselves, against each other and against what stands around them. Problems know their places.
    pub fn check(&self, around: Around<'_>) -> Checked {
        let mut checked = check(self.sources, &self.releases, &self.problems, around);
        for found in [&mut checked.problems, &mut checked.warnings] {
            self.sources.locate(found);
            found.sort_by_key(|problem| (problem.source, problem.position));
        }
        checked
    }
}
