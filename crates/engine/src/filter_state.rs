//! The filter state `wasm.weir`: what was decided, for access logs and traces.

use weir_policy::{Role, Trace};

use crate::exchange::Exchange;
use crate::percent;

/// Bytes of the text.
const BYTES_MAX: usize = 2_048;
const CUT: &str = ";cut";
/// Room for an entry or two.
const USUAL_BYTES: usize = 96;

impl Exchange<'_, '_> {
    /// `1;REVISION;LAYER=EXPERIMENT/VARIANT/REASON,…`, with `/AUDIENCE` in the entries of experiments that have audiences, and
    /// with `;u=UNIT` where the attachment wants it; `None` where no policy is in force or nothing is decided.
    pub fn filter_state(&self) -> Option<String> {
        let plan = self.decision.plan;
        let attachment = &plan.attachment;
        if attachment.role == Role::Inbound {
            return None;
        }
        let head = plan.filter_state_head.as_ref()?;
        let mut text = String::with_capacity(head.len().saturating_add(USUAL_BYTES));
        text.push_str(head);
        let unit = plan.log_unit.and_then(|unit| plan.units.get(unit)).and_then(|unit| self.request.unit(unit));
        let unit = unit.map(|unit| format!(";u={}", percent::encode(unit))).unwrap_or_default();
        let room = BYTES_MAX.saturating_sub(unit.len());
        let room_with_cut = room.saturating_sub(CUT.len());
        let mut last_end = head.len();
        for (outcome, layer) in self.decision.outcomes.iter().zip(&plan.layers) {
            if attachment.trace == Trace::Shaped && outcome.experiment.is_none() {
                continue;
            }
            if text.len() > head.len() {
                text.push(',');
            }
            text.push_str(&layer.id);
            text.push('=');
            text.push_str(outcome.experiment.map_or("-", |experiment| &experiment.id));
            text.push('/');
            text.push_str(outcome.variant.map_or("stable", |variant| &variant.id));
            text.push('/');
            text.push_str(outcome.reason.name());
            if let Some(audience) = outcome.experiment.and_then(|experiment| experiment.audience.as_deref()) {
                text.push('/');
                text.push_str(audience);
            }
            if text.len() <= room_with_cut {
                last_end = text.len();
            } else if text.len() > room {
                text.truncate(last_end);
                text.push_str(&unit);
                text.push_str(CUT);
                return Some(text);
            }
        }
        text.push_str(&unit);
        Some(text)
    }
}

/// A filter state with the unit taken out of it; `None` if there is none in it.
pub fn without_unit(state: &str) -> Option<String> {
    // Behind the version, the revision and the outcomes; none of them has a semicolon in it, and neither has the unit.
    let (end, _) = state.match_indices(';').nth(2)?;
    let (decision, rest) = state.split_at_checked(end)?;
    let unit = rest.strip_prefix(";u=")?;
    let cut = unit.find(';').and_then(|end| unit.get(end..)).unwrap_or_default();
    Some([decision, cut].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_policy::{Attachment, Source, Sources, read_policy};

    use crate::Plan;

    /// A policy of many layers whose state would be as long as is wanted.
    fn state(layers: usize, trace: Trace) -> String {
        let layer = |i| format!("{{id: layer-{i:03}, unit: u, experiments: [{{id: experiment-{i:03}, slots: all}}]}}");
        let layers: Vec<String> = (0..layers).map(layer).collect();
        let policy = format!("{{version: 1, units: {{u: [{{header: u}}]}}, layers: [{}]}}", layers.join(", "));
        let model = read_policy(&Sources::of([Source::yaml("policy.yaml", policy)]), Role::Edge).unwrap();
        let attachment = Attachment { trace, ..Attachment::default() };
        let plan = Plan::compile(&model, &attachment, "0123456789ab".parse().ok());
        let headers: [(&[u8], &[u8]); 1] = [(b"u", b"ada")];
        plan.exchange(headers.into_iter(), || None, |_| None, || None).filter_state().unwrap()
    }

    #[test]
    fn entries_are_cut_whole_from_the_end() {
        let entry = "layer-000=experiment-000/stable/no_variant";
        assert_eq!(state(1, Trace::Shaped), format!("1;0123456789ab;{entry}"));
        // 15 bytes of head, 42 an entry, a comma between them: 47 entries are 2,035 bytes, 48 would be 2,078.
        let (at, over) = (state(47, Trace::All), state(48, Trace::All));
        assert_eq!((at.len(), at.ends_with(CUT)), (2_035, false));
        assert_eq!(over, format!("{}{CUT}", at));
    }

    #[test]
    fn a_unit_can_be_taken_out() {
        for (state, expected) in [
            ("1;0123456789ab;u=e/v/assigned;u=ada", Some("1;0123456789ab;u=e/v/assigned")),
            ("1;0123456789ab;u=e/v/assigned;u=a%3B=;cut", Some("1;0123456789ab;u=e/v/assigned;cut")),
            ("1;0123456789ab;;u=ada", Some("1;0123456789ab;")),
            ("1;0123456789ab;u=e/v/assigned", None),
            ("1;0123456789ab;u=e/v/assigned;cut", None),
            ("", None),
        ] {
            assert_eq!(without_unit(state).as_deref(), expected, "{state}");
        }
    }
}
