//! Where a unit may be.

/// A variant of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arm<'a> {
    /// Its experiment.
    pub experiment: &'a str,
    /// The variant.
    pub variant: &'a str,
}

/// Where a unit is, as one layer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place<'a> {
    /// In no arm.
    Stable,
    /// In this arm.
    Arm(Arm<'a>),
    /// In some arm of the layer's other experiments. Where a line is dealt afresh each goes to each, which nobody could read.
    Others,
}

impl<'a> Place<'a> {
    /// An arm of an experiment, or none.
    pub(crate) fn of(experiment: Option<&'a str>, variant: Option<&'a str>) -> Place<'a> {
        let arm = experiment.zip(variant).map(|(experiment, variant)| Arm { experiment, variant });
        arm.map_or(Place::Stable, Place::Arm)
    }
}
