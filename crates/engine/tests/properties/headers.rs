//! Header lines, and what edits do to them: as Envoy does it, which keeps the lines of a name in order.

use weir_engine::{Attachment, Decision, Edit, Plan, Request};

/// Names and values in the order of arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Lines {
    /// The request, as a plan reads it.
    pub fn read<'a>(&'a self, plan: &Plan) -> Request<'a> {
        Request::read(plan, self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice())))
    }

    /// The values of a name.
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        self.0.iter().filter(|(known, _)| known == name.as_bytes()).map(|(_, value)| value.as_slice()).collect()
    }

    /// The lines with an edit made.
    pub fn edited(&self, edit: &Edit) -> Lines {
        let (Edit::Set { name, .. } | Edit::Remove { name }) = edit;
        let mut lines: Vec<_> = self.0.iter().filter(|(known, _)| known != name).cloned().collect();
        if let Edit::Set { lines: values, .. } = edit {
            assert!(!values.is_empty(), "a header is set to no line");
            lines.extend(values.iter().map(|value| (name.clone(), value.clone())));
        }
        Lines(lines)
    }

    /// The lines of each name, whatever the order among names: what a reader of headers can tell apart.
    pub fn by_name(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut lines = self.0.clone();
        lines.sort_by(|a, b| a.0.cmp(&b.0));
        lines
    }
}

/// A hop: what it decides for each layer, and the lines as they go on.
pub fn hop(plan: &Plan, attachment: &Attachment, lines: &Lines, destination: Option<&[u8]>) -> (Outcomes, Lines) {
    let request = lines.read(plan);
    let decision = plan.decide(attachment.role, &request);
    let mut edited = lines.clone();
    for edit in decision.edits(attachment, &request, destination) {
        let before = edited.by_name();
        edited = edited.edited(&edit);
        assert_ne!(edited.by_name(), before, "an edit that changes nothing: {edit:?}");
    }
    (outcomes(&decision), edited)
}

/// Layer, experiment, variant and reason.
pub type Outcomes = Vec<(String, Option<String>, Option<String>, &'static str)>;

/// The outcomes of a decision, to be kept beyond its plan.
pub fn outcomes(decision: &Decision<'_>) -> Outcomes {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let outcome = |outcome: weir_engine::LayerOutcome<'_>| {
        (outcome.layer.to_owned(), owned(outcome.experiment), owned(outcome.variant), outcome.reason.name())
    };
    decision.layers().map(outcome).collect()
}

/// Layer and variant in force.
pub fn variants(outcomes: &Outcomes) -> Vec<(String, Option<String>)> {
    outcomes
        .iter()
        .map(|(layer, experiment, variant, _)| {
            let variant = variant.as_ref().zip(experiment.as_ref());
            (layer.clone(), variant.map(|(variant, experiment)| format!("{experiment}/{variant}")))
        })
        .collect()
}
