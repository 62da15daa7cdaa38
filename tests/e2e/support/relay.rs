//! A stand-in for a server of another version: what `weir serve` sends reaches Envoy with a field renamed, or without the
//! offer.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// More than a response of these tests, which comes in one piece on a loopback address.
const PIECE_BYTES: usize = 1 << 20;

/// What differs in what arrives. No length does, so that those around it are right.
#[derive(Clone, Default)]
struct Changes {
    /// Two texts of one length.
    rename: Option<[String; 2]>,
    hides_offer: bool,
}

/// How an offer begins in an envelope, and how long it is with the comma behind it.
const OFFER: (&[u8], usize) = (b"\"offer\":\"", 19);

/// Between Envoys and a server.
pub struct Relay {
    address: SocketAddr,
    changes: Arc<Mutex<Changes>>,
    /// Ends with this.
    _connections: JoinSet<()>,
}

impl Relay {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, changes) = (listener.local_addr().unwrap(), Arc::<Mutex<Changes>>::default());
        let mut tasks = JoinSet::new();
        let for_all = changes.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                // A server that starts anew refuses for a moment: its Envoys are hung up on, and come again.
                let Ok(server) = TcpStream::connect(server).await else { continue };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                connections.spawn(pass(from_client, to_server));
                connections.spawn(pass_changed(from_server, to_client, for_all.clone()));
            }
        });
        Self { address, changes, _connections: tasks }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on the server seems to write the second text wherever it writes the first one.
    pub fn rename(&self, texts: [&str; 2]) {
        assert_eq!(texts[0].len(), texts[1].len(), "{texts:?}");
        self.changes.lock().unwrap().rename = Some(texts.map(str::to_owned));
    }

    /// From now on it renames nothing.
    pub fn rename_nothing(&self) {
        self.changes.lock().unwrap().rename = None;
    }

    /// Whether the server seems to write no offer.
    pub fn hides_offer(&self) -> bool {
        self.changes.lock().unwrap().hides_offer
    }

    /// From now on the server seems to write no offer, or to write it again.
    pub fn hide_offer(&self, hides: bool) {
        self.changes.lock().unwrap().hides_offer = hides;
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    // Either side may hang up at any time.
    let _ = copy(&mut from, &mut to).await;
}

async fn pass_changed(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, changes: Arc<Mutex<Changes>>) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let mut bytes = piece[..length].to_vec();
        let Changes { rename, hides_offer } = changes.lock().unwrap().clone();
        if let Some([old, new]) = rename {
            while let Some(at) = position(&bytes, old.as_bytes()) {
                bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
            }
        }
        let (offer, length) = OFFER;
        while let Some(at) = position(&bytes, offer).filter(|_| hides_offer) {
            bytes[at..at + length].fill(b' ');
        }
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

fn position(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}
