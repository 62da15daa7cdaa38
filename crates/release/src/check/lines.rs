//! One service, one line: who changes a service on another line than a release's pool would deal its users a second time.

use std::collections::{HashMap, HashSet};

use weir_policy::written::{Experiment, Layer, Policy};
use weir_policy::{At, Problems, SourceId, codes as document, evidence};

use super::arms::{Place, each_service, under};
use crate::written::Release;

/// Who changes a service, and on which line.
struct Claim {
    line: String,
    /// The text of a release.
    release: Option<SourceId>,
    who: String,
}

/// Reports services that a release changes on its pool and others elsewhere, and layers that stand on a pool and do not fit it.
pub fn check(releases: &[&Release], policy: Option<&[Policy]>, problems: &mut Problems) {
    let mut claims: HashMap<&str, Vec<Claim>> = HashMap::new();
    let layers = || policy.unwrap_or_default().iter().flat_map(|policy| &policy.layers);
    for (layer, experiment) in layers().flat_map(|layer| layer.experiments.iter().map(move |one| (layer, one))) {
        let Some(line) = layer.line.as_ref().or(layer.id.as_ref()) else { continue };
        let (id, layer) = (experiment.id.as_deref().unwrap_or("?"), layer.id.as_deref().unwrap_or("?"));
        for service in services_of(experiment) {
            let who = format!("the experiment {id} of the layer {layer}");
            claims.entry(service).or_default().push(Claim { line: line.clone(), release: None, who });
        }
    }
    for release in releases {
        let Some(line) = pool(release) else { continue };
        let services: HashSet<&str> = each_service(release).map(|(service, _)| service).collect();
        for service in services {
            let who = format!("the release {}", release.id.as_deref().unwrap_or("?"));
            claims.entry(service).or_default().push(Claim { line: line.clone(), release: Some(release.source), who });
        }
    }
    for release in releases {
        let (Some(line), Some(unit)) = (pool(release), &release.unit) else { continue };
        let root = At::Root { source: release.source };
        layers().for_each(|layer| fits(layer, &line, unit, &root, problems));
        let mut told = HashSet::new();
        for (service, place) in each_service(release) {
            let claims = claims.get(service).into_iter().flatten();
            let Some(other) = claims.into_iter().find(|claim| claim.line != line) else { continue };
            if !told.insert(service) {
                continue;
            }
            let id = release.id.as_deref().unwrap_or("?");
            let fix = match other.release {
                None => format!("put its layer on the line {line}"),
                Some(_) => "give both the same unit".to_owned(),
            };
            let message = format!(
                "{service} is changed by {} on the line {} too, and by the release {id} on {line}; one line must have it: {fix}, or \
                 take the service out of one of them",
                other.who, other.line
            );
            at_place(place, &root, &mut |at| problems.add(document::SERVICE_ON_TWO_LINES, at, message.clone()));
        }
    }
}

/// The line that a release takes traffic from.
fn pool(release: &Release) -> Option<String> {
    release.unit.as_ref().map(|unit| format!("{}{unit}", evidence::POOL))
}

/// A layer that somebody put on a pool deals as the pool does.
fn fits(layer: &Layer, line: &str, unit: &str, root: &At<'_>, problems: &mut Problems) {
    if layer.line.as_deref().or(layer.id.as_deref()) != Some(line) {
        return;
    }
    let id = layer.id.as_deref().unwrap_or("?");
    let wrong = if layer.epoch != 0 {
        format!("has epoch {}, and a pool's is 0", layer.epoch)
    } else if layer.unit.as_deref().is_some_and(|other| other != unit) {
        format!("has another unit than {unit}")
    } else {
        return;
    };
    problems.add(document::LINE_DISAGREES, &root.key("unit"), format!("the layer {id} on the line {line} {wrong}"));
}

fn services_of(experiment: &Experiment) -> HashSet<&str> {
    match &experiment.services {
        Some(services) => services.iter().map(String::as_str).collect(),
        None => {
            let routes = experiment.variants.iter().flat_map(|variant| &variant.routes);
            routes.map(|(service, _)| service.as_str()).collect()
        }
    }
}

fn at_place(place: Place<'_>, root: &At<'_>, call: &mut dyn FnMut(&At<'_>)) {
    match place {
        Place::Services(service) => under(root, &["services", service], call),
        Place::Arm(arm, service) => under(root, &["arms", arm, "routes", service], call),
        Place::Touches(i) => call(&root.key("touches").index(i)),
    }
}
