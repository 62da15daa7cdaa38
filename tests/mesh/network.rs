//! Addresses of the loopback that are this test's alone: a port that is free there now stays free.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as Name, UnixListener};
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

/// The addresses 127.A.B.1 to 127.A.B.254 for some A and B, with two ports that are the same on each of them: in a mesh a
/// service has one port wherever it runs.
pub struct Network {
    prefix: [u8; 3],
    last: AtomicU8,
    /// For HTTP/1.1.
    pub http: u16,
    /// For HTTP/2, which gRPC needs.
    pub grpc: u16,
    /// The claim on A and B; it ends with the process, however that ends.
    _claim: UnixListener,
    /// These hold the ports: nobody can take one of them on all addresses of the machine, and nobody but us knows ours.
    _held: [TcpListener; 2],
}

impl Network {
    /// Takes the first A and B that no other network of this machine has.
    pub fn claim() -> Self {
        let all = (64..=127).flat_map(|a| (0..=255).map(move |b| [127, a, b]));
        let claimed = all.filter_map(|prefix| Some((prefix, claim(prefix)?))).next();
        let (prefix, claim) = claimed.expect("one of 16,384 loopback networks is free");
        let held = [1, 2].map(|_| TcpListener::bind((address(prefix, 254), 0)).unwrap());
        let [http, grpc] = [0, 1].map(|one: usize| held[one].local_addr().unwrap().port());
        Self { prefix, last: AtomicU8::new(0), http, grpc, _claim: claim, _held: held }
    }

    /// An address that nobody had before.
    pub fn address(&self) -> IpAddr {
        let last = self.last.fetch_add(1, SeqCst) + 1;
        assert!(last < 254, "more than 253 addresses of one network");
        address(self.prefix, last)
    }

    /// The port for HTTP/1.1 on an address that nobody had before.
    pub fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.address(), self.http)
    }
}

fn address([a, b, c]: [u8; 3], d: u8) -> IpAddr {
    Ipv4Addr::new(a, b, c, d).into()
}

/// The names of these sockets are in no file system; like the loopback itself they belong to the network namespace.
fn claim([a, b, c]: [u8; 3]) -> Option<UnixListener> {
    let name = Name::from_abstract_name(format!("weir-mesh-{a}.{b}.{c}")).unwrap();
    UnixListener::bind_addr(&name).ok()
}
