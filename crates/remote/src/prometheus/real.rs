//! The same of a real Prometheus, with TLS and a path of its own, and with one in front of it that wants a token.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::SystemTime;

use super::*;
use crate::address::Address;
use crate::query::check_value;
use crate::testing::{Act, Authority, Server, answer};

const PATIENCE: Duration = Duration::from_secs(60);

/// A Prometheus that scrapes what a test writes, five times a second.
struct Real {
    process: Child,
    address: SocketAddr,
    page: Arc<Mutex<String>>,
    _target: Server,
    folder: tempfile::TempDir,
}

impl Real {
    async fn start(page: &str, tls: Option<(String, String)>) -> Real {
        let page = Arc::new(Mutex::new(page.to_owned()));
        let shown = page.clone();
        let target =
            Server::start(move |_, _| answer("200 OK\r\ncontent-type: text/plain", &shown.lock().unwrap())).await;
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write(
            "prometheus.yaml",
            &format!(
                "global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}\n\
                 scrape_configs: [{{job_name: owl, static_configs: [{{targets: ['{}']}}]}}]\n",
                target.address
            ),
        );
        let web = match tls {
            Some((certificate, key)) => {
                write("server.pem", &certificate);
                write("server.key", &key);
                "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
            }
            None => "",
        };
        write("web.yaml", web);
        let log = folder.path().join("log");
        let process = Command::new(executable())
            .args(["--config.file=prometheus.yaml", "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:0"])
            .args(["--web.config.file=web.yaml", "--web.external-url=http://somewhere/prom"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut real = Real { process, address: ([0, 0, 0, 0], 0).into(), page, _target: target, folder };
        real.address = eventually(async || listening(&fs::read_to_string(&log).unwrap_or_default())).await;
        real
    }

    fn at(&self, scheme: &str, port: u16, token: Option<PathBuf>, authority: Option<&Authority>) -> Prometheus {
        let address = Address::prometheus(&format!("{scheme}://localhost:{port}/prom")).unwrap();
        Prometheus::new(Client::new(address, token, authority.map(Authority::file)))
    }

    fn plain(&self) -> Prometheus {
        self.at("http", self.address.port(), None, None)
    }

    /// Writes this to be scraped, and waits until the query has that answer.
    async fn show(&self, page: &str, prometheus: &Prometheus, query: &str, expected: Answer) {
        page.clone_into(&mut self.page.lock().unwrap());
        eventually(async || {
            let told = prometheus.number(query, SystemTime::now()).await.ok()?;
            (told.answer == expected).then_some(())
        })
        .await;
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn executable() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/prometheus/prometheus");
    assert!(path.exists(), "there is no {}; run scripts/install-prometheus", path.display());
    path.canonicalize().unwrap()
}

/// The address in the line that says so; others name the one that was asked for, with port 0.
fn listening(log: &str) -> Option<SocketAddr> {
    let mut addresses = log.lines().filter_map(|line| line.split_once("address=")?.1.split(' ').next()?.parse().ok());
    addresses.find(|address: &SocketAddr| address.port() != 0)
}

async fn eventually<T>(mut seen: impl AsyncFnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = seen().await {
            return seen;
        }
        assert!(Instant::now() < until, "it did not come to be");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

const PAGE: &str = "cart_calls_total{variant=\"canary\",pod=\"a\"} 10\ncart_calls_total{variant=\"canary\",pod=\"b\"} 5\n\
                    cart_calls_total{variant=\"control\",pod=\"c\"} 7\n";
const CALLS: &str = r#"sum(cart_calls_total{variant="canary"})"#;

#[tokio::test(flavor = "multi_thread")]
async fn it_has_numbers_of_moments_and_words_for_what_is_none() {
    let real = Real::start(PAGE, None).await;
    let prometheus = real.plain();
    real.show(PAGE, &prometheus, CALLS, Answer::Number(15.0)).await;
    let before = SystemTime::now();
    real.show(&PAGE.replace(" 10\n", " 20\n"), &prometheus, CALLS, Answer::Number(25.0)).await;

    let now = SystemTime::now();
    let long = format!("{CALLS} + 0 * {}", vec!["sum(up)"; 400].join(" * "));
    for (query, at, expected) in [
        (CALLS, before, Answer::Number(15.0)),
        (CALLS, now, Answer::Number(25.0)),
        (CALLS, before - Duration::from_secs(3_600), Answer::NoSeries),
        (r#"sum(cart_failures_total{variant="canary"})"#, now, Answer::NoSeries),
        (r#"sum(last_over_time(cart_calls_total{variant="canary"}[5m]))"#, now, Answer::Number(25.0)),
        (&long, now, Answer::Number(25.0)),
        ("scalar(sum(up))", now, Answer::Number(1.0)),
        ("1 / 0", now, Answer::NotANumber("+Inf")),
        ("-1 / 0", now, Answer::NotANumber("-Inf")),
        ("sum(up) - sum(up) / 0 + sum(up) / 0", now, Answer::NotANumber("NaN")),
    ] {
        assert_eq!(prometheus.number(query, at).await.unwrap().answer, expected, "{query}");
    }
    for (query, said) in [
        (
            r#"cart_calls_total{variant="canary"}"#,
            r#"has 2 series as its answer, and one number is wanted: {pod="a"} and {pod="b"}"#,
        ),
        ("up[5m]", "has a range vector as its answer"),
        (r#""text""#, "has a string as its answer"),
        ("sum(up", "answered 400: bad_data: "),
        ("up + on () group_left () cart_calls_total * on () up", "answered 422: execution: "),
    ] {
        let error = prometheus.number(query, now).await.unwrap_err();
        assert!(error.to_string().contains(said) && !error.is_of_the_server(), "{query}: {error}");
    }
    let series = prometheus.series(r#"{__name__=~"cart_calls.*|up"}"#, 10_000).await.unwrap();
    let mut series: Vec<_> = series.into_iter().map(|one| (one.labels["__name__"].clone(), one.value)).collect();
    series.sort();
    let expected = [("cart_calls_total", "20"), ("cart_calls_total", "5"), ("cart_calls_total", "7"), ("up", "1")];
    assert_eq!(series, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    for (metric, known) in [("cart_calls_total", true), ("cart_call_total", false), ("cart_calls_total\"}", false)] {
        assert_eq!(prometheus.knows(metric, now).await, Ok(known), "{metric}");
    }
    let long_ago = before - Duration::from_secs(48 * 3_600);
    for (query, at, unknown) in [
        (CALLS, now, &[][..]),
        ("sum(cart_call_total) / sum(cart_calls_total) or up or ups", now, &["cart_call_total", "ups"]),
        (CALLS, long_ago, &["cart_calls_total"]),
    ] {
        assert_eq!(prometheus.unknown(query, at).await.unwrap(), unknown, "{query}");
    }
}

/// What is good without a server is good to it, and what is not is not.
#[tokio::test(flavor = "multi_thread")]
async fn it_agrees_on_what_promql_is() {
    let real = Real::start(PAGE, None).await;
    let prometheus = real.plain();
    let mut apart = Vec::new();
    for query in [
        "up",
        "sum(up)",
        "sum by (pod) (up)",
        "sum(up) by (pod)",
        "sum without () (up)",
        "topk(1, up)",
        "-up",
        "up ^ 2 ^ 3",
        "up offset 5m",
        "up offset -5m",
        "up @ 1700000000",
        "up @ end()",
        "rate(up[5m])",
        "max_over_time(rate(up[5m])[1h:1m])",
        "up and on (job) up",
        "up * on (job) group_left () up",
        "up == bool 1",
        "quantile(0.9, up)",
        "absent(up)",
        "vector(1)",
        "histogram_quantile(0.9, sum by (le) (rate(b_bucket[5m])))",
        "label_replace(up, \"a\", \"$1\", \"b\", \"(.*)\")",
        "{__name__=~\"u.*\"}",
        "{job=\"owl\"}",
        "up{job!=\"\",pod!~\"a|b\"}",
        "up{job='owl',}",
        "1e3",
        "0x1F",
        "Inf",
        "NaN",
        "sum(up) # comment",
        "a:b:c",
        "count_values(\"v\", up)",
        "sort_desc(up)",
        "clamp_max(up, 1)",
        "hour()",
        "time() - 5",
        "",
        "(",
        "up)",
        "sum",
        "sum up",
        "up{",
        "up{}}",
        "{}",
        "{job=\"\"}",
        "up{job}",
        "up[5m",
        "up[]",
        "up[5]",
        "up[5x]",
        "rate(up)",
        "rate(up[5m], 1)",
        "nothing(up)",
        "up +",
        "+ +",
        "up up",
        "sum by pod (up)",
        "\"a",
        "up offset",
        "1 and up",
        "up group_left up",
        "up == bool",
        "up{job=~\"(\"}",
        "{job=~\".*\"}",
        "sum(rate(up[5m])",
        "SELECT 1",
        "1up",
        "up-",
        "up{a=\"b\" c=\"d\"}",
        "up @ 1h",
        "quantile(up)",
        "-\"a\"",
        "up[5m] offset",
        "\"a\" + 1",
        "up unless 1",
    ] {
        let ours = check_value(query, &["canary"], "owl").into_iter().find(|problem| problem.contains("is no PromQL"));
        let theirs = prometheus.number(query, SystemTime::now()).await;
        let refused = matches!(&theirs, Err(Trouble::Refused(400, _)));
        if ours.is_some() != refused {
            apart.push(query);
        }
    }
    // The parser is as new as versions that take a number for a duration and the other way round; an older one says itself
    // what it does not take.
    assert_eq!(apart, ["up[5]", "up @ 1h"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_asked_behind_tls_with_a_path() {
    let authority = Authority::new("ours");
    let real = Real::start(PAGE, Some(authority.sign("localhost", 4096))).await;
    let port = real.address.port();
    let prometheus = real.at("https", port, None, Some(&authority));
    real.show(PAGE, &prometheus, CALLS, Answer::Number(15.0)).await;

    let others = Authority::new("others");
    let now = SystemTime::now();
    let error = real.at("https", port, None, Some(&others)).number(CALLS, now).await.unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    let error = real.at("http", port, None, None).number(CALLS, now).await.unwrap_err();
    assert!(error.to_string().contains("HTTP request to an HTTPS server"), "{error}");
    let address = Address::prometheus(&format!("https://localhost:{port}")).unwrap();
    let beside = Prometheus::new(Client::new(address, None, Some(authority.file())));
    let error = beside.number(CALLS, now).await.unwrap_err();
    assert_eq!(error.code(), "unlike", "{error}");
    assert!(error.to_string().contains("is the path of the address right?"), "{error}");

    drop(real);
    let error = prometheus.number(CALLS, now).await.unwrap_err();
    assert_eq!((error.code(), error.is_of_the_server()), ("unreachable", true), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_asked_through_one_who_wants_a_token() {
    let authority = Authority::new("ours");
    let real = Real::start(PAGE, None).await;
    let behind = real.address;
    let front = Server::start_tls(authority.server("localhost", 4096), move |_, seen| {
        if !seen.head.contains("authorization: Bearer letmein\r\n") {
            return answer("401 Unauthorized", "no token, no numbers");
        }
        let mut stream = TcpStream::connect(behind).unwrap();
        let head = seen.head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        stream.write_all(format!("{head}{}", seen.body).as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Act::SayAndLeave(bytes)
    })
    .await;
    let token = real.folder.path().join("token");
    fs::write(&token, "letmein\n").unwrap();
    let prometheus = real.at("https", front.address.port(), Some(token.clone()), Some(&authority));
    real.show(PAGE, &prometheus, CALLS, Answer::Number(15.0)).await;
    let queries = vec![CALLS.to_owned(); 40];
    let answers = prometheus.numbers(&queries, SystemTime::now()).await;
    assert!(answers.iter().all(|told| told.as_ref().unwrap().answer == Answer::Number(15.0)));

    fs::write(&token, "old").unwrap();
    let error = prometheus.number(CALLS, SystemTime::now()).await.unwrap_err();
    let said = "answered 401: no token, no numbers; give a token that it lets in, by a file";
    assert_eq!(error.to_string(), said);
}
