//! Over TLS: who has not shown who they are holds up nobody else, and nobody gets in by what they showed before.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use weir_xds::{Certificates, Identity, Name, Tls};

use crate::Served;
use crate::authority::{Authority, Signed};
use crate::client::soon;

/// A server over TLS, and what gets a client in.
pub async fn serve() -> (Served, TlsConnector) {
    let authority = Authority::new();
    let both = authority.sign("both", "spiffe://mesh.test/edge", 2999);
    let (_, certificates) = watch::channel(certificates(&both, &authority));
    let tls = Tls { certificates, allowed: Arc::new([Name::new("spiffe://mesh.test/*")]), identity: Identity::None };
    (Served::start_with(Some(tls), 1_000, &[]).await, connector(&both, &authority))
}

/// A server's certificate, for clients of an authority.
pub fn certificates(server: &Signed, clients: &Authority) -> Certificates {
    Certificates::read(&server.certificate, &server.key, &clients.file()).unwrap()
}

/// A client with this certificate, for a server of an authority.
pub fn connector(client: &Signed, server: &Authority) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server.file()).unwrap()).unwrap();
    let chain = CertificateDer::pem_file_iter(&client.certificate).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(&client.key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_client_auth_cert(chain, key).unwrap();
    TlsConnector::from(Arc::new(config))
}

async fn shake_hands(stream: TcpStream, connector: &TlsConnector) -> HandshakeKind {
    let mut stream = soon(connector.connect("localhost".try_into().unwrap(), stream)).await.unwrap();
    // What the server has to say after it, such as a ticket, comes before its answer.
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: weir\r\nconnection: close\r\n\r\n").await.unwrap();
    let _ = soon(tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1])).await;
    stream.get_ref().1.handshake_kind().unwrap()
}

#[tokio::test]
async fn each_connection_shows_a_certificate() {
    let (served, connector) = serve().await;
    for _ in 0..2 {
        let stream = TcpStream::connect(&served.address).await.unwrap();
        assert_eq!(shake_hands(stream, &connector).await, HandshakeKind::Full);
    }
}

#[tokio::test]
async fn what_files_hold_in_the_middle_of_a_renewal_is_not_taken() {
    let authority = Authority::new();
    let [old, new] = ["old", "new"].map(|file| authority.sign(file, "spiffe://mesh.test/weir", 2999));
    let read = Certificates::read(&old.certificate, &new.key, &authority.file());
    let why = read.err().expect("the key of another certificate");
    assert!(why.contains("old.pem with ") && why.contains("new.key: "), "{why}");
    for (certificate, key) in [(&old.certificate, &old.key), (&new.certificate, &new.key)] {
        assert!(Certificates::read(certificate, key, &authority.file()).is_ok());
    }
}

/// As docs/operating.md says. What it signed has a time of its own, which is looked at.
#[tokio::test]
async fn an_authority_that_has_expired_still_vouches() {
    let authority = Authority::until(2001);
    let client = authority.sign("both", "spiffe://mesh.test/edge", 2999);
    let (_, certificates) = watch::channel(certificates(&client, &authority));
    let tls = Tls { certificates, allowed: Arc::new([Name::new("*")]), identity: Identity::None };
    let served = Served::start_with(Some(tls), 1_000, &[]).await;
    let stream = TcpStream::connect(&served.address).await.unwrap();
    assert_eq!(shake_hands(stream, &connector(&client, &authority)).await, HandshakeKind::Full);
}

#[tokio::test]
async fn one_address_that_shakes_hands_for_ever_holds_up_no_other() {
    let (served, connector) = serve().await;
    let mut stalled = Vec::new();
    for _ in 0..400 {
        let mut stream = TcpStream::connect(&served.address).await.unwrap();
        stream.write_all(b"\x16").await.unwrap();
        stalled.push(stream);
    }
    let other = TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let stream = other.connect(served.address.parse().unwrap()).await.unwrap();
    let shaken = tokio::time::timeout(std::time::Duration::from_secs(5), shake_hands(stream, &connector)).await;
    assert_eq!(shaken.unwrap(), HandshakeKind::Full);
}
