//! Shares and ranges: percentages to parts per million, sugar to ranges, and what keeps ranges apart.

use crate::document::{At, Problems, codes};
use crate::limits;
use crate::range::{self, Range, SLOTS};
use crate::written::Experiment;

/// Parts per million of a percentage: `5%`, `0.0001%`, `100%`.
pub fn parse(text: &str, at: &At<'_>, problems: &mut Problems) -> Option<u32> {
    let share = parts_per_million(text);
    if share.is_none() {
        problems.add(
            codes::BAD_SHARE,
            at,
            format!("found {text:?}; a percentage from 0% to 100% with up to four decimals would do"),
        );
    }
    share
}

/// The same without a word of what is wrong.
pub fn parts_per_million(text: &str) -> Option<u32> {
    let number = text.strip_suffix('%')?;
    let (whole, decimals) = number.split_once('.').map_or((number, None), |(whole, decimals)| (whole, Some(decimals)));
    let is_digits = |part: &str, max| (1..=max).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole, 3) || decimals.is_some_and(|decimals| !is_digits(decimals, 4)) {
        return None;
    }
    let decimals: u32 = format!("{:0<4}", decimals.unwrap_or_default()).parse().ok()?;
    let share = whole.parse::<u32>().ok()?.checked_mul(10_000)?.checked_add(decimals)?;
    (share <= SLOTS).then_some(share)
}

/// The ranges of every variant, in the order of the document.
pub(super) fn variant_ranges(experiment: &Experiment, at: &At<'_>, problems: &mut Problems) -> Vec<Vec<Range>> {
    let at = at.key("variants");
    let has_shares = experiment.variants.iter().any(|variant| variant.share.is_some());
    let has_ranges = experiment.variants.iter().any(|variant| variant.ranges.is_some());
    if has_shares && has_ranges {
        problems.add(codes::SHARES_AND_RANGES, &at, "shares and ranges in one experiment; use one of them throughout");
        return vec![Vec::new(); experiment.variants.len()];
    }
    if has_ranges { written_ranges(experiment, &at, problems) } else { ranges_of_shares(experiment, &at, problems) }
}

fn written_ranges(experiment: &Experiment, at: &At<'_>, problems: &mut Problems) -> Vec<Vec<Range>> {
    let mut each = Vec::with_capacity(experiment.variants.len());
    for (i, variant) in experiment.variants.iter().enumerate() {
        let at = at.index(i);
        each.push(ranges(variant.ranges.as_deref().unwrap_or_default(), &at.key("ranges"), problems));
    }
    for (i, message) in overlaps(&each) {
        problems.add(codes::RANGES_OVERLAP, &at.index(i).key("ranges"), message);
    }
    each.into_iter().map(range::merge).collect()
}

/// Where ranges of some arms overlap: the arm whose range starts later, and what to say of it.
pub(super) fn overlaps(each: &[Vec<Range>]) -> Vec<(usize, String)> {
    let arms = each.iter().enumerate();
    let mut all: Vec<(Range, usize)> =
        arms.flat_map(|(i, ranges)| ranges.iter().map(move |range| (*range, i))).collect();
    all.sort_unstable();
    let pairs = all.iter().zip(all.iter().skip(1)).filter(|((before, _), (after, _))| after.start < before.end);
    let overlap = |((before, _), (after, i)): (&(Range, usize), &(Range, usize))| {
        (*i, format!("[{}, {}] overlaps [{}, {}]", after.start, after.end, before.start, before.end))
    };
    pairs.map(overlap).collect()
}

/// Ranges as they are written, each on the line and not too many.
pub(super) fn ranges(written: &[(i64, i64)], at: &At<'_>, problems: &mut Problems) -> Vec<Range> {
    if written.len() > limits::RANGES_MAX {
        problems.add(codes::LIMIT, at, format!("{} ranges; at most {} are allowed", written.len(), limits::RANGES_MAX));
    }
    let mut read = Vec::with_capacity(written.len());
    for (i, (start, end)) in written.iter().enumerate() {
        match Range::new(*start, *end) {
            Some(range) => read.push(range),
            None => {
                let message = format!("[{start}, {end}] is no range; 0 <= from < to <= {SLOTS}, half open");
                problems.add(codes::BAD_RANGE, &at.index(i), message);
            }
        }
    }
    read
}

fn ranges_of_shares(experiment: &Experiment, at: &At<'_>, problems: &mut Problems) -> Vec<Vec<Range>> {
    let mut shares = Vec::with_capacity(experiment.variants.len());
    for (i, variant) in experiment.variants.iter().enumerate() {
        let at = at.index(i);
        let share = variant.share.as_ref().map_or(Some(0), |share| parse(share, &at.key("share"), problems));
        shares.push((variant.id.as_deref().unwrap_or("?"), share.unwrap_or(0)));
    }
    anchored(&shares, ": ranges: ", at, problems)
}

/// Shares are anchored by name: `control` grows down from the end, the one other arm up from 0. `is` stands between an arm
/// and its ranges where they are to be written instead.
pub(super) fn anchored(shares: &[(&str, u32)], is: &str, at: &At<'_>, problems: &mut Problems) -> Vec<Vec<Range>> {
    let total: u64 = shares.iter().map(|(_, share)| u64::from(*share)).sum();
    if total > u64::from(SLOTS) {
        let whole = total / 10_000;
        problems.add(
            codes::SHARES_OVER_100,
            at,
            format!("the shares are {whole}% and more together; at most 100% can be dealt"),
        );
        return vec![Vec::new(); shares.len()];
    }
    let growing = shares.iter().filter(|(arm, share)| *share > 0 && *arm != CONTROL).count();
    if growing > 1 {
        problems.add(codes::RANGES_NEEDED, at, suggestion(shares, is));
        return vec![Vec::new(); shares.len()];
    }
    let range = |(arm, share): &(&str, u32)| {
        let share = i64::from(*share);
        let all = i64::from(SLOTS);
        if *arm == CONTROL { Range::new(all.saturating_sub(share), all) } else { Range::new(0, share) }
    };
    shares.iter().map(|entry| range(entry).into_iter().collect()).collect()
}

/// The arm that gets the stable version and is measured.
pub(super) const CONTROL: &str = "control";

/// The ranges that the shares would have if the file's order could be trusted.
fn suggestion(shares: &[(&str, u32)], is: &str) -> String {
    let mut start = 0_u32;
    let mut lines = Vec::new();
    for (arm, share) in shares.iter().filter(|(_, share)| *share > 0) {
        let (from, to) = if *arm == CONTROL {
            (SLOTS.saturating_sub(*share), SLOTS)
        } else {
            let from = start;
            start = start.saturating_add(*share);
            (from, start)
        };
        lines.push(format!("{arm}{is}[[{from}, {to}]]"));
    }
    format!("with these shares a later change would move units; write ranges instead of shares: {}", lines.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_parts_per_million() {
        for (text, share) in [
            ("0%", Some(0)),
            ("5%", Some(50_000)),
            ("0.0001%", Some(1)),
            ("12.5%", Some(125_000)),
            ("99.9999%", Some(999_999)),
            ("100%", Some(1_000_000)),
            ("100.0000%", Some(1_000_000)),
            ("100.0001%", None),
            ("101%", None),
            ("0.00001%", None),
            ("5", None),
            ("%", None),
            ("5 %", None),
            ("-5%", None),
            (".5%", None),
            ("5.%", None),
            ("1000%", None),
            ("５%", None),
        ] {
            assert_eq!(parts_per_million(text), share, "{text}");
        }
    }
}
