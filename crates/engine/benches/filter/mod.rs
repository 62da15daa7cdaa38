//! What the filter does with a request, but for the calls to its host.

use std::hint::black_box;

use weir_engine::{Plan, Request};

/// Reads the headers, decides, writes what changes, and makes what is kept of the request.
pub fn decide(plan: &Plan, headers: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)]) -> usize {
    let headers = headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    let request = Request::read(plan, headers, || None);
    let decision = plan.decide(&request);
    let destination = decision.wants_destination(&request).then_some(&b"outbound|80||s0.shop.svc.cluster.local"[..]);
    let mut lines = 0;
    decision.apply(&request, destination, |name, written| lines += black_box((name, written)).1.len());
    let state = decision.filter_state(&request);
    let cookies = decision.set_cookies(&request);
    let counted = decision.counted(&request, destination).map(black_box).count();
    lines + state.map_or(0, |state| state.len()) + cookies.len() + counted
}
