//! Readings of the filters' gauges, which say what revision decides: what an Envoy acked is not yet what its filter took.
//! They are read from the admin interface of each Envoy, or from a Prometheus that scrapes them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use clap::{Args, value_parser};
use tokio::task::{JoinError, JoinSet};
use tokio::time::MissedTickBehavior;
use weir_policy::Gauge;
use weir_remote::Prometheus;

use self::schedule::Schedule;
use super::fleet::{Gauges, Row, SharedFleet};
use crate::http_get::get;
use crate::prometheus_options::PrometheusOptions;

mod schedule;

/// Options that say where gauges are read.
#[derive(Args, Clone)]
pub struct ReadingOptions {
    /// The port of the Envoys' admin interfaces, to read there which revision is active and what edges counted; an Envoy whose
    /// metadata has weir_admin_port says so itself
    #[arg(long, value_name = "PORT", value_parser = value_parser!(u16).range(1..))]
    admin_port: Option<u16>,
    #[command(flatten)]
    prometheus: PrometheusOptions,
    /// The label by which that Prometheus knows an Envoy's node id
    #[arg(long, value_name = "LABEL", default_value = "node")]
    prometheus_label: String,
}

/// The time between two rounds: Prometheus is asked once in each, and so is each Envoy that answers.
const ROUND: Duration = Duration::from_secs(1);
/// Envoys that are asked at the same time; and of those that did not answer last time, the most that are asked in one go, so
/// that those that answer are not kept waiting.
const AT_ONCE: usize = 128;
/// The gauges of an Envoy: `weir_(policy_re|offer)`.
const WANTED: &str = "/stats?filter=weir_%28policy_re%7Coffer%29";
/// Those of all Envoys that a Prometheus knows.
const WANTED_OF_ALL: &str = r#"{__name__=~"weir_policy_re.*|weir_offer"}"#;
/// The most bytes of an Envoy's answer, which is a line of some hundred bytes for each attachment.
const ENVOY_BYTES_MAX: usize = 256 << 10;
/// The most bytes of Prometheus' answer: of 10,000 Envoys it is 5 MB.
const PROMETHEUS_BYTES_MAX: usize = 64 << 20;

/// The gauges of each attachment of one Envoy.
type Readings = BTreeMap<String, Gauges>;

impl ReadingOptions {
    /// The port of the admin interface of an Envoy that names none.
    pub fn admin_port(&self) -> Option<u16> {
        self.admin_port
    }

    /// The Prometheus, if one is named.
    pub fn prometheus(&self) -> Option<Prometheus> {
        self.prometheus.prometheus()
    }

    /// Reads gauges for as long as the server runs.
    pub async fn follow(self, fleet: SharedFleet) {
        let prometheus = self.prometheus();
        let mut schedule = Schedule::default();
        let mut rounds = tokio::time::interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            let next_round = Instant::now() + ROUND;
            let scraped = match &prometheus {
                Some(prometheus) => read_prometheus(prometheus, &self.prometheus_label).await,
                None => BTreeMap::new(),
            };
            let mut admins = BTreeMap::new();
            for (stream, source) in sources(&fleet, self.admin_port, &scraped) {
                match source {
                    Source::Scraped(readings) => record(&fleet, stream, readings),
                    Source::Admin(address) => drop(admins.insert(stream, address)),
                }
            }
            while poll(&admins, &mut schedule, &fleet).await && Instant::now() < next_round {}
        }
    }
}

/// Asks the admin interfaces that are due. Whether any was.
async fn poll(admins: &BTreeMap<u64, SocketAddr>, schedule: &mut Schedule, fleet: &SharedFleet) -> bool {
    let due = schedule.next(admins, AT_ONCE, Instant::now());
    let mut asking = JoinSet::new();
    for (stream, address) in due.iter().filter_map(|stream| Some((*stream, *admins.get(stream)?))) {
        if asking.len() >= AT_ONCE {
            collect(asking.join_next().await, schedule, fleet);
        }
        asking.spawn(async move { (stream, read_admin(&address.to_string()).await) });
    }
    while let Some(answer) = asking.join_next().await {
        collect(Some(answer), schedule, fleet);
    }
    !due.is_empty()
}

fn collect(answer: Option<Result<(u64, Option<Readings>), JoinError>>, schedule: &mut Schedule, fleet: &SharedFleet) {
    if let Some(Ok((stream, readings))) = answer {
        if readings.is_some() {
            schedule.answered(stream, Instant::now());
        }
        record(fleet, stream, &readings.unwrap_or_default());
    }
}

enum Source<'a> {
    /// Readings that Prometheus has, perhaps none.
    Scraped(&'a Readings),
    /// An admin interface.
    Admin(SocketAddr),
}

/// The source of readings of each Envoy with filters, by one of its streams. Most may have none, and then there is nothing to do.
fn sources<'a>(
    fleet: &SharedFleet,
    admin_port: Option<u16>,
    scraped: &'a BTreeMap<String, Readings>,
) -> Vec<(u64, Source<'a>)> {
    static NOTHING: Readings = Readings::new();
    let source = |row: &Row| match (scraped.get(&row.node), row.admin_address(admin_port)) {
        (Some(readings), _) => Some(Source::Scraped(readings)),
        (None, Some(address)) => Some(Source::Admin(address)),
        // Prometheus had readings of it before, and has none any more.
        (None, None) if row.attachments.iter().any(|one| one.active.is_some()) => Some(Source::Scraped(&NOTHING)),
        (None, None) => None,
    };
    let fleet = fleet.borrow();
    let with_filters = fleet.connected().filter(|(_, row)| !row.attachments.is_empty());
    with_filters.filter_map(|(stream, row)| Some((stream, source(&row)?))).collect()
}

fn record(fleet: &SharedFleet, stream: u64, readings: &Readings) {
    fleet.send_if_modified(|fleet| fleet.record_readings(stream, readings));
}

/// Readings of one Envoy; none if its admin interface does not answer.
async fn read_admin(address: &str) -> Option<Readings> {
    let answer = get(address, WANTED, ENVOY_BYTES_MAX).await.ok()?;
    let mut readings = Readings::new();
    for line in answer.split(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let stat = line.split_once(": ").and_then(|(name, value)| Some((Gauge::read(name)?, value)));
        if let Some(((attachment, gauge), value)) = stat {
            parse(&mut readings, attachment, gauge, value);
        }
    }
    Some(readings)
}

/// Readings of each node that Prometheus knows; none if it does not answer.
async fn read_prometheus(prometheus: &Prometheus, label: &str) -> BTreeMap<String, Readings> {
    let mut all: BTreeMap<String, Readings> = BTreeMap::new();
    for one in prometheus.series(WANTED_OF_ALL, PROMETHEUS_BYTES_MAX).await.unwrap_or_default() {
        let text = |name: &str| one.labels.get(name).map(String::as_str);
        let gauge = text("__name__").and_then(Gauge::named);
        if let (Some(gauge), Some(attachment), Some(node)) = (gauge, text("attachment"), text(label)) {
            parse(all.entry(node.into()).or_default(), attachment, gauge, &one.value);
        }
    }
    all
}

fn parse(readings: &mut Readings, attachment: &str, gauge: Gauge, value: &str) {
    let Ok(value) = value.parse::<u64>() else { return };
    let gauges = readings.entry(attachment.into()).or_default();
    match gauge {
        Gauge::Revision => gauges.revision = value,
        Gauge::Rejected => gauges.rejected = value != 0,
        Gauge::Offer => gauges.offer = value,
        Gauge::RejectedRevision => {}
    }
}
