//! Two filters of ours in one chain: of attachments whose selectors select one pod. Each would decide, and the second undo what
//! the first one wrote.

use weir_policy::{At, Problem, Problems, codes};

use crate::istio::placed::PlacedFilter;
use crate::istio::placement::{Carrier, Proxy, ROOT_NAMESPACE};
use crate::istio::warnings::{PERHAPS_TWO_FILTERS, warning};

/// How sure it is that two filters would meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meeting {
    Never,
    /// Where a pod has the labels of both.
    Perhaps,
    /// Each pod of one of them.
    Always,
}

/// Reports filters that would be in one chain for sure, and warns of those that might be.
pub(crate) fn check(all: &[PlacedFilter<'_>], problems: &mut Problems, warnings: &mut Vec<Problem>) {
    for (index, one) in all.iter().enumerate() {
        // Of two attachments that have one name that is told.
        for other in all[..index].iter().filter(|other| other.name != one.name) {
            let root = At::Root { source: one.source };
            let istio = root.key("istio");
            let at = istio.key("selector");
            match meeting(one, other) {
                Meeting::Never => {}
                Meeting::Always => {
                    let message = format!(
                        "pods with these labels get the filter of the attachment {} as well, and the second one undoes what the first one \
                         decided; give a label that the others do not have",
                        other.name
                    );
                    problems.add(codes::CONFLICT, &at, message);
                }
                Meeting::Perhaps => {
                    let message = format!(
                        "a pod with these labels and those of the attachment {} would get both filters, of which the second one undoes \
                         what the first one decided; one label with two values keeps them apart",
                        other.name
                    );
                    warnings.push(warning(PERHAPS_TWO_FILTERS, &at, message));
                }
            }
        }
    }
}

fn meeting(one: &PlacedFilter<'_>, other: &PlacedFilter<'_>) -> Meeting {
    let placements = [&one.placement, &other.placement];
    let is_in_root = placements.iter().any(|placement| placement.namespace == ROOT_NAMESPACE);
    if one.placement.namespace != other.placement.namespace && !is_in_root {
        return Meeting::Never;
    }
    let proxies = placements.map(|placement| placement.proxy);
    // Istio's own kinds know clients and servers, and a gateway is a client as a sidecar is.
    let is_plugin = placements.iter().any(|placement| placement.carrier != Carrier::EnvoyFilter);
    let are_clients = proxies.iter().all(|proxy| *proxy != Proxy::SidecarInbound);
    let is_one_side = proxies[0] == proxies[1];
    let may_meet = is_one_side || (is_plugin && are_clients);
    if !may_meet {
        return Meeting::Never;
    }
    let [labels, others] = placements.map(|placement| &placement.selector);
    let value_of = |key: &str| others.iter().find(|(name, _)| name == key).map(|(_, value)| value);
    if labels.iter().any(|(key, value)| value_of(key).is_some_and(|other| other != value)) {
        return Meeting::Never;
    }
    let is_part =
        labels.iter().all(|label| others.contains(label)) || others.iter().all(|label| labels.contains(label));
    match (is_part, is_one_side) {
        (true, _) => Meeting::Always,
        (false, true) => Meeting::Perhaps,
        // No pod is a gateway and a sidecar, as the attachments say they are.
        (false, false) => Meeting::Never,
    }
}
