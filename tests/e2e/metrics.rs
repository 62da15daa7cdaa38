//! The filter's numbers as a real Prometheus has them from Envoy.

use crate::support::{Bench, Options, Predictor, Prometheus, envelope, policy, series, string_configuration};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gauges_tell_the_revision_by_attachment() {
    let envelope = envelope("edge", &policy("50%"));
    let bench = Bench::edge(&string_configuration(&envelope), Options::default()).await;
    let prometheus = Prometheus::scraping(&bench.envoy).await;
    let revision = Predictor::new(&envelope).revision_number() as f64;
    let gauges =
        [("weir_policy_revision", revision), ("weir_policy_rejected", 0.0), ("weir_policy_rejected_revision", 0.0)];
    for (gauge, value) in gauges {
        assert_eq!(prometheus.series(gauge).await, series([([("attachment", "shop")], value)]), "{gauge}");
    }
}
