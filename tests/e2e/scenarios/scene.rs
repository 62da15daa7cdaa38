//! An Envoy behind a real `weir serve`, and an upstream that is reached as every destination of the scenarios.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use weir_engine::Revision;

use super::corpus::{Attachment, Request, Scenario, Subject};
use crate::support::{Answer, Envoy, Options, Upstream, Weir, eventually, fill, raw_http1, text, wasm, weir};

const ATTACHMENT: &str = "scenario";
/// The destination of a request that names none: no policy routes it.
const ELSEWHERE: &str = "elsewhere";
/// Chooses the cluster before the filter runs, as `xds.cluster_name` says it.
const DESTINATION: &str = "x-destination";
/// What Envoy adds on the way, and what belongs to the connection.
const ENVOYS_OWN: [&str; 8] = [
    "host",
    "x-request-id",
    "x-forwarded-proto",
    "x-forwarded-for",
    "x-envoy-internal",
    "x-envoy-external-address",
    "content-length",
    DESTINATION,
];
const SOON: Duration = Duration::from_secs(60);

/// Everything for the scenarios of one attachment.
pub struct Scene {
    attachment: Attachment,
    envoy: Envoy,
    address: SocketAddr,
    weir: Weir,
    folder: TempDir,
    _upstream: Upstream,
}

impl Scene {
    pub async fn start(attachment: &Attachment, mut destinations: BTreeSet<String>) -> Scene {
        destinations.insert(ELSEWHERE.to_owned());
        let upstream = Upstream::start("echo").await;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("policies")).unwrap();
        fs::write(path("policies/policy.yaml"), "version: 1\n").unwrap();
        let module = format!("wasm: {{file: {}}}\n", wasm().display());
        fs::write(path("attach.yaml"), attachment.file(ATTACHMENT) + &module).unwrap();
        fs::create_dir(path("resources")).unwrap();
        let listeners = [("LISTENER_PORT", "0"), ("ACCESS_LOG", "access.log"), ("ATTACHMENT", ATTACHMENT)];
        let listeners = fill(&text("envoy/resources/listeners.yaml"), &listeners);
        fs::write(path("resources/listeners.yaml"), listeners).unwrap();
        fs::write(path("resources/routes.yaml"), routes(&destinations).to_string()).unwrap();
        fs::write(path("resources/clusters.yaml"), clusters(&destinations, &upstream.port()).to_string()).unwrap();
        let weir = Weir::serve(&path("policies"), &path("attach.yaml"), &path("resources")).await;

        let port = weir.address().port().to_string();
        let values = [("ADMIN_PORT", "0"), ("NODE_ID", "edge-1"), ("XDS_PORT", &port), ("ADS_API", "DELTA_GRPC")];
        let options = Options { wasm_log: "debug", ..Options::default() };
        let mut envoy = Envoy::launch(&fill(&text("envoy/ads.yaml"), &values), options).await;
        envoy.until_ready().await;
        let address = envoy.listener("edge").await;
        Scene { attachment: attachment.clone(), envoy, address, weir, folder, _upstream: upstream }
    }

    /// Puts the scenario's files in the place of those that are there, and waits until the filter has taken them.
    pub async fn serve(&mut self, scenario: &Scenario, revision: Revision) {
        let Subject::Policy(files) = &scenario.subject else { panic!("{}: no policy", scenario.name) };
        let policies = self.policies();
        for old in fs::read_dir(&policies).unwrap().map(|entry| entry.unwrap().path()) {
            if !files.iter().any(|(name, _)| policies.join(name) == old) {
                fs::remove_file(old).unwrap();
            }
        }
        for (name, text) in files {
            let new = self.folder.path().join("new");
            fs::write(&new, text).unwrap();
            fs::rename(&new, policies.join(name)).unwrap();
        }
        let gauge = format!("wasmcustom.attachment=.={ATTACHMENT};.;weir_policy_revision");
        eventually(SOON, &format!("{}: revision {revision} is active", scenario.name), async || {
            let seen = self.envoy.stat(&gauge).await;
            (seen == Some(revision.number())).then_some(()).ok_or_else(|| format!("{seen:?}\n{}", self.weir.log()))
        })
        .await;
        let rejected = format!("wasmcustom.attachment=.={ATTACHMENT};.;weir_policy_rejected");
        assert_eq!(self.envoy.stat(&rejected).await, Some(0), "{}", scenario.name);
    }

    /// Sends a request and compares what came of it with `weir explain` and with the scenario.
    pub async fn ask(&self, request: &Request, revision: Revision) {
        let inbound = self.attachment.role == "inbound";
        let state = (!inbound).then(|| request.expected.state(&self.attachment.trace, &revision.to_string()));
        let (answer, decision) = self.decided(request, revision, state.as_ref()).await;
        assert_eq!(
            self.explained(request),
            request.report(&self.attachment, &revision.to_string()),
            "{}",
            request.name
        );
        if !inbound {
            assert_eq!(decision, Some(self.explained(request)), "{}: the filter's own account", request.name);
        }

        let echo = answer.echo();
        assert_eq!(echo.path.as_bytes(), request.path, "{}", request.name);
        let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in echo.headers.iter().filter(|(name, _)| !ENVOYS_OWN.contains(&name.as_str())) {
            seen.entry(name.clone()).or_default().push(readable(value));
        }
        let expected = request.upstream_headers().into_iter();
        let expected =
            expected.map(|(name, lines)| (name, lines.iter().map(|line| readable(line)).collect())).collect();
        assert_eq!(seen, expected, "{}: what the upstream received", request.name);

        let id = echo.lines("x-request-id").concat();
        let entry = eventually(SOON, &format!("{}: an entry of the access log", request.name), async || {
            let mut entries = self.envoy.access_log().into_iter();
            entries.find(|entry| entry["id"] == json!(id)).ok_or_else(|| format!("none of {id}"))
        })
        .await;
        assert_eq!(entry["decision"], json!(state), "{}: the access log", request.name);
        let tag = request.upstream_headers().get("x-env-tag").map(|lines| lines.join(&b","[..]));
        // Envoy's log has an empty header as none.
        let tag = tag.filter(|tag| !tag.is_empty()).map(|tag| String::from_utf8_lossy(&tag).into_owned());
        assert_eq!(entry["tag"], json!(tag), "{}: the tag in the access log", request.name);
    }

    /// The answer and the filter's log of it, once the worker that took the request has the revision.
    async fn decided(&self, request: &Request, revision: Revision, state: Option<&String>) -> (Answer, Option<Value>) {
        eventually(SOON, &format!("{}: decided by revision {revision}", request.name), async || {
            let before = decisions(&self.envoy.log()).count();
            let answer = raw_http1(self.address, &head(request)).await?;
            assert_eq!(answer.status, 200, "{}: {}", request.name, String::from_utf8_lossy(&answer.body));
            let Some(state) = state else { return Ok((answer, None)) };
            let seen = answer.header("x-weir-decision");
            let is_of = |text: &String| text.starts_with(&format!("1;{revision};"));
            if !seen.as_ref().is_some_and(is_of) {
                return Err(format!("{seen:?}"));
            }
            assert_eq!(seen.as_ref(), Some(state), "{}: the filter state", request.name);
            let decision = eventually(SOON, "the filter logs its decision", async || {
                let log = self.envoy.log();
                decisions(&log).nth(before).and_then(|text| serde_json::from_str(text).ok()).ok_or_else(String::new)
            });
            Ok((answer, Some(decision.await)))
        })
        .await
    }

    fn explained(&self, request: &Request) -> Value {
        let mut explain = Command::new(weir());
        explain.args(["explain", "--json", "--policy"]).arg(self.policies());
        explain.arg("--attach").arg(self.folder.path().join("attach.yaml")).args(request.arguments(&request.random));
        let output = explain.output().unwrap();
        assert!(output.status.success(), "{}: {}", request.name, String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn policies(&self) -> PathBuf {
        Path::new(self.folder.path()).join("policies")
    }
}

/// Any bytes as text, different ones differently.
fn readable(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// The decisions in Envoy's log, oldest first.
fn decisions(log: &str) -> impl Iterator<Item = &str> {
    log.lines().filter_map(|line| line.split_once("weir: decision ").map(|(_, decision)| decision))
}

/// The request as HTTP/1.1.
fn head(request: &Request) -> Vec<u8> {
    let host = request.host.as_deref().unwrap_or(b"shop.test");
    let mut head = [&request.method[..], b" ", &request.path, b" HTTP/1.1\r\nhost: ", host, b"\r\n"].concat();
    let destination = request.destination.as_deref().unwrap_or(ELSEWHERE);
    head.extend(format!("{DESTINATION}: {destination}\r\n").into_bytes());
    for (name, value) in &request.headers {
        head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    head
}

/// Routes without any guard or steering: what the filter writes is all that happens to a request.
fn routes(destinations: &BTreeSet<String>) -> Value {
    let route = |cluster: &String| {
        json!({
            "match": {
                "safe_regex": {"regex": ".*"},
                "headers": [{"name": DESTINATION, "string_match": {"exact": cluster}}],
            },
            "route": {"cluster": cluster, "timeout": "0s"},
        })
    };
    let routes: Vec<Value> = destinations.iter().map(route).collect();
    json!({"resources": [{
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": "owl",
        "response_headers_to_add": [{
            "header": {"key": "x-weir-decision", "value": "%FILTER_STATE(wasm.weir:PLAIN)%"},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }],
        "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}],
    }]})
}

fn clusters(destinations: &BTreeSet<String>, port: &str) -> Value {
    let port: u16 = port.parse().unwrap();
    let address = json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
    let cluster = |name: &String| {
        json!({
            "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            "name": name,
            "type": "STATIC",
            "connect_timeout": "1s",
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
            },
        })
    };
    json!({"resources": destinations.iter().map(cluster).collect::<Vec<_>>()})
}
