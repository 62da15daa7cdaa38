//! Servers that answer as a test says, and an authority that vouches for them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// First line and headers.
    pub head: String,
    pub body: String,
}

/// What a server does with one.
pub enum Act {
    /// These bytes.
    Say(Vec<u8>),
    /// These bytes, and the end of the connection.
    SayAndLeave(Vec<u8>),
    /// Nothing, for ever.
    Hang,
}

/// A server on this machine, until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _task: JoinSet<()>,
}

/// An answer with a length.
pub fn answer(status: &str, body: &str) -> Act {
    Act::Say(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes())
}

impl Server {
    /// One that does for each request, by its number from 0, what is said.
    pub async fn start(act: impl Fn(usize, &Seen) -> Act + Send + Sync + 'static) -> Server {
        Server::with(None, act).await
    }

    /// The same behind TLS.
    pub async fn start_tls(tls: ServerConfig, act: impl Fn(usize, &Seen) -> Act + Send + Sync + 'static) -> Server {
        Server::with(Some(TlsAcceptor::from(Arc::new(tls))), act).await
    }

    async fn with(tls: Option<TlsAcceptor>, act: impl Fn(usize, &Seen) -> Act + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (act, kept) = (Arc::new(act), seen.clone());
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (act, kept, tls) = (act.clone(), kept.clone(), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => serve(stream, &*act, &kept).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &*act, &kept).await;
                            }
                        }
                    }
                });
            }
        });
        Server { address, seen, _task: task }
    }

    /// All requests up to now.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    act: &(dyn Fn(usize, &Seen) -> Act + Send + Sync),
    kept: &Mutex<Vec<Seen>>,
) {
    while let Some(seen) = request(&mut stream).await {
        let number = {
            let mut all = kept.lock().unwrap();
            all.push(seen.clone());
            all.len() - 1
        };
        match act(number, &seen) {
            Act::Say(bytes) => drop(stream.write_all(&bytes).await),
            Act::SayAndLeave(bytes) => {
                drop(stream.write_all(&bytes).await);
                drop(stream.shutdown().await);
                return;
            }
            Act::Hang => std::future::pending().await,
        }
    }
}

async fn request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Seen> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Seen { head, body: String::from_utf8(body).unwrap() })
}

/// An authority, whose certificate is in a file.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub folder: TempDir,
}

impl Authority {
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Authority { issuer, folder }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// TLS of a server of this name.
    pub fn server(&self, name: &str, until: i32) -> ServerConfig {
        let (certificate, key) = self.sign(name, until);
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        config.with_no_client_auth().with_single_cert(chain, key).unwrap()
    }

    /// A certificate of this name, good until that year, and its key, in PEM.
    pub fn sign(&self, name: &str, until: i32) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name = named(name);
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(2000, 1, 1), rcgen::date_time_ymd(until, 1, 1));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}
