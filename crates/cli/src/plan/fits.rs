//! Whether the policy with each release in it is one that can be pushed.

use weir_policy::written::Policy;
use weir_policy::{Role, SourceId};
use weir_release::Release;
use weir_release::state::IN_FORCE_MAX;
use weir_simulate::many;

use super::found::Found;
use crate::check::releases;

/// Releases that could never start, as `weir check` tells them: with each the policy would be no good, or too large. As many at a time as
/// may be in force are tried together, because a policy may be large itself.
pub fn never_starting(documents: &[Policy], all: &[(SourceId, Release)]) -> Vec<Found> {
    let chunks: Vec<&[(SourceId, Release)]> = all.chunks(IN_FORCE_MAX).collect();
    let of = |chunk: usize| {
        let chunk = chunks.get(chunk).copied().unwrap_or_default();
        let problems = releases::never_starting(documents, Role::Edge, chunk).into_iter();
        let found = problems.filter_map(|problem| {
            let (_, release) = chunk.iter().find(|(source, _)| *source == problem.source)?;
            Some(Found::of_release(&release.id, "never_starts", problem.message))
        });
        found.collect::<Vec<_>>()
    };
    many(chunks.len(), of, |_| {}).into_iter().flatten().collect()
}
