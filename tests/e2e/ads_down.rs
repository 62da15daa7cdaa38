//! The control plane may be gone: traffic goes on by the last policy, and the next one comes once it is back.

use crate::support::{Ads, Load, Predictor, Served, Workers, acked, checkout, decided_by, envelope, policy};

const CONNECTED: &str = "control_plane.connected_state";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_server_by_state_of_the_world_an_envoy_goes_on() {
    server_goes_and_comes_back(Ads::StateOfTheWorld).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_server_by_delta_an_envoy_goes_on() {
    server_goes_and_comes_back(Ads::Delta).await;
}

async fn server_goes_and_comes_back(ads: Ads) {
    let (before, after) = (policy("20%"), policy("40%"));
    let mut served = Served::start(&before, ads).await;
    let predictors = [&before, &after].map(|policy| Predictor::new(&envelope("edge", policy)));
    let mut workers = Workers::of(&served.bench).await;
    workers.until_they_follow(&predictors[0]).await;
    let load = Load::start(served.bench.address, 2, checkout);

    served.weir.kill();
    served.bench.envoy.until_stat(CONNECTED, 0).await;
    workers.follow(&predictors[0]).await.unwrap();
    served.write_policy(&after.to_string());
    served.weir.restart().await;
    served.bench.envoy.until_stat(CONNECTED, 1).await;
    workers.until_they_follow(&predictors[1]).await;
    served.weir.until(&acked("edge-1", &predictors[1].revision())).await;

    let met = decided_by(&load.stop().await, &predictors);
    assert!(met[0] > 0 && met[1] > 0, "{met:?}");
}
