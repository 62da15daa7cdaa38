//! The services of xDS that are spoken, and the kinds of resource that a stream of each carries.

use std::fmt;

use crate::ResourceKind;

/// A service of xDS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Service {
    /// `AggregatedDiscoveryService` (ADS): every kind on one stream.
    #[default]
    Aggregated,
    /// `ExtensionConfigDiscoveryService` (ECDS alone): configurations of filters. An Envoy whose other resources come from
    /// elsewhere opens a stream for each filter that it asks for.
    Extensions,
}

impl Service {
    /// The kind that a stream of the service means by this type URL. That of its only kind may be left out.
    pub(crate) fn kind(self, type_url: &str) -> Option<ResourceKind> {
        let kind = ResourceKind::of(type_url);
        match self {
            Service::Aggregated => kind,
            Service::Extensions if type_url.is_empty() => Some(ResourceKind::Extension),
            Service::Extensions => kind.filter(|kind| *kind == ResourceKind::Extension),
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Service::Aggregated => "ads",
            Service::Extensions => "ecds",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_carries_the_kinds_of_its_service() {
        let [cluster, extension] = [ResourceKind::Cluster, ResourceKind::Extension];
        for (type_url, aggregated, extensions) in [
            (cluster.type_url(), Some(cluster), None),
            (extension.type_url(), Some(extension), Some(extension)),
            ("", None, Some(extension)),
            ("type.googleapis.com/x", None, None),
        ] {
            let kinds = [Service::Aggregated, Service::Extensions].map(|service| service.kind(type_url));
            assert_eq!(kinds, [aggregated, extensions], "{type_url}");
        }
    }
}
