//! The key `istio.server` of an attachment file: where proxies ask `weir serve` for the policy, and what its certificate has to
//! say before they take one from it.

use weir_policy::fields::{self, Fields};
use weir_policy::{At, Problems, Spanned, codes};

use crate::entries::port;
use crate::istio::authority::Authority;
use crate::istio::host_name::{CLUSTER_DOMAIN, refused, refused_service};

/// The most bytes of a name in a certificate: of a SPIFFE ID there may be as many.
pub(crate) const CERTIFICATE_NAME_BYTES_MAX: usize = 2048;

/// The most bytes of a host that is asked by Istio's cluster: the name of its DestinationRule has it behind `weir-server.`, and may
/// have 253.
pub(crate) const SERVICE_HOST_BYTES_MAX: usize = 241;

/// A `weir serve`, as proxies reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// A DNS name or an address.
    pub host: String,
    pub port: i64,
    /// What proxies ask of its certificate; `None` where they speak to it in plain text.
    pub tls: Option<Tls>,
    pub cluster: Cluster,
}

/// What proxies ask of the certificate of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    /// The name that it has, as URI, DNS name or address.
    pub name: String,
    /// Whose it is; `None`: of Istio's authority.
    pub authority: Option<Authority>,
}

/// The cluster by which proxies reach a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cluster {
    /// One of ours.
    #[default]
    Own,
    /// The one that Istio makes of the Kubernetes service.
    Service,
}

const CLUSTERS: [(&str, Cluster); 2] = [("own", Cluster::Own), ("service", Cluster::Service)];

impl Server {
    /// Reads the key. `domain` is that of the cluster, where it is said.
    pub fn read(node: Spanned, domain: Option<&str>, at: &At<'_>, problems: &mut Problems) -> Option<Server> {
        let mut fields = Fields::open(node, at, problems)?;
        let host = fields.require("host", problems).and_then(|node| host(node, &at.key("host"), problems));
        let port = fields.require("port", problems).and_then(|node| port(node, &at.key("port"), problems));
        let cluster = fields.take("cluster");
        let cluster = cluster.and_then(|node| fields::word(node, &CLUSTERS, &at.key("cluster"), problems));
        let cluster = cluster.unwrap_or_default();
        let plaintext = fields.take("plaintext");
        let plaintext = plaintext.and_then(|node| fields::boolean(node, &at.key("plaintext"), problems));
        let tls = if plaintext == Some(true) {
            refuse_tls(&mut fields, at, problems);
            None
        } else {
            tls(&mut fields, host.as_deref(), cluster, at, problems)
        };
        fields.finish(problems);
        let (host, port) = (host?, port?);
        if cluster == Cluster::Service {
            check_service(&host, domain.unwrap_or(CLUSTER_DOMAIN), &at.key("host"), problems);
        }
        Some(Server { host, port, tls, cluster })
    }
}

fn host(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<String> {
    let text = fields::string(node, at, problems)?;
    match refused_name(&text) {
        None => Some(text),
        Some(message) => {
            let message = format!("{message}; weir.weir.svc.{CLUSTER_DOMAIN} would do, or an address");
            problems.add(codes::BAD_VALUE, at, message);
            None
        }
    }
}

/// Why a text is neither a DNS name nor an address, if it is not.
fn refused_name(text: &str) -> Option<String> {
    refused(text).or_else(|| text.contains('*').then(|| format!("found {text:?}")))
}

/// Reports a host by which Istio has no cluster.
fn check_service(host: &str, domain: &str, at: &At<'_>, problems: &mut Problems) {
    if refused_service(host, domain, false).is_some() {
        let message = format!(
            "found {host:?}; the clusters of Istio are called by the full names of services: NAME.NAMESPACE.svc.{domain}"
        );
        problems.add(codes::BAD_VALUE, at, message);
    } else if host.len() > SERVICE_HOST_BYTES_MAX {
        let found = host.len();
        problems.add(codes::LIMIT, at, format!("{found} bytes; at most {SERVICE_HOST_BYTES_MAX} are allowed"));
    }
}

/// Reports what is asked of a certificate where there is none.
fn refuse_tls(fields: &mut Fields<'_>, at: &At<'_>, problems: &mut Problems) {
    for key in ["name", "ca"] {
        if fields.take(key).is_some() {
            let message = format!("in plain text there is no certificate; leave out `{key}`, or plaintext: true");
            problems.add(codes::CONFLICT, &at.key(key), message);
        }
    }
}

fn tls(
    fields: &mut Fields<'_>,
    host: Option<&str>,
    cluster: Cluster,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<Tls> {
    let ca = fields.take("ca");
    if ca.is_some() && cluster == Cluster::Service {
        let message =
            "by cluster: service proxies trust Istio's authority, and no other; leave `ca` out, or cluster: service";
        problems.add(codes::CONFLICT, &at.key("ca"), message);
    }
    let is_ours = ca.is_some();
    let authority = ca.map(|node| Authority::read(node, &at.key("ca"), problems));
    let name = match fields.take("name") {
        Some(node) => name(node, &at.key("name"), problems)?,
        None if is_ours => host?.to_owned(),
        None => {
            let message = "`name` is missing: Istio's authority gives certificates to every workload, and without a name each of \
                           them could be the server; spiffe://cluster.local/ns/weir/sa/weir would do";
            problems.add(codes::MISSING_FIELD, at, message);
            return None;
        }
    };
    match authority {
        None => Some(Tls { name, authority: None }),
        Some(read) => read.map(|authority| Tls { name, authority: Some(authority) }),
    }
}

fn name(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<String> {
    let text = fields::string(node, at, problems)?;
    let message = if text.len() > CERTIFICATE_NAME_BYTES_MAX {
        let found = text.len();
        problems.add(codes::LIMIT, at, format!("{found} bytes; at most {CERTIFICATE_NAME_BYTES_MAX} are allowed"));
        return None;
    } else if text.contains("://") {
        let is_uri = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*') && !text.starts_with(':');
        (!is_uri).then(|| format!("found {text:?}; a name is compared whole"))
    } else {
        refused_name(&text)
    };
    match message {
        None => Some(text),
        Some(message) => {
            let message = format!(
                "{message}; a URI or a DNS name that the certificate has would do: spiffe://{CLUSTER_DOMAIN}/ns/weir/sa/weir"
            );
            problems.add(codes::BAD_VALUE, at, message);
            None
        }
    }
}
