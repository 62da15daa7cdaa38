//! The two forms of xDS as state machines without I/O: what to send to the client of one stream.

use prost::Message;

use crate::{Event, Node, Service, Snapshot};

mod delta;
mod response;
mod sotw;
#[cfg(test)]
mod tests;

pub(crate) use delta::Delta;
pub(crate) use response::{Form, Response};
pub(crate) use sotw::StateOfTheWorld;

/// The state of one stream: what its client asked for and what it was sent.
pub(crate) trait Protocol: Send + 'static {
    type Request: Message + Default;
    /// The form of responses.
    const FORM: Form;

    /// A stream of this service, on which nothing was said yet.
    fn new(service: Service) -> Self;

    /// Takes the node out of a request; clients may send it in their first request only.
    fn node(request: &mut Self::Request) -> Option<Node>;

    /// Takes in a request.
    fn answer(&mut self, request: Self::Request, snapshot: &Snapshot) -> Answer;

    /// How many responses the client has not answered.
    fn unanswered(&self) -> usize;

    /// How many names the client asks for, or says that it has, and how many bytes they take.
    fn names(&self) -> (usize, usize);

    /// Whether the client wants a filter of this name.
    fn asked_for_filter(&self, name: &str) -> bool;

    /// The names of filters that the client asked for, a wildcard aside.
    fn named_filters(&self) -> impl Iterator<Item = &String>;

    /// The responses that bring the client to this snapshot, in the order of sending.
    fn push(&mut self, snapshot: &Snapshot) -> Vec<Response>;
}

/// The response to a request, if it takes one, and the event that the operator should see.
pub(crate) type Answer = (Option<Response>, Option<Event>);

/// The name that subscribes to everything.
const WILDCARD: &str = "*";

fn sum(of: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    of.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}
