//! A server and Envoys that show each other certificates of one authority.

use std::path::Path;

use serde_json::json;

use super::authority::{Authority, Signed};
use super::envoy::Envoy;
use super::fleet::Fleet;

/// Whom an edge shows itself to be.
pub const EDGE: &str = "spiffe://mesh.test/ns/shop/sa/edge";

impl Authority {
    /// The words by which a server shows this certificate and lets in what this name fits.
    pub fn server_words(&self, server: &Signed, allow: &str) -> [String; 8] {
        let [certificate, key, authorities] =
            [&server.certificate, &server.key, &self.file()].map(|path| path.display().to_string());
        let flag = str::to_owned;
        [
            flag("--tls-cert"),
            certificate,
            flag("--tls-key"),
            key,
            flag("--tls-ca"),
            authorities,
            flag("--allow"),
            flag(allow),
        ]
    }

    /// An edge of the namespace `shop` that shows this certificate, and takes the server for one of the authority.
    pub async fn connect(&self, fleet: &Fleet, client: &Signed) -> Envoy {
        self.connect_as(fleet, client, "edge-1", "shop").await
    }

    /// The same with another id and `NAMESPACE`.
    pub async fn connect_as(&self, fleet: &Fleet, client: &Signed, id: &str, namespace: &str) -> Envoy {
        let file = |path: &Path| json!({"filename": path});
        let certificate = json!({"certificate_chain": file(&client.certificate), "private_key": file(&client.key)});
        let socket = json!({
            "name": "tls",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                "common_tls_context": {
                    "tls_certificates": [certificate],
                    "validation_context": {"trusted_ca": file(&self.file())},
                },
            },
        });
        let cluster = format!("edge, metadata: {{NAMESPACE: {namespace}}}");
        fleet.launch(id, &cluster, &format!("    transport_socket: {socket}\n")).await
    }
}
