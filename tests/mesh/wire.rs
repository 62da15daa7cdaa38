//! A wire between proxies and a server, which can be cut.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// It passes on what either side says, until this is dropped.
pub struct Wire {
    /// Where proxies find it.
    pub address: SocketAddr,
    connections: Arc<Mutex<JoinSet<()>>>,
    _accepting: JoinSet<()>,
}

impl Wire {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<Mutex<JoinSet<()>>>::default();
        let all = connections.clone();
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            loop {
                let (mut proxy, _) = listener.accept().await.unwrap();
                all.lock().unwrap().spawn(async move {
                    let Ok(mut server) = TcpStream::connect(server).await else { return };
                    // Either side may hang up at any time.
                    let _ = copy_bidirectional(&mut proxy, &mut server).await;
                });
            }
        });
        Self { address, connections, _accepting: accepting }
    }

    /// Ends every connection on both sides; those that come are passed on.
    pub fn cut(&self) {
        self.connections.lock().unwrap().abort_all();
    }
}
