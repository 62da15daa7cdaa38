//! What a plan reads of a request: headers, cookies and parameters by name, and the few that every request has.

use hashbrown::HashMap;

use super::{Cookie, UnitSourcePlan};
use crate::cookie::CookieNames;
use crate::model::UnitSource;

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

    pub(super) fn unit(&mut self, written: &[UnitSource]) -> Vec<UnitSourcePlan> {
        let compile = |source: &UnitSource| match source {
            UnitSource::Header(name) => UnitSourcePlan { id: self.want_header(name), issue: None },
            UnitSource::Query(name) => UnitSourcePlan { id: self.want_query(name), issue: None },
            UnitSource::Cookie(name, None) => UnitSourcePlan { id: self.want_cookie(name), issue: None },
            UnitSource::Cookie(name, Some(life)) => {
                UnitSourcePlan { id: self.want_cookie(name), issue: Some(Cookie::new(name, life)) }
            }
        };
        written.iter().map(compile).collect()
    }

    pub(super) fn want_header(&mut self, name: &str) -> SourceId {
        self.header_lengths.add(name.as_bytes());
        want(&mut self.headers, name, &mut self.count)
    }

    pub(super) fn want_cookie(&mut self, name: &str) -> SourceId {
        self.cookies.want(name, &mut self.count)
    }

    pub(super) fn want_query(&mut self, name: &str) -> SourceId {
        want(&mut self.queries, name, &mut self.count)
    }

    pub(super) fn want_path(&mut self) -> SourceId {
        *self.path.get_or_insert_with(|| next(&mut self.count))
    }

    pub(super) fn want_host(&mut self) -> SourceId {
        *self.host.get_or_insert_with(|| next(&mut self.count))
    }

    pub(super) fn want_method(&mut self) -> SourceId {
        *self.method.get_or_insert_with(|| next(&mut self.count))
    }
}

fn want(known: &mut HashMap<Box<[u8]>, SourceId>, name: &str, count: &mut u32) -> SourceId {
    *known.entry_ref(name.as_bytes()).or_insert_with(|| next(count))
}

pub(crate) fn next(count: &mut u32) -> SourceId {
    let id = SourceId(*count);
    *count = count.saturating_add(1);
    id
}
