//! What the platform has of the chain, as manifests: gateway, services, routes and the ports of the sidecars.

use std::net::IpAddr;

use crate::chain::{SERVICES, VERSIONS, Workload, host};
use crate::mesh::Mesh;
use crate::support::fill;

/// All of it.
pub fn platform(mesh: &Mesh, workloads: &[Workload], gateway: IpAddr) -> String {
    let (http, grpc) = (mesh.network.http.to_string(), mesh.network.grpc.to_string());
    let ports = [("HTTP", http.as_str()), ("GRPC", grpc.as_str())];
    let text = |text: &str, values: &[(&str, &str)]| fill(text, &[values, &ports].concat());

    let mut all = text(include_str!("manifests/gateway.yaml"), &[("ADDRESS", &gateway.to_string())]);
    for versions in workloads.chunks(VERSIONS.len()) {
        let service = versions[0].service;
        let host = host(service, &mesh.namespace);
        let values = [
            ("SERVICE", service),
            ("HOST", &host),
            ("V1", &versions[0].inbound.to_string()),
            ("V2", &versions[1].inbound.to_string()),
        ];
        all += &text(include_str!("manifests/service.yaml"), &values);
    }
    all += &routes(&mesh.namespace);
    for workload in workloads {
        let values = [
            ("SERVICE", workload.service),
            ("VERSION", workload.version),
            ("INBOUND", &workload.inbound.to_string()),
            ("OUTBOUND", &workload.outbound.to_string()),
            ("APP", &workload.app.port.to_string()),
        ];
        all += &text(include_str!("manifests/workload.yaml"), &values);
    }
    all
}

/// The routes that the platform has of all services. Clients call the first one by any name.
pub fn routes(namespace: &str) -> String {
    let routes = SERVICES.iter().enumerate().map(|(place, service)| {
        let host = host(service, namespace);
        let (routed_host, gateway) = if place == 0 { ("*", "edge") } else { (host.as_str(), "mesh") };
        let values = [
            ("NAMESPACE", namespace),
            ("SERVICE", *service),
            ("HOST", &host),
            ("ROUTED_HOST", routed_host),
            ("GATEWAY", gateway),
        ];
        fill(include_str!("manifests/routes.yaml"), &values)
    });
    routes.collect()
}
