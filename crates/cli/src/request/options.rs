//! A request as options of a command.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use clap::Args;

use super::syntax::{self, Header, quoted};
use super::{AtOdds, Parts, Request, Target, fresh_random, sixteen_bytes};
use crate::problems::Failure;

/// What a request says, by options.
#[derive(Args)]
pub struct RequestOptions {
    /// The request's method
    #[arg(long, default_value = "GET")]
    method: OsString,
    /// The request's path, with its query; or a URL such as `http://shop.example/checkout?step=2`, which names the host too
    #[arg(long, default_value = "/")]
    path: OsString,
    /// The request's host
    #[arg(long)]
    host: Option<OsString>,
    /// The cluster that Envoy chose before the filter ran, such as `outbound|80||owl.shop.svc.cluster.local`
    #[arg(long, value_name = "CLUSTER")]
    destination: Option<OsString>,
    /// A request header, in the order of arrival; give it again for more, a cookie as `cookie: name=value`
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<OsString>,
    /// 16 bytes in hex instead of fresh random ones, for a unit that is made; give it again for the next one
    #[arg(long, value_name = "HEX", value_parser = sixteen_bytes)]
    random: Vec<[u8; 16]>,
    /// The tags that a live request of the same trace brought into the workload, for an attachment that joins; give it
    /// again for another request
    #[arg(long, value_name = "TAGS")]
    joined: Vec<OsString>,
}

impl RequestOptions {
    /// The request that they say, if there can be one.
    pub fn request(self) -> Result<Request, Failure> {
        let wrong = |option: &str, message: &str| Failure::Usage(format!("--{option}: {message}"));
        syntax::method(self.method.as_bytes()).map_err(|message| wrong("method", &message))?;
        let target = Target::read(self.path.as_bytes()).map_err(|message| wrong("path", &message))?;
        if let Some(host) = &self.host {
            syntax::host(host.as_bytes()).map_err(|message| wrong("host", &message))?;
        }
        let headers =
            self.headers.iter().map(|line| header(line.as_bytes()).map_err(|message| wrong("header", &message)));
        Request::new(Parts {
            target,
            headers: headers.collect::<Result<_, _>>()?,
            method: self.method.into_vec(),
            host: self.host.map(OsString::into_vec),
            destination: self.destination.map(OsString::into_vec),
            random: self.random,
            more_random: fresh_random,
            joined: self.joined.into_iter().map(OsString::into_vec).collect(),
        })
        .map_err(|at_odds| match at_odds {
            AtOdds::Path(message) => wrong("path", &message),
            AtOdds::Host(message) => wrong("host", message),
            AtOdds::Headers(message) => wrong("header", &message),
        })
    }
}

/// A line of a header.
pub fn header(line: &[u8]) -> Result<Header, String> {
    // The name of a pseudo-header begins with a colon.
    let colon = line.iter().skip(1).position(|byte| *byte == b':').map(|at| at + 1);
    let Some(colon) = colon.filter(|_| !line.starts_with(b": ")) else {
        return Err(format!("found {}; 'name: value' would do", quoted(line)));
    };
    syntax::header(&line[..colon], &line[colon + 1..], |part| format!("--{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_lines() {
        for (line, name, value) in [
            ("x-user-id: ada", "x-user-id", "ada"),
            ("X-User-Id:ada:1", "x-user-id", "ada:1"),
            ("accept:", "accept", ""),
            ("a: \t b c \t", "a", "b c"),
        ] {
            assert_eq!(header(line.as_bytes()), Ok((name.as_bytes().to_vec(), value.as_bytes().to_vec())), "{line}");
        }
        for line in ["", "x-user-id", ":", ": value", "::", ":path: /", "a b: c"] {
            assert!(header(line.as_bytes()).is_err(), "{line}");
        }
    }
}
