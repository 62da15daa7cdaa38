//! What a plan reads of a request: headers, cookies and parameters by name, and the few that every request has.

use hashbrown::HashMap;

use crate::model::UnitSource;

/// Something a request can have values of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SourceId(u32);

/// The sources that some unit or condition of the plan reads; what nobody reads is not captured.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    headers: HashMap<Box<[u8]>, SourceId>,
    cookies: HashMap<Box<[u8]>, SourceId>,
    queries: HashMap<Box<[u8]>, SourceId>,
    pub(crate) path: Option<SourceId>,
    pub(crate) host: Option<SourceId>,
    pub(crate) method: Option<SourceId>,
    count: u32,
}

impl Sources {
    /// The source of a header, if the plan reads it.
    pub(crate) fn header(&self, name: &[u8]) -> Option<SourceId> {
        self.headers.get(name).copied()
    }

    /// The source of a cookie, if the plan reads it.
    pub(crate) fn cookie(&self, name: &[u8]) -> Option<SourceId> {
        self.cookies.get(name).copied()
    }

    /// Whether the plan reads any cookie.
    pub(crate) fn has_cookies(&self) -> bool {
        !self.cookies.is_empty()
    }

    /// The source of a query parameter, if the plan reads it.
    pub(crate) fn query(&self, name: &[u8]) -> Option<SourceId> {
        self.queries.get(name).copied()
    }

    /// Whether the plan reads any query parameter.
    pub(crate) fn has_queries(&self) -> bool {
        !self.queries.is_empty()
    }

    pub(super) fn unit(&mut self, written: &[UnitSource]) -> Vec<SourceId> {
        let compile = |source: &UnitSource| match source {
            UnitSource::Header(name) => self.want_header(name),
            UnitSource::Cookie(name, _) => self.want_cookie(name),
            UnitSource::Query(name) => self.want_query(name),
        };
        written.iter().map(compile).collect()
    }

    pub(super) fn want_header(&mut self, name: &str) -> SourceId {
        want(&mut self.headers, name, &mut self.count)
    }

    pub(super) fn want_cookie(&mut self, name: &str) -> SourceId {
        want(&mut self.cookies, name, &mut self.count)
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

fn next(count: &mut u32) -> SourceId {
    let id = SourceId(*count);
    *count = count.saturating_add(1);
    id
}
