//! The bench: real Envoys, echo upstreams, `weir serve` and clients, each on free ports and in its own folder.
//! Everything stops when it is dropped, and when the test process dies.

mod artifact;
mod bench;
mod client;
mod echo;
mod envoy;
mod load;
mod poll;
mod predict;
mod process;
mod raw;
mod template;
mod upstream;
mod weir;

pub use bench::{Ads, Bench, SERVICE, Served};
pub use client::{Answer, Client, Protocol, websocket};
pub use echo::Echo;
pub use envoy::{Envoy, Options};
pub use load::{Load, Sample, send_all};
pub use poll::eventually;
pub use predict::{Predictor, Shown};
pub use process::Process;
pub use raw::raw_http1;
pub use template::{fill, string_configuration, struct_configuration};
pub use upstream::Upstream;
pub use weir::Weir;
