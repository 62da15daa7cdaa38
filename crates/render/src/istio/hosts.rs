//! Hosts of all VirtualServices that would exist together, ours and those that were given. For sidecars Istio heeds one
//! VirtualService of a host, without a word of the others; at a gateway it puts the routes of all behind each other, and ours
//! take whatever comes.

use weir_policy::{At, Problems, codes};

use crate::istio::host_name::{covers, full_name, is_short_for, refused};
use crate::istio::into::ExistingFile;
use crate::istio::placement::MESH;
use crate::istio::routed::RoutedService;
use crate::istio::routes::OwnVirtualService;

/// A host by its full name in lower case, as Istio compares them, and the VirtualService that has it.
struct Claim<'a> {
    host: String,
    gateways: &'a [String],
    whose: Whose<'a>,
}

#[derive(Clone, Copy)]
enum Whose<'a> {
    Service(&'a str),
    /// The names of the VirtualService and of its file.
    Existing(&'a str, &'a str),
}

/// Reports hosts of services that Istio would refuse, that another VirtualService has, or that nobody would be called by.
pub(crate) fn check(
    all: &[RoutedService],
    own: &[OwnVirtualService<'_>],
    into: &[ExistingFile<'_>],
    domain: &str,
    problems: &mut Problems,
) {
    let existing = into.iter().flat_map(ExistingFile::hosts);
    let existing = existing.map(|(host, gateways, (name, file))| Claim {
        host: host.to_owned(),
        gateways,
        whose: Whose::Existing(name, file),
    });
    let named = own.iter().map(|one| Claim {
        host: one.routed.host.clone(),
        gateways: &one.gateways,
        whose: Whose::Service(&one.routed.host),
    });
    let mut claims: Vec<Claim<'_>> = existing.chain(named).collect();
    for routed in all {
        let Some(one) = own.iter().find(|one| one.routed.host == routed.host) else {
            if !routed.service.hosts.is_empty() {
                let message = format!(
                    "no VirtualService is rendered for {}, so that nobody is called by these; name them in the one that routes it",
                    routed.host
                );
                routed.report(&["hosts"], codes::CONFLICT, message, problems);
            }
            continue;
        };
        for (index, host) in routed.service.hosts.iter().enumerate() {
            let mut report = |code, message| {
                let root = At::Root { source: routed.source };
                let istio = root.key("istio");
                let services = istio.key("services");
                let service = services.key(&routed.host);
                problems.add(code, &service.key("hosts").index(index), message);
            };
            if let Some(message) = refused(host) {
                report(codes::BAD_VALUE, message);
                continue;
            }
            let full = meant(&full_name(host, &routed.namespace, domain).to_ascii_lowercase(), own, domain);
            if let Some(message) = clash(&full, one, &claims) {
                report(codes::CONFLICT, format!("{host} {message}"));
            } else if !host.contains(['.', ':', '*']) {
                report(
                    codes::BAD_VALUE,
                    format!("found {host:?}, which Istio reads as {full}; write that, if it is meant"),
                );
            }
            claims.push(Claim { host: full, gateways: &one.gateways, whose: Whose::Service(&routed.host) });
        }
    }
}

/// The service of ours that sidecars know by this name too, or else the host itself.
fn meant(host: &str, own: &[OwnVirtualService<'_>], domain: &str) -> String {
    let meant = own.iter().find(|one| is_short_for(host, &one.routed.host, domain));
    meant.map_or(host, |one| &one.routed.host).to_owned()
}

/// What is wrong with a host beside those that there are, if anything.
fn clash(host: &str, one: &OwnVirtualService<'_>, claims: &[Claim<'_>]) -> Option<String> {
    let service = one.routed.host.as_str();
    claims.iter().find_map(|claim| {
        let is_same = claim.host == host;
        let overlap = is_same || covers(host, &claim.host) || covers(&claim.host, host);
        match claim.whose {
            Whose::Service(other) if other == service => match (is_same, overlap) {
                (true, _) if host == service => Some("is the name of the service itself, which is there anyway".to_owned()),
                (true, _) => Some("stands here twice".to_owned()),
                (false, true) => {
                    Some(format!("and {} overlap, which Istio refuses in one VirtualService", claim.host))
                }
                (false, false) => None,
            },
            Whose::Service(other) if is_same => {
                let shared = shared(&one.gateways, claim.gateways)?;
                Some(format!("leads to {other} as well, and {shared} would heed one of the two; leave one out"))
            }
            Whose::Service(other) if other == claim.host && covers(host, other) && one.is_for_sidecars() => {
                Some(format!("covers {other}, which has routes of its own; name the hosts that are meant"))
            }
            Whose::Existing(name, file) if is_same => {
                let shared = shared(&one.gateways, claim.gateways)?;
                Some(format!("is a host of the VirtualService {name} of {file} too, and {shared} would heed one of the two; leave it out here"))
            }
            _ => None,
        }
    })
}

/// Who would be told twice, in words.
fn shared(one: &[String], other: &[String]) -> Option<String> {
    let gateway = one.iter().find(|gateway| other.contains(gateway))?;
    Some(if gateway == MESH { "sidecars".to_owned() } else { format!("the Gateway {gateway}") })
}
