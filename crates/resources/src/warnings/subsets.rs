//! Routes for variants, and for everybody else, that lead to another subset than the policy does. Only what is plain to see is
//! told: a route for every path, by one header with one value, to one cluster that is called as Istio calls those of a service.

use std::collections::HashMap;

use weir_policy::model::{Model, RouteTarget};
use weir_policy::{Attachment, CLUSTER_HEADER, Problem, SUBSET_HEADER, SourceId, Steer};

use super::codes::WRONG_SUBSET;
use super::steering::{Arm, Steers, arms};
use super::told::at_route;
use crate::routing::{HeaderMatch, Route, Routing, VirtualHost};

/// Routes that lead to another subset, or to another service in its place.
pub(super) fn warnings(routing: &Routing, policy: &Model, attachments: &[(SourceId, &Attachment)]) -> Vec<Problem> {
    let steers = Steers::of(attachments);
    if steers == Steers::Nothing {
        return Vec::new();
    }
    let leading = Leading::of(policy, steers);
    routing.hosts.iter().flat_map(|host| leading.wrong(host)).collect()
}

/// Where the policy leads.
struct Leading<'a> {
    tag_header: &'a str,
    steers: Steers,
    by_tag: HashMap<&'a str, Arm<'a>>,
    /// Where the variants lead each service.
    targets: HashMap<&'a str, Vec<&'a RouteTarget>>,
}

/// A cluster `outbound|PORT|SUBSET|SERVICE`.
struct Cluster<'a> {
    port: &'a str,
    /// Empty for stable.
    subset: &'a str,
    service: &'a str,
}

impl<'a> Leading<'a> {
    fn of(policy: &'a Model, steers: Steers) -> Leading<'a> {
        let arms = arms(policy);
        let mut targets: HashMap<&str, Vec<&RouteTarget>> = HashMap::new();
        for (service, target) in arms.iter().flat_map(|arm| &arm.variant.routes) {
            targets.entry(service).or_default().push(target);
        }
        let by_tag = arms.into_iter().map(|arm| (arm.variant.env_tag.as_str(), arm)).collect();
        Leading { tag_header: &policy.env_tag.header, steers, by_tag, targets }
    }

    fn wrong(&self, host: &VirtualHost) -> Vec<Problem> {
        let ours = [self.tag_header, SUBSET_HEADER, CLUSTER_HEADER];
        let is_ours = |route: &Route| route.headers.iter().any(|header| ours.contains(&header.name.as_str()));
        // A host without routes for variants may well be that of a variant.
        let is_steered = host.routes.iter().any(is_ours);
        let wrong = |route: &Route| {
            let found = Cluster::of(route)?;
            let message = match route.headers.as_slice() {
                [] if route.is_catch_all && is_steered => self.stable(&found)?,
                [asked] if route.takes_every_path => self.variant(asked, &found)?,
                _ => return None,
            };
            Some(at_route(WRONG_SUBSET, route, message))
        };
        host.routes.iter().filter_map(wrong).collect()
    }

    /// What is wrong with a route for what this header says.
    fn variant(&self, asked: &HeaderMatch, found: &Cluster<'_>) -> Option<String> {
        let value = asked.exact().or_else(|| asked.listed())?;
        let target = if asked.name == self.tag_header {
            self.target_by_tag(value, found)
        } else if asked.name == SUBSET_HEADER && self.steers.may_be(Steer::Subset) {
            self.targets.get(found.service)?.iter().copied().find(|target| target.name() == value)
        } else {
            None
        }?;
        let expected = match target {
            RouteTarget::Subset(subset) => Cluster { subset, ..*found },
            RouteTarget::Service(service) => Cluster { subset: "", service, ..*found },
        };
        let (found, expected) = (found.name(), expected.name());
        let header = &asked.name;
        (found != expected).then(|| {
            format!("it matches {value} in {header} and leads to {found}, where the policy leads to {expected}")
        })
    }

    fn target_by_tag(&self, tag: &str, found: &Cluster<'_>) -> Option<&'a RouteTarget> {
        let arm = self.by_tag.get(tag).filter(|_| self.steers.may_be(Steer::Tag))?;
        let routes = || arm.variant.routes.iter();
        // A variant may lead one service to another, and that one to a subset.
        let is_led_to =
            routes().any(|(_, target)| matches!(target, RouteTarget::Service(name) if name == found.service));
        let is_target = is_led_to && found.subset.is_empty();
        routes().find(|(service, _)| service == found.service && !is_target).map(|(_, target)| target)
    }

    /// What is wrong with a route for everybody else. Where variants lead to several subsets one of them may be what stable is.
    fn stable(&self, found: &Cluster<'_>) -> Option<String> {
        let targets = self.targets.get(found.service)?;
        let is_of_variants =
            |target: &&RouteTarget| matches!(target, RouteTarget::Subset(name) if name == found.subset);
        targets.iter().all(is_of_variants).then(|| {
            format!(
                "it takes everybody whom no other route does and leads to {}, where the policy leads variants only; stable \
                 would be {}",
                found.name(),
                Cluster { subset: "", ..*found }.name()
            )
        })
    }
}

impl<'a> Cluster<'a> {
    /// The only one that a route leads to.
    fn of(route: &'a Route) -> Option<Cluster<'a>> {
        let ([name], []) = (route.clusters.as_slice(), route.cluster_headers.as_slice()) else { return None };
        let mut parts = name.split('|');
        let mut next = || parts.next();
        let ("outbound", port, subset, service) = (next()?, next()?, next()?, next()?) else { return None };
        next().is_none().then_some(Cluster { port, subset, service })
    }

    fn name(&self) -> String {
        let Cluster { port, subset, service } = self;
        format!("outbound|{port}|{subset}|{service}").escape_debug().to_string()
    }
}
