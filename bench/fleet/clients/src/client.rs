//! One client: a connection with one stream, on which every response is acknowledged.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;

use crate::Failure;
use crate::discovery::{self, Service};
use crate::http2::{self, Frame};

pub struct Client {
    pub stream: TcpStream,
    /// How many versions of the filter there were up to the one it has; the fleet's to count.
    pub versions: u64,
    /// What has come of the next frame,
    input: Vec<u8>,
    /// and of the next message.
    message: Vec<u8>,
    /// Bytes of DATA since the server was last told that there is room for more.
    taken: u32,
    output: Vec<u8>,
}

impl Client {
    /// With its subscription sent.
    pub fn connect(
        address: SocketAddr,
        service: Service,
        number: usize,
        admin_port: Option<&String>,
    ) -> Result<Client, Failure> {
        let mut stream = std::net::TcpStream::connect(address).map_err(|error| format!("{address}: {error}"))?;
        stream.set_nodelay(true)?;
        stream.write_all(&http2::opening(service.path(), &discovery::subscription(number, admin_port)))?;
        stream.set_nonblocking(true)?;
        let (input, message, output) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Client { stream: TcpStream::from_std(stream), versions: 0, input, message, taken: 0, output })
    }

    /// Acknowledges what has come; the versions of the filter that it brought.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<Vec<String>, Failure> {
        let mut versions = Vec::new();
        loop {
            let count = match self.stream.read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                read => read?,
            };
            self.input.extend_from_slice(&buffer[..count]);
            self.frames(&mut versions)?;
            // Less than there was room for: there is no more, and asking would cost as much as this read.
            if count < buffer.len() {
                break;
            }
        }
        // So little is ever on its way to the server that one which has no room for it does not read.
        self.stream.write_all(&self.output).map_err(|error| format!("the server does not read: {error}"))?;
        self.output.clear();
        Ok(versions)
    }

    fn frames(&mut self, versions: &mut Vec<String>) -> Result<(), Failure> {
        let input = std::mem::take(&mut self.input);
        let mut rest = &input[..];
        while let Some((frame, after)) = http2::split(rest) {
            match frame {
                Frame::Data(part) => self.data(part, versions)?,
                Frame::Settings => http2::settings_ack(&mut self.output),
                Frame::Ping(payload) => http2::ping_ack(&mut self.output, payload),
                Frame::Nothing => {}
                Frame::Unexpected(what) => return Err(what.into()),
            }
            rest = after;
        }
        let done = input.len() - rest.len();
        self.input = input;
        self.input.drain(..done);
        Ok(())
    }

    fn data(&mut self, part: &[u8], versions: &mut Vec<String>) -> Result<(), Failure> {
        self.taken += u32::try_from(part.len())?;
        if self.taken > http2::WINDOW / 2 {
            http2::more_room(&mut self.output, std::mem::take(&mut self.taken));
        }
        self.message.extend_from_slice(part);
        while let Some((response, length)) = discovery::response(&self.message)? {
            self.message.drain(..length);
            http2::data(&mut self.output, &discovery::ack(response.nonce));
            versions.push(response.version);
        }
        Ok(())
    }
}
