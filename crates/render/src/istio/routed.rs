//! The services that the policy routes, with what the attachments say of them.

use std::collections::BTreeMap;

use weir_policy::model::RouteTarget;
use weir_policy::{At, Code, Problems, Role, SourceId, codes};

use crate::WrittenPolicy;
use crate::istio::host_name::of_kubernetes;
use crate::istio::placed::PlacedFilter;
use crate::istio::placement::{Proxy, ROOT_NAMESPACE};
use crate::istio::service::Service;
use crate::variants::{self, STABLE, TaggedTarget};

/// The most characters of a name in Kubernetes.
const NAME_BYTES_MAX: usize = 253;

/// A service, and the variants that are versions of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RoutedService {
    /// The service's name in the policy.
    pub host: String,
    /// The namespace of its objects.
    pub namespace: String,
    /// The description of it in an attachment.
    pub service: Service,
    /// Env tag and target of each variant that routes it. The first that matches counts: by layer id, as the filter
    /// does where two layers disagree.
    pub variants: Vec<TaggedTarget>,
    /// Whether it is there for variants of another service, and no more is said of it: it needs no routes.
    pub is_mere_target: bool,
    /// The subsets of an existing DestinationRule with ours in it, if one was given.
    pub given_subsets: Option<Vec<String>>,
    /// Subsets of an existing DestinationRule that, by their labels, pods of variants are in too.
    pub wide_subsets: Vec<String>,
    /// The text of the attachment that describes it, else of the one that should.
    pub source: SourceId,
}

impl RoutedService {
    /// The services that the policy routes or an attachment names, by name.
    pub fn read_all(
        all: &[PlacedFilter<'_>],
        policy: WrittenPolicy<'_>,
        problems: &mut Problems,
    ) -> Vec<RoutedService> {
        let mut hosts = variants::services(policy.model);
        hosts.extend(all.iter().flat_map(|placed| &placed.placement.services).map(|(host, _)| host.as_str()));
        let routed: Vec<_> = hosts.into_iter().map(|host| RoutedService::read(host, all, policy, problems)).collect();
        check_names(&routed, policy, problems);
        check_stable_hosts(&routed, problems);
        routed
    }

    fn read(host: &str, all: &[PlacedFilter<'_>], policy: WrittenPolicy<'_>, problems: &mut Problems) -> RoutedService {
        let mut told = all.iter().filter_map(|placed| {
            let mut services = placed.placement.services.iter();
            services.find(|(name, _)| name == host).map(|(_, service)| (placed, service))
        });
        let (placed, service) = told.next().unzip();
        for (other, _) in told {
            let message = format!("{host} is described by two attachments; keep one of the descriptions");
            report(other.source, host, &[], codes::DUPLICATE_ID, message, problems);
        }
        let placed = placed.or_else(|| home(host, all));
        let namespace = placed.map_or("", |placed| &placed.placement.namespace);
        let said = service.and_then(|service| service.namespace.as_deref());
        let variants = variants::of_service(host, policy.model);
        let is_described = service.is_some_and(|service| !service.is_bare());
        let routed = RoutedService {
            is_mere_target: variants.is_empty() && !is_described && variants::is_target(host, policy.model),
            host: host.to_owned(),
            namespace: namespace_of(host).or(said).unwrap_or(namespace).to_owned(),
            service: service.cloned().unwrap_or_default(),
            variants,
            given_subsets: None,
            wide_subsets: Vec::new(),
            source: placed.map(|placed| placed.source).unwrap_or_default(),
        };
        routed.check(policy, problems);
        routed
    }

    /// Where the variants lead, each place once, in the order of the routes.
    pub fn targets(&self) -> Vec<&RouteTarget> {
        variants::targets(&self.variants)
    }

    /// The subsets of the variants, each once, in the order of the routes.
    pub fn subsets(&self) -> Vec<&str> {
        variants::subsets(&self.variants)
    }

    /// Whether a destination of this full name is the service: by its own name, or by one of its stable pods alone.
    pub fn is_at(&self, host: &str) -> bool {
        self.host == host || self.service.stable_hosts.iter().any(|stable| stable == host)
    }

    /// Whether a destination of this full name is where a variant leads.
    pub fn leads_to(&self, host: &str) -> bool {
        self.variants.iter().any(|(_, target)| matches!(target, RouteTarget::Service(other) if other == host))
    }

    /// The namespace that its name says it is in: that of a service of Kubernetes.
    pub fn home(&self) -> Option<&str> {
        namespace_of(&self.host)
    }

    /// The name of this service's objects.
    pub fn object_name(&self) -> String {
        format!("weir-{}", of_kubernetes(&self.host).map_or(self.host.as_str(), |(name, ..)| name))
    }

    /// The namespace and the name of its objects.
    pub fn title(&self) -> String {
        format!("{}/{}", self.namespace, self.object_name())
    }

    /// Reports subsets that not all callers would know: Istio looks for them in the caller's namespace and in the service's.
    pub fn check_seen(&self, all: &[PlacedFilter<'_>], problems: &mut Problems) {
        let of_kubernetes = namespace_of(&self.host);
        if let (Some(said), Some(namespace)) = (&self.service.namespace, of_kubernetes)
            && said != namespace
        {
            let message = format!("found {said}; by its name {} is a service of {namespace}", self.host);
            self.report(&["namespace"], codes::CONFLICT, message, problems);
        }
        let is_known = of_kubernetes.is_some() || self.service.namespace.is_some() || self.namespace == ROOT_NAMESPACE;
        let has_subsets = self.service.stable.is_some() || !self.subsets().is_empty();
        if is_known || !has_subsets {
            return;
        }
        let callers = all.iter().filter(|placed| placed.file.attachment.role != Role::Inbound);
        let mut namespaces = callers.map(|placed| &placed.placement.namespace);
        if let Some(other) = namespaces.find(|namespace| **namespace != self.namespace) {
            let message = format!(
                "its subsets would be known in {} and not in {other}; say where its ServiceEntry stands: istio: {{services: \
                 {{{}: {{namespace: {}}}}}}}",
                self.namespace, self.host, self.namespace
            );
            self.report(&["namespace"], codes::MISSING_FIELD, message, problems);
        }
    }

    fn check(&self, policy: WrittenPolicy<'_>, problems: &mut Problems) {
        let subsets = self.subsets();
        if subsets.contains(&STABLE) {
            let message = format!("a variant routes {} to the subset stable, which is everybody else's", self.host);
            policy.report_subset(&self.host, STABLE, codes::CONFLICT, message, problems);
        }
        let known = |name: &str| name == STABLE || subsets.contains(&name);
        let given = self.service.subsets.iter().map(|(name, _)| ("subsets", name));
        for (key, name) in given.chain(self.service.guards.iter().map(|(name, _)| ("guards", name))) {
            if !known(name) {
                let message =
                    format!("no variant routes {} to {name}; it has {STABLE} {}", self.host, subsets.join(" "));
                self.report(&[key, name], codes::BAD_VALUE, message, problems);
            }
        }
        let Some(stable) = &self.service.stable else { return };
        for subset in subsets {
            let labels = self.service.labels_of(subset);
            if stable.iter().all(|label| labels.contains(label)) {
                let message = format!(
                    "pods of {subset} have these labels too, so that they would be sent stable traffic; name one that \
                     only stable pods have, such as version"
                );
                self.report(&["stable"], codes::CONFLICT, message, problems);
            } else if labels.iter().all(|label| stable.contains(label)) {
                let is_given = self.service.subsets.iter().any(|(name, _)| name == subset);
                let (keys, cure): (&[&str], String) = if is_given {
                    (&["subsets", subset], format!("name one that only its pods have: {{version: {subset}}} would do"))
                } else {
                    (&["stable"], "name the version of stable pods".to_owned())
                };
                let message = format!(
                    "stable pods have all labels of {subset} too, so that they would be sent its traffic; {cure}"
                );
                self.report(keys, codes::CONFLICT, message, problems);
            }
        }
    }

    /// Reports a service whose stable pods nobody named. Where all variants are services of their own, all its pods are
    /// stable.
    pub fn check_stable(&self, problems: &mut Problems) {
        let all_are_stable = !self.variants.is_empty() && self.subsets().is_empty();
        if self.service.stable.is_none() && !all_are_stable {
            let message = format!(
                "without the labels of its stable pods, stable traffic would reach the pods of its variants as well; \
                 write istio: {{services: {{{}: {{stable: {{version: v1}}}}}}}}",
                self.host
            );
            self.report(&[], codes::MISSING_FIELD, message, problems);
        }
    }

    /// Reports a service whose VirtualService is elsewhere, where nothing that was given leads to it.
    pub fn check_delegate(&self, root: &str, is_led_to: bool, problems: &mut Problems) {
        if !is_led_to {
            let message = format!(
                "routes to its variants have no place: {root} is elsewhere, and no VirtualService that was given leads to {}; \
                 give the one that {root} delegates to with --into",
                self.host
            );
            self.report(&["routed_by"], codes::MISSING_FIELD, message, problems);
        }
    }

    /// Reports a field of its description.
    pub fn report(&self, keys: &[&str], code: Code, message: String, problems: &mut Problems) {
        report(self.source, &self.host, keys, code, message, problems);
    }

    /// Reports its name where it stands.
    fn report_name(&self, policy: WrittenPolicy<'_>, code: Code, message: String, problems: &mut Problems) {
        if policy.names(&self.host) {
            policy.report(&self.host, code, message, problems);
        } else {
            self.report(&[], code, message, problems);
        }
    }
}

/// Reports hosts of stable pods that are not those of one service alone.
fn check_stable_hosts(all: &[RoutedService], problems: &mut Problems) {
    for routed in all {
        for (index, host) in routed.service.stable_hosts.iter().enumerate() {
            let same = all.iter().find(|other| other.host != routed.host && other.is_at(host) && !other.is_mere_target);
            let message = if let Some(other) = same {
                format!(
                    "{host} is read as {} already, so that nobody can say which of the two a route leads to",
                    other.host
                )
            } else if routed.leads_to(host) {
                format!("a variant leads {} to {host}, so that not only stable pods have it", routed.host)
            } else {
                continue;
            };
            let root = At::Root { source: routed.source };
            let istio = root.key("istio");
            let services = istio.key("services");
            let service = services.key(&routed.host);
            problems.add(codes::CONFLICT, &service.key("stable_hosts").index(index), message);
        }
    }
}

/// Reports names that the objects of two services would share, and those that Kubernetes would not take.
fn check_names(all: &[RoutedService], policy: WrittenPolicy<'_>, problems: &mut Problems) {
    let mut taken: BTreeMap<(&str, String), &str> = BTreeMap::new();
    for routed in all.iter().filter(|routed| !routed.is_mere_target) {
        let name = routed.object_name();
        if name.len() > NAME_BYTES_MAX {
            let message =
                format!("its objects would be called {name}, and Kubernetes takes at most {NAME_BYTES_MAX} characters");
            routed.report_name(policy, codes::LIMIT, message, problems);
        }
        if let Some(other) = taken.insert((&routed.namespace, name), &routed.host) {
            let message = format!(
                "its objects would be called {} in {}, as those of {other} are; one name for both would do, or a namespace of \
                 its own",
                routed.object_name(),
                routed.namespace
            );
            routed.report_name(policy, codes::CONFLICT, message, problems);
        }
    }
}

/// The namespace of a Kubernetes service.
fn namespace_of(host: &str) -> Option<&str> {
    of_kubernetes(host).map(|(_, namespace, _)| namespace)
}

/// The attachment that a service is best described in: of sidecars, which route for it, and of its namespace.
fn home<'p, 'a>(host: &str, all: &'p [PlacedFilter<'a>]) -> Option<&'p PlacedFilter<'a>> {
    let rank = |placed: &&PlacedFilter<'_>| {
        let placement = &placed.placement;
        let routes = match placement.proxy {
            Proxy::SidecarOutbound => 2,
            Proxy::Gateway => usize::from(!placement.gateways.is_empty()),
            Proxy::SidecarInbound => 0,
        };
        (routes, namespace_of(host) == Some(&placement.namespace), !placement.services.is_empty())
    };
    // The first of those that are as good.
    all.iter().rev().max_by_key(rank)
}

fn report(source: SourceId, host: &str, keys: &[&str], code: Code, message: String, problems: &mut Problems) {
    let root = At::Root { source };
    let istio = root.key("istio");
    let services = istio.key("services");
    let service = services.key(host);
    match keys {
        [] => problems.add(code, &service, message),
        [key] => problems.add(code, &service.key(key), message),
        [key, name, ..] => problems.add(code, &service.key(key).key(name), message),
    }
}
