//! Audiences: what the arms own where a condition holds, and that no audience takes a unit from arm to arm.

use std::collections::HashSet;
use std::mem;

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
    /// The audiences of an experiment, in order; `variants` are its variants as they were read, by id.
    pub(super) fn audiences(
        &mut self,
        experiment: &'a written::Experiment,
        variants: &[Variant],
        at: &At<'_>,
    ) -> Vec<Audience> {
        let count = experiment.audiences.len();
        if count == 0 {
            return Vec::new();
        }
        let at = at.key("audiences");
        if count > limits::AUDIENCES_MAX {
            let message = format!("{count} audiences; at most {} are allowed", limits::AUDIENCES_MAX);
            self.problems.add(codes::LIMIT, &at, message);
        }
        let mut claims = Claims::default();
        for variant in variants {
            claims.add(None, &variant.id, &variant.ranges);
        }
        let mut ids = HashSet::new();
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
            let mut owned = self.owned(experiment, audience, &at);
            let mut ranges = Vec::with_capacity(owned.len());
            for variant in variants {
                let of_variant = owned.iter_mut().find(|(arm, owned)| *arm == variant.id && !owned.is_empty());
                if let Some((_, owned)) = of_variant {
                    claims.add(Some(i), &variant.id, owned);
                    ranges.push((variant.id.clone(), mem::take(owned)));
                }
            }
            if let (Some(id), Some(when)) = (&audience.id, when) {
                audiences.push(Audience { id: id.clone(), when, ranges });
            }
        }
        self.arms_apart(experiment, claims, &at);
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
    fn arms_apart(&mut self, experiment: &written::Experiment, claims: Claims<'_>, at: &At<'_>) {
        let place = |owner: &Owner<'_>| match owner.audience.and_then(|i| experiment.audiences.get(i)) {
            Some(audience) => format!("the audience {}", audience.id.as_deref().unwrap_or("?")),
            None => "`variants`".to_owned(),
        };
        let Claims { owners, ranges } = claims;
        for ((range, owner), (known_range, known_owner)) in overlaps(&owners, ranges) {
            let (Some(owner), Some(known)) = (owners.get(owner), owners.get(known_owner)) else { continue };
            let Some((i, audience)) = owner.audience.and_then(|i| Some((i, experiment.audiences.get(i)?))) else {
                continue;
            };
            let mut message = format!(
                "[{}, {}] of {} overlaps [{}, {}] of {} in {}: who changes audience would go from arm to arm",
                range.start,
                range.end,
                owner.arm,
                known_range.start,
                known_range.end,
                known.arm,
                place(known),
            );
            let (grown, other) = if owner.arm == CONTROL { (known, owner) } else { (owner, known) };
            if other.arm != CONTROL {
                message.push_str("; ranges that say the same of an arm in every audience keep arms apart");
            } else if range == Range::ALL || known_range == Range::ALL {
                message.push_str("; for 100% of ");
                message.push_str(grown.arm);
                message.push_str(" make control 0 in the same change");
                for (i, owner) in owners.iter().filter(|owner| owner.arm == CONTROL).enumerate() {
                    message.push_str(if i == 0 { ": in " } else { " and in " });
                    message.push_str(&place(owner));
                }
            }
            let field = if matches!(audience.owned, Some(Owned::Shares(_))) { "shares" } else { "ranges" };
            self.problems.add(codes::AUDIENCES_OVERLAP, &at.index(i).key(field).key(owner.arm), message);
        }
    }
}

/// What arms own, in the variants and in the audiences, in the order of the document.
#[derive(Default)]
struct Claims<'a> {
    owners: Vec<Owner<'a>>,
    /// With the place of the owner.
    ranges: Vec<(Range, usize)>,
}

/// An arm in an audience; in none what it owns is the variant's own.
struct Owner<'a> {
    audience: Option<usize>,
    arm: &'a str,
}

impl<'a> Claims<'a> {
    fn add(&mut self, audience: Option<usize>, arm: &'a str, ranges: &[Range]) {
        if !ranges.is_empty() {
            self.ranges.extend(ranges.iter().map(|range| (*range, self.owners.len())));
            self.owners.push(Owner { audience, arm });
        }
    }
}

/// Of each owner the first range that meets one of another arm, elsewhere and before it in the document.
fn overlaps(owners: &[Owner<'_>], mut ranges: Vec<(Range, usize)>) -> Vec<((Range, usize), (Range, usize))> {
    ranges.sort_unstable();
    let are_apart = |one: usize, other: usize| match (owners.get(one), owners.get(other)) {
        (Some(one), Some(other)) => one.arm == other.arm || one.audience == other.audience,
        _ => true,
    };
    let mut found: Vec<((Range, usize), (Range, usize))> = Vec::new();
    let mut open: Vec<(Range, usize)> = Vec::new();
    for claim in ranges {
        open.retain(|(range, _)| range.end > claim.0.start);
        for one in &open {
            let (before, behind) = if one.1 < claim.1 { (*one, claim) } else { (claim, *one) };
            if !are_apart(one.1, claim.1) && !found.iter().any(|(known, _)| known.1 == behind.1) {
                found.push((behind, before));
            }
        }
        open.push(claim);
    }
    found
}
