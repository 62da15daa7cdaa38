//! Which authorities vouch for servers: those of the system, or those of a file alone.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// TLS towards servers that the authorities of the system vouch for.
///
/// # Errors
/// The system has none.
pub fn of_the_system() -> Result<ClientConfig, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Stores of systems hold old certificates that no library reads; one bad one is no reason to trust nobody.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(format!(
            "this system has no certificates of authorities{why}; install its package ca-certificates, or name a file of them"
        ));
    }
    by(roots)
}

/// TLS towards servers that the authorities of this PEM text vouch for, and no others.
///
/// # Errors
/// Which file, and why it will not do.
pub fn of_a_file(path: &Path, pem: &[u8]) -> Result<ClientConfig, String> {
    let named = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|error| named(&error))?).map_err(|error| named(&error))?;
    }
    if roots.is_empty() {
        return Err(named(&"holds no certificate in PEM form"));
    }
    by(roots)
}

/// TLS towards nobody, for a server that is asked without.
///
/// # Errors
/// The library has no TLS at all.
pub fn of_nobody() -> Result<ClientConfig, String> {
    by(RootCertStore::empty())
}

fn by(roots: RootCertStore) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_good_certificates_is_named() {
        let path = Path::new("ca.pem");
        for (pem, said) in [
            ("", "ca.pem: holds no certificate"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "ca.pem: "),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n", "ca.pem: "),
        ] {
            let error = of_a_file(path, pem.as_bytes()).unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
        let good = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
        assert!(of_a_file(path, good.as_bytes()).is_ok());
    }
}
