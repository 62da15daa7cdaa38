//! One Kubernetes object, with a comment above it for whoever reads the manifest.

use weir_policy::{At, Problems, Revision, SourceId, codes};

use crate::istio::marks::{self, Marks};
use crate::yaml::{Yaml, map};

/// The most bytes that an object may have: the API server and etcd take little more.
pub const OBJECT_BYTES_MAX: usize = 1_000_000;
/// The most bytes that `kubectl apply` takes without `--server-side`: it keeps a copy in an annotation, and all
/// annotations with their names may have 256 KiB.
pub const CLIENT_SIDE_BYTES_MAX: usize = 256 * 1024 - 1024;

/// An object to apply.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    /// The phase in which it is applied.
    pub phase: Phase,
    /// The version and the name of the kind.
    kind: (&'static str, &'static str),
    /// Namespace and name, for messages.
    called: String,
    comment: String,
    metadata: Yaml,
    spec: Yaml,
}

/// The phases of safe application, first to last; objects are taken away last to first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Guards against forged headers, before anything routes by these headers.
    Forgeries,
    /// Subsets, before the routes that name them.
    Subsets,
    /// Routes, and the filters that follow a decision.
    Mesh,
    /// The filters that decide.
    Edge,
}

impl Phase {
    pub const ALL: [Phase; 4] = [Phase::Forgeries, Phase::Subsets, Phase::Mesh, Phase::Edge];

    /// The name of the phase's file.
    pub fn file(self) -> &'static str {
        match self {
            Phase::Forgeries => "05-forgeries.yaml",
            Phase::Subsets => "10-subsets.yaml",
            Phase::Mesh => "20-mesh.yaml",
            Phase::Edge => "30-edge.yaml",
        }
    }

    /// The phase's wave in Argo CD, which applies the lowest first. What says none is in 0, as are the VirtualServices
    /// of others, which stand between the two last phases.
    fn argo_wave(self) -> &'static str {
        match self {
            Phase::Forgeries => "-3",
            Phase::Subsets => "-2",
            Phase::Mesh => "-1",
            Phase::Edge => "1",
        }
    }
}

impl Object {
    /// An object of Istio. `comment` is plain text, wrapped where it is to be wrapped.
    pub fn new(
        phase: Phase,
        kind: (&'static str, &'static str),
        namespace: &str,
        name: &str,
        comment: &str,
        spec: Yaml,
    ) -> Object {
        let metadata = map! {"name" => name, "namespace" => namespace};
        Object { phase, kind, called: format!("{namespace}/{name}"), comment: comment.to_owned(), metadata, spec }
    }

    /// The same with what it says of itself, and of the revision of the policy that it has something of.
    #[must_use]
    pub fn marked(self, marks: &Marks, revision: Option<Revision>) -> Object {
        let metadata = self.metadata.with("labels", Some(marks.labels()));
        let metadata = metadata.with("annotations", marks.annotations(revision, self.phase.argo_wave()));
        Object { comment: marks::COMMENT.to_owned() + &self.comment, metadata, ..self }
    }

    /// Its kind, namespace and name, for messages.
    pub fn called(&self) -> String {
        format!("{} {}", self.kind.1, self.called)
    }

    /// Whether Kubernetes would take both for one.
    pub fn is_titled_as(&self, other: &Object) -> bool {
        (self.kind, &self.called) == (other.kind, &other.called)
    }

    /// The bytes that Kubernetes stores.
    pub fn bytes(&self) -> usize {
        self.body().json_bytes()
    }

    /// Reports an object that Kubernetes would not take, to the largest text of the policy.
    pub fn check_size(&self, largest: SourceId, problems: &mut Problems) {
        let bytes = self.bytes();
        if bytes > OBJECT_BYTES_MAX {
            let message = format!(
                "{} {} would have {bytes} bytes; Kubernetes takes at most {OBJECT_BYTES_MAX}. Lists of units make a policy \
                 large: a header that says who is on the list keeps them out of it",
                self.kind.1, self.called
            );
            problems.add(codes::LIMIT, &At::Root { source: largest }, message);
        }
    }

    /// The YAML document, below its comment.
    pub fn text(&self) -> String {
        let comment: String = self.comment.lines().map(|line| format!("# {line}\n")).collect();
        comment + &self.body().text()
    }

    fn body(&self) -> Yaml {
        let (version, kind) = self.kind;
        map! {"apiVersion" => version, "kind" => kind, "metadata" => self.metadata.clone(), "spec" => self.spec.clone()}
    }
}
