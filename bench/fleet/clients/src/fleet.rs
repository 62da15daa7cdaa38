//! All clients, and what has to hold of all of them together: every push reaches each of them once.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mio::{Events, Interest, Poll, Token};

use crate::Failure;
use crate::client::Client;
use crate::discovery::Service;

/// Clients that wait for their first response at a time: no server keeps thousands waiting.
const OPENING_MAX: usize = 64;
/// A push that has reached some clients must go on reaching others within this.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// What one read takes; most pushes fit.
const READ_BYTES: usize = 64 << 10;

pub struct Fleet {
    address: SocketAddr,
    service: Service,
    count: usize,
    admin_ports: Vec<String>,
    clients: Vec<Client>,
    poll: Poll,
    buffer: Vec<u8>,
    /// The version that is going round,
    version: String,
    /// how many there were up to it,
    versions: u64,
    /// and how many clients have it.
    acked: usize,
}

impl Fleet {
    pub fn new(
        address: SocketAddr,
        service: Service,
        count: NonZeroUsize,
        admin_ports: Vec<String>,
    ) -> Result<Fleet, Failure> {
        Ok(Fleet {
            address,
            service,
            count: count.get(),
            admin_ports,
            clients: Vec::new(),
            poll: Poll::new()?,
            buffer: vec![0; READ_BYTES],
            version: String::new(),
            versions: 0,
            acked: 0,
        })
    }

    /// Connects, and acknowledges whatever comes.
    pub fn run(mut self) -> Result<Infallible, Failure> {
        let mut events = Events::with_capacity(1024);
        loop {
            // Once all have the first version there is nobody left to open.
            while self.clients.len() < self.count.min(self.acked + OPENING_MAX) {
                self.open()?;
            }
            let pushing = self.acked < self.count;
            match self.poll.poll(&mut events, pushing.then_some(SILENCE_MAX)) {
                // The process was stopped and goes on.
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            if events.is_empty() {
                return Err(format!("nothing came for {SILENCE_MAX:?}, and {}", self.left_out()).into());
            }
            for event in &events {
                let Token(number) = event.token();
                let served = self.serve(number, event.is_read_closed());
                served.map_err(|failure| format!("client {number}: {failure}"))?;
            }
        }
    }

    fn open(&mut self) -> Result<(), Failure> {
        let number = self.clients.len();
        let admin_port = self.admin_ports.get(number % self.admin_ports.len().max(1));
        let connected = Client::connect(self.address, self.service, number, admin_port);
        let mut client = connected.map_err(|failure| format!("client {number}: {failure}"))?;
        self.poll.registry().register(&mut client.stream, Token(number), Interest::READABLE)?;
        self.clients.push(client);
        Ok(())
    }

    fn serve(&mut self, number: usize, closed: bool) -> Result<(), Failure> {
        for version in self.clients[number].read(&mut self.buffer)? {
            self.acknowledged(number, version)?;
        }
        if closed {
            return Err("the server closed the connection".into());
        }
        Ok(())
    }

    fn acknowledged(&mut self, number: usize, version: String) -> Result<(), Failure> {
        if self.version != version {
            if 0 < self.acked && self.acked < self.count {
                return Err(format!("got version {version:?}, but {}", self.left_out()).into());
            }
            (self.version, self.acked) = (version, 0);
            self.versions += 1;
        }
        let client = &mut self.clients[number];
        if client.versions == self.versions {
            return Err(format!("got version {:?} twice", self.version).into());
        }
        client.versions = self.versions;
        self.acked += 1;
        if self.acked == self.count {
            let word = if self.versions == 1 { "connected" } else { "acked" };
            println!("{word} {}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos());
        }
        Ok(())
    }

    fn left_out(&self) -> String {
        let lacking = self.clients.iter().position(|client| client.versions < self.versions);
        let named = lacking.map(|number| format!("; client {number} is the first that has not")).unwrap_or_default();
        format!("only {} of {} clients have version {:?}{named}", self.acked, self.count, self.version)
    }
}
