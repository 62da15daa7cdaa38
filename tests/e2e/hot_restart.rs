//! An Envoy is restarted hot under load: its successor has the filter and its policy before it takes over.

use serde_json::Value;

use crate::support::{
    Envoy, Epoch, Fleet, Load, Options, Port, Predictor, attachment, checkout, decided_by, envelope, policy, replaced,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_successor_takes_over_with_its_policy_and_no_request_fails() {
    let policies = ["10%", "20%"].map(policy);
    let predictors = policies.each_ref().map(|policy| Predictor::new(&envelope("edge", policy)));
    let fleet = Fleet::start(&policies[0], &[("edge.yaml", attachment())], &["--http", "127.0.0.1:0"]).await;
    let ports = [Port::reserve(), Port::reserve(), Port::reserve()];
    // A socket is handed over only if both were told the same port.
    let listeners = fleet.read("resources/listeners.yaml");
    let port = format!("port_value: {}}}", ports[0].number());
    fleet.write("resources/listeners.yaml", &replaced(&listeners, "port_value: 0}", &port));
    let mut first = launch(&fleet, &ports[1], Epoch::First).await;
    let address = first.listener("edge").await;
    assert_eq!(address.port(), ports[0].number());
    first.until_revision(predictors[0].revision_number()).await;
    let load = Load::start(address, 4, checkout);

    let second = launch(&fleet, &ports[2], Epoch::Second(first.base_id())).await;
    // Its gauges are the sum of both, which is the revision of nothing; the first one has none any more.
    let sums = |row: &Value| row["attachments"][0]["rejected"] == false && row["attachments"][0]["active"].is_null();
    assert_eq!(fleet.weir.until_row("gauges", sums).await["node"], "edge-1");
    fleet.write("policy.yaml", &policies[1].to_string());
    let acked = |row: &Value| row["acked"] == predictors[1].revision().as_str();
    fleet.weir.until_row("acked by both", |row| row["attachments"][0]["rejected"].is_null() && acked(row)).await;
    fleet.weir.until_row("acked by both", |row| row["attachments"][0]["rejected"] == false && acked(row)).await;

    first.until_ended().await;
    second.until_revision(predictors[1].revision_number()).await;
    let active = |row: &Value| row["attachments"][0]["active"] == predictors[1].revision().as_str();
    fleet.weir.until_row("active", active).await;
    assert_eq!(fleet.weir.rows().len(), 1, "{:#?}", fleet.weir.rows());
    decided_by(&load.stop().await, &predictors);
}

/// An Envoy that says where its gauges are, which is another place for each process of a series.
async fn launch(fleet: &Fleet, admin: &Port, epoch: Epoch) -> Envoy {
    let options = Options { workers: 1, epoch: Some(epoch), ..Options::default() };
    let mut envoy = Envoy::launch(&fleet.bootstrap_with_admin("edge-1", "edge", admin), options).await;
    envoy.until_ready().await;
    envoy
}
