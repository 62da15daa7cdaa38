//! What part of the requests of an arm and of control is planned to be the arm's.

use crate::release::Release;

/// The planned part, the same for each arm, in this step; none where there is nobody to compare with.
pub(crate) fn planned(release: &Release, step: Option<usize>) -> Option<f64> {
    let share = release.steps.get(step?)?.share;
    let planned = release.planned(share);
    let [(_, arm), .., (_, control)] = planned.as_slice() else { return None };
    let (arm, control) = (f64::from(*arm), f64::from(*control));
    release.is_compared(share).then_some(arm / (arm + control))
}
