//! `weir explain`: the decision on one request, made by the code that decides in Envoy.

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use clap::Args;
use weir_engine::{Plan, TraceCell};
use weir_policy::Role;

use crate::load;
use crate::problems::Failure;

mod json;
mod places;
mod steps;
mod text;

use places::PolicyPlaces;

/// Shows what a policy decides for a request, and why
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    /// A policy file (YAML or JSON), or a folder whose files are one policy together
    #[arg(long)]
    policy: PathBuf,
    /// An attachment file; without one the filter is an edge that steers by tag
    #[arg(long)]
    attach: Option<PathBuf>,
    /// Takes the place of the attachment's role
    #[arg(long)]
    role: Option<Role>,
    /// The request's method
    #[arg(long, default_value = "GET")]
    method: OsString,
    /// The request's path, with its query
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
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  weir explain --policy policy.yaml --header 'x-user-id: user-1'
  weir explain --policy policy.yaml --role mesh --header 'x-env-tag: owl-v21s3s11'
  weir explain --policy policies/ --attach gateway.yaml --path '/checkout?step=2' --header 'cookie: user_id=7' --json

Exit codes: 0 decided, 1 the policy or the attachment has problems, 2 wrong use";

/// A header's name and value.
type Header = (Vec<u8>, Vec<u8>);

impl Explain {
    /// Decides the request and prints the decision.
    pub fn run(self) -> Result<(), Failure> {
        let load::Attached { sources, file, documents, policy } =
            load::attached(self.attach.as_deref(), self.role, &self.policy)?;
        let plan = Plan::compile(&policy.model, &file.attachment, Some(policy.revision));
        let places = PolicyPlaces::of(&sources, &documents);
        let headers = self.request_headers()?;
        let pairs = headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
        let mut given = self.random.iter();
        if !self.joined.is_empty() && !plan.follows_trace() {
            return Err(Failure::Usage(
                "--joined: the attachment does not join; it needs join: traceparent".to_owned(),
            ));
        }
        let exchange = plan.exchange(
            pairs.clone(),
            || given.next().copied().or_else(fresh_random),
            |trace| TraceCell::together(trace, self.joined.iter().map(|tags| tags.as_bytes())),
            || self.destination.as_ref().map(|cluster| Cow::Borrowed(cluster.as_bytes())),
        );
        let why = exchange.why(&policy.model, pairs);
        if self.json {
            println!("{}", json::object(&exchange, &why, &places));
        } else {
            print!("{}", text::decision(&exchange, &why, &places));
        }
        Ok(())
    }

    /// The headers as Envoy hands them over: pseudo-headers first, names in lower case.
    fn request_headers(&self) -> Result<Vec<Header>, Failure> {
        let pseudo = |name: &str, value: &OsString| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        let mut headers = vec![pseudo(":method", &self.method), pseudo(":path", &self.path)];
        headers.extend(self.host.as_ref().map(|host| pseudo(":authority", host)));
        for header in &self.headers {
            headers.push(split_header(header.clone().into_vec())?);
        }
        Ok(headers)
    }
}

fn split_header(header: Vec<u8>) -> Result<Header, Failure> {
    let colon = header.iter().position(|byte| *byte == b':').filter(|colon| *colon > 0);
    let Some(colon) = colon else {
        let found = String::from_utf8_lossy(&header).into_owned();
        return Err(Failure::Usage(format!("--header {found:?}: no name; write 'name: value'")));
    };
    let name = header[..colon].to_ascii_lowercase();
    // HTTP takes the blanks around a value away before anybody sees it.
    let value = header[colon + 1..].trim_ascii().to_vec();
    Ok((name, value))
}

fn sixteen_bytes(hex: &str) -> Result<[u8; 16], String> {
    let is_hex = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(hex, 16).ok().filter(|_| is_hex);
    number.map(u128::to_be_bytes).ok_or_else(|| "32 hex digits would do".to_owned())
}

/// Random bytes of the operating system.
fn fresh_random() -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}
