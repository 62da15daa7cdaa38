//! Warnings as they are told: each with the place of what it is about.

use weir_policy::written::Policy;
use weir_policy::{At, Code, Path, Problem, SourceId};

use crate::routing::Route;

/// A warning about a route.
pub(super) fn at_route(code: Code, route: &Route, message: String) -> Problem {
    warning(code, (route.source, route.path.clone()), message)
}

/// A warning about what stands at a path.
pub(super) fn warning(code: Code, (source, path): (SourceId, Path), message: String) -> Problem {
    Problem { code, source, path, position: None, message }
}

/// The place of a variant's route of a service, or else of its tag.
pub(super) fn of_variant(
    documents: &[Policy],
    experiment: &str,
    variant: &str,
    service: Option<&str>,
) -> (SourceId, Path) {
    let found = documents.iter().find_map(|document| {
        let (layer, place) = document.place_of(experiment)?;
        let mut variants = document.layers.get(layer)?.experiments.get(place)?.variants.iter();
        let variant = variants.position(|one| one.id.as_deref() == Some(variant))?;
        let root = At::Root { source: document.source };
        let layers = root.key("layers");
        let layer = layers.index(layer);
        let experiments = layer.key("experiments");
        let experiment = experiments.index(place);
        let variants = experiment.key("variants");
        let variant = variants.index(variant);
        Some(match service {
            Some(service) => variant.key("routes").key(service).path(),
            None => variant.key("env_tag").path(),
        })
    });
    if let Some(found) = found {
        return found;
    }
    // What takes effect and stands in no document.
    At::Root { source: documents.first().map(|document| document.source).unwrap_or_default() }.path()
}
