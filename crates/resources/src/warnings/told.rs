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
    for document in documents {
        let root = At::Root { source: document.source };
        let layers = root.key("layers");
        for (i, layer) in document.layers.iter().enumerate() {
            let at = layers.index(i);
            let experiments = at.key("experiments");
            let Some(j) = layer.experiments.iter().position(|one| one.id.as_deref() == Some(experiment)) else {
                continue;
            };
            let at = experiments.index(j);
            let variants = at.key("variants");
            let found = layer.experiments[j].variants.iter().position(|one| one.id.as_deref() == Some(variant));
            let Some(k) = found else { continue };
            let at = variants.index(k);
            return match service {
                Some(service) => at.key("routes").key(service).path(),
                None => at.key("env_tag").path(),
            };
        }
    }
    // What takes effect and stands in no document.
    At::Root { source: documents.first().map(|document| document.source).unwrap_or_default() }.path()
}
