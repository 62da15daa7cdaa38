//! Where in a file an object stands, so that problems of it know their places.

use weir_policy::{At, Problems, Source, SourceId, codes};

/// The place of an object in a file.
#[derive(Clone)]
pub(super) struct Place {
    /// The file with only this document in it, so that places in it are places in the file.
    pub alone: Source,
    pub source: SourceId,
    /// Its place in the list that its document is, if it is one.
    pub item: Option<usize>,
}

impl Place {
    /// Calls back with the path of the object; the problems that are found then know their places.
    pub fn within<T>(&self, problems: &mut Problems, found: impl FnOnce(&At<'_>, &mut Problems) -> T) -> T {
        let mut inside = Problems::default();
        let root = At::Root { source: self.source };
        let value = match self.item {
            Some(index) => found(&root.key("items").index(index), &mut inside),
            None => found(&root, &mut inside),
        };
        let mut inside = inside.into_vec();
        self.alone.locate(&mut inside);
        problems.extend(inside);
        value
    }

    /// Reports a field of the object's spec: below entries of lists, and fields of these.
    pub fn refuse(&self, entries: &[(&str, usize)], fields: &[&str], message: String, problems: &mut Problems) {
        self.within(problems, |root, problems| refuse(&root.key("spec"), entries, fields, message, problems));
    }
}

fn refuse(at: &At<'_>, entries: &[(&str, usize)], fields: &[&str], message: String, problems: &mut Problems) {
    if let Some(((list, index), rest)) = entries.split_first() {
        refuse(&at.key(list).index(*index), rest, fields, message, problems);
    } else if let Some((field, rest)) = fields.split_first() {
        refuse(&at.key(field), &[], rest, message, problems);
    } else {
        problems.add(codes::CONFLICT, at, message);
    }
}
