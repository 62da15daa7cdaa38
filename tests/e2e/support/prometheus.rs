//! A real Prometheus that scrapes one Envoy, and its HTTP API.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hyper::Request;
use hyper::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::artifact;
use super::client::{Client, Protocol};
use super::envoy::Envoy;
use super::poll::eventually;
use super::process::Process;

const DEADLINE: Duration = Duration::from_secs(60);
/// Prometheus moves the time of a scrape by up to a hundredth of the interval.
const TIME_TOLERANCE: Duration = Duration::from_millis(10);

/// A running Prometheus.
pub struct Prometheus {
    process: Process,
    address: SocketAddr,
    _folder: TempDir,
}

/// Values by labels, without the labels that Prometheus itself adds.
pub type Series = BTreeMap<BTreeMap<String, String>, f64>;

/// Series as a test writes them down.
pub fn series<'a, const N: usize>(each: impl IntoIterator<Item = ([(&'a str, &'a str); N], f64)>) -> Series {
    let labels = |labels: [(&str, &str); N]| labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    each.into_iter().map(|(names, value)| (labels(names), value)).collect()
}

impl Prometheus {
    /// Scrapes `/stats/prometheus` of this Envoy twice a second.
    pub async fn scraping(envoy: &Envoy) -> Self {
        Self::with(json!([{"targets": [envoy.admin_address().to_string()]}])).await
    }

    /// The same of several, each with the label `node`.
    pub async fn scraping_nodes(nodes: &[(&str, &Envoy)]) -> Self {
        let target = |(node, envoy): &(&str, &Envoy)| json!({"targets": [envoy.admin_address().to_string()], "labels": {"node": node}});
        Self::with(nodes.iter().map(target).collect()).await
    }

    /// Scrapes what a test shows there.
    pub async fn scraping_page(page: SocketAddr) -> Self {
        Self::with(json!([{"targets": [page.to_string()]}])).await
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    async fn with(targets: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let job = json!({"job_name": "envoy", "metrics_path": "/stats/prometheus", "static_configs": targets});
        let config = json!({
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"}, "scrape_configs": [job],
        });
        fs::write(folder.path().join("prometheus.yaml"), config.to_string()).unwrap();
        let arguments =
            ["--config.file=prometheus.yaml", "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:0"];
        let arguments = arguments.map(str::to_owned);
        let mut process = Process::start("prometheus", &artifact::prometheus(), &arguments, folder.path());
        let address = eventually(DEADLINE, "Prometheus says where it listens", async || {
            assert!(process.ended().is_none(), "Prometheus ended at its start\n{}", process.tail());
            listening(&process.stderr()).ok_or_else(|| process.tail())
        });
        let address = address.await;
        Self { process, address, _folder: folder }
    }

    /// The series that an expression of PromQL gives, all of them scraped after this call.
    pub async fn series(&self, query: &str) -> Series {
        let [series] = self.series_of([query]).await;
        series
    }

    /// The series of several expressions, as of one scrape.
    pub async fn series_of<const N: usize>(&self, queries: [&str; N]) -> [Series; N] {
        let time = self.next_scrape().await;
        let mut answers = queries.map(|_| Series::new());
        for (query, answer) in queries.iter().zip(&mut answers) {
            let series = self.query(query, &format!("&time={time}")).await;
            *answer = series.unwrap_or_else(|error| panic!("{query}: {error}\n{}", self.process.tail()));
        }
        answers
    }

    /// Waits for a scrape that begins after this call and succeeds; when it began, in seconds of Unix time.
    async fn next_scrape(&self) -> f64 {
        let now = SystemTime::now() + TIME_TOLERANCE;
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
        eventually(DEADLINE, "Prometheus scrapes", async || {
            let last = self.query("timestamp(up) and up == 1", "").await?;
            let time = last.values().copied().find(|time| *time >= now);
            time.ok_or_else(|| format!("{last:?} instead of {now}\n{}", self.process.tail()))
        })
        .await
    }

    async fn query(&self, query: &str, time: &str) -> Result<Series, String> {
        let request = Request::post("/api/v1/query").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.body(Bytes::from(format!("query={}{time}", form_encoded(query)))).unwrap();
        let answer = Client::new(self.address, Protocol::Http1).send(request).await?;
        let text = String::from_utf8_lossy(&answer.body);
        let unlike = || format!("status {}: {text}", answer.status);
        let value: Value = serde_json::from_str(&text).map_err(|_| unlike())?;
        let all = value["data"]["result"].as_array().ok_or_else(unlike)?;
        all.iter().map(|one| labels_and_value(one).ok_or_else(unlike)).collect()
    }
}

/// The address in the line that says so; others name the one that was asked for, with port 0.
fn listening(log: &str) -> Option<SocketAddr> {
    let mut addresses = log.lines().filter_map(|line| line.split_once("address=")?.1.split(' ').next()?.parse().ok());
    addresses.find(|address: &SocketAddr| address.port() != 0)
}

fn labels_and_value(one: &Value) -> Option<(BTreeMap<String, String>, f64)> {
    let labels = one["metric"].as_object()?.iter();
    let labels = labels.filter(|(name, _)| !["__name__", "instance", "job"].contains(&name.as_str()));
    let labels = labels.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    Some((labels.collect::<Option<_>>()?, one["value"][1].as_str()?.parse().ok()?))
}

fn form_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { (byte as char).into() } else { format!("%{byte:02X}") })
        .collect()
}
