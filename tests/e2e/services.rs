//! Variants that are services of their own: where their requests arrive, and what becomes of one that has no cluster.

use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use crate::rendered::rendered;
use crate::support::{Ads, Answer, Client, Protocol, SERVICE, Served, attachment, event, eventually, policy};

const SOON: Duration = Duration::from_secs(20);
/// The canary as a service, and its cluster; as a subset it has the other.
const CANARY: &str = "owl-canary.shop.svc.cluster.local";
const CLUSTER: &str = "outbound|80||owl-canary.shop.svc.cluster.local";
const SUBSET_CLUSTER: &str = "outbound|80|v21|owl.shop.svc.cluster.local";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_variant_is_reached_as_a_service_of_its_own() {
    for steer in ["tag", "subset", "cluster"] {
        let attachment = steered(steer);
        let served = Served::attached(&attachment, &policy("0%"), Ads::Delta).await;
        make_a_service(&served);
        let led = led_to(json!({"service": CANARY}));
        served.write_resource("routes.yaml", &rendered(&attachment, &led));
        served.write_policy(&led.to_string());
        let answer = until_on(&served, "user-18", CLUSTER).await;
        let echo = answer.echo();
        assert_eq!(
            (echo.upstream.as_str(), echo.lines("x-env-tag")),
            ("canary", vec!["owl-v21".to_owned()]),
            "{steer}"
        );
        assert!(echo.headers.iter().all(|(name, _)| !name.starts_with("x-weir-")), "{steer}: {echo:?}");
        assert_eq!(ask(&served, "ada", &[]).await.echo().upstream, "stable", "{steer}");
        for (name, value) in [("x-env-tag", "owl-v21"), ("x-weir-subset", CANARY), ("x-weir-cluster", CLUSTER)] {
            assert_eq!(ask(&served, "ada", &[(name, value)]).await.echo().upstream, "stable", "{steer}: {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_a_cluster_is_refused_and_what_was_served_stays() {
    let served = Served::attached(&steered("cluster"), &policy("0%"), Ads::Delta).await;
    until_on(&served, "user-18", SUBSET_CLUSTER).await;
    served.write_policy(&led_to(json!({"service": CANARY})).to_string());
    let refused = event("not_served").containing("why", "unknown_target: ").containing("why", CLUSTER);
    served.weir.until(&refused).await;
    until_on(&served, "user-18", SUBSET_CLUSTER).await;

    let clusters = served.resource("clusters.yaml");
    make_a_service(&served);
    until_on(&served, "user-18", CLUSTER).await;
    served.write_resource("clusters.yaml", &clusters);
    eventually(SOON, "the cluster is missed", async || {
        (served.weir.count(&refused) == 2).then_some(()).ok_or_else(|| served.weir.log())
    })
    .await;
    until_on(&served, "user-18", CLUSTER).await;

    // A switch waits for no cluster.
    let mut off = led_to(json!({"service": CANARY}));
    off["layers"][0]["experiments"][0]["enabled"] = json!(false);
    served.write_policy(&off.to_string());
    until_on(&served, "user-18", &format!("outbound|80||{SERVICE}")).await;
}

fn steered(steer: &str) -> Value {
    let mut attachment = attachment();
    attachment["steer"] = json!(steer);
    attachment["envoy"] = json!({"route_config": "owl", "hosts": {SERVICE: ["*"], CANARY: []}});
    attachment
}

/// The policy whose canary leads there.
fn led_to(target: Value) -> Value {
    let mut policy = policy("0%");
    policy["layers"][0]["experiments"][0]["variants"][0]["routes"][SERVICE] = target;
    policy
}

/// The canary's cluster is from now on that of a service.
fn make_a_service(served: &Served) {
    // Endpoints first: a cluster waits for its own.
    for file in ["endpoints.yaml", "clusters.yaml"] {
        served.write_resource(file, &served.resource(file).replace(SUBSET_CLUSTER, CLUSTER));
    }
}

/// The first answer to this user that came by this cluster.
async fn until_on(served: &Served, user: &str, cluster: &str) -> Answer {
    eventually(SOON, &format!("{user} is on {cluster}"), async || {
        let answer = ask(served, user, &[]).await;
        if answer.status != 200 {
            return Err(format!("{answer:?}"));
        }
        let id = answer.echo().lines("x-request-id").concat();
        let entries = served.bench.envoy.access_log();
        let entry = entries.iter().find(|entry| entry["id"] == id.as_str());
        entry.is_some_and(|entry| entry["cluster"] == cluster).then_some(answer).ok_or_else(|| format!("{entry:?}"))
    })
    .await
}

async fn ask(served: &Served, user: &str, headers: &[(&str, &str)]) -> Answer {
    let request = Request::get("/").header("x-user-id", user);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    Client::new(served.bench.address, Protocol::Http1).send(request.body(Bytes::new()).unwrap()).await.unwrap()
}
