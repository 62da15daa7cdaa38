//! The description of a service in an attachment file: which pods are its versions, and what guards these.

use weir_policy::fields::{self, Fields};
use weir_policy::{At, Problems, Spanned};

use crate::entries::{by_name, from_1, port};
use crate::istio::host_name::{full_name, of_kubernetes};
use crate::istio::labels::{Labels, labels, of_subsets};
use crate::istio::object_name::{is_name, is_title};

/// The most that a DestinationRule takes as a number of connections or requests.
const GUARD_MAX: i64 = i32::MAX as i64;

/// A service as an attachment describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Service {
    /// Labels of the stable pods, which no other version has.
    pub stable: Option<Labels>,
    /// Labels of the pods of a subset, where they are not `version: SUBSET`.
    pub subsets: Vec<(String, Labels)>,
    /// Hosts by which clients call the service, beside its name.
    pub hosts: Vec<String>,
    /// Hosts of its stable pods alone, by full names, to which routes lead instead: as Flagger's `NAME-primary`.
    pub stable_hosts: Vec<String>,
    /// Whether it is a host of a ServiceEntry, for a name that could be a short one of a Kubernetes service.
    pub service_entry: bool,
    /// The namespace that the ServiceEntry of such a host stands in.
    pub namespace: Option<String>,
    /// The port, of a service that has several and is called through a gateway.
    pub port: Option<i64>,
    /// The VirtualService that has it as a host and is in none of the files given; the one that it delegates to is.
    pub routed_by: Option<String>,
    /// Guards by subset, `stable` included.
    pub guards: Vec<(String, Guard)>,
}

/// The bounds that keep one version from taking the others down. Absent: no bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guard {
    /// TCP connections of one proxy to the version.
    pub connections: Option<i64>,
    /// Requests that wait for a connection.
    pub pending: Option<i64>,
    /// Requests under way.
    pub requests: Option<i64>,
    /// The rule by which a failing pod is left out for a while.
    pub eject: Option<Eject>,
}

/// The rule by which a pod that fails again and again is left out for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Eject {
    /// The number of 5xx in a row that leaves it out.
    pub errors: i64,
    /// Seconds that it is left out the first time.
    pub seconds: i64,
}

impl Service {
    /// Reads the description of one service.
    pub fn read(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Service> {
        let mut fields = Fields::open(node, at, problems)?;
        let service = Service {
            stable: fields.take("stable").and_then(|node| labels(node, "version: v1", &at.key("stable"), problems)),
            subsets: of_subsets(fields.take("subsets"), &at.key("subsets"), problems),
            hosts: fields
                .take("hosts")
                .and_then(|node| fields::strings(node, &at.key("hosts"), problems))
                .unwrap_or_default(),
            stable_hosts: fields
                .take("stable_hosts")
                .and_then(|node| fields::strings(node, &at.key("stable_hosts"), problems))
                .unwrap_or_default(),
            service_entry: fields
                .take("service_entry")
                .and_then(|node| fields::boolean(node, &at.key("service_entry"), problems))
                .unwrap_or_default(),
            namespace: fields.take("namespace").and_then(|node| {
                let at = at.key("namespace");
                fields::string(node, &at, problems).filter(|name| is_name(name, "namespace", &at, problems))
            }),
            port: fields.take("port").and_then(|node| port(node, &at.key("port"), problems)),
            routed_by: fields.take("routed_by").and_then(|node| {
                let at = at.key("routed_by");
                fields::string(node, &at, problems).filter(|title| is_title(title, "VirtualService", &at, problems))
            }),
            guards: by_name(fields.take("guards"), &at.key("guards"), problems, guard),
        };
        fields.finish(problems);
        Some(service)
    }

    /// Whether nothing is said of it but what its name is.
    pub fn is_bare(&self) -> bool {
        let name =
            Service { service_entry: self.service_entry, namespace: self.namespace.clone(), ..Service::default() };
        *self == name
    }

    /// The same with hosts by their full names, of a service of this name: one without a dot is beside it.
    pub fn beside(mut self, name: &str) -> Service {
        if let Some((_, namespace, domain)) = of_kubernetes(name) {
            self.stable_hosts.iter_mut().for_each(|host| *host = full_name(host, namespace, domain));
        }
        self
    }

    /// The labels of a subset's pods.
    pub fn labels_of(&self, subset: &str) -> Labels {
        let given = self.subsets.iter().find(|(name, _)| name == subset);
        given.map_or_else(|| vec![("version".to_owned(), subset.to_owned())], |(_, labels)| labels.clone())
    }

    /// The guard of a subset.
    pub fn guard_of(&self, subset: &str) -> Option<&Guard> {
        self.guards.iter().find(|(name, _)| name == subset).map(|(_, guard)| guard)
    }
}

fn guard(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Guard> {
    let mut fields = Fields::open(node, at, problems)?;
    let mut number = |name, problems: &mut Problems| {
        fields
            .take(name)
            .and_then(|node| from_1(node, GUARD_MAX, "which lets nothing through", &at.key(name), problems))
    };
    let (connections, pending) = (number("connections", problems), number("pending", problems));
    let requests = number("requests", problems);
    let eject = fields.take("eject").and_then(|node| eject(node, &at.key("eject"), problems));
    fields.finish(problems);
    Some(Guard { connections, pending, requests, eject })
}

fn eject(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Eject> {
    let mut fields = Fields::open(node, at, problems)?;
    let mut number = |name, problems: &mut Problems| {
        let node = fields.require(name, problems)?;
        from_1(node, i64::from(u32::MAX), "which leaves no pod out", &at.key(name), problems)
    };
    let (errors, seconds) = (number("errors", problems), number("seconds", problems));
    fields.finish(problems);
    Some(Eject { errors: errors?, seconds: seconds? })
}
