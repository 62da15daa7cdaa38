//! A port for a program that must be told it beforehand and cannot be asked afterwards.

use tokio::net::TcpSocket;

/// A free port of the loopback. While it is held nobody else is given it; who asks for just this one may listen there.
pub struct Port(TcpSocket);

impl Port {
    pub fn reserve() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // It never listens: Linux lets another socket of the same kind bind beside it.
        socket.set_reuseaddr(true).unwrap();
        socket.set_reuseport(true).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self(socket)
    }

    pub fn number(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }
}
