//! What a plan reads of a request: headers, cookies and parameters by name, and the few that every request has; and what
//! was captured of it.

use std::borrow::Cow;

use hashbrown::HashMap;
use memchr::memchr;
use memchr::memmem::Finder;

use crate::blank;
use crate::cookie::crumbs;

/// Something a request can have values of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SourceId(u32);

/// The sources that some unit or condition of the plan reads; what nobody reads is not captured.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    headers: HashMap<Box<[u8]>, SourceId>,
    header_lengths: Lengths,
    pub(crate) cookies: CookieNames,
    queries: HashMap<Box<[u8]>, SourceId>,
    pub(crate) path: Option<SourceId>,
    pub(crate) host: Option<SourceId>,
    pub(crate) method: Option<SourceId>,
    count: u32,
}

/// What was captured, by source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Values<'a>(pub(crate) &'a [(SourceId, Cow<'a, [u8]>)]);

/// The lengths of some names: most headers of a request have another, and need no closer look.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lengths(u64);

impl Lengths {
    pub(crate) fn add(&mut self, name: &[u8]) {
        self.0 |= Lengths::bit(name);
    }

    #[inline]
    pub(crate) fn has(self, name: &[u8]) -> bool {
        self.0 & Lengths::bit(name) != 0
    }

    /// A bit for each length; all long ones share the last.
    fn bit(name: &[u8]) -> u64 {
        1_u64.wrapping_shl(u32::try_from(name.len().min(63)).unwrap_or(63))
    }
}

impl Sources {
    /// The lengths of the names of all headers that are read, pseudo-headers among them.
    pub(crate) fn lengths(&self) -> Lengths {
        let mut lengths = self.header_lengths;
        for (name, is_read) in [
            (&b":path"[..], self.path.is_some() || self.has_queries()),
            (b":authority", self.host.is_some()),
            (b":method", self.method.is_some()),
            (b"cookie", !self.cookies.is_empty()),
        ] {
            if is_read {
                lengths.add(name);
            }
        }
        lengths
    }

    /// The source of a header, if the plan reads it.
    pub(crate) fn header(&self, name: &[u8]) -> Option<SourceId> {
        if !self.header_lengths.has(name) {
            return None;
        }
        self.headers.get(name).copied()
    }

    /// The source of a query parameter, if the plan reads it.
    pub(crate) fn query(&self, name: &[u8]) -> Option<SourceId> {
        self.queries.get(name).copied()
    }

    /// Whether the plan reads any query parameter.
    pub(crate) fn has_queries(&self) -> bool {
        !self.queries.is_empty()
    }

    pub(crate) fn want_header(&mut self, name: &str) -> SourceId {
        self.header_lengths.add(name.as_bytes());
        want(&mut self.headers, name, &mut self.count)
    }

    pub(crate) fn want_cookie(&mut self, name: &str) -> SourceId {
        self.cookies.want(name, &mut self.count)
    }

    pub(crate) fn want_query(&mut self, name: &str) -> SourceId {
        want(&mut self.queries, name, &mut self.count)
    }

    pub(crate) fn want_path(&mut self) -> SourceId {
        *self.path.get_or_insert_with(|| next(&mut self.count))
    }

    pub(crate) fn want_host(&mut self) -> SourceId {
        *self.host.get_or_insert_with(|| next(&mut self.count))
    }

    pub(crate) fn want_method(&mut self) -> SourceId {
        *self.method.get_or_insert_with(|| next(&mut self.count))
    }
}

fn want(known: &mut HashMap<Box<[u8]>, SourceId>, name: &str, count: &mut u32) -> SourceId {
    *known.entry_ref(name.as_bytes()).or_insert_with(|| next(count))
}

fn next(count: &mut u32) -> SourceId {
    let id = SourceId(*count);
    *count = count.saturating_add(1);
    id
}

/// Cookies that a plan reads, by name.
#[derive(Debug, Default)]
pub(crate) struct CookieNames {
    by_name: HashMap<Box<[u8]>, SourceId>,
    /// The same names, each ready to be looked for.
    finders: Vec<(Finder<'static>, SourceId)>,
}

/// Looking for a name is much faster than taking a line apart, but each name is a look of its own.
const FINDERS_MAX: usize = 8;

impl CookieNames {
    pub(crate) fn is_empty(&self) -> bool {
        self.finders.is_empty()
    }

    /// The source of this cookie.
    pub(crate) fn want(&mut self, name: &str, count: &mut u32) -> SourceId {
        let finders = &mut self.finders;
        *self.by_name.entry_ref(name.as_bytes()).or_insert_with(|| {
            let source = next(count);
            finders.push((Finder::new(name).into_owned(), source));
            source
        })
    }

    /// Every crumb of a line that has one of the names; those of one name in order.
    pub(crate) fn read<'a>(&self, line: &'a [u8], mut found: impl FnMut(SourceId, &'a [u8])) {
        if self.finders.len() > FINDERS_MAX {
            for (name, value) in crumbs(line) {
                if let Some(source) = self.by_name.get(name) {
                    found(*source, value);
                }
            }
            return;
        }
        for (finder, source) in &self.finders {
            for value in values(line, finder) {
                found(*source, value);
            }
        }
    }
}

/// The values of the crumbs of one name, in order.
fn values<'a>(line: &'a [u8], name: &Finder<'_>) -> impl Iterator<Item = &'a [u8]> {
    let candidates = name.find_iter(line);
    candidates.filter_map(|start| {
        let (before, from) = line.split_at_checked(start)?;
        let begins_a_crumb = matches!(blank::trim_end(before).last(), None | Some(b';'));
        let behind = from.get(name.needle().len()..).filter(|_| begins_a_crumb)?;
        let value = blank::trim_start(behind).strip_prefix(b"=")?;
        let end = memchr(b';', value).unwrap_or(value.len());
        value.get(..end).map(blank::trim)
    })
}

impl<'a> Values<'a> {
    /// The values of a source, in the order of their arrival.
    pub(crate) fn of(self, source: SourceId) -> impl Iterator<Item = &'a [u8]> {
        let first = self.0.partition_point(|(id, _)| *id < source);
        let from = self.0.get(first..).unwrap_or_default();
        from.iter().take_while(move |(id, _)| *id == source).map(|(_, value)| value.as_ref())
    }

    /// Every source that was captured, with its values.
    pub(crate) fn captured(self) -> impl Iterator<Item = (SourceId, impl Iterator<Item = &'a [u8]>)> {
        let sources = self.0.chunk_by(|(a, _), (b, _)| a == b);
        sources.filter_map(|values| Some((values.first()?.0, values.iter().map(|(_, value)| value.as_ref()))))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_is_found_where_the_crumbs_have_it(line in "[ab=; \t]{0,24}", name in "a|b|ab|aa") {
            let taken_apart: Vec<_> = crumbs(line.as_bytes()).filter(|(known, _)| *known == name.as_bytes()).collect();
            let found: Vec<_> = values(line.as_bytes(), &Finder::new(&name)).map(|value| (name.as_bytes(), value)).collect();
            prop_assert_eq!(found, taken_apart);
        }
    }
}
