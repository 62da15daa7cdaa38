//! Where the parts of a policy stand that the steps of a decision name.

use weir_engine::why::{Scope, Step};
use weir_policy::written::{Experiment, Layer, Policy};
use weir_policy::{At, Places, Sources};

/// The documents of a policy, with the places of all that is in them.
pub struct PolicyPlaces<'a> {
    documents: Vec<(&'a str, &'a Policy, Places)>,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl<'a> PolicyPlaces<'a> {
    /// The places of these documents, whose texts are among the sources.
    pub fn of(sources: &'a Sources, policies: &'a [Policy]) -> PolicyPlaces<'a> {
        let place = |policy: &'a Policy| {
            let source = sources.get(policy.source)?;
            Some((source.name.as_str(), policy, source.places()))
        };
        PolicyPlaces { documents: policies.iter().filter_map(place).collect() }
    }

    /// Where that stands which a step looked at: a rule, an override, an audience or a targeting.
    pub fn of_step(&self, step: &Step<'_>) -> Option<Place> {
        self.documents.iter().find_map(|(file, policy, places)| {
            let position = with_path(policy, step, |at| places.position(at))??;
            Some(Place { file: (*file).to_owned(), line: position.line })
        })
    }
}

/// Calls back with the path of what a step looked at, if this document has it.
fn with_path<T>(policy: &Policy, step: &Step<'_>, found: impl FnOnce(&At<'_>) -> T) -> Option<T> {
    let root = At::Root { source: policy.source };
    let (scope, list, number) = match step {
        Step::Rule { experiment, number, .. } => (Scope::Experiment(experiment), "rules", *number),
        Step::Override { of, number, .. } => (*of, "overrides", *number),
        Step::Audience { experiment, audience, .. } => {
            let (_, experiment) = experiment_of(policy, experiment)?;
            let place = experiment.1.audiences.iter().position(|one| one.id.as_deref() == Some(audience))?;
            (Scope::Experiment(experiment.1.id.as_deref()?), "audiences", place + 1)
        }
        Step::Targeting { of, .. } => (*of, "targeting", 0),
        _ => return None,
    };
    let end = |owner: &At<'_>| match number.checked_sub(1) {
        Some(index) => found(&owner.key(list).index(index)),
        None => found(&owner.key(list)),
    };
    match scope {
        Scope::Policy => policy.targeting.as_ref().map(|_| end(&root)),
        Scope::Layer(id) => {
            let index = policy.layers.iter().position(|layer| layer.id.as_deref() == Some(id))?;
            Some(end(&root.key("layers").index(index)))
        }
        Scope::Experiment(id) => {
            let ((layer, _), (index, _)) = experiment_of(policy, id)?;
            Some(end(&root.key("layers").index(layer).key("experiments").index(index)))
        }
    }
}

type Found<'a, T> = (usize, &'a T);

/// An experiment by its id, with its layer, each with its index.
fn experiment_of<'a>(policy: &'a Policy, id: &str) -> Option<(Found<'a, Layer>, Found<'a, Experiment>)> {
    policy.layers.iter().enumerate().find_map(|layer| {
        let mut experiments = layer.1.experiments.iter().enumerate();
        let found = experiments.find(|(_, experiment)| experiment.id.as_deref() == Some(id))?;
        Some((layer, found))
    })
}
