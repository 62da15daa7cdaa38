//! Envoys, each as one row of all its streams: one by ADS, one by ECDS for each filter.

use std::borrow::Cow;

use weir_xds::Service;

use super::{Fleet, Row};

impl Fleet {
    /// The Envoys, each with the number of its first stream. Where two of one name are seen to be two, each is one.
    pub fn envoys(&self) -> impl Iterator<Item = (u64, Cow<'_, Row>)> {
        self.streams.values().flat_map(|streams| self.grouped(streams)).filter_map(|group| {
            let mut rows = group.iter().filter_map(|stream| Some(&**self.rows.get(stream)?));
            let first = Cow::Borrowed(rows.next()?);
            Some((*group.first()?, rows.fold(first, |one, other| Cow::Owned(joined(&one, other)))))
        })
    }

    /// Those of them that are connected.
    pub fn connected(&self) -> impl Iterator<Item = (u64, Cow<'_, Row>)> {
        self.envoys().filter(|(_, row)| row.connected)
    }

    /// These streams of one name by the Envoys that they are of, as far as can be seen.
    pub(super) fn grouped(&self, streams: &[u64]) -> Vec<Vec<u64>> {
        let mut groups: Vec<Vec<u64>> = Vec::with_capacity(1);
        for stream in streams {
            let Some(row) = self.rows.get(stream) else { continue };
            let fits = |group: &&mut Vec<u64>| {
                group.iter().filter_map(|other| self.rows.get(other)).all(|other| may_be_one(row, other))
            };
            match groups.iter_mut().find(fits) {
                Some(group) => group.push(*stream),
                None => groups.push(vec![*stream]),
            }
        }
        groups
    }
}

/// Whether two streams may be one Envoy's: it has one by ADS, and asks for a filter once by ECDS.
fn may_be_one(one: &Row, other: &Row) -> bool {
    let asked_twice = |name: &str| other.attachments.iter().any(|attachment| attachment.name == name);
    let is_apart = match (one.service, other.service) {
        (Service::Aggregated, Service::Aggregated) => false,
        (Service::Extensions, Service::Extensions) => {
            !one.attachments.iter().any(|attachment| asked_twice(&attachment.name))
        }
        (Service::Aggregated, Service::Extensions) | (Service::Extensions, Service::Aggregated) => true,
    };
    one.connected && other.connected && is_apart
}

/// The row of an Envoy that has both streams. It has done what each of them has: of two, the one speaks that did less.
fn joined(one: &Row, other: &Row) -> Row {
    let has_taken = |row: &Row| row.acked.as_ref() == Some(&row.offered) && !row.behind;
    let one_speaks = other.attachments.is_empty() || !one.attachments.is_empty() && !has_taken(one);
    let (speaks, listens) = if one_speaks { (one, other) } else { (other, one) };
    let mut row = Row {
        attachments: [&*one.attachments, &*other.attachments].concat(),
        unknown: [&*one.unknown, &*other.unknown].concat(),
        clashes: [&*one.clashes, &*other.clashes].concat(),
        since: one.since.clone().min(other.since.clone()),
        behind: one.behind || other.behind,
        error: one.error.clone().or_else(|| other.error.clone()),
        admin: one.admin.or(other.admin),
        caught_up: one.caught_up.min(other.caught_up),
        ..speaks.clone()
    };
    if has_taken(speaks) && !listens.attachments.is_empty() {
        row.acked_since = one.acked_since.clone().max(other.acked_since.clone());
    }
    row.attachments.sort_by(|one, other| one.name.cmp(&other.name));
    row.attachments.dedup_by(|other, one| one.name == other.name);
    row.unknown.sort();
    row.clashes.sort();
    row.clashes.dedup();
    row
}
