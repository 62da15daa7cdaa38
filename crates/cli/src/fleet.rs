//! `weir fleet`: a table of a server's Envoys, with the revision that each has.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use clap::Args;
use tokio::runtime::Builder;

use crate::http_get::get;
use crate::problems::Failure;
use crate::serve::fleet::{AttachmentStatus, FleetView, Row};

/// Shows every Envoy of a server: what it was sent, what it took, and what decides there
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowFleet {
    /// Where weir serve answers: its --http
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:18001")]
    server: String,
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
  until weir fleet >/dev/null; do sleep 1; done

ACTIVE is what the filter's own gauge says, and - where nobody could be asked: what is only acked is not shown as active.

Exit codes: 0 every connected Envoy has what it is to have, as far as it is known, 1 one has not, 2 wrong use or no answer";

/// The time between two looks with --watch.
const PAUSE: Duration = Duration::from_secs(1);
/// The most bytes of an answer. A fleet of 10,000 is 5 MB.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Control characters that empty the screen and put the cursor to its top.
const CLEAR: &str = "\x1b[2J\x1b[H";

impl ShowFleet {
    /// Shows the fleet, once or for ever.
    pub fn run(self) -> Result<(), Failure> {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| Failure::Usage(format!("no runtime: {error}")))?.block_on(async {
            loop {
                let body = get(&self.server, "/fleet", ANSWER_BYTES_MAX).await.map_err(no_answer)?;
                let shown: FleetView = serde_json::from_slice(&body).map_err(|error| {
                    Failure::Usage(format!("{}: not what weir serve answers: {error}", self.server))
                })?;
                let text = if self.json { String::from_utf8_lossy(&body).into_owned() } else { table(&shown) };
                if !self.watch {
                    print!("{text}");
                    let behind = shown.nodes.iter().any(|row| row.connected && !row.in_step());
                    return if behind { Err(Failure::AlreadyPrinted) } else { Ok(()) };
                }
                print!("{}{text}", if self.json { "" } else { CLEAR });
                tokio::time::sleep(PAUSE).await;
            }
        })
    }
}

fn no_answer(error: Error) -> Failure {
    let cure = if error.kind() == ErrorKind::ConnectionRefused { "; weir serve needs --http" } else { "" };
    Failure::Usage(format!("{error}{cure}"))
}

const HEAD: [&str; 8] = ["NODE", "VERSION", "ATTACHMENT", "SENT", "ACKED", "ACTIVE", "SINCE", "STATE"];

fn table(shown: &FleetView) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(shown.nodes.iter().map(cells));
    let mut widths = [0; HEAD.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let held = shown.held.as_ref().map(|held| format!(", {held} held back")).unwrap_or_default();
    let mut text = format!("revision {}{held}\n\n", shown.revision);
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
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
        or_none(row.acked_since.as_ref()),
        state(row),
    ]
}

/// The first thing in the way of an Envoy, or that it is in step.
fn state(row: &Row) -> String {
    let refused = row.attachments.iter().any(|attachment| attachment.rejected == Some(true));
    match row {
        Row { connected: false, since, .. } => format!("gone since {since}"),
        Row { error: Some(error), .. } => escaped(error),
        _ if refused => "the filter refused a revision".into(),
        Row { clashes, .. } if !clashes.is_empty() => format!("several attachments give {}", clashes.join(", ")),
        Row { unmatched: true, .. } => "no attachment is for it".into(),
        Row { attachments, .. } if attachments.is_empty() => "asked for no filter".into(),
        row if row.in_step() => "in step".into(),
        _ => "behind".into(),
    }
}

/// Text of an Envoy with control characters escaped, so that it cannot move the cursor.
fn escaped(text: &str) -> String {
    text.escape_debug().to_string()
}
