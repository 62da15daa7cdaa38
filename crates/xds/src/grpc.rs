//! ADS over gRPC, by `h2` itself: what lies above it elsewhere keeps 30 kB of buffers for each idle stream, and copies what
//! here all streams share. A connection has streams, and a stream runs a protocol over its messages.

pub(crate) mod connection;
pub(crate) mod messages;
mod response;
pub(crate) mod stream;
