//! The codes of warnings.

use weir_policy::Code;

/// A variant's tag that no route matches.
pub const UNMATCHED_TAG: Code =
    Code::new("unmatched_tag", "A warning: no route among the resources matches the tag of a variant.");
/// A tag that routes match only while it is alone.
pub const EXACT_TAG: Code = Code::new(
    "exact_tag",
    "A warning: routes match a tag only where it stands alone, and those of other layers may too.",
);
/// A subset, or a service in its place, that no route matches.
pub const UNMATCHED_SUBSET: Code = Code::new(
    "unmatched_subset",
    "A warning: an attachment steers by subset, and no route among the resources matches where a variant leads.",
);
/// No route that takes its cluster from the header.
pub const NO_CLUSTER_ROUTE: Code = Code::new(
    "no_cluster_route",
    "A warning: an attachment steers by cluster, and no route among the resources takes its cluster from `x-weir-cluster`.",
);
/// A service of the policy that no route leads to.
pub const UNROUTED_SERVICE: Code = Code::new(
    "unrouted_service",
    "A warning: no route among the resources names a service that the policy routes, in a domain or a cluster.",
);
/// A route to a cluster that is not there.
pub const UNKNOWN_CLUSTER: Code =
    Code::new("unknown_cluster", "A warning: a route leads to a cluster that is not among the resources.");
/// A route behind one that takes everything.
pub const UNREACHABLE_ROUTE: Code =
    Code::new("unreachable_route", "A warning: a route for a variant stands behind one that takes every request.");
/// A route that leads elsewhere than the policy.
pub const WRONG_SUBSET: Code = Code::new(
    "wrong_subset",
    "A warning: a route for a variant leads to another subset than the policy does, or a route for everybody else to a variant's.",
);
/// A filter that no attachment gives.
pub const UNKNOWN_FILTER: Code = Code::new(
    "unknown_filter",
    "A warning: a listener asks by ADS for a filter `weir.NAME`, and none of the attachments is called so.",
);
/// Routes that a listener asks for and that are not there.
pub const UNKNOWN_ROUTE_CONFIG: Code = Code::new(
    "unknown_route_config",
    "A warning: a listener asks by ADS for a `RouteConfiguration` that is not among the resources, where others are.",
);
/// Endpoints that a cluster asks for and that are not there.
pub const UNKNOWN_ENDPOINTS: Code = Code::new(
    "unknown_endpoints",
    "A warning: a cluster asks by ADS for a `ClusterLoadAssignment` that is not among the resources, where others are.",
);
/// A module that is not on this machine.
pub const MISSING_MODULE: Code =
    Code::new("missing_module", "A warning: the file that an attachment names as its module is not on this machine.");

/// Every code of this crate.
pub const CODES: &[Code] = &[
    UNMATCHED_TAG,
    EXACT_TAG,
    UNMATCHED_SUBSET,
    NO_CLUSTER_ROUTE,
    UNROUTED_SERVICE,
    UNKNOWN_CLUSTER,
    UNREACHABLE_ROUTE,
    WRONG_SUBSET,
    UNKNOWN_FILTER,
    UNKNOWN_ROUTE_CONFIG,
    UNKNOWN_ENDPOINTS,
    MISSING_MODULE,
];
