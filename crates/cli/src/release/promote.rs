//! What a person does around a promotion, in which order, and when the last of it may be done.

use std::time::Duration;

use jiff::Timestamp;

use super::view::ReleaseView;
use super::words::names;

/// The least time from the end of a release until what it led to may be deleted: requests of before are still on their way.
const DELETED_AFTER: Duration = Duration::from_secs(600);

/// The order in which a release is finished, by commands that end with `place`.
pub fn order(id: &str, place: &str) -> String {
    format!(
        "The order, since requests without a unit, held out, not targeted, or past the edge still meet the old version:
  1. point stable at the new version
  2. see it on requests without a tag
  3. weir release promote {id}{place}: its layer leaves by stages, its slots are free, and what waits starts
  4. delete the subset and Deployment of its canary when weir release why {id}{place} says so
"
    )
}

/// When the subset and the Deployment of one that is finished may be deleted.
pub fn deletable(view: &ReleaseView) -> String {
    let after = view.since.and_then(|since| since.checked_add(DELETED_AFTER).ok());
    let over = view.over.as_ref();
    match (over.is_none_or(|over| over.reached), after) {
        (false, after) => {
            let unreached = over.map(|over| names(&over.unreached)).filter(|names| !names.is_empty());
            let unreached = unreached.map(|names| format!("; not yet by {names}")).unwrap_or_default();
            let after = after.map(|after| format!("not before {after:.0}, and ")).unwrap_or_default();
            format!(
                "the subset and Deployment of its canary may not be deleted yet: {after}when every Envoy of the last 24 hours has \
                 answered its end{unreached}"
            )
        }
        (true, Some(after)) if after > Timestamp::now() => {
            format!("the subset and Deployment of its canary may be deleted from {after:.0} on")
        }
        (true, _) => "the subset and Deployment of its canary may be deleted".to_owned(),
    }
}
