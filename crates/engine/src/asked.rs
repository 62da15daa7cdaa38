//! What a request was asked once and is not asked again.

use std::cell::Cell;

/// The answers of one request.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Whether the policy's targeting holds.
    pub(crate) is_targeted: bool,
    /// Indices of the layers whose own targeting is false, rising.
    pub(crate) out_of_play: Vec<usize>,
    /// Of the conditions that stand in several places, as far as anybody asked them.
    pub(crate) answers: Box<[Cell<Option<bool>>]>,
}

impl Asked {
    /// Whether a layer is in play: its targeting holds, and the policy's.
    pub(crate) fn is_in_play(&self, layer: usize) -> bool {
        self.is_targeted && self.out_of_play.binary_search(&layer).is_err()
    }
}
