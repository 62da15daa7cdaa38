//! The shape of what is read of a route: a list that is none, or a name that is a number, would be passed over.

use weir_policy::{At, Problems, Spanned, Value, codes};

use super::node::{child, list};

/// Reports fields of a route of HTTP, TLS or TCP that have another shape than Istio takes.
pub(super) fn check(route: &Spanned, at: &At<'_>, problems: &mut Problems) {
    for name in ["match", "route", "mirrors"] {
        if let Some(node) = child(route, name).filter(|node| !matches!(node.value, Value::List(_))) {
            let message = format!("found {}, and `{name}` is a list", node.value.describe());
            problems.add(codes::WRONG_TYPE, &at.key(name), message);
        }
    }
    if let Some(mirror) = child(route, "mirror") {
        check_destination(mirror, &at.key("mirror"), problems);
    }
    for name in ["route", "mirrors"] {
        let all = at.key(name);
        for (i, one) in list(child(route, name)).iter().enumerate() {
            if let Some(destination) = child(one, "destination") {
                check_destination(destination, &all.index(i).key("destination"), problems);
            }
        }
    }
}

fn check_destination(destination: &Spanned, at: &At<'_>, problems: &mut Problems) {
    for name in ["host", "subset"] {
        if let Some(node) = child(destination, name).filter(|node| !matches!(node.value, Value::Str(_))) {
            let found = node.value.describe();
            let message =
                format!("found {found}, and `{name}` is a text: write \"{found}\" in quotes if that is its name");
            problems.add(codes::WRONG_TYPE, &at.key(name), message);
        }
    }
}
