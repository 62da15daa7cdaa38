//! The two forms of xDS as state machines without I/O: what is owed to one client on one stream.

use prost::Message;

use crate::grpc::response::{Form, Owed};
use crate::{Event, Node, Snapshot};

mod delta;
mod sotw;

pub(crate) use delta::Delta;
pub(crate) use sotw::StateOfTheWorld;

/// One stream's state: what its client asked for and what it was sent.
pub(crate) trait Protocol: Default + Send + 'static {
    type Request: Message + Default;
    /// The form of responses.
    const FORM: Form;

    /// Takes out of a request who speaks: clients may say so in their first one only.
    fn node(request: &mut Self::Request) -> Option<Node>;

    /// Takes a request in; what is owed at once, and what the operator should see.
    fn answer(&mut self, request: Self::Request, snapshot: &Snapshot) -> Answer;

    /// How many responses the client has not answered.
    fn unanswered(&self) -> usize;

    /// How many names the client asks for, or says that it has, and how many bytes they take.
    fn names(&self) -> (usize, usize);

    /// Whether the client wants a filter of this name.
    fn asked_for_filter(&self, name: &str) -> bool;

    /// What is owed now that this snapshot holds, in the order of sending.
    fn push(&mut self, snapshot: &Snapshot) -> Vec<Owed>;
}

/// What is owed at once, and what the operator should see.
pub(crate) type Answer = (Option<Owed>, Option<Event>);

/// What everything is subscribed to by.
const WILDCARD: &str = "*";

fn sum(of: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    of.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}
