//! What each kind of picture can be asked for.

use std::borrow::Cow;

use crate::drawing::Drawing;
use crate::owners::Owners;
use crate::page::{Picture, Section};
use crate::table::Table;
use crate::{bars, evidence, flows, line, track};

/// The owners of all slots in these sections.
pub(crate) fn owners(sections: &[Section]) -> Owners<'_> {
    let lines = sections.iter().filter_map(|section| match &section.picture {
        Some(Picture::Lines(lines)) => Some(lines),
        _ => None,
    });
    Owners::new(lines.flatten().flat_map(|line| &line.bands).map(|band| band.owner.as_str()))
}

impl Picture {
    /// How many rows its table has.
    pub(crate) fn count(&self) -> usize {
        match self {
            Picture::Lines(lines) => lines.iter().map(|line| line.bands.len().max(1)).sum(),
            Picture::Tracks(tracks) => tracks.iter().map(|track| track.stays.len()).sum(),
            Picture::Evidence(evidence) => evidence.series.len(),
            Picture::Bars(bars) => bars.bars.len(),
            Picture::Flows(flows) => flows.flows.len(),
            Picture::Table(table) => table.rows.len(),
        }
    }

    /// Whether there is anything to draw: a table is none, and neither is a picture of nothing.
    pub(crate) fn is_drawn(&self) -> bool {
        !matches!(self, Picture::Table(_)) && self.count() > 0
    }

    /// Its values as rows, the first of them where they are more than anybody reads.
    pub(crate) fn table(&self) -> Cow<'_, Table> {
        match self {
            Picture::Lines(lines) => Cow::Owned(line::table(lines)),
            Picture::Tracks(tracks) => Cow::Owned(track::table(tracks)),
            Picture::Evidence(evidence) => Cow::Owned(evidence::table(evidence)),
            Picture::Bars(bars) => Cow::Owned(bars::table(bars)),
            Picture::Flows(flows) => Cow::Owned(flows::table(flows)),
            Picture::Table(table) => Cow::Borrowed(table),
        }
    }

    /// What is told to those who do not see it.
    pub(crate) fn description(&self) -> String {
        match self {
            Picture::Lines(lines) => line::describe(lines),
            Picture::Tracks(tracks) => track::describe(tracks),
            Picture::Evidence(evidence) => evidence::describe(evidence),
            Picture::Bars(bars) => bars::describe(bars),
            Picture::Flows(flows) => flows::describe(flows),
            Picture::Table(_) => String::new(),
        }
    }

    /// The drawing; none of a table, and none where there is nothing to draw.
    pub(crate) fn drawing(&self, owners: &Owners, width: f64) -> Option<Drawing> {
        let mut drawing = Drawing::new(width);
        if !self.is_drawn() {
            return None;
        }
        match self {
            Picture::Lines(lines) => line::draw(lines, owners, &mut drawing),
            Picture::Tracks(tracks) => track::draw(tracks, &mut drawing),
            Picture::Evidence(evidence) => evidence::draw(evidence, &mut drawing),
            Picture::Bars(bars) => bars::draw(bars, &mut drawing),
            Picture::Flows(flows) => flows::draw(flows, &mut drawing),
            Picture::Table(_) => return None,
        }
        Some(drawing)
    }

    /// The drawing for a terminal, without its table; none where there is nothing to draw.
    pub(crate) fn print(&self, owners: &Owners, width: usize, colours: bool) -> Vec<String> {
        match self {
            Picture::Table(_) => Vec::new(),
            _ if !self.is_drawn() => Vec::new(),
            Picture::Lines(lines) => line::print(lines, owners, width, colours),
            Picture::Tracks(tracks) => track::print(tracks, width, colours),
            Picture::Evidence(evidence) => evidence::print(evidence, width, colours),
            Picture::Bars(bars) => bars::print(bars, width, colours),
            Picture::Flows(flows) => flows::print(flows, width, colours),
        }
    }
}
