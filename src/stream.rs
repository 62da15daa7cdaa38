//! One request: its headers are read once, the engine decides, what changes is written.

use std::borrow::Cow;
use std::rc::Rc;

use smallvec::SmallVec;
use weir_engine::{Counted, Dealt, Exchange, Plan, SetCookies, TraceId, TraceTags};

use crate::host::{self, Level, Map, Status};
use crate::join;
use crate::metrics::Metrics;
use crate::parts::PARTS;
use crate::plugin::Plugin;
use crate::status_class::StatusClass;
use crate::variant_metrics;

/// What is kept of a request until its response, and until it is counted.
pub(crate) struct Stream {
    plugin: Rc<Plugin>,
    set_cookies: SetCookies,
    counted: SmallVec<[Counted; 2]>,
    /// What it is counted for as evidence.
    dealt: SmallVec<[Dealt; 2]>,
    /// Under which trace it left its tags.
    entered: Option<TraceId>,
    is_grpc: bool,
    /// Nanoseconds, by the host's clock; 0 where the latency is not wanted.
    begun: u64,
}

/// Decides a request and writes what changes. Returns what must be kept of it, if anything.
pub(crate) fn request(plugin: &Rc<Plugin>, metrics: &mut Metrics) -> Option<Stream> {
    if plugin.plan.ignores_requests() {
        return None;
    }
    let headers = match host::headers(Map::Request) {
        Ok(headers) => headers,
        Err(status) => {
            warn("request headers could not be read", status);
            return None;
        }
    };
    #[cfg(feature = "trap")]
    trap_if_asked(&headers);

    let exchange = plugin.plan.exchange(headers.iter(), host::random, trace_tags, destination);
    // A write that fails must not keep a forged header of another name in place.
    exchange.apply(|name, lines| {
        if let Err(status) = write(name, lines) {
            let name = String::from_utf8_lossy(name);
            warn(&format!("{name} could not be written"), status);
        }
    });
    if PARTS.exposure {
        expose(&plugin.plan, &exchange);
    }
    if plugin.logs_decisions {
        host::log(Level::Debug, &format!("weir: decision {}", exchange.json()));
    }
    if PARTS.numbers {
        variant_metrics::count_dropped(exchange.counted_drops(), metrics);
    }
    kept(plugin, &exchange)
}

fn trace_tags(trace: TraceId) -> Option<TraceTags> {
    if PARTS.join { join::tags_of(trace) } else { None }
}

/// The cluster that Envoy has chosen.
fn destination<'a>() -> Option<Cow<'a, [u8]>> {
    host::property("xds\0cluster_name").ok().map(Cow::Owned)
}

fn write(name: &[u8], lines: &[&[u8]]) -> Result<(), Status> {
    let Some((first, more)) = lines.split_first() else { return host::remove_header(Map::Request, name) };
    host::set_header(Map::Request, name, first)?;
    more.iter().try_for_each(|line| host::add_header(Map::Request, name, line))
}

/// The decision for logs and traces; and without the unit, if there is one in it, for those who are not to see that.
fn expose(plan: &Plan, exchange: &Exchange<'_, '_>) {
    let Some(state) = exchange.filter_state() else { return };
    if plan.attachment().log_unit.is_some()
        && let Some(decision) = weir_engine::without_unit(&state)
    {
        set_filter_state("weir_decision", &decision);
    }
    set_filter_state("weir", &state);
}

fn set_filter_state(key: &str, state: &str) {
    if let Err(status) = host::set_filter_state(key, state.as_bytes()) {
        warn("filter state could not be set", status);
    }
}

fn kept(plugin: &Rc<Plugin>, exchange: &Exchange<'_, '_>) -> Option<Stream> {
    let set_cookies = if PARTS.cookies { exchange.set_cookies() } else { SetCookies::new() };
    let entry = if PARTS.join { exchange.trace_entry() } else { None };
    let entered = entry.and_then(|(trace, tags)| join::enter(trace, &tags));
    let counted: SmallVec<_> = if PARTS.numbers { exchange.counted().collect() } else { SmallVec::new() };
    if set_cookies.is_empty() && counted.is_empty() && entered.is_none() {
        return None;
    }
    let is_timed = counted.iter().any(|layer: &Counted| layer.variant.is_some());
    let begun = if is_timed { host::now() } else { 0 };
    let gathers_evidence = PARTS.numbers && plugin.plan.gathers_evidence();
    let dealt = if gathers_evidence { exchange.dealt().collect() } else { SmallVec::new() };
    Some(Stream { plugin: Rc::clone(plugin), set_cookies, counted, dealt, entered, is_grpc: exchange.is_grpc(), begun })
}

impl Stream {
    /// Sets the cookies on a response of the upstream; a reply of Envoy's own gets none.
    pub(crate) fn response(&self) {
        if self.set_cookies.is_empty()
            || !host::property("response\0code_details").is_ok_and(|by| by == b"via_upstream")
        {
            return;
        }
        for line in &self.set_cookies {
            if let Err(status) = host::add_header(Map::Response, b"set-cookie", line.as_bytes()) {
                warn("a cookie could not be set", status);
            }
        }
    }

    /// Counts the request, which is over.
    pub(crate) fn log(self, metrics: &mut Metrics) {
        if let Some(trace) = self.entered {
            join::leave(trace);
        }
        if self.counted.is_empty() {
            return;
        }
        let variants = &self.plugin.variants;
        variants.decided(&self.counted, metrics);
        if self.begun == 0 {
            return;
        }
        let class = StatusClass::of_response(self.is_grpc);
        // An upgraded connection lasts as long as its peers like: that is no latency.
        let latency = (class != StatusClass::Informational).then(|| host::now().saturating_sub(self.begun));
        let Plugin { plan, evidence, .. } = &*self.plugin;
        for layer in &self.counted {
            variants.answered(plan, layer, class, latency, metrics);
        }
        for dealt in &self.dealt {
            evidence.count(plan, *dealt, class, latency, metrics);
        }
    }
}

fn warn(failure: &str, status: Status) {
    host::log(Level::Warn, &format!("weir: {failure}: {status}"));
}

/// For the test that shows Envoy recovering; no other build has it.
#[cfg(feature = "trap")]
#[allow(clippy::panic)]
fn trap_if_asked(headers: &host::Headers) {
    if headers.iter().any(|(name, _)| name == b"x-weir-trap") {
        panic!("asked to by x-weir-trap");
    }
}
