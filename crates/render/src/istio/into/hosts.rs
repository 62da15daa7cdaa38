//! The hosts of an existing VirtualService as they are written: what Istio refuses of them, and what it reads otherwise than it
//! was meant.

use std::collections::BTreeSet;

use weir_policy::{At, Problems, codes};

use super::virtual_service::VirtualService;
use crate::istio::host_name::{covers, refused};
use crate::istio::routed::RoutedService;

/// Reports hosts for which Istio refuses the VirtualService; the path is that of the list.
pub(super) fn check(hosts: &[String], at: &At<'_>, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    let wildcards: Vec<&String> = hosts.iter().filter(|host| host.starts_with('*')).collect();
    for (index, host) in hosts.iter().enumerate() {
        let at = at.index(index);
        if let Some(message) = refused(host) {
            problems.add(codes::BAD_VALUE, &at, message);
        } else if !seen.insert(host) {
            problems.add(codes::CONFLICT, &at, format!("{host} stands here twice, which Istio refuses; leave one out"));
        } else if let Some(wildcard) = wildcards.iter().find(|other| **other != host && covers(other, host)) {
            let message = format!("{wildcard} covers {host}, which Istio refuses in one VirtualService; leave one out");
            problems.add(codes::CONFLICT, &at, message);
        }
    }
}

/// Reports hosts that are a service of ours but for their case: Istio looks up a service by its exact name.
pub(super) fn check_case(existing: &VirtualService, services: &[RoutedService], problems: &mut Problems) {
    for (index, (written, host)) in existing.written_hosts.iter().zip(&existing.hosts).enumerate() {
        let has_case = written.bytes().any(|byte| byte.is_ascii_uppercase());
        if has_case && services.iter().any(|routed| routed.host == *host) {
            let message = format!(
                "found {written:?}, in which Istio does not see the service {host}: write {}",
                written.to_ascii_lowercase()
            );
            existing.refuse_host(index, message, problems);
        }
    }
}
