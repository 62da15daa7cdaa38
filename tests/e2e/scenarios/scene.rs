//! An Envoy behind a real `weir serve`, and an upstream that is reached as every destination of the scenarios.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tempfile::TempDir;
use weir_policy::Gauge;
use weir_policy::Revision;

use super::corpus::{Attachment, Request, Scenario, Subject};
use crate::support::{
    Answer, Echo, Envoy, Options, Relay, Upstream, Weir, eventually, fill, raw_http1, replaced, text, wasm, weir,
};

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
    _relay: Relay,
    /// Whether the filter is of today: what it logs of a decision may have changed since.
    is_todays: bool,
    folder: TempDir,
    /// The random bytes of every unit that the filter made.
    made: BTreeSet<String>,
    _upstream: Upstream,
}

impl Scene {
    /// Begins with the policy of a scenario: an attachment may ask for units that not every policy has.
    pub async fn start(
        attachment: &Attachment,
        module: &Path,
        first: &Scenario,
        mut destinations: BTreeSet<String>,
    ) -> Scene {
        destinations.insert(ELSEWHERE.to_owned());
        let upstream = Upstream::start("echo").await;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("policies")).unwrap();
        for (name, text) in files(first) {
            fs::write(path("policies").join(name), text).unwrap();
        }
        let is_todays = module == wasm();
        let module = format!("wasm: {{file: {}}}\n", module.display());
        fs::write(path("attach.yaml"), attachment.file(ATTACHMENT) + &module).unwrap();
        fs::create_dir(path("resources")).unwrap();
        let listeners = [("LISTENER_PORT", "0"), ("ACCESS_LOG", "access.log"), ("ATTACHMENT", ATTACHMENT)];
        let listeners = fill(&text("envoy/resources/listeners.yaml"), &listeners);
        // Whoever asks is believed how the client came: by https or not.
        let address = "use_remote_address: true";
        let listeners = replaced(&listeners, address, &format!("{address}\n        xff_num_trusted_hops: 1"));
        fs::write(path("resources/listeners.yaml"), listeners).unwrap();
        fs::write(path("resources/routes.yaml"), routes(&destinations).to_string()).unwrap();
        fs::write(path("resources/clusters.yaml"), clusters(&destinations, &upstream.port()).to_string()).unwrap();
        let weir = Weir::serve(&path("policies"), &path("attach.yaml"), &path("resources")).await;

        // Filters of before refuse an offer, and are asked for all else.
        let relay = Relay::to(weir.address()).await;
        relay.hide_offer(!is_todays);
        let port = relay.port().to_string();
        let values = [("ADMIN_PORT", "0"), ("NODE_ID", "edge-1"), ("XDS_PORT", &port), ("ADS_API", "DELTA_GRPC")];
        let options = Options { wasm_log: "debug", ..Options::default() };
        let mut envoy = Envoy::launch(&fill(&text("envoy/ads.yaml"), &values), options).await;
        envoy.until_ready().await;
        let address = envoy.listener("edge").await;
        Scene {
            attachment: attachment.clone(),
            envoy,
            address,
            weir,
            _relay: relay,
            is_todays,
            folder,
            made: BTreeSet::new(),
            _upstream: upstream,
        }
    }

    /// Puts the scenario's files in the place of those that are there, and waits until the filter has taken them.
    pub async fn serve(&mut self, scenario: &Scenario, revision: Revision) {
        let (files, policies) = (files(scenario), self.policies());
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
        eventually(SOON, &format!("{}: revision {revision} is active", scenario.name), async || {
            let seen = self.envoy.stat(&Gauge::Revision.shown(ATTACHMENT)).await;
            (seen == Some(revision.number())).then_some(()).ok_or_else(|| format!("{seen:?}\n{}", self.weir.log()))
        })
        .await;
        assert_eq!(self.envoy.stat(&Gauge::Rejected.shown(ATTACHMENT)).await, Some(0), "{}", scenario.name);
    }

    /// Sends a request and compares what came of it with `weir explain` and with the scenario.
    pub async fn ask(&mut self, request: &Request, revision: Revision) {
        let written = request.report(&self.attachment, &revision.to_string());
        assert_eq!(self.explained(request, &request.random), written, "{}", request.name);

        let (answer, decision) = self.decided(request, revision).await;
        let echo = answer.echo();
        // What was made here are other ids than those of the scenario, which the tool can explain as well.
        let random = self.random(request, &echo);
        let expected = if random.is_empty() { written } else { self.explained(request, &random) };
        if let Some(decision) = decision.filter(|_| self.is_todays) {
            assert_eq!(decision, expected, "{}: the filter's own account", request.name);
        }
        let state = answer.header("x-weir-decision");
        assert_eq!(json!(state), expected["state"], "{}: the filter state", request.name);
        let cookies: Vec<String> =
            answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, line)| readable(line)).collect();
        assert_eq!(json!(cookies), expected["set_cookies"], "{}: what the response sets", request.name);

        assert_eq!(echo.path.as_bytes(), request.path, "{}", request.name);
        let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in echo.headers.iter().filter(|(name, _)| !ENVOYS_OWN.contains(&name.as_str())) {
            seen.entry(name.clone()).or_default().push(readable(value));
        }
        let mut sent = request.upstream_headers(&expected);
        sent.retain(|name, _| !ENVOYS_OWN.contains(&name.as_str()));
        let sent_lines =
            sent.iter().map(|(name, lines)| (name.clone(), lines.iter().map(|line| readable(line)).collect()));
        assert_eq!(seen, sent_lines.collect(), "{}: what the upstream received", request.name);

        let id = echo.lines("x-request-id").concat();
        let entry = eventually(SOON, &format!("{}: an entry of the access log", request.name), async || {
            let mut entries = self.envoy.access_log().into_iter();
            entries.find(|entry| entry["id"] == json!(id)).ok_or_else(|| format!("none of {id}"))
        })
        .await;
        assert_eq!(entry["decision"], expected["state"], "{}: the access log", request.name);
        // Of several lines, which only `inbound` lets pass, it has the first.
        let tag = sent.get("x-env-tag").and_then(|lines| lines.first());
        // Envoy's log has an empty header as none.
        let tag = tag.filter(|tag| !tag.is_empty()).map(|tag| String::from_utf8_lossy(tag).into_owned());
        assert_eq!(entry["tag"], json!(tag), "{}: the tag in the access log", request.name);
    }

    /// The answer and the filter's log of it, once the worker that took the request has the revision.
    async fn decided(&self, request: &Request, revision: Revision) -> (Answer, Option<Value>) {
        eventually(SOON, &format!("{}: decided by revision {revision}", request.name), async || {
            let before = decisions(&self.envoy.log()).count();
            let answer = raw_http1(self.address, &head(request)).await?;
            assert_eq!(answer.status, 200, "{}: {}", request.name, String::from_utf8_lossy(&answer.body));
            let is_inbound = self.attachment.role == "inbound";
            if is_inbound && self.attachment.join.is_none() {
                return Ok((answer, None));
            }
            let seen = answer.header("x-weir-decision");
            if !is_inbound && !seen.as_ref().is_some_and(|text| text.starts_with(&format!("1;{revision};"))) {
                return Err(format!("{seen:?}"));
            }
            let decision = eventually(SOON, "the filter logs its decision", async || {
                let log = self.envoy.log();
                decisions(&log).nth(before).and_then(|text| serde_json::from_str(text).ok()).ok_or_else(String::new)
            });
            let decision: Value = decision.await;
            match decision["revision"] == json!(revision.to_string()) {
                true => Ok((answer, Some(decision))),
                false => Err(format!("{}", decision["revision"])),
            }
        })
        .await
    }

    /// The random bytes of the units that the filter made, in hex, from the ids that reached the upstream.
    fn random(&mut self, request: &Request, echo: &Echo) -> Vec<String> {
        let cookies = echo.lines("cookie");
        let crumbs =
            || cookies.iter().flat_map(|line| line.split(';')).filter_map(|crumb| crumb.trim().split_once('='));
        let bytes = |name: &str| {
            let id = crumbs().find(|(known, _)| *known == name).map(|(_, id)| id);
            let bytes = id.and_then(|id| URL_SAFE_NO_PAD.decode(id).ok()).filter(|bytes| bytes.len() == 16);
            let bytes = bytes.unwrap_or_else(|| panic!("{}: {name} is {id:?} at the upstream", request.name));
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        let random: Vec<String> = request.expected.issued().map(bytes).collect();
        for bytes in &random {
            assert!(self.made.insert(bytes.clone()), "{}: {bytes} was made before", request.name);
        }
        random
    }

    fn explained(&self, request: &Request, random: &[String]) -> Value {
        let mut explain = Command::new(weir());
        explain.args(["explain", "--json", "--policy"]).arg(self.policies());
        explain.arg("--attach").arg(self.folder.path().join("attach.yaml")).args(request.arguments(random));
        let output = explain.output().unwrap();
        assert!(output.status.success(), "{}: {}", request.name, String::from_utf8_lossy(&output.stderr));
        let mut said: Value = serde_json::from_slice(&output.stdout).unwrap();
        // The filter does not say why.
        said.as_object_mut().unwrap().remove("why").unwrap();
        said
    }

    fn policies(&self) -> PathBuf {
        Path::new(self.folder.path()).join("policies")
    }
}

fn files(scenario: &Scenario) -> &[(String, String)] {
    let Subject::Policy(files) = &scenario.subject else { panic!("{}: no policy", scenario.name) };
    files
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
