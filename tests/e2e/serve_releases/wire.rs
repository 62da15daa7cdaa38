//! A wire that can be cut, and mended.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// A port behind which a server answers for as long as the wire is whole.
pub struct Wire {
    address: SocketAddr,
    server: SocketAddr,
    passing: Option<AbortHandle>,
}

impl Wire {
    pub async fn to(server: SocketAddr) -> Self {
        let mut wire = Self { address: ([127, 0, 0, 1], 0).into(), server, passing: None };
        wire.mend().await;
        wire
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections end, and nobody gets a new one.
    pub fn cut(&mut self) {
        if let Some(passing) = self.passing.take() {
            passing.abort();
        }
    }

    /// It is whole again, at the same port.
    pub async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let server = self.server;
        let pass = async move {
            // They end with this.
            let mut connections = JoinSet::new();
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(server).await {
                        // Either side may hang up at any time.
                        let _ = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        };
        self.passing = Some(tokio::spawn(pass).abort_handle());
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.cut();
    }
}
