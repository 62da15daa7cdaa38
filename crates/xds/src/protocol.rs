//! The two forms of xDS as state machines without I/O: what is owed to one client on one stream.

use crate::{Report, Snapshot};

mod delta;
mod sotw;

pub(crate) use delta::Delta;
pub(crate) use sotw::StateOfTheWorld;

/// One stream's state: what its client asked for and what it was sent.
pub(crate) trait Protocol: Default + Send + 'static {
    type Request: Send;
    type Response: Send;

    /// Takes a request in; what is owed at once, and what the operator should see.
    fn answer(&mut self, request: Self::Request, snapshot: &Snapshot) -> (Option<Self::Response>, Option<Report>);

    /// What is owed now that this snapshot holds, in the order of sending.
    fn push(&mut self, snapshot: &Snapshot) -> Vec<Self::Response>;
}

/// What everything is subscribed to by.
const WILDCARD: &str = "*";
