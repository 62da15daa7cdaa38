//! What is counted, and under which names: of the form that Istio's `extraStatTags` turns into labels.

use std::cell::RefCell;

use weir_engine::{Counted, Dropped, Plan, Reason, Series};

use crate::appeared;
use crate::host::Kind;
use crate::late_counters::{Late, LateCounters};
use crate::metrics::{Metric, Metrics};
use crate::status_class::StatusClass;

/// Experiment and variant of what is counted together.
const OTHER: &str = "_other";

/// The metrics of a plan's layers and variants.
#[derive(Debug, Default)]
pub(crate) struct VariantMetrics {
    named: Vec<OneVariant>,
    /// Those of all variants beyond the limit.
    other: Option<OneVariant>,
    /// By layer, and in it in the order of [`Reason::ALL`].
    decisions: Vec<Metric>,
    /// The reason of the counters of requests that stand from the start.
    usual: Option<Reason>,
    /// Those of all other reasons.
    late: RefCell<LateCounters>,
}

#[derive(Clone, Copy, Debug)]
struct OneVariant {
    /// Under the usual reason, in the order of [`StatusClass::ALL`].
    requests: [Metric; StatusClass::ALL.len()],
    latency: Metric,
}

impl VariantMetrics {
    /// Defines the metrics of a plan. They stand at 0 from the start, but for requests under a reason that is not the usual
    /// one.
    pub(crate) fn define(plan: &Plan, metrics: &mut Metrics) -> VariantMetrics {
        let Some(usual) = plan.usual_reason() else { return VariantMetrics::default() };
        let mut one = |(experiment, variant)| OneVariant::define(experiment, variant, usual, metrics);
        let named: Vec<OneVariant> = plan.series().map(&mut one).collect();
        let other = plan.has_other_series().then(|| one((OTHER, OTHER)));
        let mut decisions = Vec::new();
        for layer in plan.layer_ids() {
            decisions.extend(Reason::ALL.iter().map(|reason| {
                let name = format!("layer=.={layer};.;reason=.={};.;weir_decisions_total", reason.name());
                metrics.define(Kind::Counter, &name)
            }));
        }
        let standing = named.len().saturating_add(other.iter().len()).saturating_mul(StatusClass::ALL.len());
        for name in appeared::names() {
            metrics.define(Kind::Counter, &name);
        }
        let late = RefCell::new(LateCounters::beside(standing));
        VariantMetrics { named, other, decisions, usual: Some(usual), late }
    }

    /// Counts why the layers of a request came out as they did.
    pub(crate) fn decided(&self, layers: &[Counted], metrics: &mut Metrics) {
        for layer in layers {
            let first = usize::from(layer.layer).saturating_mul(Reason::ALL.len());
            if let Some(counter) = self.decisions.get(first.saturating_add(layer.reason as usize)) {
                metrics.add(*counter, 1);
            }
        }
    }

    /// Counts for a layer's variant in force how the request ended, and how many nanoseconds it took.
    pub(crate) fn answered(
        &self,
        plan: &Plan,
        layer: &Counted,
        class: StatusClass,
        latency: Option<u64>,
        metrics: &mut Metrics,
    ) {
        let Some(series) = layer.variant else { return };
        let variant = match series {
            Series::Named(place) => usize::try_from(place).ok().and_then(|place| self.named.get(place)),
            Series::Other => self.other.as_ref(),
        };
        let Some(variant) = variant else { return };
        if Some(layer.reason) == self.usual {
            if let Some(counter) = variant.requests.get(class as usize) {
                metrics.add(*counter, 1);
            }
        } else {
            let late = Late { series, reason: layer.reason, class };
            let counter = self.late.borrow_mut().counter(late, |late| late.define(plan, metrics));
            metrics.add(counter, 1);
        }
        if let Some(nanoseconds) = latency {
            metrics.record(variant.latency, nanoseconds / 1_000_000);
        }
    }
}

impl OneVariant {
    fn define(experiment: &str, variant: &str, usual: Reason, metrics: &mut Metrics) -> OneVariant {
        let name = format!("experiment=.={experiment};.;variant=.={variant};.;");
        OneVariant {
            requests: StatusClass::ALL
                .map(|class| metrics.define(Kind::Counter, &requests(experiment, variant, usual, class))),
            latency: metrics.define(Kind::Histogram, &format!("{name}weir_request_duration_milliseconds")),
        }
    }
}

impl Late {
    fn define(self, plan: &Plan, metrics: &mut Metrics) -> Metric {
        let pair = match self.series {
            Series::Named(place) => usize::try_from(place).ok().and_then(|place| plan.series().nth(place)),
            Series::Other => None,
        };
        let (experiment, variant) = pair.unwrap_or((OTHER, OTHER));
        let name = requests(experiment, variant, self.reason, self.class);
        appeared::add(&name);
        metrics.define(Kind::Counter, &name)
    }
}

/// The name of a counter of requests.
fn requests(experiment: &str, variant: &str, reason: Reason, class: StatusClass) -> String {
    let (reason, code) = (reason.name(), class.code());
    format!("experiment=.={experiment};.;variant=.={variant};.;reason=.={reason};.;code=.={code};.;weir_requests_total")
}

/// Counts what arrived and was dropped.
pub(crate) fn count_dropped(dropped: Dropped, metrics: &mut Metrics) {
    if dropped == Dropped::default() {
        return;
    }
    for (cause, count) in dropped.by_cause() {
        if count > 0 {
            let counter = metrics.define(Kind::Counter, &format!("cause=.={cause};.;weir_tags_dropped_total"));
            metrics.add(counter, u64::from(count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_stands_at_its_own_number() {
        for (place, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, place);
        }
    }
}
