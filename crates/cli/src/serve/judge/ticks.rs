//! Ticks of releases: they are decided where the policy is, so that neither changes while the other is looked at.

use weir_policy::written::Policy;
use weir_policy::{Checked, Role};
use weir_release::decide::{Held, Written};
use weir_release::journal::{Node, Trouble};

use super::Judge;
use crate::effective::Effective;
use crate::problems::Failure;
use crate::serve::fleet::SharedFleet;
use crate::serve::progress::Progress;
use crate::serve::releases::{Around, Observed, Reach, Ticked, look, unrouted};

impl Judge {
    /// A tick of releases; none where there are none.
    pub(super) fn tick(&mut self, observed: Observed, fleet: &SharedFleet) -> Option<Ticked> {
        let mut releases = self.releases.take()?;
        let push = releases.state().push();
        let around = {
            let (fleet, progress) = (fleet.borrow(), self.progress.borrow());
            (Reach::of(&fleet, &progress), held(&progress), complaint(&progress))
        };
        let (reach, held, problems) = around;
        let proposal = &self.proposal;
        let role = proposal.role().unwrap_or(Role::Edge);
        let check = |documents: &[Policy]| match weir_policy::check(documents, role) {
            Ok(model) => {
                let effective = Effective::by_itself(Checked::from(model).into());
                proposal.deployment(&effective).err().map(|failure| trouble("fit", &failure)).into_iter().collect()
            }
            Err(problems) => {
                problems.iter().map(|problem| Trouble::new(problem.code.name(), problem.message.clone())).collect()
            }
        };
        let policies = &self.base.documents;
        let written = Written { policies, problems, source: proposal.additions, check: &check };
        let name = releases.name();
        let files = proposal.releases.clone().unwrap_or_else(|| Ok(Vec::new()));
        let look = look(name, &files, &proposal.sources, policies, releases.state(), releases.questions());
        let unrouted = unrouted(proposal, &self.base.policy.model.env_tag.header, releases.state());
        let ticked = releases.tick(observed, Around { look: &look, written: &written, held, unrouted, reach });
        let has_changed = releases.state().push() != push;
        self.releases = Some(releases);
        if has_changed {
            let additions = super::additions(self.releases.as_ref(), self.proposal.additions);
            self.proposal.take_effect(&additions);
            self.want(Ok(self.request.clone()));
        }
        Some(ticked)
    }
}

/// A push of releases that first nodes did not take.
fn held(progress: &Progress) -> Option<Held> {
    let taken = progress.pushes.newest().edges;
    let held = progress.held.as_ref().filter(|held| held.push > taken)?;
    let nodes = held.reasons.iter().map(|(node, why)| Node { node: node.clone(), why: why.clone() }).collect();
    Some(Held { taken, push: held.push, nodes })
}

/// What is wrong with what people wrote, so that it is not in force.
fn complaint(progress: &Progress) -> Vec<Trouble> {
    let first = |complaint: &String| complaint.lines().next().unwrap_or_default().to_owned();
    progress.complaint.iter().map(|complaint| Trouble::new("policy", first(complaint))).collect()
}

fn trouble(code: &str, failure: &Failure) -> Trouble {
    Trouble::new(code, failure.text(false).lines().next().unwrap_or_default())
}
