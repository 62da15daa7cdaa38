//! An Envoy of the mesh: everything it does it is told by istiod.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::mesh::Mesh;
use crate::support::{Envoy, Options};
use crate::telemetry::extra_stat_tags;

/// What istiod knows an Envoy by.
pub struct Node<'a> {
    /// `sidecar` or `router`.
    pub kind: &'a str,
    /// The name of its pod.
    pub name: &'a str,
    pub address: IpAddr,
    pub labels: &'a [(&'a str, &'a str)],
    /// The port at which `weir serve` reads what it counts.
    pub evidence: Option<u16>,
}

/// Starts an Envoy under the istiod of this mesh and waits until it has all that it was told.
/// Where it has an agent, it asks that for certificates. `release` is another release of Envoy than the one that the tests
/// are for.
pub async fn proxy(mesh: &Mesh, node: &Node<'_>, agent: Option<&Agent>, release: Option<&str>) -> Envoy {
    let mut bootstrap = bootstrap(node, &mesh.namespace, mesh.xds());
    if let Some(agent) = agent {
        bootstrap = certified(bootstrap, &agent.socket());
    }
    let mut envoy = Envoy::launch(&bootstrap.to_string(), Options { workers: 1, release, ..Options::default() }).await;
    envoy.until_ready().await;
    envoy
}

/// A bootstrap with the cluster by which istio-proxy asks its agent for certificates.
pub fn certified(mut bootstrap: Value, agent: &Path) -> Value {
    let clusters = bootstrap["static_resources"]["clusters"].as_array_mut().expect("a list");
    clusters.push(cluster("sds-grpc", json!({"pipe": {"path": agent}})));
    bootstrap
}

/// As istio-proxy has it, without its agent: plaintext ADS, the ports of `Sidecar` objects instead of iptables.
pub fn bootstrap(node: &Node<'_>, namespace: &str, xds: SocketAddr) -> Value {
    let source = json!({"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"});
    // As istio-proxy makes them of what it is told.
    let label = |name: String| json!({"tag_name": name, "regex": format!(r"({name}=\.=(.*?);\.;)")});
    let mut bootstrap = json!({
        "node": {
            "id": format!("{}~{}~{}.{namespace}~{namespace}.svc.cluster.local", node.kind, node.address, node.name),
            "cluster": format!("{}.{namespace}", node.name),
            "metadata": {
                "NAMESPACE": namespace,
                "CLUSTER_ID": "Kubernetes",
                "ISTIO_VERSION": "1.32.0",
                "INTERCEPTION_MODE": "NONE",
                "INSTANCE_IPS": node.address,
                "LABELS": node.labels.iter().copied().collect::<BTreeMap<_, _>>(),
            },
        },
        "stats_config": {"stats_tags": extra_stat_tags().into_iter().map(label).collect::<Vec<_>>()},
        "admin": {"address": socket("127.0.0.1:0".parse().unwrap())},
        // Istio's own setting: routes match headers by longer regexes than Envoy allows by itself.
        "layered_runtime": {"layers": [{"name": "static", "static_layer": {"re2.max_program_size.error_level": 32768}}]},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": true,
                "grpc_services": [{"envoy_grpc": {"cluster_name": "xds-grpc"}}],
            },
            "cds_config": source,
            "lds_config": source,
        },
        "static_resources": {"clusters": [cluster("xds-grpc", socket(xds))]},
    });
    if let Some(port) = node.evidence {
        // As a text, which is what istio-proxy makes of an environment.
        bootstrap["node"]["metadata"]["weir_admin_port"] = json!(port.to_string());
    }
    bootstrap
}

fn cluster(name: &str, address: Value) -> Value {
    let http2 = json!({
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    });
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    })
}

fn socket(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip(), "port_value": address.port()}})
}
