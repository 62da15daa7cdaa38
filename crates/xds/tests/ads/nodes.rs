//! Each client gets the filters that are for it, and no others.

use std::sync::Arc;

use tokio::sync::mpsc::Receiver;
use weir_xds::{Attribute, Event, Filter, FilterLabel, NodeMatch, Nodes, Report, ResourceKind};

use crate::client::{Delta, Sotw, introduction, soon};
use crate::{Served, resource};

const NAME: &str = "weir.shop";

/// The filter for clusters that begin so.
fn filter(content: &str, cluster: &str) -> Filter {
    let nodes = Nodes::default().and(Attribute::Cluster, vec![NodeMatch::Prefix(cluster.into())]);
    let label = FilterLabel { label: content.into(), ..FilterLabel::default() };
    Filter { nodes, label, resource: Arc::new(resource(ResourceKind::Extension, NAME, content)) }
}

async fn connect(served: &Served, cluster: &str) -> Delta {
    let client = Delta::connect(&served.address).await;
    client.send(introduction(ResourceKind::Extension, &[NAME], "envoy-1", cluster)).await;
    client
}

/// What is reported up to the one that this finds.
async fn until(reports: &mut Receiver<Report>, found: impl Fn(&Event) -> bool) -> Report {
    loop {
        let report = soon(reports.recv()).await.unwrap();
        if found(&report.event) {
            return report;
        }
    }
}

#[tokio::test]
async fn one_name_is_another_filter_for_another_cluster() {
    let served = Served::start(&[]).await;
    served.publish_filters("r1", &[], vec![filter("edge", "edge"), filter("mesh", "mesh")]);
    let mut edge = connect(&served, "edge").await;
    assert_eq!(edge.shown().await, "ecds weir.shop@vedge=edge");
    let mut mesh = connect(&served, "mesh-7").await;
    assert_eq!(mesh.shown().await, "ecds weir.shop@vmesh=mesh");

    // A change for one of them is no news for the other.
    served.publish_filters("r2", &[], vec![filter("edge", "edge"), filter("mesh2", "mesh")]);
    assert_eq!(mesh.shown().await, "ecds weir.shop@vmesh2=mesh2");
    edge.quiet(ResourceKind::Listener).await;
}

#[tokio::test]
async fn a_node_without_attachment_gets_everything_else_and_is_named() {
    let mut served = Served::start(&[]).await;
    served.publish_filters("r1", &[resource(ResourceKind::Route, "r", "1")], vec![filter("edge", "edge")]);
    let mut other = connect(&served, "other").await;
    other.subscribe(ResourceKind::Route, &["r"]).await;
    assert_eq!(other.shown().await, "rds r@v1=1");
    let report = until(&mut served.reports, |event| *event == Event::Unmatched).await;
    assert_eq!(report.to_string(), "unmatched node=envoy-1");
}

#[tokio::test]
async fn a_filter_that_two_attachments_give_is_left_as_it_is_and_named() {
    let mut served = Served::start(&[]).await;
    served.publish_filters("r1", &[], vec![filter("edge", "edge")]);
    let mut client = connect(&served, "edge-1").await;
    assert_eq!(client.shown().await, "ecds weir.shop@vedge=edge");

    served.publish_filters("r2", &[], vec![filter("edge", "edge"), filter("other", "edge-1")]);
    let report = until(&mut served.reports, |event| matches!(event, Event::Clash { .. })).await;
    assert_eq!(report.to_string(), "clash node=envoy-1 filter=weir.shop");
    client.quiet(ResourceKind::Listener).await;
    let mut late = connect(&served, "edge-1").await;
    late.quiet(ResourceKind::Listener).await;

    served.publish_filters("r3", &[], vec![filter("other", "edge-1")]);
    assert_eq!(client.shown().await, "ecds weir.shop@vother=other");
    assert_eq!(late.shown().await, "ecds weir.shop@vother=other");
}

#[tokio::test]
async fn nobody_becomes_another_on_one_stream() {
    let served = Served::start(&[]).await;
    served.publish_filters("r1", &[], vec![filter("edge", "edge"), filter("mesh", "mesh")]);
    let mut client = connect(&served, "edge").await;
    client.receive().await;
    client.send(introduction(ResourceKind::Listener, &["*"], "m", "mesh")).await;
    assert!(client.ended().await);

    let mut client = connect(&served, &format!("edge{}", "x".repeat(60 << 10))).await;
    assert_eq!(client.shown().await, "ecds weir.shop@vedge=edge");
    let mut client = connect(&served, &format!("edge{}", "x".repeat(64 << 10))).await;
    assert!(client.ended().await, "a node of more than 64 KiB");
}

/// The next time that everything up to a publication is answered: the publication, the revision and the filters.
async fn caught_up(served: &mut Served) -> (u64, String, Vec<String>) {
    let report = until(&mut served.reports, |event| matches!(event, Event::CaughtUp { .. })).await;
    let Event::CaughtUp { publication, label, filters, .. } = report.event else { unreachable!() };
    (publication, label.to_string(), filters)
}

#[tokio::test]
async fn a_client_is_caught_up_when_it_has_answered_all_of_a_publication() {
    let mut served = Served::start(&[]).await;
    served.publish_filters("r2", &[], vec![filter("one", "edge")]);
    let mut client = connect(&served, "edge").await;
    let response = client.receive().await;
    client.answer(&response, None).await;
    let asked = vec![NAME.to_owned()];
    assert_eq!(caught_up(&mut served).await, (2, "one".into(), asked.clone()));

    // Nothing of this is news for it.
    served.publish_filters("r3", &[resource(ResourceKind::Route, "r", "1")], vec![filter("one", "edge")]);
    assert_eq!(caught_up(&mut served).await, (3, "one".into(), asked.clone()));
    served.publish_filters("r4", &[], vec![filter("two", "edge")]);
    let response = client.receive().await;
    served.publish_filters("r5", &[], vec![filter("three", "edge")]);
    let other = client.receive().await;
    client.answer(&response, None).await;
    client.answer(&other, Some("no")).await;
    assert_eq!(caught_up(&mut served).await, (5, "three".into(), asked.clone()), "both are answered");

    // Who comes back with what it had is done at once.
    let client = Delta::connect(&served.address).await;
    let mut request = introduction(ResourceKind::Extension, &[NAME], "envoy-1", "edge");
    request.initial_resource_versions = [(NAME.to_owned(), "vthree".to_owned())].into();
    client.send(request).await;
    assert_eq!(caught_up(&mut served).await, (5, "three".into(), asked));
}

#[tokio::test]
async fn who_asks_for_a_filter_that_nobody_is_served_is_told_of_and_waits() {
    let mut served = Served::start(&[]).await;
    served.publish_filters("r1", &[], vec![filter("edge", "edge")]);
    let unknown = async |served: &mut Served, count: usize| {
        let is_it = |event: &Event| matches!(event, Event::CaughtUp { unknown, .. } if unknown.len() == count);
        let Event::CaughtUp { unknown, .. } = until(&mut served.reports, is_it).await.event else { unreachable!() };
        unknown.join(" ")
    };
    // That of somebody else is not for it, and is there.
    let names = ["weir.b", NAME, "weir.a", "*"];
    let mut client = Delta::connect(&served.address).await;
    client.send(introduction(ResourceKind::Extension, &names, "envoy-1", "mesh")).await;
    let response = client.receive().await;
    client.answer(&response, None).await;
    assert_eq!(unknown(&mut served, 2).await, "weir.a weir.b");
    client.unsubscribe(ResourceKind::Extension, &["weir.a"]).await;
    assert_eq!(unknown(&mut served, 1).await, "weir.b");

    let mut client = Sotw::connect(&served.address).await;
    client.ask(ResourceKind::Extension, &names, "").await;
    let response = client.receive().await;
    client.ask(ResourceKind::Extension, &names, &response.nonce).await;
    assert_eq!(unknown(&mut served, 2).await, "weir.a weir.b");
}
