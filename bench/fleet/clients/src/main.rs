//! Many Envoys as an xDS server sees them: each a connection of its own with one delta stream, subscribed to the filter.
//!
//! `weir-fleet-clients ads|ecds ADDRESS COUNT [ADMIN_PORT...]` asks by one of two services, and prints `connected` when all have
//! the first version of the filter, then for each further version `acked`, both with the nanoseconds since 1970 at which the
//! last of them acknowledged it. They say in turn that they have these admin interfaces. A client that is lost, or that a push leaves out or meets twice, ends it with an error: every later
//! figure would be wrong.
//!
//! It shares the machine with the server that is measured, so it must cost little beside it: one thread, and no more of HTTP/2
//! and gRPC than this one call needs.

use std::convert::Infallible;
use std::env;
use std::process::ExitCode;

use crate::discovery::Service;
use crate::fleet::Fleet;

mod client;
mod discovery;
mod fleet;
mod http2;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let Err(failure) = run();
    eprintln!("weir-fleet-clients: {failure}");
    ExitCode::FAILURE
}

fn run() -> Result<Infallible, Failure> {
    let wanted = "wanted: ads|ecds ADDRESS COUNT [ADMIN_PORT...], such as ads 127.0.0.1:18000 1000";
    let arguments: Vec<String> = env::args().collect();
    let [_, service, address, count, admin_ports @ ..] = &arguments[..] else { return Err(wanted.into()) };
    let (Some(service), Ok(address), Ok(count)) = (Service::of(service), address.parse(), count.parse()) else {
        return Err(wanted.into());
    };
    Fleet::new(address, service, count, admin_ports.to_vec())?.run()
}
