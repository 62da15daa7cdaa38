//! The key `nodes` for Istio's proxies: each example of docs/operating.md takes in a real Envoy that says of itself what Istio
//! has a sidecar say.

use std::fs;

use serde_json::{Value, json};

use crate::serve_extensions::listener;
use crate::support::{Envoy, Fleet, Options, attachment, policy, replaced, root};

/// The node of a sidecar in the namespace `shop`, as `GetNodeMetaData` of Istio's `pkg/bootstrap` writes it for the pod that the
/// docs describe.
const NODE: &str = include_str!("support/istio_node.json");

/// The examples: a name for each, and its line.
fn examples() -> Vec<(String, String)> {
    let page = fs::read_to_string(root().join("docs/operating.md")).unwrap();
    let (_, section) = page.split_once("### Nodes of Istio's proxies\n").unwrap();
    let (_, block) = section.split_once("```yaml\n").unwrap();
    let lines = block.lines().take_while(|line| *line != "```");
    lines.enumerate().map(|(number, line)| (format!("example-{number}"), line.to_owned())).collect()
}

/// An attachment as Istio's proxies have it from here, without `nodes`, a line for each key.
fn attachment_named(name: &str) -> String {
    let mut attachment = attachment();
    (attachment["name"], attachment["role"]) = (json!(name), json!("mesh"));
    attachment["policy"] = json!({"from": "server"});
    let name = "spiffe://cluster.local/ns/weir/sa/weir";
    let server = json!({"host": "weir.weir.svc.cluster.local", "port": 18000, "name": name});
    attachment["istio"] = json!({"namespace": "shop", "selector": {"app": "owl"}, "server": server});
    let lines = attachment.as_object().unwrap().iter().filter(|(key, _)| *key != "nodes");
    lines.map(|(key, value)| format!("{key}: {value}\n")).collect()
}

/// An Envoy of this node that asks for these filters.
async fn envoy(fleet: &Fleet, node: &str, names: &[&str]) -> Envoy {
    let listeners: Vec<Value> = names.iter().enumerate().map(|(number, name)| listener(number, name)).collect();
    let bootstrap = fleet.bootstrap("id", "cluster");
    let node: Value = serde_json::from_str(node).unwrap();
    let bootstrap = replaced(&bootstrap, "node: {id: id, cluster: cluster}", &format!("node: {node}"));
    let bootstrap =
        replaced(&bootstrap, "static_resources:\n", &format!("static_resources:\n  listeners: {}\n", json!(listeners)));
    let (before, of_ads) = bootstrap.split_once("dynamic_resources:\n").unwrap();
    let (_, after) = of_ads.split_once("static_resources:\n").unwrap();
    let bootstrap = format!("{before}static_resources:\n{after}");
    Envoy::launch(&bootstrap, Options { workers: 1, ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_examples_take_in_a_sidecar_as_istio_starts_it() {
    let mut other = attachment();
    other["name"] = json!("other");
    other["nodes"] = json!({"metadata": {"LABELS": {"app.kubernetes.io/name": "fox"}}});
    let fleet = Fleet::start(&policy("10%"), &[("other.yaml", other)], &["--http", "127.0.0.1:0"]).await;
    let examples = examples();
    for (name, line) in &examples {
        fleet.write(&format!("attach/{name}.yaml"), &format!("{}{line}\n", attachment_named(name)));
    }
    let all: Vec<&str> = examples.iter().map(|(name, _)| name.as_str()).collect();
    assert!(all.len() > 5, "{all:?}");
    let names = [&all[..], &["other"]].concat();
    // The same workload of another namespace.
    let elsewhere = NODE.replace("shop", "bank");
    let _envoys = [envoy(&fleet, NODE, &names).await, envoy(&fleet, &elsewhere, &names).await];

    for (node, expected) in [(NODE, all), (&elsewhere, vec!["example-1"])] {
        let node: Value = serde_json::from_str(node).unwrap();
        let is = |row: &Value| {
            let attachments = row["attachments"].as_array().unwrap().iter();
            let mut found: Vec<&str> = attachments.map(|attachment| attachment["name"].as_str().unwrap()).collect();
            found.sort_unstable();
            row["node"] == node["id"] && row["behind"] == false && found == expected
        };
        fleet.weir.until_row(&format!("{expected:?}"), is).await;
    }
    let (_, table) = fleet.weir.fleet(&[]);
    assert!(!table.contains("without a server"), "they go by the revision of the whole alone: {table}");
}
