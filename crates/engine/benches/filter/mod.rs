//! What the filter does with a request, but for the calls to its host.

use std::borrow::Cow;
use std::hint::black_box;

use weir_engine::Plan;

/// Reads the headers, decides, writes what changes, and makes what is kept of the request.
pub fn decide(plan: &Plan, headers: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)]) -> usize {
    let headers = headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    let destination = || Some(Cow::Borrowed(&b"outbound|80||s0.shop.svc.cluster.local"[..]));
    let exchange = plan.exchange(headers, || None, |_| None, destination);
    let mut lines = 0;
    exchange.apply(|name, written| lines += black_box((name, written)).1.len());
    let state = exchange.filter_state();
    let cookies = exchange.set_cookies();
    let counted = exchange.counted().map(black_box).count();
    let dealt = if plan.gathers_evidence() { exchange.dealt().map(black_box).count() } else { 0 };
    lines + state.map_or(0, |state| state.len()) + cookies.len() + counted + dealt
}
