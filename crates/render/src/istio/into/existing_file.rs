//! One file with existing VirtualServices and DestinationRules, and its text with what is added.

use std::collections::BTreeSet;

use weir_policy::{At, Problems, Source, SourceId, codes};

use super::destination;
use super::led;
use super::lines::Lines;
use super::rule::DestinationRule;
use super::virtual_service::{Route, VirtualService};
use super::{copies, names, odd, read, refused, rules, shown, splice};
use crate::istio::awaited::BoundRoute;
use crate::istio::object::OBJECT_BYTES_MAX;
use crate::istio::routed::RoutedService;
use crate::istio::routes::{RouteNeeds, VariantRoute};

/// A file with existing VirtualServices and DestinationRules.
pub(crate) struct ExistingFile<'a> {
    pub text: &'a Source,
    source: SourceId,
    pub(super) virtual_services: Vec<VirtualService>,
    pub(super) rules: Vec<DestinationRule>,
}

impl<'a> ExistingFile<'a> {
    /// Reads a file, in a cluster of this domain.
    pub fn read(text: &'a Source, source: SourceId, domain: &str, problems: &mut Problems) -> ExistingFile<'a> {
        let read::Found { virtual_services, rules } = read::read(text, source, domain, problems);
        ExistingFile { text, source, virtual_services, rules }
    }

    /// The name of the rendered file: one with subsets is applied before the routes that name them.
    pub fn file_name(&self, all: &[RoutedService]) -> String {
        let phase = if self.has_rules(all) { "15" } else { "25" };
        format!("{phase}-{}.yaml", self.stem())
    }

    /// The file's name without its folder and what it ends by.
    pub fn stem(&self) -> &str {
        let name = self.text.name.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    fn has_rules(&self, all: &[RoutedService]) -> bool {
        all.iter().any(|routed| self.has_rule_of(routed))
    }

    /// Whether a DestinationRule in it is of a service, so that it needs none of ours.
    pub fn has_rule_of(&self, routed: &RoutedService) -> bool {
        self.rules.iter().any(|rule| rule.host == routed.host)
    }

    /// Every host of its VirtualServices, with the gateways for which it is routed, and the names of the VirtualService and of the file.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, &[String], (&str, &str))> {
        self.virtual_services.iter().flat_map(|existing| {
            existing
                .hosts
                .iter()
                .map(|host| (host.as_str(), existing.gateways.as_slice(), (existing.name(), self.text.name.as_str())))
        })
    }

    /// Reports a VirtualService that is called as one of ours would be.
    pub fn check_title(&self, title: &str, problems: &mut Problems) {
        for existing in self.virtual_services.iter().filter(|existing| existing.full_title() == title) {
            let message = format!(
                "one that is rendered would be called {title} too, and take its place; call this one otherwise, or leave it out \
                 if it was rendered"
            );
            existing.refuse_name(message, problems);
        }
    }

    /// The routes to variants that are added to it, as far as every proxy that it is for must have them. What a delegate's are
    /// called only whoever delegates to it says.
    pub fn added_routes(&self, all: &[RoutedService], needs: &RouteNeeds) -> Vec<BoundRoute> {
        let mut added = Vec::new();
        let is_everywhere = |existing: &&VirtualService| !existing.hosts.is_empty() && existing.seen_by().is_none();
        for existing in self.virtual_services.iter().filter(is_everywhere) {
            for route in shown::everywhere(&existing.routes) {
                let (_, copied) = destination::sent_to(route, existing, all);
                let Some(routed) = copied else { continue };
                let name = |variant: VariantRoute| format!("{}/{}", route.name, variant.name);
                let names = needs.variant_routes(routed).into_iter().map(name);
                added.extend(names.map(|name| BoundRoute::of_theirs(&existing.gateways, &name)));
            }
        }
        added
    }

    /// The text with the routes to variants and the subsets in it. `is_named` says which routes an attachment names.
    pub fn render(
        &self,
        all: &[RoutedService],
        needs: &RouteNeeds,
        is_named: &dyn Fn(&str) -> bool,
        problems: &mut Problems,
    ) -> String {
        let (mut insertions, mut found) = (Vec::new(), Problems::default());
        let lines = Lines::of(&self.text.text);
        for existing in &self.virtual_services {
            refused::check_destinations(existing, all, &mut found);
            refused::check_streams(existing, all, &mut found);
            refused::check_host(existing, all, &mut found);
            for route in &existing.routes {
                refused::check_headers(route, existing, all, needs, &mut found);
                insertions.extend(self.copies((existing, route), &lines, all, needs, &mut found));
            }
        }
        for (rule, routed) in self.rules.iter().flat_map(|rule| all.iter().map(move |routed| (rule, routed))) {
            if rule.host == routed.host {
                match rules::added(rule, routed, &lines) {
                    Ok(insertion) => insertions.extend(insertion),
                    Err(message) => rule.refuse(&["subsets"], message, &mut found),
                }
            }
        }
        if found.is_empty() && !self.is_of_use(all, is_named) {
            let hosts: Vec<&str> = all.iter().map(|routed| routed.host.as_str()).collect();
            let what = if self.virtual_services.is_empty() { "no rule here is of" } else { "no route here leads to" };
            let led: BTreeSet<String> = self.virtual_services.iter().flat_map(VirtualService::hosts_led_to).collect();
            let led = Vec::from_iter(led).join(", ");
            let hint = if led.is_empty() {
                String::new()
            } else {
                format!(
                    "; it leads to {led}: a host of the stable pods alone of a service is to be named in an attachment, \
                     istio: {{services: {{SERVICE: {{stable_hosts: [HOST]}}}}}}"
                )
            };
            let message = format!("{what} a service of the policy, which has {}{hint}", hosts.join(", "));
            found.add(codes::BAD_VALUE, &At::Root { source: self.source }, message);
        }
        problems.extend(found.into_vec());
        splice::insert(&self.text.text, insertions)
    }

    /// The bytes of the largest object of what was rendered; reports one that Kubernetes would not take.
    pub fn check_size(&self, text: &str, problems: &mut Problems) -> usize {
        let bytes = read::largest(text);
        if bytes > OBJECT_BYTES_MAX {
            let message = format!(
                "with routes for variants an object would have {bytes} bytes; Kubernetes takes at most {OBJECT_BYTES_MAX}. Where \
                 many tags lead to few subsets, steer: subset makes fewer routes"
            );
            problems.add(codes::LIMIT, &At::Root { source: self.source }, message);
        }
        bytes
    }

    /// The copies of a route for variants, if it leads to stable pods.
    fn copies(
        &self,
        (existing, route): (&VirtualService, &Route),
        lines: &Lines<'_>,
        all: &[RoutedService],
        needs: &RouteNeeds,
        problems: &mut Problems,
    ) -> Option<splice::Insertion> {
        let routed = led::service(route, existing, all, needs, problems)?;
        let place = existing.place();
        place.within(problems, |root, problems| {
            odd::check_values(&route.node, lines, &root.key("spec").key("http").index(route.index), problems);
        });
        let added = copies::routes(route, existing, routed, needs, problems);
        if added.is_empty() {
            return None;
        }
        let note = format!("By weir render: {} for who is in a variant.", route.name);
        let insertion = splice::before(&route.node, &note, added, lines);
        if insertion.is_none() {
            let message = format!(
                "{} begins neither behind `- ` nor with a brace, so that nothing can stand before it",
                route.name
            );
            existing.refuse(route, "name", message, problems);
        }
        insertion
    }

    /// Whether anything in it is of a service of the policy, or is named by an attachment. Where a route delegates, it is the other
    /// VirtualService that leads somewhere.
    fn is_of_use(&self, all: &[RoutedService], is_named: &dyn Fn(&str) -> bool) -> bool {
        let leads = |existing: &VirtualService| {
            let is_of = |routed: &RoutedService| {
                existing.hosts.contains(&routed.host) || destination::leads_to(existing, routed)
            };
            all.iter().any(|routed| !routed.variants.is_empty() && is_of(routed))
        };
        let is_asked = |existing: &VirtualService| {
            existing.delegates().next().is_some()
                || existing.routes.iter().any(|route| names::names(route, existing).any(|name| is_named(&name)))
        };
        let is_around = |rule: &DestinationRule| all.iter().any(|routed| rule.covers(&routed.host));
        self.has_rules(all)
            || self.rules.iter().any(is_around)
            || self.virtual_services.iter().any(|existing| is_asked(existing) || leads(existing))
    }
}
