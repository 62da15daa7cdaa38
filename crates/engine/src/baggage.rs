//! Our member of the `baggage` header: read, and written without touching anybody else's bytes.

use std::borrow::Cow;

use crate::{blank, percent};

/// Bytes of the whole header, lines joined by a comma, that are still read.
const BYTES_MAX: usize = 8_192;
/// Members of the whole header that are still read.
const MEMBERS_MAX: usize = 64;

/// What the header holds for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Member<'a> {
    /// The header is over a limit: neither to be read nor written.
    TooLarge {
        /// Whether a member of ours is in it all the same.
        has_member: bool,
    },
    /// No member of ours.
    Absent,
    /// The value of our first member, percent-decoded once, without its properties.
    Value(Cow<'a, [u8]>),
}

/// Looks for the first member with this key.
pub(crate) fn read<'a>(lines: &[&'a [u8]], key: &[u8]) -> Member<'a> {
    let first = members(lines).find_map(|member| value(member, key));
    if is_too_large(lines) {
        return Member::TooLarge { has_member: first.is_some() };
    }
    match first {
        None => Member::Absent,
        Some(value) if value.contains(&b'%') => {
            Member::Value(Cow::Owned(percent::decode(value.iter().copied()).collect()))
        }
        Some(value) => Member::Value(Cow::Borrowed(value)),
    }
}

/// The lines with these tags as our one member, or without any if there are no tags; `None` if nothing changes.
///
/// No lines left means that the header goes.
pub(crate) fn write(lines: &[&[u8]], key: &[u8], tags: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
    let member = (!tags.is_empty()).then(|| [key, b"=", &tags.join(&b"%2C"[..])].concat());
    let mut ours = members(lines).filter(|piece| value(piece, key).is_some());
    if ours.next() == member.as_deref() && ours.next().is_none() {
        return None;
    }
    let mut unplaced = member.as_deref();
    let mut written: Vec<Vec<u8>> = lines.iter().filter_map(|line| rewrite(line, key, &mut unplaced)).collect();
    if let Some(member) = unplaced {
        match written.last_mut() {
            // A line without any member takes ours as its first: an empty member is none.
            Some(line) if is_blank(line) => *line = member.to_vec(),
            Some(line) => line.extend([b",", member].concat()),
            None => written.push(member.to_vec()),
        }
    }
    if written.iter().all(|line| is_blank(line)) {
        written.clear();
    }
    Some(written)
}

fn is_too_large(lines: &[&[u8]]) -> bool {
    let commas = lines.len().saturating_sub(1);
    let bytes = lines.iter().fold(commas, |sum, line| sum.saturating_add(line.len()));
    bytes > BYTES_MAX || members(lines).count() > MEMBERS_MAX
}

/// The pieces that are not blank, without the blanks around them.
fn members<'a>(lines: &[&'a [u8]]) -> impl Iterator<Item = &'a [u8]> {
    lines.iter().flat_map(|line| pieces(line)).map(blank::trim).filter(|piece| !piece.is_empty())
}

fn pieces(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b',')
}

/// The raw value of a piece if its key is ours.
fn value<'a>(piece: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut halves = piece.splitn(2, |byte| *byte == b'=');
    if blank::trim(halves.next()?) != key {
        return None;
    }
    halves.next()?.split(|byte| *byte == b';').next().map(blank::trim)
}

/// The line with its first piece of ours replaced by the member that is not placed yet, and without its others;
/// `None` if losing some leaves nothing.
fn rewrite(line: &[u8], key: &[u8], unplaced: &mut Option<&[u8]>) -> Option<Vec<u8>> {
    let mut kept: Vec<Cow<'_, [u8]>> = Vec::new();
    let (mut lost_any, mut lost_first, mut lost_last) = (false, false, false);
    for (position, piece) in pieces(line).enumerate() {
        lost_last = false;
        if value(piece, key).is_none() {
            kept.push(Cow::Borrowed(piece));
        } else if let Some(member) = unplaced.take() {
            kept.push(Cow::Owned(between_its_blanks(piece, member)));
        } else {
            lost_first |= position == 0;
            (lost_any, lost_last) = (true, true);
        }
    }
    let joined = kept.join(&b","[..]);
    let joined = if lost_first { blank::trim_start(&joined) } else { &joined };
    let joined = if lost_last { blank::trim_end(joined) } else { joined };
    (!lost_any || !is_blank(joined)).then(|| joined.to_vec())
}

fn between_its_blanks(piece: &[u8], member: &[u8]) -> Vec<u8> {
    let before = piece.strip_suffix(blank::trim_start(piece)).unwrap_or_default();
    let behind = piece.strip_prefix(blank::trim_end(piece)).unwrap_or_default();
    [before, member, behind].concat()
}

fn is_blank(line: &[u8]) -> bool {
    pieces(line).all(|piece| blank::trim(piece).is_empty())
}

#[cfg(test)]
mod tests;
