//! TLS both ways: who the server shows itself as, and which clients it lets in, by the names in their certificates.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, crypto::ring};
use tokio::sync::watch;
use webpki::EndEntityCert;

use crate::Identity;

/// How clients get in.
#[derive(Clone)]
pub struct Tls {
    /// For each new connection the certificates of that moment.
    pub certificates: watch::Receiver<Certificates>,
    /// Whom it lets in.
    pub allowed: Arc<[Name]>,
    /// How closely the nodes of those are held to their names.
    pub identity: Identity,
}

/// The server's own certificate and key, and the authorities that vouch for clients.
#[derive(Clone)]
pub struct Certificates(pub(crate) Arc<ServerConfig>);

/// The names that a client's certificate may have, each a SPIFFE id or another URI, or a DNS name: this one, or all that fit
/// where it has `*`.
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
    /// The name; a `*` at its end stands for any rest, elsewhere for one or more characters other than `/`.
    pub fn new(text: impl Into<String>) -> Name {
        Name(text.into())
    }

    fn fits(&self, name: &str) -> bool {
        let (pattern, any_rest) = self.0.strip_suffix('*').map_or((&*self.0, false), |pattern| (pattern, true));
        let mut pieces = pattern.split('*');
        let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
        let Some(last) = pieces.next_back() else { return any_rest || rest.is_empty() };
        for piece in pieces {
            let Some(next) = after_some(rest, piece) else { return false };
            rest = next;
        }
        match any_rest {
            true => after_some(rest, last).is_some(),
            false => rest.strip_suffix(last).is_some_and(|some| !some.is_empty() && !some.contains('/')),
        }
    }
}

/// What follows the first place of `piece` in `text` that has something before it, and no `/` there. A later place leaves a
/// pattern no more than the first does.
fn after_some<'a>(text: &'a str, piece: &str) -> Option<&'a str> {
    let before = text.find('/').unwrap_or(text.len());
    let places = text.char_indices().map(|(place, _)| place).chain([text.len()]);
    places.skip(1).take_while(|place| *place <= before).find_map(|place| text.get(place..)?.strip_prefix(piece))
}

/// The names of a certificate that are allowed, one at least.
///
/// # Errors
/// The names that it has.
pub(crate) fn allowed_names(certificate: &CertificateDer<'_>, allowed: &[Name]) -> Result<Vec<String>, String> {
    let parsed = EndEntityCert::try_from(certificate).map_err(|error| format!("certificate: {error}"))?;
    let names: Vec<&str> = parsed.valid_uri_names().chain(parsed.valid_dns_names()).collect();
    let fits = |name: &&&str| allowed.iter().any(|allowed| allowed.fits(name));
    let found: Vec<String> = names.iter().filter(fits).map(|name| (*name).to_owned()).collect();
    if found.is_empty() { Err(format!("not allowed: {}", names.join(", "))) } else { Ok(found) }
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_exact_or_a_pattern() {
        let table = [
            ("spiffe://mesh/ns/shop/sa/edge", "spiffe://mesh/ns/shop/sa/edge", true),
            ("spiffe://mesh/ns/shop/sa/edge", "spiffe://mesh/ns/shop/sa/edge2", false),
            ("spiffe://mesh/ns/shop/*", "spiffe://mesh/ns/shop/sa/edge", true),
            ("spiffe://mesh/ns/shop/*", "spiffe://mesh/ns/shopping/sa/edge", false),
            ("spiffe://mesh/ns/*/sa/*", "spiffe://mesh/ns/shop/sa/edge", true),
            ("spiffe://mesh/ns/*/sa/*", "spiffe://mesh/ns/shop/sa/edge/and/more", true),
            ("spiffe://mesh/ns/*/sa/*", "spiffe://mesh/ns/shop/x/sa/edge", false),
            ("spiffe://mesh/ns/*/sa/*", "spiffe://mesh/ns//sa/edge", false),
            ("spiffe://mesh/ns/*/sa/*", "spiffe://other/ns/shop/sa/edge", false),
            ("spiffe://mesh/ns/*/sa/*", "https://evil/spiffe://mesh/ns/shop/sa/edge", false),
            ("spiffe://mesh/ns/*/sa/weir", "spiffe://mesh/ns/shop/sa/weir", true),
            ("spiffe://mesh/ns/*/sa/weir", "spiffe://mesh/ns/shop/sa/weir2", false),
            ("spiffe://mesh/ns/*/sa/weir", "spiffe://mesh/ns/shop/sa/x/ns/shop/sa/weir", false),
            ("spiffe://*/ns/*/sa/weir", "spiffe://mesh/ns/shop/sa/weir", true),
            ("spiffe://*/ns/*/sa/weir", "spiffe://mesh/ns/weir", false),
            ("edge-*.shop.example", "edge-1.shop.example", true),
            ("edge-*.shop.example", "edge-1.shop.example.evil", false),
            ("edge-*.shop.example", "edge-.shop.example", false),
            ("*.example", "a.b.example", true),
            ("edge.shop.example", "edge.shop.example", true),
            ("edge.shop.example", "EDGE.shop.example", false),
            ("*", "anything", true),
            ("*", "", true),
            ("a**", "a", false),
            ("a**", "aé", true),
            ("", "anything", false),
        ];
        for (allowed, name, fits) in table {
            assert_eq!(Name::new(allowed).fits(name), fits, "{allowed} / {name}");
        }
    }

    /// The same in the fewest words, and slow.
    fn fits(pattern: &[u8], name: &[u8]) -> bool {
        match pattern {
            [] => name.is_empty(),
            b"*" => true,
            [b'*', rest @ ..] => {
                let some = name.iter().take_while(|byte| **byte != b'/').count();
                (1..=some).any(|some| fits(rest, &name[some..]))
            }
            [byte, rest @ ..] => name.first() == Some(byte) && fits(rest, &name[1..]),
        }
    }

    proptest! {
        #[test]
        fn every_pattern_is_read_alike(pattern in "[ab/*]{0,7}", name in "[ab/]{0,9}") {
            prop_assert_eq!(Name::new(&*pattern).fits(&name), fits(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
