//! What a page is made of: values that anybody may fill in, for no value of them is wrong.

use crate::bars::Bars;
use crate::evidence::Evidence;
use crate::flows::Flows;
use crate::line::Line;
use crate::table::Table;
use crate::track::Track;

/// One page: [`Page::html`] for a browser, [`Page::text`] for its pictures in a terminal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The name of the page.
    pub title: String,
    /// What it comes to, in a sentence or two.
    pub lead: String,
    /// Its parts, in order.
    pub sections: Vec<Section>,
}

/// One part of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// What it is about. The picture is called so too.
    pub heading: String,
    /// Paragraphs before the picture.
    pub sentences: Vec<String>,
    /// What is shown. The table of a picture is made of the picture's own values, so that it always stands beside it and never
    /// says otherwise.
    pub picture: Option<Picture>,
}

/// The kinds of pictures, and the table, which is the picture of itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// Who owns which slots of which line.
    Lines(Vec<Line>),
    /// Which share is dealt when, one track for each release.
    Tracks(Vec<Track>),
    /// Numbers that move, against the bound that they must not reach.
    Evidence(Evidence),
    /// Values side by side, with their intervals.
    Bars(Bars),
    /// Who moves from what to what.
    Flows(Flows),
    /// Rows and columns.
    Table(Table),
}
