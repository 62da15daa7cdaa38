//! TLS both ways: who the server shows itself as, and which clients it lets in, by the names in their certificates.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, crypto::ring};
use tokio::sync::watch;
use webpki::EndEntityCert;

/// How clients get in.
#[derive(Clone)]
pub struct Tls {
    /// For each new connection the certificates of that moment.
    pub certificates: watch::Receiver<Certificates>,
    /// Whom it lets in.
    pub allowed: Arc<[Name]>,
}

/// The server's own certificate and key, and the authorities that vouch for clients.
#[derive(Clone)]
pub struct Certificates(pub(crate) Arc<ServerConfig>);

/// A name that a client's certificate may have: a SPIFFE id or another URI, or a DNS name; with `*` at its end, all names
/// that begin so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Certificates {
    /// Reads PEM files: the server's chain, its key, and the authorities of clients.
    ///
    /// # Errors
    /// Which file is not good, and why.
    pub fn read(chain: &Path, key: &Path, authorities: &Path) -> Result<Certificates, String> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(authorities)? {
            roots.add(certificate).map_err(|error| format!("{}: {error}", authorities.display()))?;
        }
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build();
        let verifier = verifier.map_err(|error| format!("{}: {error}", authorities.display()))?;
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, "private key", &error))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_client_cert_verifier(verifier)
            .with_single_cert(certificates(chain)?, private)
            .map_err(|error| format!("{} with {}: {error}", chain.display(), key.display()))?;
        // A session that goes on would ask for no certificate: one that has expired would still open.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Certificates(Arc::new(config)))
    }
}

impl Name {
    /// The name, or how names begin.
    pub fn new(text: impl Into<String>) -> Name {
        Name(text.into())
    }

    fn fits(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => self.0 == name,
        }
    }
}

/// The first name of a certificate that is allowed.
///
/// # Errors
/// The names that it has.
pub(crate) fn identity(certificate: &CertificateDer<'_>, allowed: &[Name]) -> Result<String, String> {
    let parsed = EndEntityCert::try_from(certificate).map_err(|error| format!("certificate: {error}"))?;
    let names: Vec<&str> = parsed.valid_uri_names().chain(parsed.valid_dns_names()).collect();
    let found = names.iter().find(|name| allowed.iter().any(|allowed| allowed.fits(name)));
    found.map(|name| (*name).to_owned()).ok_or_else(|| format!("not allowed: {}", names.join(", ")))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(|each| each.collect::<Result<Vec<_>, _>>());
    let all = read.map_err(|error| unreadable(path, "certificate", &error))?;
    if all.is_empty() { Err(unreadable(path, "certificate", &pem::Error::NoItemsFound)) } else { Ok(all) }
}

fn unreadable(path: &Path, what: &str, error: &pem::Error) -> String {
    format!("{}: no {what} in PEM form: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_exact_or_how_names_begin() {
        let table = [
            ("spiffe://mesh/ns/shop/sa/edge", "spiffe://mesh/ns/shop/sa/edge", true),
            ("spiffe://mesh/ns/shop/sa/edge", "spiffe://mesh/ns/shop/sa/edge2", false),
            ("spiffe://mesh/ns/shop/*", "spiffe://mesh/ns/shop/sa/edge", true),
            ("spiffe://mesh/ns/shop/*", "spiffe://mesh/ns/shopping/sa/edge", false),
            ("edge.shop.example", "edge.shop.example", true),
            ("*", "anything", true),
            ("", "anything", false),
        ];
        for (allowed, name, fits) in table {
            assert_eq!(Name::new(allowed).fits(name), fits, "{allowed} / {name}");
        }
    }
}
