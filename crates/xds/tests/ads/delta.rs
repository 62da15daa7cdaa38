//! Delta: only what the client does not have, and what it should have no longer.

use weir_xds::ResourceKind;

use crate::client::{Delta, show};
use crate::{Served, resource};

#[tokio::test]
async fn one_change_is_one_resource() {
    let [a, b, c] = ["a", "b", "c"].map(|name| resource(ResourceKind::Cluster, name, "1"));
    let served = Served::start(&[a.clone(), b.clone(), c.clone()]).await;
    let mut client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Cluster, &[]).await;
    assert_eq!(client.shown().await, "cds a@v1=1 b@v1=1 c@v1=1");

    served.publish("r2", &[a.clone(), resource(ResourceKind::Cluster, "b", "2"), c.clone()]);
    assert_eq!(client.shown().await, "cds b@v2=2");
    served.publish("r3", &[a.clone(), c, resource(ResourceKind::Cluster, "d", "1")]);
    assert_eq!(client.shown().await, "cds d@v1=1");
    assert_eq!(client.shown().await, "cds -b");
    served.publish("r4 is another label for the same", &[a.clone(), resource(ResourceKind::Cluster, "d", "1")]);
    assert_eq!(client.shown().await, "cds -c");
    client.quiet(ResourceKind::Route).await;
}

#[tokio::test]
async fn a_reconnect_is_sent_what_it_missed() {
    let resources = [resource(ResourceKind::Cluster, "a", "1"), resource(ResourceKind::Cluster, "b", "2")];
    let served = Served::start(&resources).await;

    let mut client = Delta::connect(&served.address).await;
    client.resume(ResourceKind::Cluster, &[], &[("a", "v1"), ("b", "v2")]).await;
    client.quiet(ResourceKind::Route).await;

    let mut client = Delta::connect(&served.address).await;
    client.resume(ResourceKind::Cluster, &[], &[("a", "v1"), ("b", "v1"), ("gone", "v1")]).await;
    assert_eq!(client.shown().await, "cds b@v2=2 -gone");

    let mut client = Delta::connect(&served.address).await;
    client.resume(ResourceKind::Cluster, &["a"], &[("a", "v1"), ("b", "v1"), ("gone", "v1")]).await;
    client.quiet(ResourceKind::Route).await;
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_said_to_be_gone_until_it_comes() {
    let served = Served::start(&[resource(ResourceKind::Route, "a", "1")]).await;
    let mut client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Route, &["a", "later"]).await;
    assert_eq!(client.shown().await, "rds a@v1=1 -later");
    served.publish("r2", &[resource(ResourceKind::Route, "a", "1"), resource(ResourceKind::Route, "later", "1")]);
    assert_eq!(client.shown().await, "rds later@v1=1");
    served.publish("r3", &[]);
    assert_eq!(client.shown().await, "rds -a -later");
    client.unsubscribe(ResourceKind::Route, &["a"]).await;
    client.quiet(ResourceKind::Listener).await;
}

#[tokio::test]
async fn what_is_unsubscribed_is_not_sent() {
    let pair = |content| ["a", "b"].map(|name| resource(ResourceKind::Endpoints, name, content));
    let served = Served::start(&pair("1")).await;
    let mut client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Endpoints, &["a", "b"]).await;
    assert_eq!(client.shown().await, "eds a@v1=1 b@v1=1");
    client.unsubscribe(ResourceKind::Endpoints, &["a"]).await;
    client.quiet(ResourceKind::Route).await;
    served.publish("r2", &pair("2"));
    assert_eq!(client.shown().await, "eds b@v2=2");

    let [_, b] = pair("2");
    served.publish("r3", std::slice::from_ref(&b));
    client.quiet(ResourceKind::Route).await;
    served.publish("r4", &[]);
    assert_eq!(client.shown().await, "eds -b", "nothing is said of a, which is of no interest any more");
    served.publish("r5", &pair("2"));
    assert_eq!(client.shown().await, "eds b@v2=2");

    // Whoever asks again has dropped what it had, even when it never said so.
    for _ in 0..2 {
        client.subscribe(ResourceKind::Endpoints, &["a"]).await;
        assert_eq!(client.shown().await, "eds a@v2=2");
    }
}

#[tokio::test]
async fn a_wildcard_and_names_live_side_by_side() {
    let pair = |content| ["a", "b"].map(|name| resource(ResourceKind::Listener, name, content));
    let served = Served::start(&pair("1")).await;
    let mut client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Listener, &["a"]).await;
    assert_eq!(client.shown().await, "lds a@v1=1", "a name in the first request is no wildcard");
    client.subscribe(ResourceKind::Listener, &["*"]).await;
    assert_eq!(client.shown().await, "lds b@v1=1");
    client.unsubscribe(ResourceKind::Listener, &["a"]).await;
    assert_eq!(client.shown().await, "lds a@v1=1", "the wildcard still covers it, and the client must hear so");
    client.subscribe(ResourceKind::Listener, &["none"]).await;
    assert_eq!(client.shown().await, "lds -none");
    client.unsubscribe(ResourceKind::Listener, &["none"]).await;
    assert_eq!(client.shown().await, "lds -none");

    client.subscribe(ResourceKind::Listener, &["b"]).await;
    assert_eq!(client.shown().await, "lds b@v1=1");
    client.unsubscribe(ResourceKind::Listener, &["*"]).await;
    client.quiet(ResourceKind::Route).await;
    served.publish("r2", &pair("2"));
    assert_eq!(client.shown().await, "lds b@v2=2");
}

#[tokio::test]
async fn a_wildcard_over_nothing_is_answered() {
    let served = Served::start(&[]).await;
    let mut client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Listener, &[]).await;
    let response = client.receive().await;
    assert_eq!(show(&response), "lds");
    // Once: an answer to each ack of an answer would never end.
    client.answer(&response, None).await;
    client.quiet(ResourceKind::Route).await;
    served.publish("r2", &[resource(ResourceKind::Listener, "a", "1")]);
    assert_eq!(client.shown().await, "lds a@v1=1");
}

#[tokio::test]
async fn an_empty_list_is_no_wildcard_for_what_is_only_named() {
    let served = Served::start(&[resource(ResourceKind::Extension, "a", "1")]).await;
    let mut client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Extension, &[]).await;
    client.quiet(ResourceKind::Route).await;
    client.subscribe(ResourceKind::Extension, &["*"]).await;
    assert_eq!(client.shown().await, "ecds a@v1=1");
}

#[tokio::test]
async fn what_is_acked_and_rejected_is_reported_and_never_sent_again() {
    let name = "weir.shop";
    let mut served = Served::start(&[resource(ResourceKind::Extension, name, "1")]).await;
    let mut client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Extension, &[name]).await;
    let first = client.receive().await;
    served.publish("r2", &[resource(ResourceKind::Extension, name, "2")]);
    let second = client.receive().await;

    // Both are under way: each answer is booked under the revision that it answers.
    client.answer(&first, None).await;
    client.answer(&second, Some("no such plugin")).await;
    client.answer(&second, Some("no such plugin")).await;
    assert_eq!(served.reported().await, "acked node=envoy-1 type=ecds revision=r1");
    assert_eq!(served.reported().await, r#"rejected node=envoy-1 type=ecds revision=r2 error="no such plugin""#);
    client.quiet(ResourceKind::Listener).await;
    served.publish("r3", &[resource(ResourceKind::Extension, name, "3")]);
    let third = client.receive().await;
    assert_eq!(show(&third), "ecds weir.shop@v3=3");
    client.answer(&third, None).await;
    assert_eq!(served.reported().await, "acked node=envoy-1 type=ecds revision=r3");
}

#[tokio::test]
async fn additions_come_before_what_needs_them_and_removals_after() {
    let all = |name| ResourceKind::ALL.map(|kind| resource(kind, name, "1"));
    let served = Served::start(&all("old")).await;
    let mut client = Delta::connect(&served.address).await;
    for kind in ResourceKind::ALL {
        client.subscribe(kind, &["*"]).await;
        assert_eq!(client.shown().await, format!("{kind} old@v1=1"));
    }
    served.publish("r2", &all("new"));
    for kind in ResourceKind::ALL {
        assert_eq!(client.shown().await, format!("{kind} new@v1=1"));
    }
    for kind in ["lds", "rds", "ecds", "cds", "eds"] {
        assert_eq!(client.shown().await, format!("{kind} -old"), "what refers to something goes before it");
    }
}

#[tokio::test]
async fn of_a_filter_that_does_not_exist_nothing_is_said_until_it_comes() {
    let served = Served::start(&[]).await;
    let mut client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Extension, &["weir.shop"]).await;
    client.quiet(ResourceKind::Route).await;
    served.publish("r2", &[resource(ResourceKind::Extension, "weir.shop", "1")]);
    assert_eq!(client.shown().await, "ecds weir.shop@v1=1");
    served.publish("r3", &[]);
    assert_eq!(client.shown().await, "ecds -weir.shop");
}

#[tokio::test]
async fn a_policy_of_full_size_goes_through() {
    let content = "x".repeat(33 << 20);
    let mut large = resource(ResourceKind::Extension, "weir.shop", &content);
    large.version = "large".into();
    let served = Served::start(&[large]).await;
    let mut client = Delta::connect(&served.address).await;
    client.subscribe(ResourceKind::Extension, &["weir.shop"]).await;
    let response = client.receive().await;
    assert_eq!(response.resources[0].resource.as_ref().unwrap().value.len(), 33 << 20);
}
