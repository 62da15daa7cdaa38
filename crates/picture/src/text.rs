//! The pictures of a page for a terminal.

use crate::page::{Page, Section};
use crate::picture::owners;
use crate::rows::first_of;
use crate::terminal::{bold, wrap};

/// Lines are no wider than this, and no narrower than the first.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=200;

/// More are for the page.
const PICTURES_MAX: usize = 12;

impl Page {
    /// The pictures of the page under their headings, in lines of at most a width, from 40 to 200 columns; what colours say is said
    /// without them too. Sentences and tables are left out, for whoever prints this has said them; nothing where there is no picture.
    pub fn text(&self, width: usize, colours: bool) -> String {
        let width = width.clamp(*WIDTHS.start(), *WIDTHS.end());
        let owners = owners(&self.sections);
        let drawn = |section: &Section| {
            let picture = section.picture.as_ref()?.print(&owners, width, colours);
            let heading = wrap(&section.heading, width).into_iter().map(|line| bold(&line, colours));
            (!picture.is_empty()).then(|| heading.chain(picture).collect::<Vec<String>>())
        };
        let count =
            self.sections.iter().filter(|section| section.picture.as_ref().is_some_and(|one| one.is_drawn())).count();
        let pictures = self.sections.iter().filter_map(drawn).take(PICTURES_MAX);
        let said = first_of(PICTURES_MAX, count, "pictures").map(|said| vec![said]);
        pictures
            .chain(said)
            .map(|lines| lines.iter().fold(String::new(), |text, line| text + line.trim_end() + "\n"))
            .collect::<Vec<_>>()
            .join("\n")
    }
}
