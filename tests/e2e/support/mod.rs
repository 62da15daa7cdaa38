//! The bench: real Envoys, echo upstreams, `weir serve` and clients, each on free ports and in its own folder.
//! Everything stops when it is dropped, and when the test process dies.

mod artifact;
mod authority;
mod bench;
pub mod client;
pub mod collector;
mod disk;
pub mod echo;
mod envoy;
mod files;
mod fleet;
pub mod load;
mod policy;
mod poll;
mod port;
mod predict;
mod process;
mod prometheus;
mod raw;
mod template;
pub mod upstream;
mod weir;
mod workers;

pub use artifact::{other_wasm, trap_wasm, wasm, weir};
pub use authority::{Authority, Signed};
pub use bench::{Ads, Bench, SERVICE, Served};
pub use client::{Answer, Client, Protocol, websocket};
pub use collector::Collector;
pub use disk::Disk;
pub use echo::Echo;
pub use envoy::{Envoy, Options};
pub use files::{Files, Pushed};
pub use fleet::{Fleet, envelope_of};
pub use load::{Load, send_all};
pub use policy::{attachment, checkout, envelope, policy};
pub use poll::eventually;
pub use port::Port;
pub use predict::{Predictor, Sent, Shown};
pub use process::Process;
pub use prometheus::{Prometheus, Series, series};
pub use raw::raw_http1;
pub use template::{fill, replaced, string_configuration, struct_configuration, text, text_configuration};
pub use upstream::{ANSWER, Upstream};
pub use weir::Weir;
pub use workers::{Workers, connections};
