//! What one policy does otherwise than another, pure: what changed in words, and who moves from what to what.
//!
//! ```text
//! two models --> words
//!            \-> layers, before and after --slots, ranges--> parts of all units, exactly
//!                                         \--overrides, and units that are given--> counts, by the engine
//! ```
//!
//! Lines are independent of each other, so that parts of one are multiplied with parts of another; and where a line is dealt
//! afresh what a unit had says nothing of what it gets. What depends on requests, rules and targeting, only requests can tell:
//! [`diff`] says of which layers that is so, and asks what it is given.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod asked;
mod conditions;
mod flows;
mod held;
mod leaving;
mod named;
mod place;
mod request;
mod side;
mod sweep;
mod words;

use weir_policy::Model;

pub use asked::Counts;
pub use flows::Flow;
pub use leaving::{Amount, Leaving};
pub use place::{Arm, Place};
pub use request::{Asked, Header, bare};
pub use words::{Change, Of, percentage};

use asked::{Deciders, Poll};
use side::{Pair, pairs};

/// What one policy does otherwise than another.
#[derive(Clone, Debug)]
pub struct Diff<'a> {
    /// What it says otherwise, in words.
    pub changes: Vec<Change>,
    /// Who moves, by layer; layers in which nothing is to be told are left out.
    pub layers: Vec<LayerMoves<'a>>,
    /// Arms that some leave without their shrink.
    pub leaving: Vec<Leaving<'a>>,
}

/// Who moves in a layer.
#[derive(Clone, Debug)]
pub struct LayerMoves<'a> {
    /// The layer, as it is called now if it is there.
    pub layer: &'a str,
    /// The layer where its experiments were, if this is of those that changed their layer.
    pub was: Option<&'a str>,
    /// The unit that is dealt.
    pub unit: &'a str,
    /// Whether the layer's line is dealt afresh, so that each experiment goes to each.
    pub is_afresh: bool,
    /// Whether parts are what is to be expected: the line, or an experiment's own, is dealt afresh. Else they are counted.
    pub is_expected: bool,
    /// Whether parts are of those alone whom no rule and no override forces, and who are targeted.
    pub is_of_dealt: bool,
    /// By slots and ranges.
    pub flows: Vec<Flow<'a>>,
    /// Of units that overrides name otherwise than before.
    pub named: Option<Counts<'a>>,
    /// What changed that only requests can tell, in words.
    pub by_requests: Vec<String>,
    /// Of requests that were given, where some can tell.
    pub asked: Option<Counts<'a>>,
}

/// Compares two policies. Where rules or targeting changed, and nowhere else, `asked` are asked.
pub fn diff<'a>(old: &'a Model, new: &'a Model, asked: &[Asked]) -> Diff<'a> {
    let pairs = pairs(old, new);
    let deciders = std::cell::LazyCell::new(|| Deciders::new(old, new));
    let mut leaving = Vec::new();
    let mut layers: Vec<LayerMoves<'a>> = Vec::new();
    for pair in &pairs {
        leaving.extend(leaving::leaving(pair));
        let units = named::changed(pair);
        let mut poll = [Poll::new(pair)];
        units.iter().for_each(|unit| Poll::ask(&deciders, &pair.request_of(unit), &mut poll));
        let [poll] = poll;
        let (named, left) = poll.into_found();
        leaving.extend(left);
        layers.push(moves(pair, (!units.is_empty()).then_some(named)));
    }
    let unsettled = pairs.iter().zip(&mut layers).filter(|(_, layer)| !layer.by_requests.is_empty());
    let (polled, told): (Vec<&Pair<'a>>, Vec<&mut LayerMoves<'a>>) = unsettled.unzip();
    if !asked.is_empty() && !polled.is_empty() {
        let mut polls: Vec<Poll<'_, 'a>> = polled.into_iter().map(Poll::new).collect();
        asked.iter().for_each(|one| Poll::ask(&deciders, one, &mut polls));
        for (poll, layer) in polls.into_iter().zip(told) {
            let (counts, left) = poll.into_found();
            layer.asked = Some(counts);
            leaving.extend(left);
        }
    }
    layers.retain(LayerMoves::has_something);
    Diff { changes: words::changes(old, new), layers, leaving }
}

fn moves<'a>(pair: &Pair<'a>, named: Option<Counts<'a>>) -> LayerMoves<'a> {
    let sides = [&pair.before, &pair.after];
    let was = pair.before.layer.filter(|_| !pair.before.is_whole());
    LayerMoves {
        layer: pair.id(),
        was: was.map(|layer| layer.id.as_str()),
        unit: pair.unit(),
        is_afresh: pair.before.layer.is_some() && pair.after.layer.is_some() && !pair.is_same_line(),
        is_expected: pair.is_dealt_afresh(),
        is_of_dealt: sides.into_iter().any(|side| conditions::asks_requests(side) || named::forces(side)),
        flows: flows::flows(pair),
        named,
        by_requests: conditions::changed(pair),
        asked: None,
    }
}

impl LayerMoves<'_> {
    fn has_something(&self) -> bool {
        !self.flows.is_empty() || self.named.is_some() || !self.by_requests.is_empty()
    }
}

#[cfg(test)]
mod tests;
