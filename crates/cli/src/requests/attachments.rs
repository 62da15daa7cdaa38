//! The attachments of requests: files, each read once, and those that stand in the document itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use weir_policy::{
    At, Attachment, AttachmentFile, Model, Problem, Problems, Role, SourceId, Sources, Spanned, Value, codes,
};

use crate::load;
use crate::problems::Failure;

/// Attachments, by number. The first is the one of requests that name none.
pub struct Attachments {
    all: Vec<(Attachment, Stands)>,
    by_file: BTreeMap<PathBuf, Option<usize>>,
}

/// Where an attachment stands.
enum Stands {
    /// Nowhere: the default.
    Nowhere,
    /// In a file of its own.
    File(SourceId),
    /// In a document of requests: at its top, or at the request of that number.
    Inline(SourceId, Option<usize>),
}

impl Attachments {
    /// The default one: of a file, or an edge that steers by tag.
    pub fn new(
        attach: Option<&Path>,
        role: Option<Role>,
        sources: &mut Sources,
        problems: &mut Problems,
    ) -> Result<Attachments, Failure> {
        let mut default = (Attachment::default(), Stands::Nowhere);
        if let Some(path) = attach {
            let source = sources.add(load::source(path)?);
            match AttachmentFile::read(sources, source) {
                Ok(file) => default = (file.attachment, Stands::File(source)),
                Err(found) => problems.extend(found),
            }
        }
        default.0.role = role.unwrap_or(default.0.role);
        Ok(Attachments { all: vec![default], by_file: BTreeMap::new() })
    }

    /// The number of the attachment that a document names or holds: the whole document, or the request of that number.
    pub fn read(
        &mut self,
        node: Spanned,
        document: &Path,
        (source, request): (SourceId, Option<usize>),
        at: &At<'_>,
        sources: &mut Sources,
        problems: &mut Problems,
    ) -> Option<usize> {
        if matches!(node.value, Value::Map(_)) {
            let attachment = Attachment::read_inline(node, at, problems)?;
            return Some(self.add(attachment, Stands::Inline(source, request)));
        }
        let Value::Str(name) = node.value else {
            return weir_policy::fields::mismatch(&node.value, "a file or an object", at, problems);
        };
        let path = document.with_file_name(&name);
        if let Some(known) = self.by_file.get(&path) {
            return *known;
        }
        let number = self.read_file(&path, at, sources, problems);
        self.by_file.insert(path, number);
        number
    }

    fn read_file(&mut self, path: &Path, at: &At<'_>, sources: &mut Sources, problems: &mut Problems) -> Option<usize> {
        let source = match load::source(path) {
            Ok(source) => sources.add(source),
            Err(failure) => {
                let said = failure.text(false);
                let said = said.trim_start_matches("weir: ").trim_end();
                problems.add(codes::BAD_VALUE, at, format!("{said}; an attachment file beside this one would do"));
                return None;
            }
        };
        match AttachmentFile::read(sources, source) {
            Ok(file) => Some(self.add(file.attachment, Stands::File(source))),
            Err(found) => {
                problems.extend(found);
                None
            }
        }
    }

    fn add(&mut self, attachment: Attachment, stands: Stands) -> usize {
        self.all.push((attachment, stands));
        self.all.len() - 1
    }

    /// Takes the default one away, which no request has: a policy need not have what only that one asks for.
    pub fn drop_default(&mut self) {
        self.all[0] = (Attachment { role: Role::Inbound, ..Attachment::default() }, Stands::Nowhere);
    }

    /// The attachment of a number.
    pub fn of(&self, number: usize) -> &Attachment {
        &self.all[number].0
    }

    /// All, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Attachment> {
        self.all.iter().map(|(attachment, _)| attachment)
    }

    /// What they ask of the policy that it does not have.
    pub fn check(&self, policy: &Model, problems: &mut Problems) {
        for (attachment, stands) in &self.all {
            let found: Vec<Problem> = match stands {
                Stands::Nowhere => Vec::new(),
                Stands::File(source) => attachment.problems_with(policy, *source),
                Stands::Inline(source, None) => {
                    attachment.problems_at(policy, &At::Root { source: *source }.key("attachment"))
                }
                Stands::Inline(source, Some(request)) => {
                    let root = At::Root { source: *source };
                    let list = root.key("requests");
                    attachment.problems_at(policy, &list.index(*request).key("attachment"))
                }
            };
            problems.extend(found);
        }
    }
}
