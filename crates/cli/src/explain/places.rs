//! Where the parts of a policy stand that the steps of a decision name.

use std::cell::OnceCell;

use weir_engine::why::{Scope, Step};
use weir_policy::written::Policy;
use weir_policy::{At, Places, Source, Sources};

/// The documents of a policy, with the places of all that is in them: a text is read again for these once something of it is
/// looked up.
pub struct PolicyPlaces<'a> {
    documents: Vec<(&'a Source, &'a Policy, OnceCell<Places>)>,
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
        let document = |policy: &'a Policy| Some((sources.get(policy.source)?, policy, OnceCell::new()));
        PolicyPlaces { documents: policies.iter().filter_map(document).collect() }
    }

    /// Where that stands which a step looked at: a rule, an override, an audience or a targeting.
    pub fn of_step(&self, step: &Step<'_>) -> Option<Place> {
        self.documents.iter().find_map(|(source, policy, places)| {
            let places = || places.get_or_init(|| source.places());
            let position = with_path(policy, step, |at| places().position(at))??;
            Some(Place { file: source.name.clone(), line: position.line })
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
            let (layer, place) = policy.place_of(experiment)?;
            let mut audiences = policy.layers[layer].experiments[place].audiences.iter();
            let place = audiences.position(|one| one.id.as_deref() == Some(audience))?;
            (Scope::Experiment(experiment), "audiences", place + 1)
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
            let (layer, index) = policy.place_of(id)?;
            Some(end(&root.key("layers").index(layer).key("experiments").index(index)))
        }
    }
}
