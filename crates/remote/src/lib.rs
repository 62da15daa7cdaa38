//! What Weir asks of Prometheus, and tells to webhooks: all that leaves for servers of others, with the TLS that it takes.
//!
//! - [`Prometheus`] answers an instant query with one number, or says what came instead.
//! - [`query`] says what is wrong with a query before anybody is asked.
//! - [`Notifier`] tells each line of a journal to a webhook, signed, at least once, in order.

mod address;
mod client;
mod file;
mod notify;
mod prometheus;
pub mod query;
#[cfg(test)]
mod testing;
mod trouble;
mod trust;

pub use address::Address;
pub use client::Client;
pub use notify::{Notifier, Progress, Webhook};
pub use prometheus::{Answer, Prometheus, Range, Ranges, Series, Told};
pub use trouble::Trouble;
