//! Asks which revision decides: what an Envoy acked is not yet what its filter took. The filter's gauges say so, on the
//! admin interface of each Envoy or in a Prometheus that scrapes them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;
use tokio::task::{JoinError, JoinSet};
use tokio::time::MissedTickBehavior;

use self::schedule::Turns;
use super::fleet::{Row, Watched};
use crate::http_get::get;

mod schedule;

/// Where gauges are read.
#[derive(Args, Clone)]
pub struct Gauges {
    /// The port of the Envoys' admin interfaces, to read there which revision is active; an Envoy whose metadata has
    /// weir_admin_port says so itself
    #[arg(long, value_name = "PORT")]
    admin_port: Option<u16>,
    /// A Prometheus that scrapes the Envoys, to read there which revision is active
    #[arg(long, value_name = "HOST:PORT")]
    prometheus: Option<String>,
    /// The label by which that Prometheus knows an Envoy's node id
    #[arg(long, value_name = "LABEL", default_value = "node")]
    prometheus_label: String,
}

/// Prometheus is asked so often, and it is looked so often whom else to ask.
const ROUND: Duration = Duration::from_secs(1);
/// Envoys asked at the same time; and of those that may not answer so many before the others' turn comes again.
const AT_ONCE: usize = 128;
/// What one Envoy says is a line of some hundred bytes for each attachment.
const ENVOY_BYTES_MAX: usize = 256 << 10;
/// Of 10,000 Envoys Prometheus says 5 MB.
const PROMETHEUS_BYTES_MAX: usize = 64 << 20;

/// By attachment the active revision, and whether another was refused.
type Said = BTreeMap<String, (u64, bool)>;

impl Gauges {
    /// Asks for as long as the server runs.
    pub async fn follow(self, fleet: Watched) {
        let mut turns = Turns::default();
        let mut rounds = tokio::time::interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            let next_round = Instant::now() + ROUND;
            let scraped = match &self.prometheus {
                Some(address) => scraped(address, &self.prometheus_label).await,
                None => BTreeMap::new(),
            };
            let mut admins = BTreeMap::new();
            for (stream, source) in sources(&fleet, self.admin_port, &scraped) {
                match source {
                    Source::Scraped(said) => book(&fleet, stream, said),
                    Source::Admin(address) => drop(admins.insert(stream, address)),
                }
            }
            while ask(&admins, &mut turns, &fleet).await && Instant::now() < next_round {}
        }
    }
}

/// Asks those whose turn it is; whether it was anybody's.
async fn ask(admins: &BTreeMap<u64, SocketAddr>, turns: &mut Turns, fleet: &Watched) -> bool {
    let turn = turns.next(admins, AT_ONCE, Instant::now());
    let mut asking = JoinSet::new();
    for (stream, address) in turn.iter().filter_map(|stream| Some((*stream, *admins.get(stream)?))) {
        if asking.len() >= AT_ONCE {
            take(asking.join_next().await, turns, fleet);
        }
        asking.spawn(async move { (stream, by_admin(&address.to_string()).await) });
    }
    while let Some(answer) = asking.join_next().await {
        take(Some(answer), turns, fleet);
    }
    !turn.is_empty()
}

fn take(answer: Option<Result<(u64, Option<Said>), JoinError>>, turns: &mut Turns, fleet: &Watched) {
    if let Some(Ok((stream, said))) = answer {
        if said.is_some() {
            turns.answered(stream, Instant::now());
        }
        book(fleet, stream, &said.unwrap_or_default());
    }
}

enum Source<'a> {
    /// What Prometheus knows, perhaps nothing.
    Scraped(&'a Said),
    /// An admin interface: only ever on the machine that the Envoy connects from, so that what a client says of itself
    /// sends nobody elsewhere.
    Admin(SocketAddr),
}

/// Where to read of each stream with filters. Of most there may be nowhere, and then nothing is to do.
fn sources<'a>(
    fleet: &Watched,
    admin_port: Option<u16>,
    scraped: &'a BTreeMap<String, Said>,
) -> Vec<(u64, Source<'a>)> {
    static NOTHING: Said = Said::new();
    let of_port = |row: &Row| Some(SocketAddr::new(row.peer.ip(), admin_port?));
    let source = |row: &Row| match (scraped.get(&row.node), row.admin.or_else(|| of_port(row))) {
        (Some(said), _) => Some(Source::Scraped(said)),
        (None, Some(address)) => Some(Source::Admin(address)),
        // It was scraped before and is no more.
        (None, None) if row.attachments.iter().any(|one| one.active.is_some()) => Some(Source::Scraped(&NOTHING)),
        (None, None) => None,
    };
    let fleet = fleet.borrow();
    let with_filters = fleet.connected().filter(|(_, row)| !row.attachments.is_empty());
    with_filters.filter_map(|(stream, row)| Some((stream, source(row)?))).collect()
}

fn book(fleet: &Watched, stream: u64, said: &Said) {
    fleet.send_if_modified(|fleet| fleet.gauged(stream, said));
}

/// What one Envoy says; none if it does not answer.
async fn by_admin(address: &str) -> Option<Said> {
    let answer = get(address, "/stats?filter=weir_policy_re", ENVOY_BYTES_MAX).await.ok()?;
    let mut said = Said::new();
    for line in answer.split(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let name = line.strip_prefix("wasmcustom.attachment=.=").and_then(|rest| rest.split_once(";.;"));
        if let Some((attachment, (gauge, value))) = name.and_then(|(name, rest)| Some((name, rest.split_once(": ")?))) {
            note(&mut said, attachment, gauge, value);
        }
    }
    Some(said)
}

/// What Prometheus knows of each node; nothing if it does not answer.
async fn scraped(address: &str, label: &str) -> BTreeMap<String, Said> {
    // {__name__=~"weir_policy_re.*"}
    let answer =
        get(address, "/api/v1/query?query=%7B__name__%3D~%22weir_policy_re.*%22%7D", PROMETHEUS_BYTES_MAX).await;
    let answer: Value = answer.ok().and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default();
    let mut all: BTreeMap<String, Said> = BTreeMap::new();
    for one in answer["data"]["result"].as_array().into_iter().flatten() {
        let text = |name: &str| one["metric"][name].as_str();
        let (gauge, attachment, node) = (text("__name__"), text("attachment"), text(label));
        if let (Some(gauge), Some(attachment), Some(node), Some(value)) =
            (gauge, attachment, node, one["value"][1].as_str())
        {
            note(all.entry(node.into()).or_default(), attachment, gauge, value);
        }
    }
    all
}

fn note(said: &mut Said, attachment: &str, gauge: &str, value: &str) {
    match (gauge, value.parse::<u64>()) {
        ("weir_policy_revision", Ok(revision)) => said.entry(attachment.into()).or_default().0 = revision,
        ("weir_policy_rejected", Ok(rejected)) => said.entry(attachment.into()).or_default().1 = rejected != 0,
        _ => {}
    }
}
