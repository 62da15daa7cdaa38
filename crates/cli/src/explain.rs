//! `weir explain`: the decision on one request, made by the code that decides in Envoy.

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use clap::Args;
use weir_engine::{Edit, Exchange, Plan, TraceCell};
use weir_policy::Role;

use crate::load;
use crate::problems::Failure;

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
        let (file, policy) = load::attached(self.attach.as_deref(), self.role, &self.policy)?;
        let plan = Plan::compile(&policy.model, &file.attachment, Some(policy.revision));
        let headers = self.request_headers()?;
        let pairs = headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
        let mut given = self.random.iter();
        if !self.joined.is_empty() && !plan.follows_trace() {
            return Err(Failure::Usage(
                "--joined: the attachment does not join; it needs join: traceparent".to_owned(),
            ));
        }
        let exchange = plan.exchange(
            pairs,
            || given.next().copied().or_else(fresh_random),
            |trace| TraceCell::together(trace, self.joined.iter().map(|tags| tags.as_bytes())),
            || self.destination.as_ref().map(|cluster| Cow::Borrowed(cluster.as_bytes())),
        );
        if self.json {
            println!("{}", exchange.json());
        } else {
            print!("{}", text(&plan, &exchange));
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

fn text(plan: &Plan, exchange: &Exchange<'_, '_>) -> String {
    let revision = plan.revision().map_or_else(|| "none".to_owned(), |revision| revision.to_string());
    let (role, steer) = (plan.attachment().role.name(), plan.attachment().steer.name());
    let mut text = format!("revision {revision}, role {role}, steer {steer}\n\n");
    let mut rows = vec![["LAYER", "SLOT", "EXPERIMENT", "VARIANT", "REASON", "AUDIENCE"].map(str::to_owned)];
    for outcome in exchange.decision().layers() {
        let slot = outcome.slot.map_or_else(|| "-".to_owned(), |slot| slot.to_string());
        let experiment = outcome.experiment.unwrap_or("-");
        let variant = outcome.variant.unwrap_or("stable");
        rows.push([
            outcome.layer.to_owned(),
            slot,
            experiment.to_owned(),
            variant.to_owned(),
            outcome.reason.name().to_owned(),
            outcome.audience.unwrap_or_default().to_owned(),
        ]);
    }
    if rows[1..].iter().all(|row| row[5].is_empty()) {
        rows[0][5].clear();
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    let edits = exchange.edits();
    text.push_str(if edits.is_empty() { "\nthe request's headers stay as they are\n" } else { "\n" });
    for Edit { name, lines } in &edits {
        let name = String::from_utf8_lossy(name);
        let lines: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line)).collect();
        text.push_str(&match lines.is_empty() {
            true => format!("remove  {name}\n"),
            false => format!("set     {name}: {}\n", lines.join("\n        and ")),
        });
    }
    if let Some((trace, tags)) = exchange.trace_entry() {
        text.push_str(&format!("leaves  {} for trace {}\n", tags_text(&tags), trace.hex()));
    }
    for line in exchange.set_cookies() {
        text.push_str(&format!("answer  set-cookie: {line}\n"));
    }
    text
}

/// Tags as text, for a person.
fn tags_text(tags: &[u8]) -> String {
    if tags.is_empty() { "no tags".to_owned() } else { String::from_utf8_lossy(tags).into_owned() }
}
