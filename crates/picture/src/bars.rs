//! Values side by side, each with the interval that it lies in.

use crate::axis::{Axis, Bound, Scale};
use crate::drawing::{Anchor, Drawing, LEADING, SIZE, rectangle, stroke};
use crate::glyphs;
use crate::rows::{DRAWN_MAX, Rows, first_of, left_out};
use crate::table::Table;
use crate::terminal;
use crate::unit::Unit;

/// Bars over one axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// What the values count.
    pub axis: Axis,
    /// The bars, in order.
    pub bars: Vec<Bar>,
    /// What they are held against.
    pub bound: Option<Bound>,
}

/// One value with its interval.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: f64,
    /// The lower end of its interval; NaN, or the value itself, for none.
    pub low: f64,
    /// The upper end; infinite for an interval without an end.
    pub high: f64,
}

const HEIGHT: f64 = 20.0;

impl Bar {
    fn has_interval(&self) -> bool {
        self.low < self.value || self.high > self.value
    }

    fn said(&self, unit: Unit) -> String {
        let value = unit.write(self.value);
        if self.has_interval() {
            format!("{value} ({} to {})", unit.write(self.low), unit.write(self.high))
        } else {
            value
        }
    }
}

impl Bars {
    fn scale(&self, start: f64, end: f64) -> Scale {
        let drawn = self.bars.iter().take(DRAWN_MAX);
        let values =
            drawn.flat_map(|bar| [bar.value, bar.low, bar.high]).chain(self.bound.iter().map(|bound| bound.at));
        Scale::over(values.chain([0.0]), false, start, end)
    }
}

pub(crate) fn table(bars: &Bars) -> Table {
    let unit = bars.axis.unit;
    let rows = bars.bars.iter().map(|bar| {
        let end = |value: f64| if bar.has_interval() { unit.write(value) } else { String::new() };
        [bar.name.clone(), unit.write(bar.value), end(bar.low), end(bar.high)]
    });
    let value = if bars.axis.name.is_empty() { "value" } else { &bars.axis.name };
    let mut table = Table::new(["name", value, "from", "to"], rows);
    if !bars.bars.iter().any(Bar::has_interval) {
        table.columns.truncate(2);
    }
    table
}

pub(crate) fn describe(bars: &Bars) -> String {
    let said = bars.bars.iter().take(DRAWN_MAX).map(|bar| format!("{} {}", bar.name, bar.said(bars.axis.unit)));
    let said = said.collect::<Vec<_>>().join(", ");
    let bound = bars.bound.as_ref();
    let bound =
        bound.map_or_else(String::new, |bound| format!(" {} is {}.", bound.name, bars.axis.unit.write(bound.at)));
    format!("{}: {said}.{bound}", bars.axis.name)
}

pub(crate) fn draw(bars: &Bars, drawing: &mut Drawing) {
    let drawn = bars.bars.get(..DRAWN_MAX).unwrap_or(&bars.bars);
    let unit = bars.axis.unit;
    let said: Vec<String> = drawn.iter().map(|bar| bar.said(unit)).collect();
    let widest = said.iter().map(|text| glyphs::width(text) * SIZE).fold(0.0, f64::max);
    let top = if bars.bound.is_some() { LEADING + 8.0 } else { 0.0 };
    let rows = Rows::new(drawing, drawn.iter().map(|bar| bar.name.as_str()), top, HEIGHT);
    let room = if drawing.is_narrow() { 0.0 } else { widest.min(drawing.width / 3.0) + 14.0 };
    let scale = bars.scale(rows.left, drawing.width - room);
    let bottom = rows.end(drawn.len()) - 4.0;
    drawing.height = scale.draw_below(drawing, &bars.axis, top, bottom) + 2.0;
    for (index, (bar, text)) in drawn.iter().zip(&said).enumerate() {
        let used = widest.min(drawing.width * 0.6);
        let start = rows.name(drawing, index, &bar.name, drawing.width - used - 10.0);
        let y = if drawing.is_narrow() { start - LEADING + 13.0 } else { start + HEIGHT / 2.0 + 4.0 };
        let room = if drawing.is_narrow() { used + 0.1 } else { room - 13.9 };
        drawing.text("m", (drawing.width, y), Anchor::End, text, room);
        draw_bar(bar, drawing, &scale, start);
    }
    if let Some((bound, x)) = bars.bound.as_ref().and_then(|bound| Some((bound, scale.at(bound.at)?))) {
        drawing.path("x", &stroke((x, LEADING + 2.0), (x, bottom)));
        let text = glyphs::shorten(&glyphs::plain(&bound.said(unit)), drawing.width / SIZE);
        let half = glyphs::width(&text) * SIZE / 2.0;
        let middle = x.min(drawing.width - half).max(half);
        drawing.text("", (middle, 13.0), Anchor::Middle, &text, drawing.width + 0.1);
    }
    drawing.left_out = left_out(bars.bars.len(), "bars");
}

fn draw_bar(bar: &Bar, drawing: &mut Drawing, scale: &Scale, top: f64) {
    let (Some(zero), Some(value)) = (scale.at(0.0), scale.at(bar.value)) else { return };
    let (left, right) = (zero.min(value), zero.max(value));
    drawing.path("b", &stroke((zero, top - 3.0), (zero, top + HEIGHT + 3.0)));
    drawing.path("a", &rectangle(left, top + 2.0, (right - left).max(1.0), HEIGHT - 4.0));
    drawing.path("ae", &stroke((value, top + 2.0), (value, top + HEIGHT - 2.0)));
    if let (true, Some(low), Some(high)) = (bar.has_interval(), scale.at(bar.low), scale.at(bar.high)) {
        let middle = top + HEIGHT / 2.0;
        let mut whisker = stroke((low, middle), (high, middle));
        // An interval without an end has no cap there.
        for (end, x) in [(bar.low, low), (bar.high, high)] {
            if end.is_finite() {
                whisker += &stroke((x, middle - 5.0), (x, middle + 5.0));
            }
        }
        drawing.path("i", &whisker);
    }
}

/// For a terminal: name and value on one line, the bar on the next.
pub(crate) fn print(bars: &Bars, width: usize, colours: bool) -> Vec<String> {
    let drawn = bars.bars.get(..DRAWN_MAX).unwrap_or(&bars.bars);
    let unit = bars.axis.unit;
    let scale = bars.scale(0.0, width as f64 - 1.0);
    let zero = scale.at(0.0).unwrap_or_default();
    let mut text = vec![terminal::cut(&bars.axis.name, width)];
    if let Some((bound, x)) = bars.bound.as_ref().and_then(|bound| Some((bound, scale.at(bound.at)?))) {
        text.push(terminal::cut(&format!("┊ {}", bound.said(unit)), width));
        text.extend(drawn.iter().flat_map(|bar| printed(bar, unit, &scale, zero, Some(x), width, colours)));
    } else {
        text.extend(drawn.iter().flat_map(|bar| printed(bar, unit, &scale, zero, None, width, colours)));
    }
    text.extend(first_of(DRAWN_MAX, bars.bars.len(), "bars"));
    text
}

fn printed(
    bar: &Bar,
    unit: Unit,
    scale: &Scale,
    zero: f64,
    bound: Option<f64>,
    width: usize,
    colours: bool,
) -> [String; 2] {
    let mut cells = vec![' '; width];
    let mut fill = |from: f64, to: f64, mark: char| {
        let (from, to) = (from.min(to).round() as usize, from.max(to).round() as usize);
        cells.iter_mut().take(to + 1).skip(from).for_each(|cell| *cell = mark);
    };
    if let Some(value) = scale.at(bar.value) {
        // A column of its own is more than nothing.
        fill(zero, value, if value.round() == zero.round() { '▏' } else { '█' });
    }
    if let (true, Some(low), Some(high)) = (bar.has_interval(), scale.at(bar.low), scale.at(bar.high)) {
        fill(low, high, '─');
        fill(low, low, '├');
        fill(high, high, '┤');
    }
    if let Some(x) = bound {
        fill(x, x, '┊');
    }
    let cells: String = cells.into_iter().collect();
    [terminal::ends(&bar.name, &bar.said(unit), width), terminal::accent(cells.trim_end(), colours)]
}
