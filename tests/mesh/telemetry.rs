//! Decisions in access logs and on spans, and labels of the filter's numbers: by the Telemetry that is rendered, and the mesh
//! config that stands above it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::api_server::ApiServer;
use crate::calls::Headers;
use crate::chain::{Chain, Setting, host};
use crate::manifests;
use crate::policy::policy;
use crate::support::collector::Span;
use crate::support::{Collector, Prometheus, eventually, fill, series};

const DEADLINE: Duration = Duration::from_secs(60);
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const ADA: Headers<'static> =
    &[("x-user-id", "ada"), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")];
/// What is decided on her.
const DECISION: &str = "owl=owl-v2/canary/override";

pub async fn decisions_are_logged(api: &ApiServer) {
    let chain = told(api, "logged").await;
    eventually(DEADLINE, "the decision on ada in the access log", async || {
        chain.get(ADA).await;
        let entries = chain.gateway.access_log();
        let tells = |entry: &Value| entry["decision"].as_str().unwrap_or_default().contains(DECISION);
        entries.iter().any(tells).then_some(()).ok_or_else(|| format!("{entries:?}"))
    })
    .await;
}

/// Which a collector of OpenTelemetry is sent.
pub async fn decisions_are_on_spans(api: &ApiServer) {
    let collector = Collector::start().await;
    let chain = told(api, "spans").await;
    let (host, http) = (host("collector", "spans"), chain.mesh.network.http.to_string());
    let values = [("HOST", host.as_str()), ("HTTP", &http), ("COLLECTOR", &collector.port())];
    chain.mesh.apply(&fill(include_str!("manifests/collector.yaml"), &values));
    eventually(DEADLINE, "the decision on ada on a span of her trace", async || {
        chain.get(ADA).await;
        let spans = collector.spans();
        let tell = |span: &Span| span.attributes.get("weir").is_some_and(|decision| decision.contains(DECISION));
        spans.iter().any(|span| span.trace == TRACE && tell(span)).then_some(()).ok_or_else(|| format!("{spans:?}"))
    })
    .await;
}

/// At a sidecar, as Prometheus scrapes it.
pub async fn numbers_have_labels(api: &ApiServer) {
    let chain = told(api, "numbers").await;
    for _ in 0..3 {
        chain.get(ADA).await;
    }
    // That of checkout as v1, which calls owl.
    let prometheus = Prometheus::scraping(&chain.sidecars[2]).await;
    let labels = [("experiment", "owl-v2"), ("variant", "canary"), ("reason", "tag"), ("code", "2xx")];
    eventually(DEADLINE, "her requests are counted", async || {
        let seen = prometheus.series("weir_requests_total > 0").await;
        (seen == series([(labels, 3.0)])).then_some(()).ok_or_else(|| format!("{seen:?}"))
    })
    .await;
    assert_eq!(prometheus.series("weir_policy_rejected").await, series([([("attachment", "mesh")], 0.0)]));
}

/// The mesh config that istiod reads: the one that stands above a rendered Telemetry, with a log in a file for the tests to
/// read, and with a collector that is there where a test starts one.
pub fn mesh_config(namespace: &str, port: u16) -> String {
    let collector = json!({
        "name": "collector",
        "opentelemetry": {
            "service": host("collector", namespace), "port": port, "http": {"path": "/v1/traces", "timeout": "5s"},
        },
    });
    let providers = "extensionProviders:\n";
    let rendered = rendered_config();
    assert!(rendered.contains(providers), "{rendered}");
    rendered.replace("/dev/stdout", "access.log").replace(providers, &format!("{providers}- {collector}\n"))
}

/// What the mesh config tells proxies to make labels of, when they start.
pub fn extra_stat_tags() -> Vec<String> {
    let config = rendered_config();
    let tags = config.lines().skip_while(|line| *line != "  extraStatTags:").skip(1);
    let tags: Vec<String> = tags.map_while(|line| line.strip_prefix("  - ")).map(str::to_owned).collect();
    assert!(!tags.is_empty(), "{config}");
    tags
}

fn rendered_config() -> String {
    let rendered = include_str!("../../istio/guarded/manifests/20-mesh.yaml");
    let lines = rendered.lines().skip_while(|line| *line != "# meshConfig:").skip(1);
    lines.map_while(|line| line.strip_prefix("#   ")).map(|line| format!("{line}\n")).collect()
}

/// A chain with Weir whose gateway tells what it decides.
async fn told(api: &ApiServer, namespace: &str) -> Chain {
    let chain = Chain::start(api, namespace, Setting::default()).await;
    let policy = policy(namespace);
    let telemetry = json!({"istio": {"telemetry": true}});
    chain.apply(&chain.render_with(&policy, telemetry, &manifests::routes(namespace)));
    chain.until_in_force(&policy).await;
    chain
}
