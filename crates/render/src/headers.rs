//! Header names that every kind of route has to remove: those that clients could forge, and those that are written for
//! routes alone.

use weir_policy::model::EnvTag;
use weir_policy::{Attachment, CLUSTER_HEADER, Role, SUBSET_HEADER, Steer};

/// The headers by which a client could choose its variant where the filter is missing.
pub(crate) fn forgeable(attachment: &Attachment, env_tag: &EnvTag) -> Vec<String> {
    let mut headers = vec![env_tag.header.clone(), SUBSET_HEADER.to_owned(), CLUSTER_HEADER.to_owned()];
    headers.extend(env_tag.baggage.is_some().then(|| "baggage".to_owned()));
    headers.extend(attachment.sticky.iter().map(|sticky| sticky.header.clone()));
    headers
}

/// The headers that the filter writes for routes alone, which no service should be sent.
pub(crate) fn written(attachment: &Attachment) -> Vec<String> {
    let steers = match attachment.steer {
        _ if attachment.role == Role::Inbound => return Vec::new(),
        Steer::Tag => None,
        Steer::Subset => Some(SUBSET_HEADER.to_owned()),
        Steer::Cluster => Some(CLUSTER_HEADER.to_owned()),
    };
    steers.into_iter().chain(attachment.sticky.iter().map(|sticky| sticky.header.clone())).collect()
}
