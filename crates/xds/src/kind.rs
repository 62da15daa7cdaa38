//! The types of resource that are served.

use std::fmt;

/// A type of resource, ordered as changes must arrive so that nothing refers to what is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
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

impl Kind {
    /// Every kind, in the order of sending.
    pub const ALL: [Kind; 5] = [Kind::Cluster, Kind::Endpoints, Kind::Listener, Kind::Route, Kind::Extension];

    /// The kind that goes by this type URL on the wire.
    pub fn of(type_url: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.type_url() == type_url)
    }

    /// The name of the type on the wire.
    pub fn type_url(self) -> &'static str {
        match self {
            Kind::Cluster => "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            Kind::Endpoints => "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
            Kind::Listener => "type.googleapis.com/envoy.config.listener.v3.Listener",
            Kind::Route => "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
            Kind::Extension => "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        }
    }

    /// Whether a client that names nothing means everything.
    pub(crate) fn empty_is_wildcard(self) -> bool {
        matches!(self, Kind::Cluster | Kind::Listener)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Cluster => "cds",
            Kind::Endpoints => "eds",
            Kind::Listener => "lds",
            Kind::Route => "rds",
            Kind::Extension => "ecds",
        })
    }
}
