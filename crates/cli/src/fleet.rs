//! `weir fleet`: a table of a server's Envoys, with the revision and the offer that each has, and what is red.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};

use crate::columns::columns;
use crate::duration;
use crate::http_get::get;
use crate::problems::Failure;
use crate::runtime;
use crate::serve::fleet::{AttachmentStatus, FleetView, Row};

mod notes;
mod red;

use notes::notes;
use red::Limits;

/// Shows every Envoy of a server: what it was sent, what it took, and what decides there
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowFleet {
    /// Where weir serve answers: its --http
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:18001", value_parser = address)]
    server: String,
    /// Be red while fewer Envoys are connected
    #[arg(long, value_name = "N", default_value_t = 0)]
    min: usize,
    /// Be red while an Envoy that went without ending its stream has been away for longer, until an hour later
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration::read)]
    gone: humantime::Duration,
    /// Go on showing, once a second
    #[arg(long)]
    watch: bool,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  weir fleet
  weir fleet --server 10.0.0.7:18001 --watch
  weir fleet --min 3 --gone 10m
  until weir fleet >/dev/null; do sleep 1; done

ACTIVE is what the filter's own gauge says, and - where nobody could be asked: what is only acked is not shown as active. OFFER is
the attachment that the filter is to have, and after != the one that decides, where its gauge says another.

Exit codes: 0 every connected Envoy has what it is to have, as far as it is known, and the files are served, 1 something is red:
the lines above the table say what, 2 wrong use or no answer";

/// The time between two looks with --watch.
const PAUSE: Duration = Duration::from_secs(1);
/// The most bytes of an answer. A fleet of 10,000 is 5 MB.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Control characters that empty the screen and put the cursor to its top.
const CLEAR: &str = "\x1b[2J\x1b[H";

impl ShowFleet {
    /// Shows the fleet, once or for ever.
    pub fn run(self) -> Result<(), Failure> {
        runtime::of_this_thread()?.block_on(async {
            loop {
                let body = get(&self.server, "/fleet", ANSWER_BYTES_MAX).await.map_err(no_answer)?;
                let mut shown: FleetView = serde_json::from_slice(&body).map_err(|error| {
                    Failure::Usage(format!("{}: not what weir serve answers: {error}", self.server))
                })?;
                let limits = Limits { min: self.min, gone: *self.gone };
                let red = red::reasons(&shown, &limits);
                shown.nodes.retain(|row| !red::is_forgotten(row, &limits));
                let text = if self.json {
                    with_reasons(&body, &red)?
                } else {
                    table(&shown, &red, crate::out::has_colours(&std::io::stdout()))
                };
                if !self.watch {
                    print!("{text}");
                    return if red.is_empty() { Ok(()) } else { Err(Failure::AlreadyPrinted) };
                }
                print!("{}{text}", if self.json { "" } else { CLEAR });
                tokio::time::sleep(PAUSE).await;
            }
        })
    }
}

/// A host and a port, as `--http` of the server has them.
pub fn address(text: &str) -> Result<String, String> {
    let parts = text.rsplit_once(':').filter(|(host, port)| is_host(host) && port.parse::<u16>().is_ok());
    parts.map(|_| text.to_owned()).ok_or_else(|| {
        "HOST:PORT is meant, without http://: the address of weir serve --http, such as 127.0.0.1:18001".to_owned()
    })
}

fn is_host(text: &str) -> bool {
    let is_address = text.starts_with('[') && text.ends_with(']');
    !text.is_empty() && !text.contains(['/', '@']) && (is_address || !text.contains(':'))
}

/// That a server did not answer, and what would do.
pub fn no_answer(error: Error) -> Failure {
    let cure = match error.kind() {
        ErrorKind::ConnectionRefused => "; weir serve needs --http",
        // It answers, and not as this does: with another status, or in another language.
        ErrorKind::Other => "; the address of weir serve --http is meant, not that of --listen",
        _ => "",
    };
    Failure::Usage(format!("{error}{cure}"))
}

/// What the server answered, and why it is red.
fn with_reasons(body: &[u8], red: &[String]) -> Result<String, Failure> {
    let mut answer: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| Failure::Usage(format!("not what weir serve answers: {error}")))?;
    answer.insert("red".to_owned(), red.into());
    Ok(Value::from(answer).to_string() + "\n")
}

const HEAD: [&str; 9] = ["NODE", "VERSION", "ATTACHMENT", "SENT", "ACKED", "ACTIVE", "OFFER", "SINCE", "STATE"];

fn table(shown: &FleetView, red: &[String], colours: bool) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(shown.nodes.iter().map(cells));
    let held = shown.held.as_ref().map(|held| format!(", {held} held back")).unwrap_or_default();
    let mut text = format!("revision {}{held}\n", shown.revision);
    let word = if colours { "\x1b[1;31mred\x1b[0m" } else { "red" };
    red.iter().for_each(|reason| text += &format!("{word}: {reason}\n"));
    notes(shown).iter().for_each(|note| text += &format!("{note}\n"));
    text + "\n" + &columns(&rows)
}

/// The cells of one Envoy, by the columns of `HEAD`.
fn cells(row: &Row) -> [String; HEAD.len()] {
    let or_none = |text: Option<&String>| text.filter(|text| !text.is_empty()).cloned().unwrap_or_else(|| "-".into());
    let each = |of: fn(&AttachmentStatus) -> String| {
        or_none(Some(&row.attachments.iter().map(of).collect::<Vec<_>>().join(",")))
    };
    let active = |attachment: &AttachmentStatus| attachment.active.clone().unwrap_or_else(|| "-".into());
    [
        escaped(&row.node),
        or_none(Some(&escaped(&row.version))),
        each(|attachment| attachment.name.clone()),
        or_none(row.sent.as_ref()),
        or_none(row.acked.as_ref()),
        each(active),
        each(offer),
        or_none(row.acked_since.as_ref()),
        state(row),
    ]
}

/// The offer that it is to have, and another one that decides.
fn offer(attachment: &AttachmentStatus) -> String {
    match (&attachment.offer, &attachment.active_offer) {
        (None, _) => "-".into(),
        (Some(offer), Some(active)) if attachment.has_other_offer() => format!("{offer}!={active}"),
        (Some(offer), _) => offer.clone(),
    }
}

/// The first thing in the way of an Envoy, or that it is in step.
fn state(row: &Row) -> String {
    let in_vain = row.asks_in_vain();
    let refused = row.attachments.iter().any(|attachment| attachment.rejected == Some(true));
    match row {
        Row { connected: false, lost: true, since, .. } => format!("lost since {since}"),
        Row { connected: false, since, .. } => format!("gone since {since}"),
        Row { error: Some(error), .. } => escaped(error),
        _ if refused => "the filter refused a revision".into(),
        Row { clashes, .. } if !clashes.is_empty() => format!("several attachments give {}", clashes.join(", ")),
        _ if in_vain.is_some() => in_vain.unwrap_or_default(),
        Row { unmatched: true, .. } => "no attachment is for it".into(),
        Row { attachments, .. } if attachments.is_empty() => "asked for no filter".into(),
        row if row.in_step() => "in step".into(),
        row if !row.behind && row.attachments.iter().any(AttachmentStatus::has_other_offer) => {
            "another offer decides".into()
        }
        _ => "behind".into(),
    }
}

/// Text of an Envoy with control characters escaped, so that it cannot move the cursor.
fn escaped(text: &str) -> String {
    text.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_host_and_port() {
        let table = [
            ("127.0.0.1:18001", true),
            ("weir.test:1", true),
            ("[::1]:18001", true),
            ("http://127.0.0.1:18001", false),
            ("127.0.0.1:18001/fleet", false),
            ("127.0.0.1", false),
            ("127.0.0.1:", false),
            ("127.0.0.1:65536", false),
            (":18001", false),
            ("::1:18001", false),
        ];
        for (text, is_good) in table {
            assert_eq!(address(text).is_ok(), is_good, "{text}");
        }
    }

    #[test]
    fn an_answer_of_somebody_else_says_where_to_ask() {
        for (kind, cure) in [
            (ErrorKind::ConnectionRefused, "; weir serve needs --http"),
            (ErrorKind::Other, "the address of weir serve --http is meant, not that of --listen"),
        ] {
            assert!(no_answer(Error::new(kind, "no")).text(false).contains(cure), "{kind:?}");
        }
        assert_eq!(no_answer(Error::new(ErrorKind::TimedOut, "no")).text(false), "weir: no\n");
    }
}
