//! Names of hosts, as Istio reads them: which it refuses, what a short one means, and which name a service must have in a policy.

/// The domain of a cluster that nobody gave another.
pub(crate) const CLUSTER_DOMAIN: &str = "cluster.local";
/// The domain of services of several clusters (KEP-1645), beside the cluster's own.
const CLUSTER_SET_DOMAIN: &str = "clusterset.local";
/// The most characters of one label (RFC 1035).
const LABEL_BYTES_MAX: usize = 63;
/// The most characters of a name that Istio takes.
const HOST_BYTES_MAX: usize = 255;

/// The name and the namespace of a Kubernetes service, and the domain of its cluster: `NAME.NAMESPACE.svc.DOMAIN`.
pub(crate) fn of_kubernetes(host: &str) -> Option<(&str, &str, &str)> {
    let mut parts = host.splitn(4, '.');
    match (parts.next()?, parts.next()?, parts.next()?, parts.next()?) {
        (name, namespace, "svc", domain) if !domain.is_empty() => Some((name, namespace, domain)),
        _ => None,
    }
}

/// The domain of the cluster that a service is of, unless it is of several.
pub(crate) fn cluster_domain(host: &str) -> Option<&str> {
    let (_, _, domain) = of_kubernetes(host)?;
    (domain != CLUSTER_SET_DOMAIN).then_some(domain)
}

/// What Istio reads in a host: a name without a dot is one of the namespace.
pub(crate) fn full_name(host: &str, namespace: &str, domain: &str) -> String {
    if host.is_empty() || host == "*" || host.contains(['.', ':']) {
        host.to_owned()
    } else {
        format!("{host}.{namespace}.svc.{domain}")
    }
}

/// Whether sidecars know a service by this name as well, as Kubernetes does: `owl.shop` and `owl.shop.svc`.
pub(crate) fn is_short_for(host: &str, service: &str, domain: &str) -> bool {
    let short = service.strip_suffix(domain).and_then(|name| name.strip_suffix(".svc."));
    short.is_some_and(|short| host == short || host.strip_suffix(".svc") == Some(short))
}

/// Whether a host with a `*` at its beginning has another one among those that it means.
pub(crate) fn covers(wildcard: &str, host: &str) -> bool {
    wildcard.strip_prefix('*').is_some_and(|end| host.ends_with(end))
}

/// Why Istio takes a text for no host of a VirtualService, if it does not.
pub(crate) fn refused(host: &str) -> Option<String> {
    let found = format!("found {host:?}");
    if host.parse::<std::net::IpAddr>().is_ok() || host == "*" {
        return None;
    }
    if let Some((_, rest)) = host.split_once("://") {
        return Some(format!("{found}; a host has no scheme: write {}", rest.trim_end_matches('/')));
    }
    if let Some((name, port)) = host.rsplit_once(':')
        && !name.is_empty()
        && !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Some(format!("{found}; a host has no port, and is meant on every port: write {name}"));
    }
    if let Some(name) = host.strip_suffix('.') {
        return Some(format!("{found}; Istio would look for that very name, with the dot: write {name}"));
    }
    let name = host.strip_prefix("*-").or_else(|| host.strip_prefix("*.")).or_else(|| host.strip_prefix('*'));
    let name = name.unwrap_or(host);
    if name.contains('*') {
        return Some(format!("{found}; a * stands at the beginning: *.example.com"));
    }
    if host.len() > HOST_BYTES_MAX {
        return Some(format!("found {} characters; Istio takes at most {HOST_BYTES_MAX}", host.len()));
    }
    if let Some(label) = name.split('.').find(|label| !is_label(label)) {
        let what = "1 to 63 of a-z 0-9 - between dots, with no - at either end";
        return Some(format!("{found}, of which Istio does not take {label:?}; {what} would do"));
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    if name.contains('.') && last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!("{found}; Istio takes no name that ends in a number, but addresses"));
    }
    None
}

/// Why a name in a policy is none that Istio has for a service, and what to write, if it is none. `is_entry` says that its owner
/// calls it a host of a ServiceEntry.
pub(crate) fn refused_service(name: &str, domain: &str, is_entry: bool) -> Option<String> {
    if name.parse::<std::net::IpAddr>().is_ok() || name.contains('*') {
        return Some(format!("found {name:?}; a service has a name, such as owl.shop.svc.{domain}"));
    }
    if let Some(message) = refused(name) {
        return Some(message);
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(format!(
            "found {name:?}; names of services are in lower case: write {}",
            name.to_ascii_lowercase()
        ));
    }
    let entry = format!(
        "; if it is a host of a ServiceEntry, say so in an attachment: istio: {{services: {{{name}: {{service_entry: true}}}}}}"
    );
    let labels: Vec<&str> = name.split('.').collect();
    let of_cluster = |name: &str, namespace: &str| format!("write {name}.{namespace}.svc.{domain}");
    match labels[..] {
        _ if of_kubernetes(name).is_some() => None,
        [one] => Some(format!("found {name:?}, which says no namespace; {}", of_cluster(one, "NAMESPACE"))),
        _ if is_entry => None,
        [one, "svc", ..] if labels[2..].join(".") == domain => {
            Some(format!("found {name:?}, which says no namespace; {}{entry}", of_cluster(one, "NAMESPACE")))
        }
        [one, namespace] | [one, namespace, "svc"] => Some(format!(
            "found {name:?}, and proxies have clusters of services by their full names only; {}{entry}",
            of_cluster(one, namespace)
        )),
        [one, namespace, ..] if labels[2..].join(".") == domain => {
            Some(format!("found {name:?}, where svc is missing; {}{entry}", of_cluster(one, namespace)))
        }
        _ => None,
    }
}

/// Whether Istio takes a text between two dots, in whatever case.
fn is_label(text: &str) -> bool {
    (1..=LABEL_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `istioctl validate` answers.
    #[test]
    fn hosts_that_istio_takes() {
        let label = "a".repeat(LABEL_BYTES_MAX);
        let labels = |bytes: usize| format!("{}.", "a".repeat(50)).repeat(5).split_at(bytes).0.to_owned();
        for (host, is_taken) in [
            ("owl", true),
            ("Owl.Example", true),
            ("owl.shop", true),
            ("*", true),
            ("*.example", true),
            ("*-x.example", true),
            ("*a.example", true),
            ("10.0.0.1", true),
            ("::1", true),
            (&format!("{label}.example"), true),
            (&labels(254), true),
            ("", false),
            ("owl.shop.svc.cluster.local.", false),
            ("a_b.example", false),
            ("a.*.example", false),
            ("shop.*", false),
            ("**.example", false),
            ("owl:80", false),
            ("*:80", false),
            ("http://owl", false),
            ("owl/", false),
            ("[::1]", false),
            ("1.2.3", false),
            ("example.42", false),
            ("a..b", false),
            ("-a.b", false),
            ("a-.b", false),
            ("é.example", false),
            ("a b", false),
            (&format!("{label}a.example"), false),
        ] {
            assert_eq!(refused(host).is_none(), is_taken, "{host}: {:?}", refused(host));
        }
        let message = |host| refused(host).unwrap();
        assert!(message("owl.shop.svc.cluster.local.").ends_with("write owl.shop.svc.cluster.local"));
        assert!(message("https://shop.example/").ends_with("write shop.example"));
        assert!(message("shop.example:443").ends_with("write shop.example"));
    }

    #[test]
    fn services_are_called_by_their_full_names() {
        for (name, is_entry, domain, expected) in [
            ("owl.shop.svc.cluster.local", false, "cluster.local", None),
            ("owl.shop.svc.clusterset.local", false, "cluster.local", None),
            ("owl.shop.svc.corp.example", false, "corp.example", None),
            ("api.example.com", false, "cluster.local", None),
            ("owl", false, "cluster.local", Some("write owl.NAMESPACE.svc.cluster.local")),
            ("owl", true, "cluster.local", Some("write owl.NAMESPACE.svc.cluster.local")),
            ("owl.shop", false, "cluster.local", Some("write owl.shop.svc.cluster.local; if")),
            ("owl.shop", false, "corp.example", Some("write owl.shop.svc.corp.example; if")),
            ("example.com", true, "cluster.local", None),
            ("owl.shop.svc", false, "cluster.local", Some("write owl.shop.svc.cluster.local; if")),
            ("owl.svc.cluster.local", false, "cluster.local", Some("write owl.NAMESPACE.svc.cluster.local; if")),
            ("owl.shop.cluster.local", false, "cluster.local", Some("write owl.shop.svc.cluster.local; if")),
            ("owl.shop.cluster.local", true, "cluster.local", None),
            ("owl.shop.cluster.local", false, "corp.example", None),
            ("owl_1.shop.svc.cluster.local", false, "cluster.local", Some("\"owl_1\"")),
            ("Owl.shop.svc.cluster.local", true, "cluster.local", Some("write owl.shop.svc.cluster.local")),
            ("owl.shop.svc.cluster.local.", false, "cluster.local", Some("write owl.shop.svc.cluster.local")),
            ("owl-.shop.svc.cluster.local", true, "cluster.local", Some("\"owl-\"")),
            ("10.0.0.1", true, "cluster.local", Some("a service has a name")),
            ("1.2.3", true, "cluster.local", Some("ends in a number")),
        ] {
            let message = refused_service(name, domain, is_entry);
            let is_expected = match (&message, expected) {
                (Some(message), Some(part)) => message.contains(part),
                (message, part) => message.is_none() && part.is_none(),
            };
            assert!(is_expected, "{name} {is_entry} {domain}: {message:?}");
        }
    }

    #[test]
    fn short_names_are_of_the_namespace_and_the_domain_of_the_cluster() {
        for (host, expected) in [
            ("owl", "owl.shop.svc.corp.example"),
            ("owl.shop", "owl.shop"),
            ("*", "*"),
            ("*.example", "*.example"),
            ("::1", "::1"),
            ("", ""),
        ] {
            assert_eq!(full_name(host, "shop", "corp.example"), expected);
        }
    }
}
