//! Why a request was decided as it was: the steps of each layer with what they looked at, told from the request, the plan and
//! the model it was compiled from.
//!
//! The steps are taken once more, one after the other and without an index, by the same pieces that decide: a condition is asked
//! by its own `holds`, a slot is the salt's. The filter tells nobody, so nothing of this is in the module.

mod deal;
mod follow;
mod step;
mod verdict;

use weir_policy::{Model, Role};

use crate::exchange::Exchange;
use crate::request::Request;

pub use step::{Scope, SeenLeaf, Step, TagsFrom, Verdict, Why};

impl Exchange<'_, '_> {
    /// The steps of every layer, by layer id; none for `inbound`, which decides nothing.
    ///
    /// `model` is the one that the plan was compiled from, `headers` are those that were decided: targeting of policy and layers
    /// is asked of the request as it came.
    pub fn why<'m, 'h>(
        &self,
        model: &'m Model,
        headers: impl Iterator<Item = (&'h [u8], &'h [u8])> + Clone,
    ) -> Vec<Why<'m>> {
        let plan = self.decision.plan;
        let mut as_it_came = Request::default();
        as_it_came.read(plan, headers, || None);
        let layers = model.layers.iter().enumerate();
        layers
            .map(|(index, layer)| {
                let mut steps = match plan.attachment.role {
                    Role::Edge => deal::steps(self, &as_it_came, model, layer, index),
                    Role::Mesh => follow::steps(self, model, layer, index),
                    Role::Inbound => Vec::new(),
                };
                steps.extend(self.conflict(model, index));
                Why { layer: &layer.id, steps }
            })
            .filter(|why| !why.steps.is_empty())
            .collect()
    }
}

#[cfg(test)]
mod tests;
