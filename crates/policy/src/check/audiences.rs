//! Audiences: what the arms own where a condition holds, and that no audience takes a unit from arm to arm.

use std::collections::{BTreeMap, HashSet};

use super::shares::CONTROL;
use super::{Checker, names, shares};
use crate::document::{At, codes};
use crate::limits;
use crate::model::{Audience, Variant};
use crate::range::{self, Range};
use crate::written::{self, Owned};

/// An arm and what it owns.
type Arm<'a> = (&'a str, Vec<Range>);

impl<'a> Checker<'a> {
    /// The audiences of an experiment, in order; `variants` are its variants as they were read.
    pub(super) fn audiences(
        &mut self,
        experiment: &'a written::Experiment,
        variants: &[Variant],
        at: &At<'_>,
    ) -> Vec<Audience> {
        let at = at.key("audiences");
        let count = experiment.audiences.len();
        if count > limits::AUDIENCES_MAX {
            let message = format!("{count} audiences; at most {} are allowed", limits::AUDIENCES_MAX);
            self.problems.add(codes::LIMIT, &at, message);
        }
        let mut ids = HashSet::new();
        let mut arms = Vec::with_capacity(count);
        let mut audiences = Vec::with_capacity(count);
        for (i, audience) in experiment.audiences.iter().enumerate() {
            let at = at.index(i);
            if let Some(id) = &audience.id {
                names::audience_id(id, &at.key("id"), &mut self.problems);
                if !ids.insert(id) {
                    let message = format!("another audience is called {id}");
                    self.problems.add(codes::DUPLICATE_ID, &at.key("id"), message);
                }
            }
            let when = audience.when.as_ref().and_then(|condition| self.condition(condition, &at.key("when")));
            let owned = self.owned(experiment, audience, &at);
            if let (Some(id), Some(when)) = (&audience.id, when) {
                let owned = owned.iter().filter(|(_, ranges)| !ranges.is_empty());
                let mut ranges: Vec<_> = owned.map(|(arm, ranges)| ((*arm).to_owned(), ranges.clone())).collect();
                ranges.sort_unstable();
                audiences.push(Audience { id: id.clone(), when, ranges });
            }
            arms.push(owned);
        }
        self.arms_apart(experiment, variants, &arms, &at);
        audiences
    }

    /// What the arms own in an audience, in the order of the document.
    fn owned(
        &mut self,
        experiment: &written::Experiment,
        audience: &'a written::Audience,
        at: &At<'_>,
    ) -> Vec<Arm<'a>> {
        match &audience.owned {
            None => Vec::new(),
            Some(Owned::Shares(written)) => {
                let at = at.key("shares");
                let mut read = Vec::with_capacity(written.len());
                for (arm, share) in written {
                    self.known_arm(experiment, arm, &at.key(arm));
                    read.push((arm.as_str(), shares::parse(share, &at.key(arm), &mut self.problems).unwrap_or(0)));
                }
                let ranges = shares::anchored(&read, ": ", &at, &mut self.problems);
                read.into_iter().map(|(arm, _)| arm).zip(ranges).collect()
            }
            Some(Owned::Ranges(written)) => {
                let at = at.key("ranges");
                let mut read = Vec::with_capacity(written.len());
                for (arm, ranges) in written {
                    self.known_arm(experiment, arm, &at.key(arm));
                    read.push(shares::ranges(ranges, &at.key(arm), &mut self.problems));
                }
                for (i, message) in shares::overlaps(&read) {
                    let arm = written.get(i).map(|(arm, _)| arm.as_str()).unwrap_or_default();
                    self.problems.add(codes::RANGES_OVERLAP, &at.key(arm), message);
                }
                written.iter().map(|(arm, _)| arm.as_str()).zip(read.into_iter().map(range::merge)).collect()
            }
        }
    }

    fn known_arm(&mut self, experiment: &written::Experiment, arm: &str, at: &At<'_>) {
        let known: Vec<&str> = experiment.variants.iter().filter_map(|variant| variant.id.as_deref()).collect();
        if !known.contains(&arm) {
            let message = format!("no variant is called {arm}; {} would do", known.join(", "));
            self.problems.add(codes::UNKNOWN_VARIANT, at, message);
        }
    }

    /// Over the variants' own ranges and all audiences a slot has one arm. Within the variants or one audience that has been
    /// judged already.
    fn arms_apart(
        &mut self,
        experiment: &written::Experiment,
        variants: &[Variant],
        arms: &[Vec<Arm<'_>>],
        at: &At<'_>,
    ) {
        for ((audience, arm), (mine, theirs)) in overlaps(variants, arms) {
            let Some(written) = experiment.audiences.get(audience) else { continue };
            let place = |audience: Option<usize>| {
                let id = audience.and_then(|i| experiment.audiences.get(i)).map(|one| one.id.as_deref().unwrap_or("?"));
                id.map_or_else(|| "`variants`".to_owned(), |id| format!("the audience {id}"))
            };
            let grown = if mine.arm == CONTROL { theirs } else { mine };
            let controls = controls(variants, arms).map(place).collect::<Vec<_>>().join(" and in ");
            let advice = if mine.arm != CONTROL && theirs.arm != CONTROL {
                "; ranges that say the same of an arm in every audience keep arms apart".to_owned()
            } else if grown.range == Range::ALL {
                format!("; for 100% of {} make {CONTROL} 0 in the same change: in {controls}", grown.arm)
            } else {
                String::new()
            };
            let message = format!(
                "[{}, {}] of {arm} overlaps [{}, {}] of {} in {}: who changes audience would go from arm to arm{advice}",
                mine.range.start,
                mine.range.end,
                theirs.range.start,
                theirs.range.end,
                theirs.arm,
                place(theirs.audience),
            );
            let field = if matches!(written.owned, Some(Owned::Shares(_))) { "shares" } else { "ranges" };
            self.problems.add(codes::AUDIENCES_OVERLAP, &at.index(audience).key(field).key(arm), message);
        }
    }
}

/// Slots, whose they are, and in which audience; in none they are the variants' own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Claim<'a> {
    range: Range,
    audience: Option<usize>,
    arm: &'a str,
}

/// Of each audience and arm the first claim that meets one of another arm, elsewhere and before it in the document.
fn overlaps<'a>(
    variants: &'a [Variant],
    arms: &'a [Vec<Arm<'a>>],
) -> BTreeMap<(usize, &'a str), (Claim<'a>, Claim<'a>)> {
    let mut claims: Vec<Claim<'a>> = Vec::new();
    for variant in variants.iter().filter(|_| !arms.is_empty()) {
        claims.extend(variant.ranges.iter().map(|range| Claim { range: *range, audience: None, arm: &variant.id }));
    }
    for (audience, arms) in arms.iter().enumerate() {
        // What is no variant has been reported as that.
        for (arm, ranges) in arms.iter().filter(|(arm, _)| variants.iter().any(|variant| variant.id == *arm)) {
            claims.extend(ranges.iter().map(|range| Claim { range: *range, audience: Some(audience), arm }));
        }
    }
    claims.sort_unstable();
    let mut found = BTreeMap::new();
    let mut open: Vec<Claim<'a>> = Vec::new();
    for claim in claims {
        open.retain(|one| one.range.end > claim.range.start);
        for one in open.iter().filter(|one| one.arm != claim.arm && one.audience != claim.audience) {
            let (before, behind) = if one.audience < claim.audience { (*one, claim) } else { (claim, *one) };
            if let Some(audience) = behind.audience {
                found.entry((audience, behind.arm)).or_insert((behind, before));
            }
        }
        open.push(claim);
    }
    found
}

/// Where `control` owns something.
fn controls<'a>(variants: &'a [Variant], arms: &'a [Vec<Arm<'_>>]) -> impl Iterator<Item = Option<usize>> {
    let own = variants.iter().filter(|variant| variant.id == CONTROL && !variant.ranges.is_empty()).map(|_| None);
    let owns = |arms: &Vec<Arm<'_>>| arms.iter().any(|(arm, ranges)| *arm == CONTROL && !ranges.is_empty());
    own.chain(arms.iter().enumerate().filter(move |(_, arms)| owns(arms)).map(|(audience, _)| Some(audience)))
}
