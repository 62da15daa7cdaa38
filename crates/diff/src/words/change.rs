//! Something that a policy says otherwise.

use std::collections::BTreeMap;

/// A change, told in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is of.
    pub of: Of,
    /// The name of that; empty of the policy itself.
    pub id: String,
    /// In words.
    pub text: String,
}

/// What may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// The policy as a whole.
    Policy,
    /// What is kept together.
    Unit,
    /// A named list.
    List,
    /// Units that meet no experiment.
    Holdout,
    /// A layer.
    Layer,
    /// An experiment.
    Experiment,
}

impl Of {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Of::Policy => "policy",
            Of::Unit => "unit",
            Of::List => "list",
            Of::Holdout => "holdout",
            Of::Layer => "layer",
            Of::Experiment => "experiment",
        }
    }
}

/// What came, went, or is told of by name.
pub(crate) fn by_name<'a, T>(
    of: Of,
    before: &BTreeMap<&'a str, T>,
    after: &BTreeMap<&'a str, T>,
    came: impl Fn(&T) -> String,
    went: impl Fn(&T) -> String,
    changed: impl Fn(&T, &T) -> Vec<String>,
) -> Vec<Change> {
    let change = |id: &str, text: String| Change { of, id: id.to_owned(), text };
    let mut changes = Vec::new();
    for (id, new) in after {
        match before.get(id) {
            None => changes.push(change(id, came(new))),
            Some(old) => changes.extend(changed(old, new).into_iter().map(|text| change(id, text))),
        }
    }
    let gone = before.iter().filter(|(id, _)| !after.contains_key(*id));
    changes.extend(gone.map(|(id, old)| change(id, went(old))));
    changes
}
