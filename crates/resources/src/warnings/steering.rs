//! What the variants of a policy ask of routes, by the steering of its attachments.

use std::collections::BTreeSet;

use weir_policy::model::{Experiment, Layer, Model, Variant, tag_regex};
use weir_policy::written::Policy;
use weir_policy::{At, Attachment, CLUSTER_HEADER, Code, Problem, Role, SUBSET_HEADER, SourceId, Steer};

use super::codes;
use super::told::{at_route, of_variant, warning};
use crate::routing::index::{Names, RoutesByHeader};
use crate::routing::{Route, Routing};

/// Routes that ask something of a header in another way than by a plain text; of more of them nothing is said.
pub(super) const PATTERNS_MAX: usize = 1_000;
/// Those times variants; of more nothing is said.
pub(super) const COMPARISONS_MAX: usize = 1_000_000;

/// A warning, and what it is about.
pub(super) struct Warning<'a> {
    code: Code,
    about: About<'a>,
    message: String,
}

enum About<'a> {
    Tag(Arm<'a>),
    Target(Arm<'a>, &'a str),
    Steer(SourceId),
    Route(&'a Route),
}

/// A variant of what is switched on.
#[derive(Clone, Copy)]
pub(super) struct Arm<'a> {
    layer: &'a str,
    experiment: &'a Experiment,
    pub(super) variant: &'a Variant,
}

/// What no route gives the variants of what is switched on. What is switched off asks for nothing.
pub(super) fn warnings<'a>(
    routing: &'a Routing,
    policy: &'a Model,
    attachments: &[(SourceId, &Attachment)],
) -> Vec<Warning<'a>> {
    let steers = Steers::of(attachments);
    if routing.is_partial || routing.hosts.is_empty() || steers == Steers::Nothing {
        return Vec::new();
    }
    let asking = Asking::of(routing, policy, steers);
    if asking.is_too_much() {
        return Vec::new();
    }
    let unrouted = asking.unrouted_services();
    let mut found = unrouted.clone().into_iter().map(|(service, arm)| asking.unrouted(service, arm)).collect();
    let services: BTreeSet<&str> = unrouted.into_iter().map(|(service, _)| service).collect();
    let is_routed = |arm: &&Arm<'a>| arm.variant.routes.iter().any(|(service, _)| !services.contains(service.as_str()));
    for arm in asking.arms.iter().filter(is_routed) {
        asking.tag(*arm, &mut found);
    }
    asking.targets(&services, &mut found);
    asking.cluster_route(&mut found);
    found
}

/// How filters steer: each way with an attachment that says so.
#[derive(PartialEq)]
pub(super) enum Steers {
    /// No attachment is given; any way would do.
    Unknown,
    /// No filter steers.
    Nothing,
    By(Vec<(Steer, SourceId)>),
}

impl Steers {
    pub(super) fn of(attachments: &[(SourceId, &Attachment)]) -> Steers {
        let acting = attachments.iter().filter(|(_, attachment)| attachment.role != Role::Inbound);
        let by: Vec<(Steer, SourceId)> = acting.map(|(source, attachment)| (attachment.steer, *source)).collect();
        match (attachments.is_empty(), by.is_empty()) {
            (true, _) => Steers::Unknown,
            (_, true) => Steers::Nothing,
            _ => Steers::By(by),
        }
    }

    /// Whether some filter steers so, as far as anybody knows.
    pub(super) fn may_be(&self, steer: Steer) -> bool {
        *self == Steers::Unknown || self.by(steer).is_some()
    }

    /// The attachment that steers so.
    fn by(&self, steer: Steer) -> Option<SourceId> {
        let Steers::By(by) = self else { return None };
        by.iter().find(|(one, _)| *one == steer).map(|(_, source)| *source)
    }
}

/// The variants of what is switched on that route something.
pub(super) fn arms(policy: &Model) -> Vec<Arm<'_>> {
    let layers = policy.layers.iter().filter(|layer| policy.enabled && layer.enabled);
    let experiments = layers.flat_map(|layer: &Layer| {
        let on = layer.experiments.iter().filter(|experiment| experiment.enabled);
        on.map(|experiment| (layer.id.as_str(), experiment))
    });
    let arms = experiments.flat_map(|(layer, experiment)| {
        experiment.variants.iter().map(move |variant| Arm { layer, experiment, variant })
    });
    arms.filter(|arm| !arm.variant.routes.is_empty()).collect()
}

struct Asking<'a> {
    policy: &'a Model,
    /// By layers.
    arms: Vec<Arm<'a>>,
    steers: Steers,
    names: Names<'a>,
    by_tag: RoutesByHeader<'a>,
    by_baggage: RoutesByHeader<'a>,
    by_cookie: RoutesByHeader<'a>,
    by_subset: RoutesByHeader<'a>,
    has_cluster_route: bool,
}

impl<'a> Asking<'a> {
    fn of(routing: &'a Routing, policy: &'a Model, steers: Steers) -> Asking<'a> {
        let by = |header| RoutesByHeader::of(routing, header);
        let mut cluster_headers = routing.routes().flat_map(|route| &route.cluster_headers);
        Asking {
            policy,
            arms: arms(policy),
            steers,
            names: Names::of(routing),
            by_tag: by(&policy.env_tag.header),
            by_baggage: by("baggage"),
            by_cookie: by("cookie"),
            by_subset: by(SUBSET_HEADER),
            has_cluster_route: cluster_headers.any(|header| header == CLUSTER_HEADER),
        }
    }

    /// Whether there are more variants and patterns than one would wait for.
    fn is_too_much(&self) -> bool {
        let by = [&self.by_tag, &self.by_baggage, &self.by_cookie, &self.by_subset];
        let patterns: usize = by.iter().map(|by| by.patterns()).sum();
        patterns > PATTERNS_MAX || patterns.saturating_mul(self.arms.len()) > COMPARISONS_MAX
    }

    /// Services that no route names, each with the first variant that routes it. Where only tags steer, routes need not know
    /// the name; that they match the tags is enough.
    fn unrouted_services(&self) -> Vec<(&'a str, Arm<'a>)> {
        let matched = self.matched_services();
        let by_name = [Steer::Subset, Steer::Cluster].into_iter().any(|steer| self.steers.by(steer).is_some());
        let (mut unrouted, mut seen): (Vec<(&str, Arm<'_>)>, _) = (Vec::new(), BTreeSet::new());
        for arm in &self.arms {
            for (service, _) in &arm.variant.routes {
                if seen.insert(service) && !self.names.has(service) && (by_name || !matched.contains(service.as_str()))
                {
                    unrouted.push((service, *arm));
                }
            }
        }
        unrouted
    }

    /// The services that some variant routes whose tag routes match.
    fn matched_services(&self) -> BTreeSet<&'a str> {
        let matched = self.arms.iter().filter(|arm| self.tagged(&arm.variant.env_tag).is_some());
        matched.flat_map(|arm| arm.variant.routes.iter().map(|(service, _)| service.as_str())).collect()
    }

    fn unrouted(&self, service: &'a str, arm: Arm<'a>) -> Warning<'a> {
        let message = format!(
            "no route leads to {service}: it is no domain, and no cluster is called so or outbound|PORT||{service}"
        );
        Warning { code: codes::UNROUTED_SERVICE, about: About::Target(arm, service), message }
    }

    fn tag(&self, arm: Arm<'a>, found: &mut Vec<Warning<'a>>) {
        let tag = arm.variant.env_tag.as_str();
        let header = &self.policy.env_tag.header;
        let matched = self.tagged(tag);
        let others_would_do = || {
            let by_subset = arm.variant.routes.iter().any(|(_, target)| self.by_subset.find(target.name()).is_some());
            self.steers == Steers::Unknown && (by_subset || self.has_cluster_route)
        };
        if self.steers != Steers::Unknown && self.steers.by(Steer::Tag).is_none() || others_would_do() {
            return;
        }
        let regex = tag_regex(tag);
        let Some(route) = matched else {
            let message = format!(
                "no route matches {tag} in {header}, so who is in this variant meets stable; a route that matches the \
                 regex {regex} and stands before the stable one would do"
            );
            return found.push(Warning { code: codes::UNMATCHED_TAG, about: About::Tag(arm), message });
        };
        if let Some(line) = self.in_company(arm).into_iter().find(|line| self.tagged(line).is_none()) {
            let message = format!(
                "it matches {tag} in {header} only where no tag of another layer is beside it, as in {line}; match the \
                 regex {regex}"
            );
            found.push(Warning { code: codes::EXACT_TAG, about: About::Route(route), message });
        }
    }

    /// The tag on a line with one of another layer; layers stand there by their ids.
    fn in_company(&self, arm: Arm<'_>) -> Vec<String> {
        let tag = &arm.variant.env_tag;
        let tag_of = |other: &Arm<'a>| other.variant.env_tag.as_str();
        let before = self.arms.first().filter(|first| first.layer < arm.layer).map(tag_of);
        let behind = self.arms.last().filter(|last| last.layer > arm.layer).map(tag_of);
        match (before, behind) {
            (None, None) => vec![format!("{tag},other"), format!("other,{tag}")],
            _ => {
                let before = before.map(|other| format!("{other},{tag}"));
                before.into_iter().chain(behind.map(|other| format!("{tag},{other}"))).collect()
            }
        }
    }

    /// Subsets, and services in their place, each once.
    fn targets(&self, unrouted: &BTreeSet<&str>, found: &mut Vec<Warning<'a>>) {
        if self.steers.by(Steer::Subset).is_none() {
            return;
        }
        let mut seen = BTreeSet::new();
        let routes = self.arms.iter().flat_map(|arm| arm.variant.routes.iter().map(|route| (*arm, route)));
        for (arm, (service, target)) in routes.filter(|(_, (service, _))| !unrouted.contains(service.as_str())) {
            let name = target.name();
            if !seen.insert(name) || self.by_subset.find(name).is_some() {
                continue;
            }
            let message = format!(
                "no route matches {name} in {SUBSET_HEADER}, so who is in this variant meets stable; a route that matches \
                 it exactly and stands before the stable one would do"
            );
            found.push(Warning { code: codes::UNMATCHED_SUBSET, about: About::Target(arm, service), message });
        }
    }

    fn cluster_route(&self, found: &mut Vec<Warning<'a>>) {
        let Some(source) = self.steers.by(Steer::Cluster).filter(|_| !self.arms.is_empty()) else { return };
        if !self.has_cluster_route {
            let message = format!(
                "no route takes its cluster from {CLUSTER_HEADER}, so everybody meets stable; a route with \
                 cluster_header: {CLUSTER_HEADER} that matches where that is present, before the stable one, would do"
            );
            found.push(Warning { code: codes::NO_CLUSTER_ROUTE, about: About::Steer(source), message });
        }
    }

    /// A route that matches this line of tags; in the header that carries them, or in what else does.
    fn tagged(&self, line: &str) -> Option<&'a Route> {
        let tags = &self.policy.env_tag;
        let named = |by: &RoutesByHeader<'a>, name: &Option<String>| {
            by.find(&format!("{}={}", name.as_ref()?, line.replace(',', "%2C")))
        };
        let found = self.by_tag.find(line).or_else(|| named(&self.by_baggage, &tags.baggage));
        found.or_else(|| named(&self.by_cookie, &tags.request_cookie))
    }
}

impl Warning<'_> {
    pub(super) fn placed(self, documents: &[Policy]) -> Problem {
        let Warning { code, about, message } = self;
        let variant = |arm: Arm<'_>, service| of_variant(documents, &arm.experiment.id, &arm.variant.id, service);
        match about {
            About::Tag(arm) => warning(code, variant(arm, None), message),
            About::Target(arm, service) => warning(code, variant(arm, Some(service)), message),
            About::Steer(source) => warning(code, At::Root { source }.key("steer").path(), message),
            About::Route(route) => at_route(code, route, message),
        }
    }
}
