//! Metrics of this machine by name: defined once, counters added up here and handed to Envoy now and then.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::host::{self, Kind, Level};

/// A metric of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Metric(pub(crate) usize);

/// Every metric that was ever wanted. Envoy gives out a new id for each definition and never frees one, so each name is
/// defined once a machine.
pub(crate) struct Metrics {
    by_name: HashMap<String, Metric, FxBuildHasher>,
    known: Vec<Known>,
    /// Counters with something to hand over.
    touched: Vec<Metric>,
}

struct Known {
    /// None where Envoy would not define it.
    id: Option<u32>,
    /// Counted and not handed over yet.
    pending: u64,
}

impl Metrics {
    pub(crate) const NEW: Metrics =
        Metrics { by_name: HashMap::with_hasher(FxBuildHasher), known: Vec::new(), touched: Vec::new() };

    /// The metric of this name. A counter exists from here on, at 0.
    pub(crate) fn define(&mut self, kind: Kind, name: &str) -> Metric {
        let next = Metric(self.known.len());
        let known = &mut self.known;
        *self.by_name.entry_ref(name).or_insert_with(|| {
            let id = host::define_metric(kind, name);
            if let Err(status) = &id {
                host::log(Level::Warn, &format!("weir: metric {name} could not be defined: {status}"));
            }
            known.push(Known { id: id.ok(), pending: 0 });
            next
        })
    }

    /// Adds to a counter. A call to Envoy for each would cost more than the decision.
    pub(crate) fn add(&mut self, counter: Metric, count: u64) {
        let Some(known) = self.known.get_mut(counter.0).filter(|_| count > 0) else { return };
        if known.pending == 0 {
            self.touched.push(counter);
        }
        known.pending = known.pending.saturating_add(count);
    }

    /// Sets a gauge, or adds a value to a histogram.
    pub(crate) fn record(&self, metric: Metric, value: u64) {
        if let Some(Known { id: Some(id), .. }) = self.known.get(metric.0) {
            host::record_metric(*id, value);
        }
    }

    /// Hands over what was counted.
    pub(crate) fn flush(&mut self) {
        for counter in self.touched.drain(..) {
            let Some(known) = self.known.get_mut(counter.0) else { continue };
            let count = std::mem::take(&mut known.pending);
            if let Some(id) = known.id {
                host::increment_metric(id, count);
            }
        }
    }
}
