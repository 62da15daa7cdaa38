//! A stand-in for a server of another version: what `weir serve` sends reaches Envoy with a field renamed.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// More than a response of these tests, which comes in one piece on a loopback address.
const PIECE_BYTES: usize = 1 << 20;

/// Two texts of one length, so that no length around them changes.
type Rename = Option<[String; 2]>;

/// Between Envoys and a server.
pub struct Relay {
    address: SocketAddr,
    rename: Arc<Mutex<Rename>>,
    /// Ends with this.
    _connections: JoinSet<()>,
}

impl Relay {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, rename) = (listener.local_addr().unwrap(), Arc::<Mutex<Rename>>::default());
        let mut tasks = JoinSet::new();
        let for_all = rename.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = TcpStream::connect(server).await.unwrap().into_split();
                connections.spawn(pass(from_client, to_server));
                connections.spawn(pass_renamed(from_server, to_client, for_all.clone()));
            }
        });
        Self { address, rename, _connections: tasks }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on the server seems to write the second text wherever it writes the first one.
    pub fn rename(&self, texts: [&str; 2]) {
        assert_eq!(texts[0].len(), texts[1].len(), "{texts:?}");
        *self.rename.lock().unwrap() = Some(texts.map(str::to_owned));
    }

    /// From now on it changes nothing.
    pub fn rename_nothing(&self) {
        *self.rename.lock().unwrap() = None;
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    // Either side may hang up at any time.
    let _ = copy(&mut from, &mut to).await;
}

async fn pass_renamed(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, rename: Arc<Mutex<Rename>>) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let mut bytes = piece[..length].to_vec();
        if let Some([old, new]) = rename.lock().unwrap().clone() {
            while let Some(at) = bytes.windows(old.len()).position(|window| window == old.as_bytes()) {
                bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
            }
        }
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
