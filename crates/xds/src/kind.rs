//! The types of resource that are served.

use std::fmt;

/// A type of resource, ordered as changes must arrive so that nothing refers to what is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// A `Cluster` (CDS).
    Cluster,
    /// A `ClusterLoadAssignment` (EDS).
    Endpoints,
    /// A `Listener` (LDS).
    Listener,
    /// A `RouteConfiguration` (RDS).
    Route,
    /// A `TypedExtensionConfig`: a filter's configuration (ECDS).
    Extension,
}

impl ResourceKind {
    /// Every kind, in the order of sending.
    pub const ALL: [ResourceKind; 5] = [Self::Cluster, Self::Endpoints, Self::Listener, Self::Route, Self::Extension];

    /// Every kind, in the order of removal: what refers to something goes before it.
    pub(crate) const REMOVAL: [ResourceKind; 5] =
        [Self::Listener, Self::Route, Self::Extension, Self::Cluster, Self::Endpoints];

    /// The kind that goes by this type URL on the wire.
    pub fn of(type_url: &str) -> Option<ResourceKind> {
        Self::ALL.into_iter().find(|kind| kind.type_url() == type_url)
    }

    /// The name of the type on the wire.
    pub fn type_url(self) -> &'static str {
        match self {
            Self::Cluster => "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            Self::Endpoints => "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
            Self::Listener => "type.googleapis.com/envoy.config.listener.v3.Listener",
            Self::Route => "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
            Self::Extension => "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        }
    }

    /// Whether a first request without names subscribes to everything.
    pub(crate) fn empty_is_wildcard(self) -> bool {
        matches!(self, Self::Cluster | Self::Listener)
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cluster => "cds",
            Self::Endpoints => "eds",
            Self::Listener => "lds",
            Self::Route => "rds",
            Self::Extension => "ecds",
        })
    }
}
