//! End to end: the filter in real Envoys, fed by the real `weir serve`, between real clients and upstreams.
//! One binary, one file per theme; each test has its own Envoy, ports and folder, so all may run at once.

mod support;

mod ads_down;
mod bad_policy;
mod bootstraps;
mod clock;
mod cookies;
mod evidence;
mod explain;
mod first_envoy;
mod harness;
mod hot_restart;
mod join;
mod kill_switch;
mod metrics;
mod odd_requests;
mod predictions;
mod push_under_load;
mod reconnects;
mod rendered;
mod scenarios;
mod serve;
mod serve_evidence;
mod serve_extensions;
mod serve_files;
mod serve_fleet;
mod serve_identity;
mod serve_istio_nodes;
mod serve_nodes;
mod serve_queries;
mod serve_releases;
mod serve_restart;
mod serve_stages;
mod serve_state;
mod serve_tls;
mod services;
mod sticky;
mod targets;
mod telemetry;
mod trap;
mod validated;
mod version_skew;
mod warming;
