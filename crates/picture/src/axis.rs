//! From numbers to places: what an axis counts, and a scale that has a place for every number but NaN.

use crate::drawing::{Anchor, Drawing, LEADING, SIZE, stroke};
use crate::glyphs;
use crate::unit::Unit;

/// What is counted along a side of a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// The name, such as `requests`.
    pub name: String,
    /// How its numbers are written.
    pub unit: Unit,
}

/// What a number must not reach.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bound {
    /// Its name, such as `harm at 1%`.
    pub name: String,
    /// Where it is.
    pub at: f64,
}

impl Bound {
    /// The name with the number.
    pub(crate) fn said(&self, unit: Unit) -> String {
        let number = unit.write(self.at);
        if self.name.is_empty() { number } else { format!("{} ({number})", self.name) }
    }
}

/// Where on a side of the picture a number is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
    is_logarithmic: bool,
}

impl Scale {
    /// From the least to the largest of the finite values, and never of no width.
    pub(crate) fn over(values: impl IntoIterator<Item = f64>, is_logarithmic: bool, start: f64, end: f64) -> Scale {
        let fits = |value: &f64| value.is_finite() && (!is_logarithmic || *value > 0.0);
        let values = values.into_iter().filter(fits).map(|value| value.clamp(-LARGEST, LARGEST));
        let (mut low, mut high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            (low, high) = if is_logarithmic { (1.0, 10.0) } else { (0.0, 1.0) };
        }
        if is_logarithmic {
            (low, high) = (low.log10(), high.log10());
            (low, high) = (low.floor(), high.ceil());
        }
        if high - low <= high.abs() * 1e-12 {
            let more = if low == 0.0 { 1.0 } else { low.abs() * 0.5 };
            (low, high) = (low - if low > 0.0 || is_logarithmic { 0.0 } else { more }, high + more.max(1e-300));
        }
        Scale { low, high, start, end, is_logarithmic }
    }

    /// The place of a number: that of the nearest that has one, for infinite ones and those beyond the ends.
    pub(crate) fn at(&self, value: f64) -> Option<f64> {
        if value.is_nan() {
            return None;
        }
        let value = match self.is_logarithmic {
            true if value > 0.0 => value.log10(),
            true => self.low,
            false => value,
        };
        let part = (value.clamp(self.low, self.high) - self.low) / (self.high - self.low);
        Some(self.start + part * (self.end - self.start))
    }

    /// The place of its first number.
    pub(crate) fn start(&self) -> f64 {
        self.start
    }

    /// The place of its last number.
    pub(crate) fn end(&self) -> f64 {
        self.end
    }

    /// Its first and its last number.
    pub(crate) fn values(&self) -> (f64, f64) {
        if self.is_logarithmic { (10f64.powf(self.low), 10f64.powf(self.high)) } else { (self.low, self.high) }
    }

    /// Round numbers along it, with their places.
    pub(crate) fn marks(&self, unit: Unit, at_most: usize) -> Vec<(f64, f64)> {
        let marks = if self.is_logarithmic {
            let powers = Unit::Number.marks(self.low, self.high, at_most).into_iter();
            powers.filter(|power| power.fract() == 0.0).map(|power| 10f64.powf(power)).collect()
        } else {
            unit.marks(self.low, self.high, at_most)
        };
        marks.into_iter().filter_map(|mark| Some((mark, self.at(mark)?))).collect()
    }

    /// Draws the scale below a picture, with faint lines up to its top; tells where it ends.
    pub(crate) fn draw_below(&self, drawing: &mut Drawing, axis: &Axis, top: f64, bottom: f64) -> f64 {
        let at_most = if drawing.is_narrow() { 4 } else { 6 };
        let mut free = 0.0;
        for (mark, x) in self.marks(axis.unit, at_most) {
            drawing.path("g", &stroke((x, top), (x, bottom)));
            let text = axis.unit.write(mark);
            let half = glyphs::width(&text) * SIZE / 2.0;
            let middle = x.min(drawing.width - half).max(half);
            if middle - half >= free {
                drawing.text("m", (middle, bottom + 20.0), Anchor::Middle, &text, drawing.width);
                free = middle + half + 8.0;
            }
        }
        let mut end = bottom + LEADING + 8.0;
        if !axis.name.is_empty() {
            drawing.text("m", (self.end, end + 12.0), Anchor::End, &axis.name, self.end);
            end += LEADING;
        }
        end
    }
}

/// Beyond it, a difference of two numbers may be more than an `f64` holds.
const LARGEST: f64 = 1e300;
