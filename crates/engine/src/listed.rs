//! Every listed unit once: which lists and which overrides name it. One look-up answers for all layers of a request.

use hashbrown::HashTable;

use crate::slot;

/// A named list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ListId(pub(crate) u32);

/// All listed units. Its memory is proportional to what is listed, however many layers refer to it.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    bytes: Vec<u8>,
    table: HashTable<Entry>,
    links: Vec<Link>,
}

/// A listed unit: its bytes, and the first link to a list that has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    start: u32,
    length: u32,
    first: u32,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    list: ListId,
    next: u32,
}

const END: u32 = u32::MAX;

impl Listed {
    /// Adds a unit to a list.
    pub(crate) fn insert(&mut self, unit: &[u8], list: ListId) {
        // The table holds at most 1,000,000 units in 32 MiB, so no index comes near 32 bits.
        let link = u32::try_from(self.links.len()).unwrap_or(END);
        let hash = slot::hash(&[], unit);
        let bytes = &self.bytes;
        let found = self.table.find_mut(hash, |entry| entry.bytes(bytes) == unit);
        if let Some(entry) = found {
            self.links.push(Link { list, next: entry.first });
            entry.first = link;
            return;
        }
        let entry = Entry {
            start: u32::try_from(self.bytes.len()).unwrap_or(END),
            length: u32::try_from(unit.len()).unwrap_or(END),
            first: link,
        };
        self.links.push(Link { list, next: END });
        self.bytes.extend_from_slice(unit);
        let bytes = &self.bytes;
        self.table.insert_unique(hash, entry, |entry| slot::hash(&[], entry.bytes(bytes)));
    }

    /// The entry of a unit, if any list has it.
    pub(crate) fn find(&self, unit: &[u8]) -> Option<Entry> {
        if self.table.is_empty() {
            return None;
        }
        self.table.find(slot::hash(&[], unit), |entry| entry.bytes(&self.bytes) == unit).copied()
    }

    /// The lists that have a unit.
    pub(crate) fn lists_of(&self, entry: Entry) -> impl Iterator<Item = ListId> {
        let mut next = entry.first;
        std::iter::from_fn(move || {
            let link = self.links.get(usize::try_from(next).ok()?)?;
            next = link.next;
            Some(link.list)
        })
    }
}

impl Entry {
    fn bytes(self, all: &[u8]) -> &[u8] {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(self.length).unwrap_or(usize::MAX));
        all.get(start..end).unwrap_or_default()
    }
}
