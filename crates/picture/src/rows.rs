//! Rows one below the other, each with a name: beside it where there is room, above it on a telephone.

use crate::drawing::{Anchor, Drawing, LEADING, SIZE};
use crate::glyphs;
use crate::unit::Unit;

/// More are not drawn; the table has them all.
pub(crate) const DRAWN_MAX: usize = 40;

/// Where rows stand.
pub(crate) struct Rows {
    /// The first pixel to the right of the names.
    pub(crate) left: f64,
    top: f64,
    height: f64,
    pitch: f64,
}

impl Rows {
    /// For rows of a height below `top`, as wide as these names ask for.
    pub(crate) fn new<'a>(drawing: &Drawing, names: impl IntoIterator<Item = &'a str>, top: f64, height: f64) -> Rows {
        if drawing.is_narrow() {
            return Rows { left: 0.0, top, height, pitch: LEADING + height + 10.0 };
        }
        let widest = names.into_iter().map(|name| glyphs::width(&glyphs::plain(name)) * SIZE).fold(0.0, f64::max);
        let left = if widest > 0.0 { widest.min(NAMES_MAX) + 14.0 } else { 0.0 };
        Rows { left, top, height, pitch: height + 12.0 }
    }

    /// Writes the name of a row; tells the row's top.
    pub(crate) fn name(&self, drawing: &mut Drawing, index: usize, name: &str, room: f64) -> f64 {
        let top = self.top + index as f64 * self.pitch;
        if drawing.is_narrow() {
            drawing.text("", (0.0, top + 13.0), Anchor::Start, name, room);
            return top + LEADING;
        }
        drawing.text("", (self.left - 14.0, top + self.height / 2.0 + 4.0), Anchor::End, name, NAMES_MAX);
        top
    }

    /// Where so many rows end.
    pub(crate) fn end(&self, count: usize) -> f64 {
        self.top + count as f64 * self.pitch
    }
}

const NAMES_MAX: f64 = 180.0;

/// What is said where not all rows are drawn.
pub(crate) fn left_out(count: usize, what: &str) -> Option<String> {
    let all = Unit::Number.write(count as f64);
    (count > DRAWN_MAX).then(|| format!("The picture has the first {DRAWN_MAX} of {all} {what}; the table has more."))
}

/// The same in a terminal, where no table stands beside it.
pub(crate) fn first_of(shown: usize, count: usize, what: &str) -> Option<String> {
    let all = Unit::Number.write(count as f64);
    (count > shown).then(|| format!("The first {shown} of {all} {what}."))
}
