//! The domain of the cluster, by which Istio completes short names, and by which services are called in full.

use std::collections::BTreeSet;

use weir_policy::{At, Code, Problems, codes};

use crate::istio::host_name::{CLUSTER_DOMAIN, cluster_domain};
use crate::istio::placed::PlacedFilter;

/// The domain that attachments give, or else that of these services.
pub(crate) fn read<'a>(
    all: &[PlacedFilter<'_>],
    services: impl Iterator<Item = &'a str>,
    problems: &mut Problems,
) -> String {
    let mut given = all.iter().filter_map(|placed| Some((placed, placed.placement.domain.as_deref()?)));
    if let Some((_, first)) = given.next() {
        for (placed, domain) in given.filter(|(_, domain)| *domain != first) {
            let message = format!("found {domain}, and {first} in another attachment; a cluster has one domain");
            report(placed, codes::CONFLICT, message, problems);
        }
        return first.to_owned();
    }
    let domains: BTreeSet<&str> = services.filter_map(cluster_domain).collect();
    let mut domains = domains.into_iter();
    let first = domains.next().unwrap_or(CLUSTER_DOMAIN);
    if let (Some(second), Some(placed)) = (domains.next(), all.first()) {
        let message = format!(
            "services are of the domains {first} and {second}; say which one is the cluster's, by which Istio reads short \
             names: istio: {{domain: {first}}}"
        );
        report(placed, codes::MISSING_FIELD, message, problems);
    }
    first.to_owned()
}

fn report(placed: &PlacedFilter<'_>, code: Code, message: String, problems: &mut Problems) {
    let root = At::Root { source: placed.source };
    problems.add(code, &root.key("istio").key("domain"), message);
}
