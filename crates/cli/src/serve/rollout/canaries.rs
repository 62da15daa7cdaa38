//! Canary nodes: those that get a new revision first, without I/O.

use std::borrow::Cow;
use std::collections::BTreeSet;

use weir_xds::{Catalog, ResourceKind};

use crate::serve::fleet::{Fleet, Row};

/// Canary nodes for a catalog: this part of the nodes for which it is news, always the same ones.
pub fn chosen(fleet: &Fleet, before: &Catalog, catalog: &Catalog, percent: u32) -> BTreeSet<String> {
    let is_news = |row: &Row| {
        let [before, after] = [before, catalog].map(|catalog| catalog.snapshot(&row.about));
        !row.attachments.is_empty() && before.table(ResourceKind::Extension) != after.table(ResourceKind::Extension)
    };
    let news = fleet.connected().map(|(_, row)| row).filter(|row| is_news(row));
    let mut ids: Vec<String> = news.map(|row| row.node.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    ids.sort_by_key(|id| weir_xds::version(id.as_bytes()));
    let count = (ids.len() * percent as usize).div_ceil(100);
    ids.into_iter().take(count).collect()
}

/// The connected canary nodes; a node that disconnects no longer counts.
pub fn connected<'a>(fleet: &'a Fleet, canaries: &'a BTreeSet<String>) -> impl Iterator<Item = Cow<'a, Row>> {
    fleet.connected().map(|(_, row)| row).filter(|row| canaries.contains(&row.node))
}

/// A part of the nodes, from 1 to 100.
pub fn percent(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('%').and_then(|number| number.parse().ok());
    number.filter(|number| (1..=100).contains(number)).ok_or_else(|| "1% to 100% would do".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_nodes_is_in_percent() {
        for (text, expected) in [("1%", Some(1)), ("100%", Some(100)), ("0%", None), ("101%", None), ("5", None)] {
            assert_eq!(percent(text).ok(), expected, "{text}");
        }
    }
}
