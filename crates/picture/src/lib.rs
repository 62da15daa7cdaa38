//! Weir's pictures, pure: what a verb has to show becomes one page without a script, and its pictures text for a terminal. Nothing
//! here knows what a policy or a release is.
//!
//! ```
//! use weir_picture::{Band, Line, Page, Picture, Section};
//!
//! let band = |owner: &str, from, to| Band { owner: owner.to_owned(), from, to };
//! let line = Line { name: "pool.user".to_owned(), bands: vec![band("owl-v21", 0, 50_000), band("tiger-v7", 50_000, 300_000)] };
//! let page = Page {
//!     title: "Plan".to_owned(),
//!     lead: "Both releases find slots.".to_owned(),
//!     sections: vec![Section {
//!         heading: "Slots".to_owned(),
//!         sentences: vec!["Releases that touch a common service own slots of their own.".to_owned()],
//!         picture: Some(Picture::Lines(vec![line])),
//!     }],
//! };
//! assert!(page.html().contains("<svg"));
//! assert!(page.text(60, false).contains("AAABBBBBBBBBBBBBBB··········"));
//! ```
//!
//! # What holds for all of it
//!
//! - Everything is total: any text, any number and any many of them is drawn or left out, and what is left out is said. A page
//!   stays below 2 MB, but for the sentences that it is given.
//! - Every picture has a title, a description and a table of its own values. Nothing is told by colour alone.
//! - A picture is drawn twice, for a wide page and for a telephone, and CSS shows the one that fits. Texts are measured by the
//!   widest of the fonts that they may be shown in and shortened where there is no room; the table has them whole.
//! - Text for a terminal has no line longer than the width that was asked for, from 40 to 200, and no control characters but those
//!   of its own colours.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod axis;
mod bars;
mod drawing;
mod escape;
mod evidence;
mod flows;
mod glyphs;
mod html;
mod line;
mod owners;
mod page;
mod picture;
mod rows;
mod style;
mod table;
mod terminal;
mod text;
mod track;
mod unit;

pub use axis::{Axis, Bound};
pub use bars::{Bar, Bars};
pub use evidence::{Evidence, SERIES_MAX, Series};
pub use flows::{Flow, Flows};
pub use line::{Band, Line};
pub use page::{Page, Picture, Section};
pub use table::Table;
pub use track::{Stay, Track};
pub use unit::Unit;

#[cfg(test)]
mod tests;
