//! The id by which problems point to a text.

/// The id of a text among [`Sources`](crate::Sources), in the order in which they were added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(usize);

impl SourceId {
    /// The id of a text that is read by itself, and of the first one of [`Sources`](crate::Sources).
    pub const FIRST: SourceId = SourceId(0);

    pub(crate) fn nth(index: usize) -> SourceId {
        SourceId(index)
    }

    pub(crate) fn index(self) -> usize {
        self.0
    }
}
