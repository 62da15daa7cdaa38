//! Which releases wait for routes: a filter that steers by tag only writes a header, and somebody must send what carries it to the
//! new version.

use std::collections::BTreeSet;

use weir_policy::{Role, Steer};
use weir_release::Release;
use weir_release::state::State;

use crate::serve::proposal::Proposal;

/// The ids of releases in the queue and of running ones whose routes are not among the resources that the server is given, where
/// an attachment asks for such.
pub fn unrouted(proposal: &Proposal, tag_header: &str, state: &State) -> BTreeSet<String> {
    let files = proposal.attachments.as_ref().map(|attachments| attachments.files.as_slice()).unwrap_or_default();
    let steers = |role: Role, steer: Steer| role != Role::Inbound && steer == Steer::Tag;
    let mut by_tag = files.iter().filter(|(_, file)| steers(file.attachment.role, file.attachment.steer)).peekable();
    if by_tag.peek().is_none() {
        return BTreeSet::new();
    }
    // Routes of Istio are among its own resources.
    let is_elsewhere = by_tag.any(|(_, file)| file.istio.is_some());
    let has_route = |tag: &str| proposal.routing.as_ref().is_some_and(|routing| routing.asks_for(tag_header, tag));
    let has_routes = |release: &Release| {
        release.arms.iter().filter(|arm| !arm.routes.is_empty()).all(|arm| !is_elsewhere && has_route(&arm.env_tag))
    };
    let entries = state.entries().iter().filter(|(_, entry)| !has_routes(&entry.document.release));
    entries.map(|(id, _)| id.clone()).collect()
}
