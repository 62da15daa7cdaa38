//! The filter state `wasm.weir`: what was decided, for access logs and traces.

use crate::attachment::Trace;
use crate::decision::Decision;

/// Bytes of the text.
const BYTES_MAX: usize = 2_048;
const CUT: &str = ";cut";

impl Decision<'_> {
    /// `1;REVISION;LAYER=EXPERIMENT/VARIANT/REASON,…`; `None` where no policy is in force.
    pub fn state(&self, trace: Trace) -> Option<String> {
        let mut text = format!("1;{};", self.plan.revision()?);
        let whole_entries = text.len();
        let mut ends = vec![whole_entries];
        for outcome in self.layers() {
            if trace == Trace::Shaped && outcome.experiment.is_none() {
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
