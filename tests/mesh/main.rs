//! The mesh: the filter in the sidecars and gateways of a real Istio. One API server serves the whole run; each test has a
//! namespace, an istiod, addresses and Envoys of its own, so all may run at once.
//!
//! `cargo test --test mesh` runs all, `cargo test --test mesh live` those with `live` in their names. It needs what
//! `scripts/install-mesh`, `scripts/install-envoy`, `scripts/install-envoy 1.39.3`, `scripts/install-prometheus`,
//! `scripts/build-wasm` and `cargo build -p weir-cli` make, and says so where one is missing. Times that tests print are those
//! of a machine with nothing else to do only where a test runs alone.
//!
//! This is a harness of its own, because what all tests share must be told to end when the last one has ended: that of
//! rustc leaves it running, and shows nothing of how long each part took to start.

mod agent;
mod api_server;
mod app;
mod attach;
mod calls;
mod certificates;
mod chain;
mod examples;
mod existing;
mod extras;
mod forged;
mod guards;
mod judge;
mod live;
mod manifests;
mod mesh;
mod module;
mod network;
mod page;
mod plain;
mod policy;
mod proxy;
mod pushes;
mod released;
mod served;
mod served_kills;
mod served_pushes;
mod server;
mod service;
mod starts;
// The bench of the end-to-end tests, of which the mesh needs the general half.
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;
mod tags;
mod telemetry;
mod tools;
mod wire;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use api_server::ApiServer;

fn main() -> ExitCode {
    let run = Run { runtime: Arc::new(Runtime::new().unwrap()), api: Arc::default() };
    let trials = vec![
        run.trial(
            "certificates::a_policy_comes_after_both_sides_renewed",
            certificates::a_policy_comes_after_both_sides_renewed,
        ),
        run.trial(
            "certificates::a_server_may_be_of_another_authority",
            certificates::a_server_may_be_of_another_authority,
        ),
        run.trial("certificates::another_namespace_gets_nothing", certificates::another_namespace_gets_nothing),
        run.trial("examples::istio_takes_them", examples::istio_takes_them),
        run.trial("examples::other_minors_store_them", examples::other_minors_store_them),
        run.trial("existing::istio_takes_what_was_taken", existing::istio_takes_what_was_taken),
        run.trial("extras::a_route_has_a_limit", extras::a_route_has_a_limit),
        run.trial("extras::weights_become_sticky", extras::weights_become_sticky),
        run.trial("forged::default_config_cluster", async |api| forged::with_its_default_config(api, "cluster").await),
        run.trial("forged::default_config_subset", async |api| forged::with_its_default_config(api, "subset").await),
        run.trial("forged::in_force_cluster", async |api| forged::with_the_filter_in_force(api, "cluster").await),
        run.trial("forged::in_force_tag", async |api| forged::with_the_filter_in_force(api, "tag").await),
        run.trial("forged::in_force_on_envoy_1_39", forged::in_force_on_envoy_1_39),
        run.trial("forged::missing_subset", async |api| forged::without_the_filter(api, "subset").await),
        run.trial("forged::missing_tag", async |api| forged::without_the_filter(api, "tag").await),
        run.trial("guards::a_failing_pod_is_left_out", guards::a_failing_pod_is_left_out),
        run.trial("guards::a_slow_pod_is_left_out", guards::a_slow_pod_is_left_out),
        run.trial("guards::connections_are_bounded", guards::connections_are_bounded),
        run.trial("guards::requests_are_bounded", guards::requests_are_bounded),
        run.trial("judge::proxies_take_what_is_rendered", judge::proxies_take_what_is_rendered),
        run.trial("live::a_bad_policy_harms_nobody", live::a_bad_policy_harms_nobody),
        run.trial("live::a_bad_policy_on_envoy_1_39", live::a_bad_policy_on_envoy_1_39),
        run.trial("live::a_kill_reaches_every_hop", live::a_kill_reaches_every_hop),
        run.trial("live::istiod_may_die", live::istiod_may_die),
        run.trial("module::what_is_rendered_no_more_is_pruned", module::what_is_rendered_no_more_is_pruned),
        run.trial("module::its_recipe_is_what_an_api_server_takes", module::its_recipe_is_what_an_api_server_takes),
        run.trial("module::its_server_is_what_an_api_server_takes", module::its_server_is_what_an_api_server_takes),
        run.trial("page::its_commands_wait_for_a_server", page::its_commands_wait_for_a_server),
        run.trial("page::its_commands_wait_for_plugins", page::its_commands_wait_for_plugins),
        run.trial("page::its_commands_wait_for_proxies", page::its_commands_wait_for_proxies),
        run.trial("plain::everybody_is_stable", plain::everybody_is_stable),
        run.trial("plain::services_hand_on_what_they_say", plain::services_hand_on_what_they_say),
        run.trial("plain::services_know_nothing_of_weir", plain::services_know_nothing_of_weir),
        run.trial("pushes::a_push_costs_no_request", pushes::a_push_costs_no_request),
        run.trial(
            "released::one_is_stopped_and_the_next_goes_to_all",
            released::one_is_stopped_and_the_next_goes_to_all,
        ),
        run.trial("served_kills::either_may_die", served_kills::either_may_die),
        run.trial("served_pushes::stages_cost_no_request", served_pushes::stages_cost_no_request),
        run.trial("service::a_sidecar_may_prune_the_service", service::a_sidecar_may_prune_the_service),
        run.trial("starts::a_gateway_listens_whatever_is_away", starts::a_gateway_listens_whatever_is_away),
        run.trial("tags::by_cluster", tags::by_cluster),
        run.trial("tags::by_subset", tags::by_subset),
        run.trial("tags::by_plugins", tags::by_plugins),
        run.trial("tags::joined_by_trace", tags::joined_by_trace),
        run.trial("tags::on_envoy_1_39", tags::on_envoy_1_39),
        run.trial("tags::on_envoy_1_40", tags::on_envoy_1_40),
        run.trial("telemetry::decisions_are_logged", telemetry::decisions_are_logged),
        run.trial("telemetry::decisions_are_on_spans", telemetry::decisions_are_on_spans),
        run.trial("telemetry::numbers_have_labels", telemetry::numbers_have_labels),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// What the tests of a run share.
struct Run {
    runtime: Arc<Runtime>,
    /// Started by the first test that runs, so that listing the tests starts nothing.
    api: Arc<OnceCell<ApiServer>>,
}

impl Run {
    fn trial(&self, name: &str, test: impl AsyncFnOnce(&ApiServer) + Send + 'static) -> Trial {
        let (runtime, api) = (Arc::clone(&self.runtime), Arc::clone(&self.api));
        Trial::test(name, move || {
            runtime.block_on(async { test(api.get_or_init(ApiServer::start).await).await });
            Ok(())
        })
    }
}
