//! The clusters among the Envoy resources, in which services must be found that variants lead to by cluster.

use std::collections::BTreeSet;

use weir_policy::{At, AttachmentFile, Model, Problems, SourceId};
use weir_render::unknown_targets;
use weir_xds::{Resource, ResourceKind};

/// Reports where the filter may name a cluster that is not among the resources. Of a service that variants lead to there must be
/// `outbound|PORT||SERVICE` for each port on which the resources have a cluster of it or of a service that is led there: a
/// request may come by any of them. At least one there must be.
pub fn check_targets(
    files: &[(SourceId, AttachmentFile)],
    model: &Model,
    resources: &[Resource],
    problems: &mut Problems,
) {
    let clusters = resources.iter().filter(|resource| resource.kind == ResourceKind::Cluster);
    let names: BTreeSet<&str> = clusters.map(|cluster| cluster.name.as_str()).collect();
    let missing = |target: &str, services: &[&str]| missing(target, services, &names);
    for (source, file) in files {
        let root = At::Root { source: *source };
        unknown_targets(&file.attachment, &root.key("steer"), model, missing, problems);
    }
}

/// What is missing of a service that those services are led to, in words.
fn missing(target: &str, services: &[&str], names: &BTreeSet<&str>) -> Option<String> {
    let ports: BTreeSet<&str> = names
        .iter()
        .filter_map(|name| {
            let mut parts = name.split('|').skip(1);
            let (port, service) = (parts.next()?, parts.nth(1)?);
            (service == target || services.contains(&service)).then_some(port)
        })
        .collect();
    if ports.is_empty() {
        return Some(format!("the resources have no cluster outbound|PORT||{target}"));
    }
    let wanted = ports.iter().map(|port| format!("outbound|{port}||{target}"));
    let missing: Vec<String> = wanted.filter(|name| !names.contains(name.as_str())).collect();
    (!missing.is_empty()).then(|| format!("the resources have no cluster {}", missing.join(" and no ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_found_on_every_port_by_which_a_request_may_come() {
        for (names, expected) in [
            (&["outbound|80||lynx.shop"][..], None),
            (&["outbound|80||lynx.shop", "outbound|80||owl.shop", "outbound|80|v1|owl.shop"], None),
            (&["outbound|80||lynx.shop", "outbound|80||elk.shop", "outbound|81||fox.shop"], None),
            (&[], Some("outbound|PORT||lynx.shop")),
            (&["lynx.shop", "outbound|80||fox.shop"], Some("outbound|PORT||lynx.shop")),
            (&["outbound|80||owl.shop"], Some("outbound|80||lynx.shop")),
            (&["outbound|80|v1|lynx.shop"], Some("outbound|80||lynx.shop")),
            (&["outbound|80||lynx.shop", "outbound|81|v1|owl.shop"], Some("outbound|81||lynx.shop")),
            (
                &["outbound|80||owl.shop", "outbound|81||elk.shop", "outbound|82||lynx.shop"],
                Some("outbound|80||lynx.shop and no outbound|81||lynx.shop"),
            ),
        ] {
            let found = missing("lynx.shop", &["elk.shop", "owl.shop"], &names.iter().copied().collect());
            assert_eq!(found, expected.map(|names| format!("the resources have no cluster {names}")), "{names:?}");
        }
    }
}
