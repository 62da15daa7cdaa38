//! Who has which colour, pattern and letter: the same on the whole page, in the order in which they first appear.

use std::collections::{HashMap, HashSet};

use crate::style::{COLOURS, STYLES};
use crate::terminal;

/// The owners of a page's slots.
pub(crate) struct Owners<'a>(HashMap<&'a str, usize>);

impl<'a> Owners<'a> {
    /// From the owners of all bands, in order.
    pub(crate) fn new(bands: impl Iterator<Item = &'a str>) -> Owners<'a> {
        let mut owners = HashMap::new();
        for owner in bands {
            let next = owners.len();
            owners.entry(owner).or_insert(next);
        }
        Owners(owners)
    }

    fn index(&self, owner: &str) -> usize {
        self.0.get(owner).copied().unwrap_or_default()
    }

    /// The class of what is filled.
    pub(crate) fn class(&self, owner: &str) -> String {
        format!("p{}", self.index(owner) % STYLES)
    }

    /// The class of a text that stands in it.
    pub(crate) fn halo(&self, owner: &str) -> String {
        format!("h{}", self.index(owner) % COLOURS)
    }

    /// Swatches and names of those shown; none where styles come again, and a swatch would say nothing.
    pub(crate) fn legend<'b>(&self, shown: impl Iterator<Item = &'b str>) -> Vec<(String, &'b str)> {
        let names = self.distinct(shown);
        let styles: HashSet<usize> = names.iter().map(|(index, _)| index % STYLES).collect();
        if styles.len() < names.len() {
            return Vec::new();
        }
        names.into_iter().map(|(_, name)| (self.class(name), name)).collect()
    }

    /// One column of a line in a terminal.
    pub(crate) fn cell(&self, owner: Option<&str>, colours: bool) -> String {
        let Some(owner) = owner else { return "·".to_owned() };
        let index = self.index(owner);
        let letter = LETTERS.chars().nth(index).unwrap_or('#').to_string();
        if colours { terminal::painted(&letter, index) } else { letter }
    }

    /// Which letter is whose, in lines of the width.
    pub(crate) fn key(&self, shown: impl Iterator<Item = &'a str>, width: usize) -> Vec<String> {
        let names = self.distinct(shown);
        let others = names.last().filter(|(index, _)| *index >= LETTERS.len()).map(|_| "# others".to_owned());
        let entries = names.into_iter().filter_map(|(index, name)| {
            LETTERS
                .chars()
                .nth(index)
                .map(|letter| format!("{letter} {}", terminal::cut(name, width.saturating_sub(2))))
        });
        terminal::flow(entries.chain(others), width)
    }

    fn distinct<'b>(&self, shown: impl Iterator<Item = &'b str>) -> Vec<(usize, &'b str)> {
        let mut names: Vec<(usize, &str)> = shown.map(|name| (self.index(name), name)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
