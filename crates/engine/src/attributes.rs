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
pub(crate) struct AttributeId(u32);

/// The attributes that some unit or condition of the plan reads; what nobody reads is not captured.
#[derive(Debug, Default)]
pub(crate) struct Attributes {
    headers: HashMap<Box<[u8]>, AttributeId>,
    header_lengths: Lengths,
    pub(crate) cookies: CookieNames,
    queries: HashMap<Box<[u8]>, AttributeId>,
    pub(crate) path: Option<AttributeId>,
    pub(crate) host: Option<AttributeId>,
    pub(crate) method: Option<AttributeId>,
    count: u32,
}

/// What was captured, by attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Values<'a>(pub(crate) &'a [(AttributeId, Cow<'a, [u8]>)]);

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

impl Attributes {
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

    /// The attribute of a header, if the plan reads it.
    pub(crate) fn header(&self, name: &[u8]) -> Option<AttributeId> {
        if !self.header_lengths.has(name) {
            return None;
        }
        self.headers.get(name).copied()
    }

    /// The attribute of a query parameter, if the plan reads it.
    pub(crate) fn query(&self, name: &[u8]) -> Option<AttributeId> {
        self.queries.get(name).copied()
    }

    /// Whether the plan reads any query parameter.
    pub(crate) fn has_queries(&self) -> bool {
        !self.queries.is_empty()
    }

    pub(crate) fn intern_header(&mut self, name: &str) -> AttributeId {
        self.header_lengths.add(name.as_bytes());
        intern(&mut self.headers, name, &mut self.count)
    }

    pub(crate) fn intern_cookie(&mut self, name: &str) -> AttributeId {
        self.cookies.intern(name, &mut self.count)
    }

    pub(crate) fn intern_query(&mut self, name: &str) -> AttributeId {
        intern(&mut self.queries, name, &mut self.count)
    }

    /// An attribute that no request has by itself.
    pub(crate) fn intern_extract(&mut self) -> AttributeId {
        next(&mut self.count)
    }

    pub(crate) fn intern_path(&mut self) -> AttributeId {
        *self.path.get_or_insert_with(|| next(&mut self.count))
    }

    pub(crate) fn intern_host(&mut self) -> AttributeId {
        *self.host.get_or_insert_with(|| next(&mut self.count))
    }

    pub(crate) fn intern_method(&mut self) -> AttributeId {
        *self.method.get_or_insert_with(|| next(&mut self.count))
    }
}

fn intern(known: &mut HashMap<Box<[u8]>, AttributeId>, name: &str, count: &mut u32) -> AttributeId {
    *known.entry_ref(name.as_bytes()).or_insert_with(|| next(count))
}

fn next(count: &mut u32) -> AttributeId {
    let id = AttributeId(*count);
    *count = count.saturating_add(1);
    id
}

/// Cookies that a plan reads, by name.
#[derive(Debug, Default)]
pub(crate) struct CookieNames {
    by_name: HashMap<Box<[u8]>, AttributeId>,
    /// The same names, each ready to be looked for.
    finders: Vec<(Finder<'static>, AttributeId)>,
}

/// Looking for a name is much faster than taking a line apart, but each name is a look of its own.
const FINDERS_MAX: usize = 8;

impl CookieNames {
    pub(crate) fn is_empty(&self) -> bool {
        self.finders.is_empty()
    }

    /// The attribute of this cookie.
    pub(crate) fn intern(&mut self, name: &str, count: &mut u32) -> AttributeId {
        let finders = &mut self.finders;
        *self.by_name.entry_ref(name.as_bytes()).or_insert_with(|| {
            let attribute = next(count);
            finders.push((Finder::new(name).into_owned(), attribute));
            attribute
        })
    }

    /// Every crumb of a line that has one of the names; those of one name in order.
    pub(crate) fn read<'a>(&self, line: &'a [u8], mut found: impl FnMut(AttributeId, &'a [u8])) {
        if self.finders.len() > FINDERS_MAX {
            for (name, value) in crumbs(line) {
                if let Some(attribute) = self.by_name.get(name) {
                    found(*attribute, value);
                }
            }
            return;
        }
        for (finder, attribute) in &self.finders {
            for value in values(line, finder) {
                found(*attribute, value);
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
    /// The values of an attribute, in the order of their arrival.
    pub(crate) fn of(self, attribute: AttributeId) -> impl Iterator<Item = &'a [u8]> {
        let first = self.0.partition_point(|(id, _)| *id < attribute);
        let from = self.0.get(first..).unwrap_or_default();
        from.iter().take_while(move |(id, _)| *id == attribute).map(|(_, value)| value.as_ref())
    }

    /// Every attribute that was captured, with its values.
    pub(crate) fn captured(self) -> impl Iterator<Item = (AttributeId, impl Iterator<Item = &'a [u8]>)> {
        let attributes = self.0.chunk_by(|(a, _), (b, _)| a == b);
        attributes.filter_map(|values| Some((values.first()?.0, values.iter().map(|(_, value)| value.as_ref()))))
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
