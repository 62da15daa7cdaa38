//! The rules of one experiment.

use std::collections::HashSet;

use super::{Checker, names, shares};
use crate::document::{At, codes};
use crate::limits;
use crate::model::{Experiment, Rule, Variant};
use crate::range::{self, Range};
use crate::written;

impl<'a> Checker<'a> {
    pub(super) fn experiment(
        &mut self,
        experiment: &'a written::Experiment,
        namespace: Option<&str>,
        at: &At<'_>,
    ) -> Option<Experiment> {
        let id = experiment.id.as_deref();
        if let Some(id) = id {
            names::experiment_id(id, &at.key("id"), &mut self.problems);
            if !self.experiment_ids.insert(id) {
                self.problems.add(codes::DUPLICATE_ID, &at.key("id"), format!("another experiment is called {id}"));
            }
        }
        let slots = self.slots(experiment, at);
        let variants = self.variants(experiment, namespace, at);
        let services = self.services(experiment, namespace, at);
        let overrides = self.experiment_overrides(experiment, at);
        let rules = self.rules(experiment, at);
        let targeting = experiment.targeting.as_ref();
        let targeting = targeting.and_then(|condition| self.condition(condition, &at.key("targeting")));
        let audiences = self.audiences(experiment, &variants, at);
        Some(Experiment {
            id: id?.to_owned(),
            enabled: experiment.enabled.unwrap_or(true),
            kind: experiment.kind,
            epoch: experiment.epoch,
            services,
            slots,
            overrides,
            rules,
            targeting,
            variants,
            audiences,
        })
    }

    fn slots(&mut self, experiment: &written::Experiment, at: &At<'_>) -> Vec<Range> {
        let Some(written) = &experiment.slots else {
            if self.decides && !experiment.unreadable {
                self.problems.add(
                    codes::MISSING_FIELD,
                    at,
                    "`slots` is missing; `slots: all` owns the whole line, `slots: none` nothing",
                );
            }
            return Vec::new();
        };
        let at = at.key("slots");
        let mut ranges = shares::ranges(written, &at, &mut self.problems);
        ranges.sort_unstable();
        if let Some((a, b)) = ranges.iter().zip(ranges.iter().skip(1)).find(|(a, b)| b.start < a.end) {
            let message = format!("[{}, {}] overlaps [{}, {}]", b.start, b.end, a.start, a.end);
            self.problems.add(codes::RANGES_OVERLAP, &at, message);
        }
        range::merge(ranges)
    }

    fn variants(&mut self, experiment: &written::Experiment, namespace: Option<&str>, at: &At<'_>) -> Vec<Variant> {
        let ranges = shares::variant_ranges(experiment, at, &mut self.problems);
        let at = at.key("variants");
        let count = experiment.variants.len();
        if count > limits::VARIANTS_MAX {
            self.problems.add(
                codes::LIMIT,
                &at,
                format!("{count} variants; at most {} are allowed", limits::VARIANTS_MAX),
            );
        }
        let mut ids = HashSet::new();
        let mut variants = Vec::with_capacity(count);
        for (i, (variant, ranges)) in experiment.variants.iter().zip(ranges).enumerate() {
            let at = at.index(i);
            let Some(id) = &variant.id else { continue };
            names::variant_id(id, &at.key("id"), &mut self.problems);
            if !ids.insert(id) {
                self.problems.add(codes::DUPLICATE_ID, &at.key("id"), format!("another variant is called {id}"));
            }
            let env_tag = self.env_tag_of(experiment, variant, id, &at);
            let mut routes = variant.routes.clone();
            for (service, target) in &routes {
                let routes_at = at.key("routes");
                let at = routes_at.key(service);
                names::service(service, namespace, &at, &mut self.problems);
                names::route_target(target, service, namespace, &at, &mut self.problems);
            }
            routes.sort_unstable();
            variants.push(Variant { id: id.clone(), ranges, env_tag, routes });
        }
        variants.sort_by(|a, b| a.id.cmp(&b.id));
        variants
    }

    fn env_tag_of(
        &mut self,
        experiment: &written::Experiment,
        variant: &written::Variant,
        id: &str,
        at: &At<'_>,
    ) -> String {
        let (tag, at) = match &variant.env_tag {
            Some(tag) => (tag.clone(), at.key("env_tag")),
            None => (Experiment::default_tag(experiment.id.as_deref().unwrap_or("?"), id), at.key("id")),
        };
        // Without the experiment's id the default cannot be judged; the missing id has been reported.
        if variant.env_tag.is_some() || experiment.id.is_some() {
            names::tag(&tag, &at, &mut self.problems);
            if !self.env_tags.insert(tag.clone()) {
                self.problems.add(
                    codes::DUPLICATE_ENV_TAG,
                    &at,
                    format!("another variant of this policy has the env tag {tag}"),
                );
            }
        }
        tag
    }

    fn services(&mut self, experiment: &written::Experiment, namespace: Option<&str>, at: &At<'_>) -> Vec<String> {
        let routed =
            || experiment.variants.iter().enumerate().flat_map(|(i, v)| v.routes.iter().map(move |(s, _)| (i, s)));
        let mut services = match &experiment.services {
            None => routed().map(|(_, service)| service.clone()).collect(),
            Some(services) => {
                let services_at = at.key("services");
                for (i, service) in services.iter().enumerate() {
                    names::service(service, namespace, &services_at.index(i), &mut self.problems);
                }
                let known: HashSet<&String> = services.iter().collect();
                for (i, service) in routed().filter(|(_, service)| !known.contains(service)) {
                    let message = format!(
                        "{service} is not among the experiment's services; add it there or leave the route out"
                    );
                    let at = at.key("variants");
                    let at = at.index(i);
                    self.problems.add(codes::ROUTE_OUTSIDE_SERVICES, &at.key("routes").key(service), message);
                }
                services.clone()
            }
        };
        services.sort_unstable();
        services.dedup();
        services
    }

    fn rules(&mut self, experiment: &written::Experiment, at: &At<'_>) -> Vec<Rule> {
        let at = at.key("rules");
        let count = experiment.rules.len();
        if count > limits::RULES_MAX {
            self.problems.add(codes::LIMIT, &at, format!("{count} rules; at most {} are allowed", limits::RULES_MAX));
        }
        let mut rules = Vec::with_capacity(count);
        for (i, rule) in experiment.rules.iter().enumerate() {
            let at = at.index(i);
            if let Some(variant) = &rule.variant {
                self.known_variant(experiment, variant, &at.key("variant"));
            }
            let when = rule.when.as_ref().and_then(|condition| self.condition(condition, &at.key("when")));
            if let (Some(when), Some(variant)) = (when, &rule.variant) {
                rules.push(Rule { when, variant: (variant != "stable").then(|| variant.clone()) });
            }
        }
        rules
    }
}
