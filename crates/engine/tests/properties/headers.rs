//! Header lines, and what edits do to them: as Envoy does it, which keeps the lines of a name in order.

use weir_engine::{Decision, Edit, Plan, Request};

/// Names and values in the order of arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Lines {
    /// The request, as a plan reads it.
    pub fn read<'a>(&'a self, plan: &Plan) -> Request<'a> {
        self.read_with(plan, DICE)
    }

    /// The same, where these are the random bytes of units that are made.
    pub fn read_with<'a>(&'a self, plan: &Plan, dice: [u8; 16]) -> Request<'a> {
        let lines = self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
        Request::read(plan, lines, || Some(dice))
    }

    /// The values of a name.
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        self.0.iter().filter(|(known, _)| known == name.as_bytes()).map(|(_, value)| value.as_slice()).collect()
    }

    /// The lines with an edit made.
    pub fn edited(&self, edit: &Edit) -> Lines {
        let mut lines = self.without(&edit.name);
        lines.0.extend(edit.lines.iter().map(|line| (edit.name.clone(), line.clone())));
        lines
    }

    /// The lines without those of a name.
    pub fn without(&self, name: &[u8]) -> Lines {
        Lines(self.0.iter().filter(|(known, _)| known != name).cloned().collect())
    }

    /// The values of the crumbs of a name, in the order of arrival.
    pub fn crumbs(&self, name: &str) -> Vec<Vec<u8>> {
        let trimmed = |bytes: &[u8]| {
            let kept = |byte: &u8| !matches!(byte, b' ' | b'\t');
            let start = bytes.iter().position(kept).unwrap_or(bytes.len());
            let end = bytes.iter().rposition(kept).map_or(start, |last| last + 1);
            bytes[start..end].to_vec()
        };
        let crumbs = self.values("cookie").into_iter().flat_map(|line| line.split(|byte| *byte == b';'));
        let crumbs = crumbs.filter_map(|crumb| {
            let equals = crumb.iter().position(|byte| *byte == b'=')?;
            Some((trimmed(&crumb[..equals]), trimmed(&crumb[equals + 1..])))
        });
        crumbs.filter(|(known, _)| known == name.as_bytes()).map(|(_, value)| value).collect()
    }

    /// The lines of each name, whatever the order among names: what a reader of headers can tell apart.
    pub fn by_name(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut lines = self.0.clone();
        lines.sort_by(|a, b| a.0.cmp(&b.0));
        lines
    }
}

/// The random bytes of units that are made.
const DICE: [u8; 16] = [7; 16];

/// A hop: what it decides for each layer, and the lines as they go on.
pub fn hop(plan: &Plan, lines: &Lines, destination: Option<&[u8]>) -> (Outcomes, Lines) {
    let request = lines.read(plan);
    let decision = plan.decide(&request);
    let mut edited = lines.clone();
    let edits = decision.edits(&request, destination);
    assert!(
        decision.wants_destination(&request) || edits == decision.edits(&request, None),
        "{edits:?} of an unwanted one"
    );
    for edit in edits {
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
