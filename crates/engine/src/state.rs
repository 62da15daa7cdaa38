//! The filter state `wasm.weir`: what was decided, for access logs and traces.

use crate::attachment::{Attachment, Role, Trace};
use crate::decision::Decision;

/// Bytes of the text.
const BYTES_MAX: usize = 2_048;
const CUT: &str = ";cut";

impl Decision<'_> {
    /// `1;REVISION;LAYER=EXPERIMENT/VARIANT/REASON,…`; `None` where no policy is in force or nothing is decided.
    pub fn state(&self, attachment: &Attachment) -> Option<String> {
        if attachment.role == Role::Inbound {
            return None;
        }
        let mut text = format!("1;{};", self.plan.revision()?);
        let whole_entries = text.len();
        let mut ends = vec![whole_entries];
        for outcome in self.layers() {
            if attachment.trace == Trace::Shaped && outcome.experiment.is_none() {
                continue;
            }
            if text.len() > whole_entries {
                text.push(',');
            }
            let experiment = outcome.experiment.unwrap_or("-");
            let variant = outcome.variant.unwrap_or("stable");
            text.push_str(&format!("{}={experiment}/{variant}/{}", outcome.layer, outcome.reason.name()));
            ends.push(text.len());
        }
        if text.len() > BYTES_MAX {
            let room = BYTES_MAX.saturating_sub(CUT.len());
            text.truncate(ends.into_iter().rev().find(|end| *end <= room).unwrap_or(0));
            text.push_str(CUT);
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Plan, Request, Source, read_policy};

    /// A policy of many layers whose state would be as long as is wanted.
    fn state(layers: usize, trace: Trace) -> String {
        let layer = |i| format!("{{id: layer-{i:03}, unit: u, experiments: [{{id: experiment-{i:03}, slots: all}}]}}");
        let layers: Vec<String> = (0..layers).map(layer).collect();
        let policy = format!("{{version: 1, units: {{u: [{{header: u}}]}}, layers: [{}]}}", layers.join(", "));
        let model = read_policy(&[Source::yaml("policy.yaml", policy)], Role::Edge).unwrap();
        let plan = Plan::compile(&model, "0123456789ab".parse().ok());
        let headers: [(&[u8], &[u8]); 1] = [(b"u", b"ada")];
        let request = Request::read(&plan, headers.into_iter());
        let attachment = Attachment { trace, ..Attachment::default() };
        plan.decide(Role::Edge, &request).state(&attachment).unwrap()
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
}
