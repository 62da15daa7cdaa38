//! Weir's proxy-wasm HTTP filter: reads a request's headers once, asks the engine, applies its edits.
#![allow(missing_docs, reason = "the SDK's entry macro makes a public function without docs")]
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

mod host;
mod pairs;
mod plugin;
mod stream;
mod structs;

proxy_wasm::main! {{
    // Only for the panic hook that comes with it: should anything trap, Envoy's log says where.
    proxy_wasm::set_log_level(proxy_wasm::types::LogLevel::Warn);
    proxy_wasm::set_root_context(|_| Box::new(plugin::Plugin::default()));
}}
