//! The domains of one route table, judged as Envoy judges them: it refuses the whole table for one that stands twice, and a form
//! that it does not match sends nobody anywhere.

use std::collections::BTreeMap;

use weir_policy::{At, Problems, codes};

/// Reports domains of `hosts` that Envoy would refuse or never match. Each of `services` has its own name as a domain besides.
pub(super) fn check<'a>(
    services: impl Iterator<Item = &'a str>,
    hosts: &'a [(String, Vec<String>)],
    at: &At<'_>,
    problems: &mut Problems,
) {
    // By domain in lower case, as Envoy compares them: the service that has it.
    let mut taken: BTreeMap<String, &str> = services.map(|service| (service.to_ascii_lowercase(), service)).collect();
    for (service, domains) in hosts {
        let of_service = at.key(service);
        for (index, domain) in domains.iter().enumerate() {
            let at = of_service.index(index);
            if let Some(message) = never_matched(domain) {
                problems.add(codes::BAD_VALUE, &at, message);
                continue;
            }
            if let Some(other) = taken.insert(domain.to_ascii_lowercase(), service) {
                let whose = if other == service {
                    "this service has it already".to_owned()
                } else {
                    format!("{other} has it too")
                };
                let message = format!("{domain} stands for one service only, in whatever case: {whose}");
                problems.add(codes::CONFLICT, &at, message);
            }
        }
    }
}

/// Why Envoy would match no request by a domain, if it would not.
fn never_matched(domain: &str) -> Option<String> {
    let host = domain.strip_prefix('*').or_else(|| domain.strip_suffix('*')).unwrap_or(domain);
    let found = format!("found {domain:?}");
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let bare = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        // IPv6, whose colons part no port.
        Some((address, rest)) => {
            return (!rest.is_empty() || address.is_empty()).then(|| format!("{found}; without a port it would do"));
        }
        None => host.rsplit_once(':'),
    };
    if let Some((name, port)) = bare {
        return Some(match is_port(port) {
            true => {
                let star = if domain.starts_with('*') { "*" } else { "" };
                format!("{found}; ports are not compared, so write {star}{name}")
            }
            false => format!("{found}; a host has no colon but before its port"),
        });
    }
    if host.contains('*') {
        return Some(format!(
            "{found}; a * stands alone, at the beginning or at the end: * or *.example.com or shop.*"
        ));
    }
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (host.is_empty() && domain != "*") || !host.bytes().all(is_of_host) {
        return Some(format!("{found}; a host such as shop.example.com would do, or * for any"));
    }
    None
}

#[cfg(test)]
mod tests {
    use weir_policy::SourceId;

    use super::*;

    #[test]
    fn forms_that_envoy_matches() {
        for (domain, is_matched) in [
            ("*", true),
            ("shop.example.com", true),
            ("Shop.Example", true),
            ("owl_1", true),
            ("10.0.0.1", true),
            ("[::1]", true),
            ("*.example.com", true),
            ("*-shop.example.com", true),
            ("shop.*", true),
            ("", false),
            ("**", false),
            ("*.shop.*", false),
            ("a*b", false),
            ("shop.example.com:80", false),
            ("*:80", false),
            ("[::1]:80", false),
            ("[]", false),
            ("http://shop", false),
            ("shop.example.com/", false),
            ("a b", false),
            ("é.example", false),
        ] {
            assert_eq!(never_matched(domain).is_none(), is_matched, "{domain}: {:?}", never_matched(domain));
        }
    }

    #[test]
    fn what_is_proposed_for_a_port_is_a_domain() {
        for (domain, expected) in
            [("*:80", "*"), ("*.example.com:80", "*.example.com"), ("shop.example:80", "shop.example")]
        {
            let message = never_matched(domain).unwrap();
            assert!(message.ends_with(&format!("write {expected}")) && never_matched(expected).is_none(), "{message}");
        }
    }

    #[test]
    fn a_domain_is_of_one_service_in_whatever_case() {
        for (owl, tiger, expected) in [
            (&["*"][..], &["tiger.example"][..], &[][..]),
            (&["*"], &["*"], &["hosts.tiger[0]"]),
            (&["a.example", "A.example"], &[], &["hosts.owl[1]"]),
            (&["Tiger"], &["tiger"], &["hosts.owl[0]", "hosts.tiger[0]"]),
            (&["a.example"], &["b.example", "A.EXAMPLE"], &["hosts.tiger[1]"]),
        ] {
            let texts = |domains: &[&str]| domains.iter().map(|domain| (*domain).to_owned()).collect::<Vec<_>>();
            let hosts = [("owl".to_owned(), texts(owl)), ("tiger".to_owned(), texts(tiger))];
            let mut problems = Problems::default();
            let root = At::Root { source: SourceId::FIRST };
            check(["owl", "tiger"].into_iter(), &hosts, &root.key("hosts"), &mut problems);
            let places: Vec<String> = problems.into_vec().iter().map(|problem| problem.path.to_string()).collect();
            assert_eq!(places, expected, "{owl:?} {tiger:?}");
        }
    }
}
