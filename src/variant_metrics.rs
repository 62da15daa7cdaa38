//! What is counted, and under which names: of the form that Istio's `extraStatTags` turns into labels.

use weir_engine::{Counted, Dropped, Plan, Reason, Series};

use crate::host::{self, Kind, Map};
use crate::metrics::{Metric, Metrics};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusClass {
    /// No response came, or none that says how it ended.
    None,
    Informational,
    Success,
    Redirection,
    ClientError,
    ServerError,
}

const CLASSES: [(StatusClass, &str); 6] = [
    (StatusClass::None, "0"),
    (StatusClass::Informational, "1xx"),
    (StatusClass::Success, "2xx"),
    (StatusClass::Redirection, "3xx"),
    (StatusClass::ClientError, "4xx"),
    (StatusClass::ServerError, "5xx"),
];

/// The metrics of a plan's variants.
#[derive(Debug, Default)]
pub(crate) struct VariantMetrics {
    named: Vec<OneVariant>,
    /// Those of all variants beyond the limit.
    other: Option<OneVariant>,
    /// In the order of [`Reason::ALL`].
    reasons: Vec<Metric>,
}

#[derive(Clone, Copy, Debug)]
struct OneVariant {
    /// In the order of [`CLASSES`].
    requests: [Metric; CLASSES.len()],
    latency: Metric,
}

impl VariantMetrics {
    /// Defines the metrics of a plan, so that all its counters stand at 0 from the start.
    pub(crate) fn define(plan: &Plan, metrics: &mut Metrics) -> VariantMetrics {
        let named = plan.series().map(|(experiment, variant)| OneVariant::define(experiment, variant, metrics));
        let named = named.collect();
        let other = plan.has_other_series().then(|| OneVariant::define("_other", "_other", metrics));
        let reason = |reason: &Reason| {
            metrics.define(Kind::Counter, &format!("reason=.={};.;weir_decisions_total", reason.name()))
        };
        VariantMetrics { named, other, reasons: Reason::ALL.iter().map(reason).collect() }
    }

    /// Counts why the layers of a request came out as they did.
    pub(crate) fn decided(&self, layers: &[Counted], metrics: &mut Metrics) {
        for layer in layers {
            if let Some(counter) = self.reasons.get(layer.reason as usize) {
                metrics.add(*counter, 1);
            }
        }
    }

    /// Counts how a request of a variant ended, and how many nanoseconds it took.
    pub(crate) fn answered(&self, series: Series, class: StatusClass, latency: Option<u64>, metrics: &mut Metrics) {
        let variant = match series {
            Series::Named(place) => usize::try_from(place).ok().and_then(|place| self.named.get(place)),
            Series::Other => self.other.as_ref(),
        };
        let Some(variant) = variant else { return };
        if let Some(counter) = variant.requests.get(class as usize) {
            metrics.add(*counter, 1);
        }
        if let Some(nanoseconds) = latency {
            metrics.record(variant.latency, nanoseconds / 1_000_000);
        }
    }
}

impl OneVariant {
    fn define(experiment: &str, variant: &str, metrics: &mut Metrics) -> OneVariant {
        let name = format!("experiment=.={experiment};.;variant=.={variant};.;");
        let mut counter =
            |(_, code)| metrics.define(Kind::Counter, &format!("{name}code=.={code};.;weir_requests_total"));
        OneVariant {
            requests: CLASSES.map(&mut counter),
            latency: metrics.define(Kind::Histogram, &format!("{name}weir_request_duration_milliseconds")),
        }
    }
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

impl StatusClass {
    /// Of the request that is being logged. For gRPC its own status decides, wherever it stands.
    pub(crate) fn of_response(is_grpc: bool) -> StatusClass {
        let http =
            host::header(Map::Response, ":status").map_or(StatusClass::None, |status| StatusClass::of_http(&status));
        if !is_grpc || http != StatusClass::Success {
            return http;
        }
        let status = host::header(Map::ResponseTrailers, "grpc-status");
        let status = status.or_else(|_| host::header(Map::Response, "grpc-status"));
        status.map_or(StatusClass::None, |status| StatusClass::of_grpc(&status))
    }

    fn of_http(status: &[u8]) -> StatusClass {
        match status.first() {
            Some(b'1') => StatusClass::Informational,
            Some(b'2') => StatusClass::Success,
            Some(b'3') => StatusClass::Redirection,
            Some(b'4') => StatusClass::ClientError,
            Some(_) => StatusClass::ServerError,
            None => StatusClass::None,
        }
    }

    /// The class of the HTTP status that stands for a gRPC status (google/rpc/code.proto).
    fn of_grpc(status: &[u8]) -> StatusClass {
        match status {
            b"0" => StatusClass::Success,
            // CANCELLED 499, INVALID_ARGUMENT 400, NOT_FOUND 404, ALREADY_EXISTS 409, PERMISSION_DENIED 403,
            // RESOURCE_EXHAUSTED 429, FAILED_PRECONDITION 400, ABORTED 409, OUT_OF_RANGE 400, UNAUTHENTICATED 401.
            b"1" | b"3" | b"5" | b"6" | b"7" | b"8" | b"9" | b"10" | b"11" | b"16" => StatusClass::ClientError,
            _ => StatusClass::ServerError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_stands_at_its_own_number() {
        for (place, (class, _)) in CLASSES.iter().enumerate() {
            assert_eq!(*class as usize, place);
        }
        for (place, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, place);
        }
    }

    #[test]
    fn statuses_have_classes() {
        for (status, code) in [
            (&b"101"[..], StatusClass::Informational),
            (b"200", StatusClass::Success),
            (b"304", StatusClass::Redirection),
            (b"404", StatusClass::ClientError),
            (b"503", StatusClass::ServerError),
            (b"", StatusClass::None),
        ] {
            assert_eq!(StatusClass::of_http(status), code);
        }
        for status in 0..=20_u32 {
            let expected = match status {
                0 => StatusClass::Success,
                1 | 3 | 5..=11 | 16 => StatusClass::ClientError,
                _ => StatusClass::ServerError,
            };
            assert_eq!(StatusClass::of_grpc(status.to_string().as_bytes()), expected, "{status}");
        }
    }
}
