//! Weir's proxy-wasm HTTP filter: reads a request's headers once, asks the engine, makes the changes that it answers with.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]
// Builds without some part of it are for measuring what that part costs.
#![cfg_attr(
    not(all(feature = "cookies", feature = "exposure", feature = "join", feature = "numbers")),
    allow(dead_code)
)]

mod appeared;
mod evidence;
mod exports;
mod host;
mod join;
mod late_counters;
mod metrics;
mod pairs;
mod parts;
mod plugin;
mod status_class;
mod stream;
mod structs;
mod variant_metrics;
mod vm;
