//! Warnings of what is rendered: what is not wrong, and likely not to be meant.

use weir_policy::{At, Code, Path, Problem, Role, SourceId, Steer};

use crate::istio::placed::PlacedFilter;
use crate::istio::routed::RoutedService;

/// A pod that may be selected by two attachments.
pub const PERHAPS_TWO_FILTERS: Code = Code::new(
    "perhaps_two_filters",
    "A warning: a pod may have the labels of two attachments, and would get the filters of both.",
);
/// Tags of which several lead to one place.
pub const MANY_TAGS: Code = Code::new(
    "many_tags",
    "A warning: an attachment steers by tag, and several tags lead a service to one place, for which by subset one route would do.",
);

/// A warning of what stands in an attachment.
pub(super) fn warning(code: Code, at: &At<'_>, message: String) -> Problem {
    let (source, path): (SourceId, Path) = at.path();
    Problem { code, source, path, position: None, message }
}

/// Attachments that steer by tag where several tags lead a service to one place.
pub(super) fn many_tags(all: &[PlacedFilter<'_>], routed: &[RoutedService]) -> Vec<Problem> {
    let spared = |service: &RoutedService| service.variants.len() - service.targets().len();
    let Some(most) = routed.iter().filter(|service| spared(service) > 0).max_by_key(|service| spared(service)) else {
        return Vec::new();
    };
    let (tags, targets) = (most.variants.len(), most.targets().len());
    let places = if targets == 1 { "one place".to_owned() } else { format!("{targets} places") };
    let message = format!(
        "{tags} tags lead {} to {places}, and each tag has a route; with steer: subset each place has",
        most.host
    );
    let by_tag = all.iter().filter(|placed| {
        let attachment = &placed.file.attachment;
        attachment.steer == Steer::Tag && attachment.role != Role::Inbound
    });
    by_tag.map(|placed| warning(MANY_TAGS, &At::Root { source: placed.source }.key("steer"), message.clone())).collect()
}
