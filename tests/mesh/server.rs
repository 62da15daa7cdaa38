//! A `weir serve` of a mesh: with the certificates of a pod without a proxy, for every workload whose certificate is of the
//! same CA; and what tells a gateway to ask it.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::agent::{Account, Agent};
use crate::mesh::Mesh;
use crate::support::{Signed, Weir, wasm};

/// Serves an edge in the namespace of the mesh.
pub struct Server {
    pub weir: Weir,
    /// What its certificate says.
    pub name: String,
    folder: TempDir,
    _agent: Agent,
}

impl Server {
    /// Starts one in a namespace of its own, with certificates that last so long.
    pub async fn start(mesh: &Mesh, lifetime: Duration, policy: &Value) -> Self {
        let namespace = format!("{}-weir", mesh.namespace);
        let agent = Agent::of_program(mesh, Account { namespace: &namespace, name: "weir" }, lifetime).await;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(path("policy.json"), policy.to_string()).unwrap();
        fs::write(path("edge.json"), edge(&mesh.namespace).to_string()).unwrap();
        let files = ["--policy".to_owned(), path("policy.json"), "--attach".to_owned(), path("edge.json")];
        let weir = Weir::with([&files[..], &words(&agent)].concat()).await;
        Self { weir, name: agent.name.clone(), folder, _agent: agent }
    }

    /// Renames a policy onto that of the server.
    pub fn push(&self, policy: &Value) {
        let new = self.folder.path().join("new");
        fs::write(&new, policy.to_string()).unwrap();
        fs::rename(new, self.folder.path().join("policy.json")).unwrap();
    }
}

/// The words by which a server shows the certificate of its agent, and lets in every workload of the mesh.
pub fn words(agent: &Agent) -> Vec<String> {
    let Signed { certificate, key } = agent.signed();
    let files = [("--tls-cert", certificate), ("--tls-key", key), ("--tls-ca", agent.authority())];
    let files = files.into_iter().flat_map(|(flag, file)| [flag.to_owned(), file.display().to_string()]);
    files.chain(["--allow", "spiffe://cluster.local/ns/*/sa/*"].map(str::to_owned)).collect()
}

fn edge(namespace: &str) -> Value {
    json!({
        "weir": 1, "name": "edge", "role": "edge", "wasm": {"file": wasm()},
        "nodes": {"metadata": {"NAMESPACE": namespace}},
    })
}

/// Manifests by which the gateway asks a server for the filter of the attachment `edge`. A host that is no address is one
/// of DNS.
pub fn ask(host: &str, port: u16, tls: &Value) -> String {
    let kind = if host.parse::<std::net::IpAddr>().is_ok() { "STATIC" } else { "STRICT_DNS" };
    let cluster = json!({
        "name": "weir-edge",
        "type": kind,
        "connect_timeout": "1s",
        "wait_for_warm_on_init": false,
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {"connection_keepalive": {"interval": "30s", "timeout": "5s"}}},
        }},
        "load_assignment": {
            "cluster_name": "weir-edge",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}}]}],
        },
        "transport_socket": tls,
    });
    let filter = json!({
        "name": "weir.edge",
        "config_discovery": {
            "config_source": grpc("DELTA_GRPC", "weir-edge", "5s"),
            "default_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"},
            "type_urls": [
                "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
            ],
        },
    });
    let router = json!({"filterChain": {"filter": {
        "name": "envoy.filters.network.http_connection_manager", "subFilter": {"name": "envoy.filters.http.router"},
    }}});
    json!({
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": "weir-edge"},
        "spec": {
            "workloadSelector": {"labels": {"istio": "ingressgateway"}},
            "priority": 10,
            "configPatches": [
                {"applyTo": "CLUSTER", "match": {"context": "GATEWAY"}, "patch": {"operation": "ADD", "value": cluster}},
                {
                    "applyTo": "HTTP_FILTER",
                    "match": {"context": "GATEWAY", "listener": router},
                    "patch": {"operation": "INSERT_BEFORE", "value": filter},
                },
            ],
        },
    })
    .to_string()
}

/// The same for one by its address.
pub fn ask_at(server: SocketAddr, tls: &Value) -> String {
    ask(&server.ip().to_string(), server.port(), tls)
}

/// TLS with the certificates that a proxy's agent has: to a server of this name, which is a SPIFFE id.
pub fn by_agent(name: &str) -> Value {
    let secret = |name: &str| json!({"name": name, "sds_config": grpc("GRPC", "sds-grpc", "1s")});
    let name = json!({"san_type": "URI", "matcher": {"exact": name}});
    json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "common_tls_context": {
                "alpn_protocols": ["h2"],
                "tls_certificate_sds_secret_configs": [secret("default")],
                "combined_validation_context": {
                    "default_validation_context": {"match_typed_subject_alt_names": [name]},
                    "validation_context_sds_secret_config": secret("ROOTCA"),
                },
            },
        },
    })
}

fn grpc(api: &str, cluster: &str, fetch: &str) -> Value {
    json!({
        "resource_api_version": "V3",
        "initial_fetch_timeout": fetch,
        "api_config_source": {
            "api_type": api,
            "transport_api_version": "V3",
            "set_node_on_first_message_only": true,
            "grpc_services": [{"envoy_grpc": {"cluster_name": cluster}}],
        },
    })
}
