//! TLS options, and certificates that are read again whenever their files change.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use std::{fs, io};

use clap::{Args, ValueEnum};
use tokio::sync::watch;
use weir_xds::{Certificates, Identity, Name, Tls};

use super::log::Log;
use super::notice::Notice;
use crate::problems::Failure;

/// Options that say who may connect, and by which certificates.
#[derive(Args, Clone)]
pub struct TlsOptions {
    /// The server's certificate chain, PEM. With TLS clients must have a certificate too
    #[arg(long, value_name = "FILE", requires_all = ["tls_key", "tls_ca", "allow"])]
    tls_cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The authorities that sign the certificates of clients, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_ca: Option<PathBuf>,
    /// A client to let in, by a SPIFFE id or another URI, or a DNS name, of its certificate; `*` at the end stands for any
    /// rest, elsewhere for some text without `/`. May be given several times
    #[arg(long, value_name = "NAME", requires = "tls_cert")]
    allow: Vec<String>,
    /// How closely the node that an Envoy says it is is held to that name
    #[arg(long, value_name = "HOW", requires = "tls_cert", default_value = "namespace")]
    identity: IdentityOption,
    /// Let everybody in without TLS although the address is no loopback one: that of --http, which shows node ids and
    /// revisions, and without --tls-cert that of --listen, which shows the policy
    #[arg(long)]
    plaintext: bool,
}

/// How closely a node is held to the name of its certificate, as it is said.
#[derive(Clone, Copy, ValueEnum)]
enum IdentityOption {
    /// Its id is the name, or the last part of the name's path
    Node,
    /// A name spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/… is of a node of that namespace, by its metadata NAMESPACE or its id
    /// TYPE~IP~POD.NAMESPACE~DOMAIN, as Istio's proxies have them; other names are of any node
    Namespace,
    /// Every name is of any node
    None,
}

/// The time between two looks at the files.
const LOOK: Duration = Duration::from_secs(1);

impl TlsOptions {
    /// TLS by certificate files that are good now, and followed from now on; `None` for plain text.
    pub fn open(&self, listen: SocketAddr, http: Option<SocketAddr>, log: Log) -> Result<Option<Tls>, Failure> {
        if let Some(http) = http {
            self.allow_plain("--http", http, "see node ids and revisions", "choose a loopback address")?;
        }
        let (Some(chain), Some(key), Some(authorities)) = (&self.tls_cert, &self.tls_key, &self.tls_ca) else {
            let cure = "give --tls-cert, --tls-key, --tls-ca and --allow";
            self.allow_plain("--listen", listen, "read the policy", cure)?;
            return Ok(None);
        };
        let files = Files([chain.clone(), key.clone(), authorities.clone()]);
        let seen = files.look();
        let first = files.read().map_err(Failure::Usage)?;
        let (sender, certificates) = watch::channel(first);
        tokio::spawn(follow(files, seen, sender, log));
        let allowed = self.allow.iter().map(Name::new).collect();
        let identity = match self.identity {
            IdentityOption::Node => Identity::Node,
            IdentityOption::Namespace => Identity::Namespace,
            IdentityOption::None => Identity::None,
        };
        Ok(Some(Tls { certificates, allowed, identity }))
    }

    /// Whether Envoys of several namespaces are let in, each held to its own.
    pub fn lets_in_several_namespaces(&self) -> bool {
        let mut namespaces: Vec<&str> = self.allow.iter().filter_map(|name| namespace_of(name)).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        matches!(self.identity, IdentityOption::Namespace) && (namespaces.len() > 1 || namespaces == ["*"])
    }

    fn allow_plain(&self, flag: &str, address: SocketAddr, risk: &str, cure: &str) -> Result<(), Failure> {
        if address.ip().is_loopback() || self.plaintext {
            return Ok(());
        }
        Err(Failure::Usage(format!(
            "{flag} {address}: whoever reaches this address could {risk} in plain text; {cure}, or say --plaintext"
        )))
    }
}

/// The namespace of the names that are let in by this one: `*` for several, nothing where they say none.
fn namespace_of(allowed: &str) -> Option<&str> {
    const SPIFFE: &str = "spiffe://";
    let fixed = allowed.split('*').next().unwrap_or_default();
    let several = allowed.contains('*').then_some("*");
    let Some(rest) = fixed.strip_prefix(SPIFFE) else {
        return several.filter(|_| SPIFFE.starts_with(fixed) && allowed.ends_with('*'));
    };
    let mut path = rest.split('/').skip(1);
    match (path.next(), path.next(), path.next()) {
        (Some("ns"), Some(namespace), Some(_)) => Some(namespace),
        (Some(other), Some(_), _) if other != "ns" => None,
        _ => several,
    }
}

struct Files([PathBuf; 3]);

impl Files {
    fn read(&self) -> Result<Certificates, String> {
        let Files([chain, key, authorities]) = self;
        Certificates::read(chain, key, authorities)
    }

    /// The path, length and time of each file, in which a change shows. Links are followed: a swapped one is a change.
    fn look(&self) -> Vec<io::Result<(PathBuf, u64, SystemTime)>> {
        let look = |path: &PathBuf| {
            let metadata = fs::metadata(path)?;
            Ok((fs::canonicalize(path)?, metadata.len(), metadata.modified()?))
        };
        self.0.iter().map(look).collect()
    }
}

async fn follow(
    files: Files,
    mut seen: Vec<io::Result<(PathBuf, u64, SystemTime)>>,
    sender: watch::Sender<Certificates>,
    log: Log,
) {
    let mut looks = tokio::time::interval(LOOK);
    while !sender.is_closed() {
        looks.tick().await;
        let now = files.look();
        let same = now.iter().zip(&seen).all(|(now, seen)| now.as_ref().ok() == seen.as_ref().ok());
        if same {
            continue;
        }
        seen = now;
        match files.read() {
            Ok(certificates) => {
                sender.send_replace(certificates);
                log.tell(&Notice::CertificatesRead);
            }
            Err(why) => log.tell(&Notice::CertificatesNotRead { why }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_lets_in_one_namespace_several_or_none() {
        let table = [
            ("spiffe://mesh/ns/shop/sa/edge", Some("shop")),
            ("spiffe://mesh/ns/shop/sa/*", Some("shop")),
            ("spiffe://mesh/ns/shop/*", Some("shop")),
            ("spiffe://mesh/ns/shop*", Some("*")),
            ("spiffe://mesh/ns/*/sa/*", Some("*")),
            ("spiffe://mesh/*", Some("*")),
            ("spiffe://mesh*", Some("*")),
            ("spiffe://*/ns/shop/sa/*", Some("*")),
            ("spif*", Some("*")),
            ("*", Some("*")),
            ("spiffe://mesh/envoys/*", None),
            ("spiffe://mesh/envoys", None),
            ("https://mesh/*", None),
            ("*.example", None),
            ("edge.example", None),
        ];
        for (allowed, namespace) in table {
            assert_eq!(namespace_of(allowed), namespace, "{allowed}");
        }
    }
}
