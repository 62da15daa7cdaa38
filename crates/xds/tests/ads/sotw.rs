//! State of the world: whole sets, answered nonces, nothing twice.

use envoy_types::pb::envoy::service::discovery::v3::{DiscoveryRequest, DiscoveryResponse};
use weir_xds::ResourceKind;

use crate::client::Sotw;
use crate::{Served, resource};

/// The contents, in order.
fn contents(response: &DiscoveryResponse) -> Vec<String> {
    response.resources.iter().map(|body| String::from_utf8_lossy(&body.value).into_owned()).collect()
}

#[tokio::test]
async fn a_wildcard_holds_everything_and_changes_as_a_whole() {
    let (a, b) = (resource(ResourceKind::Cluster, "a", "a1"), resource(ResourceKind::Cluster, "b", "b1"));
    let served = Served::start(&[a.clone(), b]).await;
    let mut client = Sotw::connect(&served.address).await;
    client.ask(ResourceKind::Cluster, &[], "").await;
    let first = client.receive().await;
    assert_eq!(contents(&first), ["a1", "b1"]);
    client.ask(ResourceKind::Cluster, &[], &first.nonce).await;

    served.publish("r2", &[a, resource(ResourceKind::Cluster, "b", "b2")]);
    let second = client.receive().await;
    assert_eq!(contents(&second), ["a1", "b2"]);
    assert_ne!(first.version_info, second.version_info);
    assert_ne!(first.nonce, second.nonce);
    client.ask(ResourceKind::Cluster, &[], &second.nonce).await;
    client.quiet(ResourceKind::Extension).await;
}

#[tokio::test]
async fn only_the_kind_that_changed_is_sent() {
    let (cluster, listener) = (resource(ResourceKind::Cluster, "a", "a1"), resource(ResourceKind::Listener, "l", "l1"));
    let served = Served::start(&[cluster.clone(), listener]).await;
    let mut client = Sotw::connect(&served.address).await;
    client.ask(ResourceKind::Cluster, &[], "").await;
    client.receive().await;
    client.ask(ResourceKind::Listener, &[], "").await;
    client.receive().await;

    served.publish("r2", &[cluster, resource(ResourceKind::Listener, "l", "l2")]);
    let response = client.receive().await;
    assert_eq!(
        (response.type_url.as_str(), contents(&response)),
        (ResourceKind::Listener.type_url(), vec!["l2".into()])
    );
    client.quiet(ResourceKind::Extension).await;
}

#[tokio::test]
async fn named_resources_are_those_that_were_named() {
    let resources = ["a", "b", "c"].map(|name| resource(ResourceKind::Endpoints, name, &format!("{name}1")));
    let served = Served::start(&resources).await;
    let mut client = Sotw::connect(&served.address).await;
    client.ask(ResourceKind::Endpoints, &["a"], "").await;
    let response = client.receive().await;
    assert_eq!(contents(&response), ["a1"]);

    // What is added is answered, with all that is wanted; what does not exist is left out.
    client.ask(ResourceKind::Endpoints, &["a", "b", "nowhere"], &response.nonce).await;
    let response = client.receive().await;
    assert_eq!(contents(&response), ["a1", "b1"]);

    // What is given up needs no answer, and is not pushed any more.
    client.ask(ResourceKind::Endpoints, &["b", "nowhere"], &response.nonce).await;
    client.quiet(ResourceKind::Extension).await;
    let [_, b, _] = &resources;
    served.publish("r2", &[resource(ResourceKind::Endpoints, "a", "a2"), b.clone()]);
    client.quiet(ResourceKind::Route).await;
    served.publish("r3", &[b.clone(), resource(ResourceKind::Endpoints, "nowhere", "here")]);
    assert_eq!(contents(&client.receive().await), ["b1", "here"]);
}

#[tokio::test]
async fn an_empty_list_means_nothing_once_something_was_named() {
    let resources = ["a", "b"].map(|name| resource(ResourceKind::Listener, name, name));
    let served = Served::start(&resources).await;
    let mut client = Sotw::connect(&served.address).await;
    client.ask(ResourceKind::Listener, &["a"], "").await;
    let response = client.receive().await;
    assert_eq!(contents(&response), ["a"]);
    client.ask(ResourceKind::Listener, &[], &response.nonce).await;
    client.quiet(ResourceKind::Extension).await;
    client.ask(ResourceKind::Listener, &["*"], &response.nonce).await;
    assert_eq!(contents(&client.receive().await), ["a", "b"]);
}

#[tokio::test]
async fn a_stale_nonce_changes_nothing() {
    let names = ["a", "b"];
    let served = Served::start(&names.map(|name| resource(ResourceKind::Route, name, name))).await;
    let mut client = Sotw::connect(&served.address).await;
    client.ask(ResourceKind::Route, &["a"], "").await;
    let first = client.receive().await;
    client.ask(ResourceKind::Route, &["b"], &first.nonce).await;
    let second = client.receive().await;

    for stale in ["", first.nonce.as_str(), "made up"] {
        client.ask(ResourceKind::Route, &names, stale).await;
    }
    client.quiet(ResourceKind::Extension).await;
    client.ask(ResourceKind::Route, &names, &second.nonce).await;
    assert_eq!(contents(&client.receive().await), names);
}

#[tokio::test]
async fn what_is_acked_and_rejected_is_reported_and_never_sent_again() {
    let name = "weir.shop";
    let mut served = Served::start(&[resource(ResourceKind::Extension, name, "1")]).await;
    let mut client = Sotw::connect(&served.address).await;
    client.ask(ResourceKind::Extension, &[name], "").await;
    let response = client.receive().await;
    client.ask(ResourceKind::Extension, &[name], &response.nonce).await;
    assert_eq!(served.reported().await, "acked node=envoy-1 type=ecds revision=r1");

    served.publish("r2", &[resource(ResourceKind::Extension, name, "2")]);
    let response = client.receive().await;
    client.reject(ResourceKind::Extension, &[name], &response.nonce, "no such plugin").await;
    assert_eq!(served.reported().await, r#"rejected node=envoy-1 type=ecds revision=r2 error="no such plugin""#);
    client.quiet(ResourceKind::Listener).await;

    served.publish("r3", &[resource(ResourceKind::Extension, name, "3")]);
    let response = client.receive().await;
    assert_eq!(contents(&response), ["3"]);
    client.ask(ResourceKind::Extension, &[name], &response.nonce).await;
    assert_eq!(served.reported().await, "acked node=envoy-1 type=ecds revision=r3");
}

#[tokio::test]
async fn changes_come_in_the_order_of_dependence() {
    let all = |content| ResourceKind::ALL.map(|kind| resource(kind, "one", content));
    let served = Served::start(&all("1")).await;
    let mut client = Sotw::connect(&served.address).await;
    for kind in ResourceKind::ALL.iter().rev() {
        client.ask(*kind, &["one"], "").await;
        client.receive().await;
    }
    served.publish("r2", &all("2"));
    for kind in ResourceKind::ALL {
        assert_eq!(client.receive().await.type_url, kind.type_url());
    }
}

#[tokio::test]
async fn a_type_that_is_not_served_is_reported_once() {
    let mut served = Served::start(&[]).await;
    let mut client = Sotw::connect(&served.address).await;
    client.ask(ResourceKind::Cluster, &[], "").await;
    let response = client.receive().await;
    assert_eq!(contents(&response), [""; 0], "an empty answer, so that the client goes on");
    let type_url = String::from("type.googleapis.com/envoy.service.runtime.v3.Runtime");
    for _ in 0..2 {
        client.send(DiscoveryRequest { type_url: type_url.clone(), ..Default::default() }).await;
    }
    client.ask(ResourceKind::Cluster, &[], &response.nonce).await;
    assert_eq!(served.reported().await, format!("unknown_type node=envoy-1 type_url={type_url:?}"));
    assert_eq!(served.reported().await, "acked node=envoy-1 type=cds revision=r1");
}
