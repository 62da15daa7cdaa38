//! Whether targets are what they seem to be: each an Envoy of its own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::target::Target;
use crate::problems::Failure;
use crate::release::words::count;

/// Labels by which servers that put several Prometheus together tell these apart, where they do not merge them.
const REPLICAS: [&str; 4] = ["prometheus_replica", "replica", "__replica__", "receive_replica"];
/// Labels in which Envoys of one place differ.
const COMMON: [&str; 5] = ["instance", "pod", "node", "host", "kubernetes_pod_name"];
/// More targets are not told one by one.
const NAMED: usize = 3;

/// Refuses what would be counted twice, and says what may be.
pub fn check(targets: &[&Target], notes: &mut Vec<String>) -> Result<(), Failure> {
    if let Some(target) = targets.iter().find(|target| target.is_of_two()) {
        return Err(Failure::Message(format!(
            "weir: weir_assigned_total of {} falls again and again, as counters of several Envoys do whose labels are the same; an \
             `instance` for each of them would do\n",
            shown(target.labels())
        )));
    }
    replicas(targets)?;
    if let Some((one, other)) = twins(targets) {
        let [one, other] = [(one, other), (other, one)].map(|(one, other)| shown(&apart(one.labels(), other.labels())));
        notes.push(format!(
            "{one} and {other} count alike to a few requests, as one Envoy does that is scraped twice: then all counts double, and \
             --label NAME=VALUE of one of them would do"
        ));
    }
    for target in targets.iter().filter(|target| target.began_late().is_some()).take(NAMED) {
        let Some((at, had)) = target.began_late() else { continue };
        let at = Timestamp::from_millisecond(at).map(|at| format!("{at:.0}")).unwrap_or_default();
        let (labels, had) = (shown(target.labels()), count(had as u64));
        notes.push(format!(
            "{labels} is first seen at {at}, with {had} requests, which were counted as of then; were they of long before, --from {at} \
             would do"
        ));
    }
    notes.extend(differ(targets));
    Ok(())
}

/// Targets that are the same but for the label of a replica.
fn replicas(targets: &[&Target]) -> Result<(), Failure> {
    let mut seen: BTreeMap<BTreeMap<&String, &String>, &Target> = BTreeMap::new();
    for target in targets {
        let labels = target.labels().iter().filter(|(name, _)| !REPLICAS.contains(&name.as_str())).collect();
        if let Some(other) = seen.insert(labels, target) {
            let ours = apart(other.labels(), target.labels());
            let label = ours.iter().next().map(|(name, value)| format!("{name}={value}")).unwrap_or_default();
            return Err(Failure::Message(format!(
                "weir: weir_assigned_total is there twice, of {} and of {}: replicas that scraped the same Envoys; --label {label} \
                 would do, or an address at which they are merged\n",
                shown(&ours),
                shown(&apart(target.labels(), other.labels()))
            )));
        }
    }
    Ok(())
}

/// Two targets whose requests are spread over arms and parts so evenly alike as no two Envoys' are.
fn twins<'a>(targets: &[&'a Target]) -> Option<(&'a Target, &'a Target)> {
    let mut sorted: Vec<(f64, &Target)> = targets.iter().map(|one| (one.came().values().sum(), *one)).collect();
    sorted.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    sorted.iter().zip(sorted.iter().skip(1)).map(|((_, one), (_, other))| (*one, *other)).find(|(a, b)| are_twins(a, b))
}

/// Counts of two Envoys differ by about the root of their sum in each cell; those of one that is read twice hardly at all.
fn are_twins(one: &Target, other: &Target) -> bool {
    const REQUESTS: f64 = 40.0;
    const CELLS: usize = 24;
    const ALIKE: f64 = 0.1;
    let pairs = one.came().iter().filter_map(|(cell, ours)| Some((*ours, *other.came().get(cell)?)));
    let pairs: Vec<(f64, f64)> = pairs.filter(|(ours, theirs)| ours + theirs >= REQUESTS).collect();
    let (ours, theirs) = pairs.iter().fold((0.0, 0.0), |(a, b), (ours, theirs)| (a + ours, b + theirs));
    if pairs.len() < CELLS || ours <= 0.0 || theirs <= 0.0 {
        return false;
    }
    let apart = |(a, b): &(f64, f64)| (a - b * ours / theirs).powi(2) / (a + b);
    pairs.iter().map(apart).sum::<f64>() / (pairs.len() as f64) < ALIKE
}

/// Labels in which targets differ, beside those in which Envoys always do.
fn differ(targets: &[&Target]) -> Option<String> {
    let names: BTreeSet<&String> = targets.iter().flat_map(|target| target.labels().keys()).collect();
    let names = names.into_iter().filter(|name| !COMMON.contains(&name.as_str()));
    let differing: Vec<String> = names
        .filter_map(|name| {
            let values: BTreeSet<&str> =
                targets.iter().map(|target| target.labels().get(name).map_or("", String::as_str)).collect();
            let values: Vec<&str> = values.into_iter().collect();
            match values.len() {
                0 | 1 => None,
                2..=NAMED => Some(format!(
                    "{name} ({})",
                    values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ")
                )),
                many => Some(format!("{name} ({many} values)")),
            }
        })
        .collect();
    let all = targets.len();
    (!differing.is_empty()).then(|| {
        format!(
            "counts are of {all} targets, which differ in {}; --label NAME=VALUE takes some of them",
            differing.join(", ")
        )
    })
}

/// The labels of one that the other has not.
fn apart(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let apart = one.iter().filter(|(name, value)| other.get(*name) != Some(*value));
    apart.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn shown(labels: &BTreeMap<String, String>) -> String {
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", labels.join(", "))
}
