//! A version of a service, whose faults a test switches on and off while requests come.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

/// The response header that names the version.
pub const VERSION: &str = "x-version";

/// What is wrong with it.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    None,
    /// Of 100 requests so many are answered 500, now this one and now that one.
    Errors(u64),
    /// Every answer takes so long.
    Slow(Duration),
    /// Requests are taken and never answered.
    Silent,
    /// Whatever is more than this in a second is answered 503.
    Overloaded(u64),
}

/// A server on a port of the loopback.
pub struct Version {
    name: &'static str,
    address: SocketAddr,
    served: Arc<Served>,
    accepting: Option<AbortHandle>,
}

struct Served {
    name: &'static str,
    fault: Mutex<Fault>,
    requests: AtomicU64,
    /// A second, and how many came in it.
    second: Mutex<(Instant, u64)>,
}

impl Version {
    /// Starts on a free port.
    pub async fn start(name: &'static str) -> Self {
        let second = Mutex::new((Instant::now(), 0));
        let served = Served { name, fault: Mutex::new(Fault::None), requests: AtomicU64::new(0), second };
        let (served, address) = (Arc::new(served), ([127, 0, 0, 1], 0).into());
        let mut version = Self { name, address, served, accepting: None };
        version.open().await;
        version
    }

    /// What it calls itself.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// For the endpoints of a cluster.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many requests it has had.
    pub fn requests(&self) -> u64 {
        self.served.requests.load(SeqCst)
    }

    /// From now on this is wrong with it.
    pub fn set(&self, fault: Fault) {
        *self.served.fault.lock().unwrap() = fault;
    }

    /// Nobody listens any more, and those who talk are cut off.
    pub fn close(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
        }
    }

    /// Listens on the port that it had.
    pub async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        self.accepting = Some(tokio::spawn(accept(listener, self.served.clone())).abort_handle());
    }
}

impl Drop for Version {
    fn drop(&mut self) {
        self.close();
    }
}

async fn accept(listener: TcpListener, served: Arc<Served>) {
    // They end with this.
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let served = served.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(request, served.clone()));
            // A peer may go away in the middle.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, served: Arc<Served>) -> Result<Response<Full<Bytes>>, Infallible> {
    let number = served.requests.fetch_add(1, SeqCst);
    let in_second = served.in_second();
    let _ = request.into_body().collect().await;
    let fault = *served.fault.lock().unwrap();
    let status = match fault {
        Fault::Errors(of_100) if scattered(number) < of_100 => 500,
        Fault::Overloaded(most) if in_second > most => 503,
        Fault::Slow(time) => {
            sleep(time).await;
            200
        }
        Fault::Silent => std::future::pending().await,
        _ => 200,
    };
    Ok(Response::builder().status(status).header(VERSION, served.name).body(Full::default()).unwrap())
}

impl Served {
    fn in_second(&self) -> u64 {
        let mut second = self.second.lock().unwrap();
        if second.0.elapsed() >= Duration::from_secs(1) {
            *second = (Instant::now(), 0);
        }
        second.1 += 1;
        second.1
    }
}

/// Below 100, evenly and in no order that parts or users could follow.
fn scattered(number: u64) -> u64 {
    (number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) % 100
}
