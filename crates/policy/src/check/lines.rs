//! What layers on one line, and experiments that share a service, owe each other.

use std::collections::HashMap;

use crate::document::{At, Code, Problems, SourceId, codes};
use crate::range::Range;
use crate::written::{Experiment, Layer, Policy};

/// Where an experiment stands in the documents.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    source: SourceId,
    layer: usize,
    experiment: usize,
}

/// Everything that is judged across layers: who shares a line, who shares slots, who routes a service.
pub(super) fn check(documents: &[Policy], problems: &mut Problems) {
    lines_agree(documents, problems);
    let mut in_layer: HashMap<(SourceId, usize), Vec<Owned<'_>>> = HashMap::new();
    let mut on_line: HashMap<(&str, &str), Vec<Owned<'_>>> = HashMap::new();
    let mut routed: HashMap<&str, &str> = HashMap::new();
    for (place, layer, experiment) in experiments(documents) {
        let Some(line) = line_of(layer) else { continue };
        for service in routed_services(experiment) {
            let first = *routed.entry(service).or_insert(line);
            if first != line {
                let message = format!(
                    "{service} is routed by experiments on the line {first} too; one line must route it; {AUDIENCES}"
                );
                report(place, "variants", codes::SERVICE_ON_TWO_LINES, message, problems);
            }
        }
        let services = services_of(experiment);
        for (start, end) in experiment.slots.iter().flatten() {
            let Some(range) = Range::new(*start, *end) else { continue };
            let owned = Owned { range, place, id: experiment.id.as_deref().unwrap_or("?") };
            in_layer.entry((place.source, place.layer)).or_default().push(owned);
            for service in &services {
                on_line.entry((line, service)).or_default().push(owned);
            }
        }
    }
    let mut told = Vec::new();
    for owned in in_layer.into_values() {
        disjoint(owned, "an experiment of the same layer", &mut told);
    }
    for ((_, service), owned) in on_line {
        disjoint(owned, &format!("an experiment on the same line that shares {service}"), &mut told);
    }
    // One report a pair of experiments, in the order of the documents, whatever the order of the maps.
    told.sort();
    told.dedup_by_key(|(pair, _)| *pair);
    for ((_, later), message) in told {
        report(later, "slots", codes::SLOTS_OVERLAP, message, problems);
    }
}

/// What slots and lines cannot say.
const AUDIENCES: &str = "for a share of its own under a condition, give one experiment audiences";

/// Slots and whose they are.
#[derive(Clone, Copy)]
struct Owned<'a> {
    range: Range,
    place: Place,
    id: &'a str,
}

type Overlap = ((Place, Place), String);

fn disjoint(mut owned: Vec<Owned<'_>>, why: &str, told: &mut Vec<Overlap>) {
    owned.sort_by_key(|one| (one.range, one.place));
    let mut furthest: Option<Owned<'_>> = None;
    for one in owned {
        if let Some(before) = furthest
            && before.range.end > one.range.start
            && before.place != one.place
        {
            let (earlier, later) = if before.place < one.place { (before, one) } else { (one, before) };
            let (mine, theirs) = (later.range, earlier.range);
            let message = format!(
                "[{}, {}] overlaps [{}, {}] of {}, {why}; {AUDIENCES}",
                mine.start, mine.end, theirs.start, theirs.end, earlier.id
            );
            told.push(((earlier.place, later.place), message));
        }
        if furthest.is_none_or(|before| one.range.end > before.range.end) {
            furthest = Some(one);
        }
    }
}

fn lines_agree(documents: &[Policy], problems: &mut Problems) {
    let mut first: HashMap<&str, &Layer> = HashMap::new();
    for policy in documents {
        for (i, layer) in policy.layers.iter().enumerate() {
            let Some(line) = line_of(layer) else { continue };
            let other = *first.entry(line).or_insert(layer);
            let what = if other.epoch != layer.epoch {
                "epoch"
            } else if other.unit != layer.unit {
                "unit"
            } else {
                continue;
            };
            let root = At::Root { source: policy.source };
            let layers = root.key("layers");
            let id = other.id.as_deref().unwrap_or("?");
            problems.add(
                codes::LINE_DISAGREES,
                &layers.index(i),
                format!("layer {id} on the line {line} has another {what}"),
            );
        }
    }
}

fn experiments(documents: &[Policy]) -> impl Iterator<Item = (Place, &Layer, &Experiment)> {
    documents.iter().flat_map(|policy| {
        policy.layers.iter().enumerate().flat_map(move |(l, layer)| {
            let place = move |experiment| Place { source: policy.source, layer: l, experiment };
            layer.experiments.iter().enumerate().map(move |(e, experiment)| (place(e), layer, experiment))
        })
    })
}

fn line_of(layer: &Layer) -> Option<&str> {
    layer.line.as_deref().or(layer.id.as_deref())
}

fn routed_services(experiment: &Experiment) -> Vec<&str> {
    let routes = experiment.variants.iter().flat_map(|variant| &variant.routes);
    let mut services: Vec<&str> = routes.map(|(service, _)| service.as_str()).collect();
    services.sort_unstable();
    services.dedup();
    services
}

fn services_of(experiment: &Experiment) -> Vec<&str> {
    let Some(services) = &experiment.services else { return routed_services(experiment) };
    let mut services: Vec<&str> = services.iter().map(String::as_str).collect();
    services.sort_unstable();
    services.dedup();
    services
}

fn report(place: Place, field: &str, code: Code, message: String, problems: &mut Problems) {
    let root = At::Root { source: place.source };
    let layers = root.key("layers");
    let layer = layers.index(place.layer);
    let experiments = layer.key("experiments");
    problems.add(code, &experiments.index(place.experiment).key(field), message);
}
