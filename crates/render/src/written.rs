//! A policy as it is rendered, with where in its texts each service stands.

use weir_policy::model::RouteTarget;
use weir_policy::written::Policy;
use weir_policy::{At, Code, Model, Path, Problem, Problems, SourceId, Sources};

/// A policy, and the documents that say where in its texts something stands.
#[derive(Clone, Copy)]
pub struct WrittenPolicy<'a> {
    /// What it means.
    pub model: &'a Model,
    /// What people wrote.
    pub documents: &'a [Policy],
}

/// A service as a document names it.
#[derive(Clone, Copy)]
enum Mention<'a> {
    /// A key of some `routes`, with where it leads.
    Routed(&'a str, &'a RouteTarget),
    /// Where a route leads instead.
    Target(&'a str),
    /// One of an experiment's `services`.
    Listed(&'a str),
}

impl WrittenPolicy<'_> {
    /// Reports a service where the policy first names it: where it is routed, else where it is led to, else in a list.
    pub(crate) fn report(self, service: &str, code: Code, message: String, problems: &mut Problems) {
        let place = self
            .place(|mention| matches!(mention, Mention::Routed(name, _) if name == service))
            .or_else(|| self.place(|mention| matches!(mention, Mention::Target(name) if name == service)))
            .or_else(|| self.place(|mention| matches!(mention, Mention::Listed(name) if name == service)));
        self.report_at(place, code, message, problems);
    }

    /// Reports where the policy first leads a service to a subset.
    pub(crate) fn report_subset(
        self,
        service: &str,
        subset: &str,
        code: Code,
        message: String,
        problems: &mut Problems,
    ) {
        let is_meant = |target: &RouteTarget| matches!(target, RouteTarget::Subset(name) if name == subset);
        let place = self
            .place(|mention| matches!(mention, Mention::Routed(name, target) if name == service && is_meant(target)));
        self.report_at(place, code, message, problems);
    }

    /// Whether the policy names a service.
    pub(crate) fn names(self, service: &str) -> bool {
        let is_named = |mention: Mention<'_>| {
            let (Mention::Routed(name, _) | Mention::Target(name) | Mention::Listed(name)) = mention;
            name == service
        };
        self.place(is_named).is_some()
    }

    /// The largest of its texts.
    pub(crate) fn largest(self, sources: &Sources) -> SourceId {
        let bytes = |source: &SourceId| sources.get(*source).map(|source| source.text.len());
        self.documents.iter().map(|one| one.source).max_by_key(bytes).unwrap_or_default()
    }

    fn report_at(self, place: Option<(SourceId, Path)>, code: Code, message: String, problems: &mut Problems) {
        // What takes effect may stand in no document.
        let first = || At::Root { source: self.documents.first().map(|one| one.source).unwrap_or_default() }.path();
        let (source, path) = place.unwrap_or_else(first);
        problems.push(Problem { code, source, path, position: None, message });
    }

    fn place(self, is_meant: impl Fn(Mention<'_>) -> bool) -> Option<(SourceId, Path)> {
        let mut found = None;
        self.each(&mut |mention, at| {
            if found.is_none() && is_meant(mention) {
                found = Some(at.path());
            }
        });
        found
    }

    fn each(self, visit: &mut dyn FnMut(Mention<'_>, &At<'_>)) {
        for document in self.documents {
            let root = At::Root { source: document.source };
            let layers = root.key("layers");
            for (index, layer) in document.layers.iter().enumerate() {
                let layer_at = layers.index(index);
                let experiments = layer_at.key("experiments");
                for (index, experiment) in layer.experiments.iter().enumerate() {
                    let at = experiments.index(index);
                    for (index, service) in experiment.services.iter().flatten().enumerate() {
                        visit(Mention::Listed(service), &at.key("services").index(index));
                    }
                    let variants = at.key("variants");
                    let routes = experiment.variants.iter().enumerate();
                    for (index, (service, target)) in routes.flat_map(|(i, one)| one.routes.iter().map(move |r| (i, r)))
                    {
                        let variant = variants.index(index);
                        let routes = variant.key("routes");
                        let at = routes.key(service);
                        visit(Mention::Routed(service, target), &at);
                        if let RouteTarget::Service(target) = target {
                            visit(Mention::Target(target), &at.key("service"));
                        }
                    }
                }
            }
        }
    }
}
