//! Envoys whose listeners come from elsewhere, as Istio's do, and that ask `weir serve` for nothing but their filters: by ECDS
//! alone, on a stream for each.

use serde_json::{Value, json};
use weir_policy::Gauge;

use crate::support::{Envoy, Fleet, Options, PolicyFile, attachment_for, policy, replaced};

/// The filters of all Envoys here: the name of an attachment, its role, and how many listeners ask for it.
const FILTERS: [(&str, &str, usize); 3] = [("shop", "edge", 2), ("hop", "mesh", 1), ("in", "inbound", 1)];

async fn start(words: &[&str]) -> Fleet {
    let attachment = |(name, role, _): (&str, &str, usize)| {
        let mut attachment = attachment_for(role, "owl");
        attachment["name"] = json!(name);
        attachment
    };
    let files = FILTERS.map(|(name, ..)| format!("{name}.yaml"));
    let attachments: Vec<(&str, Value)> = files.iter().map(String::as_str).zip(FILTERS.map(attachment)).collect();
    Fleet::start(&policy("10%"), &attachments, &[&["--http", "127.0.0.1:0"], words].concat()).await
}

/// A listener whose only filter before the router is asked for by ECDS.
pub fn listener(number: usize, filter: &str) -> Value {
    let source = json!({
        "resource_api_version": "V3",
        "initial_fetch_timeout": "0s",
        "api_config_source": {
            "api_type": "DELTA_GRPC",
            "transport_api_version": "V3",
            "grpc_services": [{"envoy_grpc": {"cluster_name": "weir-xds"}}],
        },
    });
    let rbac = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";
    let discovery = json!({
        "config_source": source,
        "default_config": {"@type": rbac},
        "type_urls": ["type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm", rbac],
    });
    let router = json!({"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"});
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "http_filters": [
            {"name": format!("weir.{filter}"), "config_discovery": discovery},
            {"name": "envoy.filters.http.router", "typed_config": router},
        ],
        "route_config": {"virtual_hosts": [{
            "name": "all", "domains": ["*"],
            "routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 200}}],
        }]},
    });
    json!({
        "name": format!("l{number}"),
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    })
}

/// Starts an Envoy with the listeners of all filters; `by_ads` says whether what else is served comes to it by ADS.
async fn envoy(fleet: &Fleet, by_ads: bool) -> Envoy {
    let filters = FILTERS.iter().flat_map(|(name, _, count)| vec![*name; *count]);
    let listeners: Vec<Value> = filters.enumerate().map(|(number, filter)| listener(number, filter)).collect();
    let listeners = format!("static_resources:\n  listeners: {}\n", json!(listeners));
    let bootstrap = replaced(&fleet.bootstrap("sidecar~10.0.0.1~owl", "owl"), "static_resources:\n", &listeners);
    let of_ads = bootstrap.split_once("dynamic_resources:\n").unwrap().1.split_once("static_resources:\n").unwrap().0;
    let bootstrap =
        if by_ads { bootstrap.clone() } else { replaced(&bootstrap, of_ads, "").replace("dynamic_resources:\n", "") };
    let mut envoy = Envoy::launch(&bootstrap, Options { workers: 1, ..Options::default() }).await;
    envoy.until_ready().await;
    envoy
}

/// Waits until every filter says that this revision decides; one of an inbound attachment has no layers, and it as well.
async fn until_active(envoy: &Envoy, number: u64) {
    for (name, ..) in FILTERS {
        envoy.until_stat(&Gauge::Revision.shown(name), number).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_come_by_streams_of_their_own_and_the_envoy_is_one_row() {
    let mut fleet = start(&[]).await;
    let mut envoy = envoy(&fleet, false).await;
    until_active(&envoy, PolicyFile::of(&policy("10%")).number).await;
    fleet.weir.restart_with(&["--admin-port", &envoy.admin_address().port().to_string()]).await;

    let PolicyFile { text, revision, number } = PolicyFile::of(&policy("20%"));
    fleet.write("policy.yaml", &text);
    until_active(&envoy, number).await;
    let all_active = |row: &Value| {
        let all = row["attachments"].as_array().unwrap();
        all.len() == FILTERS.len() && all.iter().all(|attachment| attachment["active"] == revision.as_str())
    };
    let row = fleet.weir.until_row("all filters active", all_active).await;
    assert_eq!((fleet.weir.rows().len(), &row["acked"], &row["behind"]), (1, &json!(revision), &json!(false)));
    let (code, table) = fleet.weir.fleet(&["--min", "1"]);
    assert!(code == Some(0) && table.contains("in step"), "{table}");

    envoy.kill();
    fleet.weir.until_row("away", |row| row["connected"] == false && row["lost"] == true).await;
    assert_eq!(fleet.weir.rows().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_envoy_may_come_by_ads_and_by_this_at_once() {
    let fleet = start(&[]).await;
    let envoy = envoy(&fleet, true).await;
    until_active(&envoy, PolicyFile::of(&policy("10%")).number).await;
    let asked = |row: &Value| row["acked"] == row["offered"] && row["attachments"].as_array().unwrap().len() == 3;
    fleet.weir.until_row("all filters", asked).await;
    assert_eq!(fleet.weir.rows().len(), 1);
    // What comes by ADS came as well.
    envoy.listener("edge").await;
}
