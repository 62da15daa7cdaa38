//! Whom of its units an experiment deals that has audiences, and as which of these.

use crate::plan::{Audiences, ExperimentPlan};
use crate::targeting::EvalContext;

impl Audiences {
    /// The experiment as it is for the first audience whose condition holds, the plain one where none does; nothing where the
    /// request is not targeted.
    #[cold]
    pub(crate) fn of<'p>(&'p self, plain: &'p ExperimentPlan, context: &EvalContext<'_>) -> Option<&'p ExperimentPlan> {
        if self.targeting.as_ref().is_some_and(|targeting| !targeting.holds(context)) {
            return None;
        }
        let held = self.each.iter().find(|(when, _)| when.holds(context));
        Some(held.map_or(plain, |(_, experiment)| experiment))
    }
}
