//! One file of manifests: a name in the order of application, and YAML documents.

use crate::istio::object::{CLIENT_SIDE_BYTES_MAX, Object, Phase};

/// A file of manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name; the order of names is the order of safe application.
    pub name: String,
    /// YAML documents.
    pub text: String,
    /// Whether it holds an object that `kubectl apply` takes only with `--server-side`.
    pub server_side: bool,
    /// The file of VirtualServices that people had before, whose place it takes.
    pub replaces: Option<String>,
}

impl File {
    /// The objects of a phase as a file, if there are any.
    pub(crate) fn of(phase: Phase, objects: &[Object]) -> Option<File> {
        let objects: Vec<&Object> = objects.iter().filter(|object| object.phase == phase).collect();
        let texts: Vec<String> = objects.iter().map(|object| object.text()).collect();
        let server_side = objects.iter().any(|object| object.bytes() > CLIENT_SIDE_BYTES_MAX);
        (!texts.is_empty()).then(|| File {
            name: phase.file().to_owned(),
            text: texts.join("---\n"),
            server_side,
            replaces: None,
        })
    }
}
