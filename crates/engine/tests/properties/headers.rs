//! Header lines, and what edits do to them: as Envoy does it, which keeps the lines of a name in order.

use std::borrow::Cow;

use weir_engine::{Decision, Edit, Exchange, Plan};

/// Names and values in the order of arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Lines {
    /// The request, as a plan decides it.
    pub fn decided<'p>(&self, plan: &'p Plan) -> Exchange<'p, '_> {
        self.sent_to(plan, None)
    }

    /// The same, where Envoy has chosen this cluster for it.
    pub fn sent_to<'p, 'a>(&'a self, plan: &'p Plan, destination: Option<&'a [u8]>) -> Exchange<'p, 'a> {
        self.exchange(plan, DICE, destination)
    }

    /// The same, where these are the random bytes of units that are made.
    pub fn decided_with<'p>(&self, plan: &'p Plan, random: [u8; 16]) -> Exchange<'p, '_> {
        self.exchange(plan, random, None)
    }

    fn exchange<'p, 'a>(&'a self, plan: &'p Plan, random: [u8; 16], destination: Option<&'a [u8]>) -> Exchange<'p, 'a> {
        let lines = self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
        plan.exchange(lines, || Some(random), |_| None, || destination.map(Cow::Borrowed))
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
    let exchange = lines.sent_to(plan, destination);
    let mut edited = lines.clone();
    for edit in exchange.edits() {
        let before = edited.by_name();
        edited = edited.edited(&edit);
        assert_ne!(edited.by_name(), before, "an edit that changes nothing: {edit:?}");
    }
    (outcomes(exchange.decision()), edited)
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
