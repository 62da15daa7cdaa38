//! The arms of a release: what each routes, and its tag.

use std::collections::HashSet;

use weir_policy::written::{Kind, RouteTarget};
use weir_policy::{At, Problems, codes as document, names};

use super::values::at_most;
use crate::release::{Arm, CANARY, CONTROL};
use crate::{codes, limits, written};

/// The arms without control, by id. `canary` is there even where nothing is routed, so that rules and steps can be judged.
pub fn arms(written: &written::Release, has_control: bool, at: &At<'_>, problems: &mut Problems) -> Vec<Arm> {
    let mut arms = match (written.kind, &written.arms) {
        (Kind::Release, Some(_)) => {
            let message = "`arms` are of a test; a release has `services`, where its one arm `canary` is routed";
            problems.add(codes::ARMS_OR_SERVICES, &at.key("arms"), message);
            Vec::new()
        }
        (Kind::Test, Some(_)) if written.services.is_some() => {
            let message = "`services` are where one arm `canary` is routed; put them into `routes` of an arm";
            problems.add(codes::ARMS_OR_SERVICES, &at.key("services"), message);
            Vec::new()
        }
        (Kind::Test, Some(arms)) => of_test(written, arms, at, problems),
        (_, None) => vec![canary(written, at, problems)],
    };
    arms.sort_by(|a, b| a.id.cmp(&b.id));
    tags(written, &arms, has_control, at, problems);
    arms
}

/// The services that it routes or touches, sorted, each once.
pub fn services(written: &written::Release, at: &At<'_>, problems: &mut Problems) -> Vec<String> {
    let touches = at.key("touches");
    for (i, service) in written.touches.iter().enumerate() {
        names::service(service, None, &touches.index(i), problems);
    }
    let mut services: Vec<String> = each_service(written).map(|(service, _)| service.to_owned()).collect();
    services.sort_unstable();
    services.dedup();
    at_most(services.len(), limits::SERVICES_MAX, "services", &at.key("services"), problems);
    services
}

/// Where a service of a release is named.
#[derive(Clone, Copy)]
pub enum Place<'a> {
    /// In `services`.
    Services(&'a str),
    /// In `routes` of an arm.
    Arm(&'a str, &'a str),
    /// In `touches`.
    Touches(usize),
}

/// Each service that a release routes or touches, with its place.
pub fn each_service(written: &written::Release) -> impl Iterator<Item = (&str, Place<'_>)> {
    let services = written.services.iter().flatten().map(|(service, _)| (service.as_str(), Place::Services(service)));
    let arms = written
        .arms
        .iter()
        .flatten()
        .flat_map(|arm| arm.routes.iter().map(|(service, _)| (service.as_str(), Place::Arm(&arm.id, service))));
    let touches = written.touches.iter().enumerate().map(|(i, service)| (service.as_str(), Place::Touches(i)));
    services.chain(arms).chain(touches)
}

/// Where each arm's tag is written, control's too: at the arm's `env_tag`, or where the id stands that makes the default.
pub fn each_tag(written: &written::Release) -> Vec<(String, Vec<&str>)> {
    let Some(id) = &written.id else { return Vec::new() };
    let default = |arm: &str| weir_policy::model::Experiment::default_tag(id, arm);
    let mut tags = match &written.arms {
        None => vec![match &written.env_tag {
            Some(tag) => (tag.clone(), vec!["env_tag"]),
            None => (default(CANARY), vec!["id"]),
        }],
        Some(arms) => arms
            .iter()
            .map(|arm| match &arm.env_tag {
                Some(tag) => (tag.clone(), vec!["arms", &arm.id, "env_tag"]),
                None => (default(&arm.id), vec!["arms", &arm.id]),
            })
            .collect(),
    };
    let is_named = written.arms.iter().flatten().any(|arm| arm.id == CONTROL);
    if written.has_control.unwrap_or(true) && !is_named {
        tags.push((default(CONTROL), vec!["id"]));
    }
    tags
}

fn canary(written: &written::Release, at: &At<'_>, problems: &mut Problems) -> Arm {
    let routes = written.services.clone().unwrap_or_default();
    let is_empty = routes.is_empty() && (written.kind == Kind::Test || written.touches.is_empty());
    if is_empty && !written.unreadable {
        let message = match written.kind {
            Kind::Release => {
                "`services` is missing: where `canary` is routed; what routes nothing says in `touches` what it changes"
            }
            Kind::Test => "`arms` is missing, or `services`: where the one arm `canary` is routed",
        };
        problems.add(document::MISSING_FIELD, at, message);
    }
    self::routes(&routes, &at.key("services"), problems);
    let id = written.id.as_deref().unwrap_or_default();
    Arm { id: CANARY.to_owned(), env_tag: tag_of(&written.env_tag, id, CANARY), routes: sorted(&routes) }
}

fn of_test(written: &written::Release, arms: &[written::Arm], at: &At<'_>, problems: &mut Problems) -> Vec<Arm> {
    if written.env_tag.is_some() {
        let message = "`env_tag` is of the one arm `canary`; each of `arms` has its own";
        problems.add(codes::WRONG_KIND, &at.key("env_tag"), message);
    }
    let arms_at = at.key("arms");
    if arms.is_empty() && !written.unreadable {
        problems.add(document::LIMIT, &arms_at, format!("no arms; 1 to {} would do, control aside", limits::ARMS_MAX));
    }
    at_most(arms.len(), limits::ARMS_MAX, "arms without control", &arms_at, problems);
    let id = written.id.as_deref().unwrap_or_default();
    let mut arm = |arm: &written::Arm| {
        let at = arms_at.key(&arm.id);
        names::variant_id(&arm.id, &at, problems);
        if arm.id == CONTROL {
            let message =
                "`control` is there by itself, with the version of everybody else; `control: none` leaves it out";
            problems.add(document::RESERVED_ID, &at, message);
        }
        self::routes(&arm.routes, &at.key("routes"), problems);
        Arm { id: arm.id.clone(), env_tag: tag_of(&arm.env_tag, id, &arm.id), routes: sorted(&arm.routes) }
    };
    arms.iter().map(&mut arm).collect()
}

fn tag_of(written: &Option<String>, id: &str, arm: &str) -> String {
    written.clone().unwrap_or_else(|| weir_policy::model::Experiment::default_tag(id, arm))
}

fn routes(routes: &[(String, RouteTarget)], at: &At<'_>, problems: &mut Problems) {
    for (service, target) in routes {
        let at = at.key(service);
        names::service(service, None, &at, problems);
        names::route_target(target, service, None, &at, problems);
    }
}

fn sorted(routes: &[(String, RouteTarget)]) -> Vec<(String, RouteTarget)> {
    let mut routes = routes.to_vec();
    routes.sort_unstable();
    routes
}

/// That tags are such, and that those of one release are apart.
fn tags(written: &written::Release, arms: &[Arm], has_control: bool, at: &At<'_>, problems: &mut Problems) {
    if arms.is_empty() {
        return;
    }
    let (mut seen, mut judged) = (HashSet::new(), HashSet::new());
    for (tag, path) in each_tag(written) {
        // An id that makes no tags is told once, however many it would make.
        let is_first = judged.insert(path.clone());
        under(at, &path, &mut |at| {
            if is_first {
                names::tag(&tag, at, problems);
            }
            if !seen.insert(tag.clone()) {
                let hint = if has_control { ", control's included" } else { "" };
                let message = format!("another arm of this release has the env tag {tag}; each has its own{hint}");
                problems.add(document::DUPLICATE_ENV_TAG, at, message);
            }
        });
    }
}

/// Calls with the place that is so many keys below another.
pub fn under(at: &At<'_>, keys: &[&str], call: &mut dyn FnMut(&At<'_>)) {
    match keys.split_first() {
        Some((first, rest)) => under(&at.key(first), rest, call),
        None => call(at),
    }
}
