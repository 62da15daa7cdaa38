//! Labels of pods, as attachment files give them.

use weir_policy::fields;
use weir_policy::{At, Problems, Spanned, codes};

use crate::entries::by_name;

/// Labels with their values, in the order of the file.
pub(crate) type Labels = Vec<(String, String)>;

/// Reads labels, at least one: without any the object would mean every pod of its namespace.
pub(crate) fn labels(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Labels> {
    let labels = by_name(Some(node), at, problems, fields::string);
    if labels.is_empty() {
        problems.add(codes::BAD_VALUE, at, "found no label; {app: owl} would do");
        return None;
    }
    Some(labels)
}
