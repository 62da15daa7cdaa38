//! The service that has filters alone, by which an Envoy opens a stream for each.

use weir_xds::{Event, ResourceKind, Service};

use crate::client::{Delta, Sotw, introduction, soon};
use crate::{Served, resource};

const CLUSTER: ResourceKind = ResourceKind::Cluster;
const EXTENSION: ResourceKind = ResourceKind::Extension;

#[tokio::test]
async fn each_filter_comes_on_its_own_stream() {
    let filters = |shop, mesh| [resource(EXTENSION, "weir.shop", shop), resource(EXTENSION, "weir.mesh", mesh)];
    let served = Served::start(&filters("1", "1")).await;
    let (mut shop, mut mesh) =
        (Delta::of_extensions(&served.address).await, Delta::of_extensions(&served.address).await);
    for (stream, name) in [(&shop, "weir.shop"), (&mesh, "weir.mesh")] {
        stream.send(introduction(EXTENSION, &[name], "sidecar~10.0.0.1~owl", "owl")).await;
    }
    assert_eq!(shop.shown().await, "ecds weir.shop@v1=1");
    assert_eq!(mesh.shown().await, "ecds weir.mesh@v1=1");

    served.publish("r2", &filters("1", "2"));
    assert_eq!(mesh.shown().await, "ecds weir.mesh@v2=2");
    served.publish("r3", &filters("3", "2"));
    assert_eq!(shop.shown().await, "ecds weir.shop@v3=3", "what is another stream's does not come here");
}

#[tokio::test]
async fn what_is_no_filter_is_not_had_there() {
    let mut served = Served::start(&[resource(CLUSTER, "c", "1"), resource(EXTENSION, "weir.shop", "1")]).await;
    let mut stream = Delta::of_extensions(&served.address).await;
    stream.send(introduction(CLUSTER, &["*"], "envoy-1", "edge")).await;
    let unknown = "unknown_type node=envoy-1 type_url=\"type.googleapis.com/envoy.config.cluster.v3.Cluster\"";
    assert_eq!(served.reported().await, unknown);
    stream.subscribe(EXTENSION, &["weir.shop"]).await;
    assert_eq!(stream.shown().await, "ecds weir.shop@v1=1");
}

#[tokio::test]
async fn the_type_may_be_left_out_and_the_form_is_free() {
    let mut served = Served::start(&[resource(EXTENSION, "weir.shop", "1")]).await;
    let mut stream = Sotw::of_extensions(&served.address).await;
    let asked = |nonce: &str| envoy_types::pb::envoy::service::discovery::v3::DiscoveryRequest {
        node: Some(weir_xds::Node { id: "envoy-1".into(), ..Default::default() }),
        resource_names: vec!["weir.shop".into()],
        response_nonce: nonce.into(),
        ..Default::default()
    };
    stream.send(asked("")).await;
    let response = stream.receive().await;
    assert_eq!((response.type_url.as_str(), response.resources.len()), (EXTENSION.type_url(), 1));
    let connected = soon(served.reports.recv()).await.unwrap().event;
    assert!(matches!(connected, Event::Connected { service: Service::Extensions, .. }), "{connected:?}");
    stream.send(asked(&response.nonce)).await;
    assert_eq!(served.reported().await, "acked node=envoy-1 type=ecds revision=r1");
}
