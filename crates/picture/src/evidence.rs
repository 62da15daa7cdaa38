//! Numbers that move, such as an e-value from poll to poll, against the bound that they must not reach.

use crate::axis::{Axis, Bound, Scale};
use crate::drawing::{Anchor, Drawing, LEADING, SIZE, stroke, tenths};
use crate::glyphs;
use crate::rows::first_of;
use crate::table::Table;
use crate::terminal;
use crate::unit::Unit;

/// Series of numbers over one axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// What goes from left to right, such as time.
    pub across: Axis,
    /// What goes up.
    pub up: Axis,
    /// Each power of ten as high as the next; numbers that have no logarithm lie at the bottom.
    pub logarithmic: bool,
    /// At most [`SERIES_MAX`] are drawn.
    pub series: Vec<Series>,
    /// What the numbers must not reach.
    pub bound: Option<Bound>,
}

/// Numbers that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Across and up, in order; NaN makes a gap.
    pub points: Vec<(f64, f64)>,
}

/// More lines than this nobody follows.
pub const SERIES_MAX: usize = 6;

const HEIGHT: f64 = 200.0;

impl Evidence {
    fn drawn(&self) -> &[Series] {
        self.series.get(..SERIES_MAX).unwrap_or(&self.series)
    }

    fn scales(&self, (left, right): (f64, f64), (bottom, top): (f64, f64)) -> (Scale, Scale) {
        let points = || self.drawn().iter().flat_map(|series| &series.points);
        let across = Scale::over(points().map(|(x, _)| *x), false, left, right);
        // A little room above a bound, which is seen to lie below the top.
        let bound = self.bound.iter().flat_map(|bound| [bound.at, bound.at * if self.logarithmic { 2.0 } else { 1.1 }]);
        let zero = (!self.logarithmic).then_some(0.0);
        let up = Scale::over(points().map(|(_, y)| *y).chain(bound).chain(zero), self.logarithmic, bottom, top);
        (across, up)
    }
}

pub(crate) fn table(evidence: &Evidence) -> Table {
    let (across, up) = (&evidence.across, evidence.up.unit);
    let rows = evidence.series.iter().map(|series| {
        let known = || series.points.iter().filter(|(_, y)| !y.is_nan());
        let of = |value: Option<f64>| value.map_or_else(String::new, |value| up.write(value));
        let highest = known().map(|(_, y)| *y).reduce(f64::max);
        let reached = evidence.bound.as_ref().and_then(|bound| known().find(|(_, y)| *y >= bound.at));
        let reached = reached.map_or_else(|| "never".to_owned(), |(x, _)| across.unit.write(*x));
        let begins = known().next().map_or_else(String::new, |(x, _)| across.unit.write(*x));
        let ends = known().next_back().map_or_else(String::new, |(x, _)| across.unit.write(*x));
        [series.name.clone(), begins, ends, of(known().next_back().map(|(_, y)| *y)), of(highest), reached]
    });
    let mut table = Table::new(["series", "from", "to", "last", "highest", "bound reached"], rows);
    if evidence.bound.is_none() {
        table.columns.pop();
    }
    table
}

pub(crate) fn describe(evidence: &Evidence) -> String {
    let last = evidence.drawn().iter().map(|series| {
        let last = series.points.iter().rev().find(|(_, y)| !y.is_nan());
        let last = last.map_or_else(|| "nothing".to_owned(), |(_, y)| evidence.up.unit.write(*y));
        format!("{} comes to {last}", series.name)
    });
    let last = last.collect::<Vec<_>>().join(", ");
    let bound = evidence.bound.as_ref();
    let bound = bound.map_or_else(String::new, |bound| format!(" Held against: {}.", bound.said(evidence.up.unit)));
    format!("Upwards {}; across, {}. {last}.{bound}", evidence.up.name, evidence.across.name)
}

pub(crate) fn draw(evidence: &Evidence, drawing: &mut Drawing) {
    let (top, bottom) = (LEADING + 8.0, LEADING + 8.0 + HEIGHT);
    let (_, up) = evidence.scales((0.0, 1.0), (bottom, top));
    let marks = up.marks(evidence.up.unit, 5);
    let written = || marks.iter().map(|(mark, y)| (evidence.up.unit.write(*mark), *y));
    let widest = written().map(|(text, _)| glyphs::width(&text) * SIZE).fold(0.0, f64::max).min(drawing.width / 3.0);
    let left = widest + 8.0;
    let (across, up) = evidence.scales((left, drawing.width), (bottom, top));
    drawing.text("m", (0.0, 13.0), Anchor::Start, &evidence.up.name, drawing.width);
    let end = across.draw_below(drawing, &evidence.across, top, bottom);
    for (text, y) in written() {
        drawing.path("g", &stroke((left, y), (drawing.width, y)));
        drawing.text("m", (left - 8.0, y + 4.0), Anchor::End, &text, widest + 0.1);
    }
    drawing.path("b", &stroke((left, bottom), (drawing.width, bottom)));
    for (index, series) in evidence.drawn().iter().enumerate() {
        drawing.path(&format!("e e{index}"), &path(&series.points, &across, &up));
    }
    if let Some((bound, y)) = evidence.bound.as_ref().and_then(|bound| Some((bound, up.at(bound.at)?))) {
        drawing.path("x", &stroke((left, y), (drawing.width, y)));
        let text = bound.said(evidence.up.unit);
        let y = if y - top < LEADING { y + 15.0 } else { y - 6.0 };
        drawing.text("l hb", (left + 6.0, y), Anchor::Start, &text, drawing.width - left - 6.0);
    }
    let names = evidence.drawn().iter().enumerate().map(|(index, series)| (index, series.name.as_str()));
    drawing.height = drawing.legend_of_lines(end + 4.0, names) + 4.0;
    drawing.left_out = left_out(evidence);
}

fn left_out(evidence: &Evidence) -> Option<String> {
    let count = evidence.series.len();
    let all = Unit::Number.write(count as f64);
    (count > SERIES_MAX).then(|| format!("The picture has the first {SERIES_MAX} of {all} series; the table has more."))
}

/// The line through the points: in each column of pixels no more than the first, the extremes and the last.
fn path(points: &[(f64, f64)], across: &Scale, up: &Scale) -> String {
    let mut path = String::new();
    let mut column: Vec<(f64, f64)> = Vec::new();
    let mut is_open = false;
    let flush = |column: &mut Vec<(f64, f64)>, path: &mut String, is_open: &mut bool| {
        for (x, y) in thinned(column) {
            *path += &format!("{}{} {}", if *is_open { "L" } else { "M" }, tenths(x), tenths(y));
            *is_open = true;
        }
        column.clear();
    };
    for (x, y) in points {
        let (Some(x), Some(y)) = (across.at(*x), up.at(*y)) else {
            flush(&mut column, &mut path, &mut is_open);
            is_open = false;
            continue;
        };
        if column.first().is_some_and(|(first, _)| (x - first).abs() >= 1.0) {
            flush(&mut column, &mut path, &mut is_open);
        }
        column.push((x, y));
    }
    flush(&mut column, &mut path, &mut is_open);
    // A point by itself is a dot, by the round ends of the stroke.
    if path.starts_with('M') && !path.contains('L') { path + "h.1" } else { path }
}

fn thinned(column: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let by_height = |one: &&(f64, f64), other: &&(f64, f64)| one.1.total_cmp(&other.1);
    let ends = [column.first(), column.iter().min_by(by_height), column.iter().max_by(by_height), column.last()];
    let mut kept: Vec<(f64, f64)> = ends.into_iter().flatten().copied().collect();
    kept.dedup();
    kept
}

/// For a terminal: a letter where a series is, a star where several are, dashes where the bound is.
pub(crate) fn print(evidence: &Evidence, width: usize, colours: bool) -> Vec<String> {
    let (_, up) = evidence.scales((0.0, 1.0), (LINES as f64 - 1.0, 0.0));
    let unit = evidence.up.unit;
    let (low, high) = up.values();
    let gutter =
        [low, high].map(|value| terminal::columns(&unit.write(value))).into_iter().max().unwrap_or(0).min(width / 3);
    let plot = width.saturating_sub(gutter + 2).max(1);
    let (across, up) = evidence.scales((0.0, plot as f64 - 1.0), (LINES as f64 - 1.0, 0.0));
    let mut cells = vec![vec![' '; plot]; LINES];
    let mut are_several = false;
    let mut mark = |x: f64, y: f64, mark: char| {
        let Some(cell) = cells.get_mut(y.round() as usize).and_then(|line| line.get_mut(x.round() as usize)) else {
            return;
        };
        let is_taken = !matches!(*cell, ' ' | '-') && *cell != mark;
        are_several |= is_taken;
        *cell = if is_taken { '*' } else { mark };
    };
    if let Some(y) = evidence.bound.as_ref().and_then(|bound| up.at(bound.at)) {
        (0..plot).for_each(|column| mark(column as f64, y, '-'));
    }
    for (series, letter) in evidence.drawn().iter().zip('a'..) {
        let mut before = None;
        for (x, y) in &series.points {
            let point = across.at(*x).zip(up.at(*y));
            if let (Some(from), Some(to)) = (before, point) {
                between(from, to).for_each(|(x, y)| mark(x, y, letter));
            }
            point.into_iter().for_each(|(x, y)| mark(x, y, letter));
            before = point;
        }
    }
    let mut text = vec![terminal::cut(&evidence.up.name, width)];
    for (index, line) in cells.into_iter().enumerate() {
        let label = match index {
            0 => unit.write(high),
            _ if index == LINES - 1 => unit.write(low),
            _ => String::new(),
        };
        let line: String = line.into_iter().collect();
        text.push(format!("{} │{}", terminal::pad_left(&label, gutter), terminal::accent(line.trim_end(), colours)));
    }
    let (first, last) = across.values();
    let first = format!("{}{}", " ".repeat(gutter + 2), evidence.across.unit.write(first));
    text.push(terminal::ends(&first, &format!("{} {}", evidence.across.unit.write(last), evidence.across.name), width));
    let key = evidence.drawn().iter().zip('a'..).map(|(series, letter)| format!("{letter} {}", series.name));
    let bound = evidence.bound.iter().map(|bound| format!("- {}", bound.said(unit)));
    let several = are_several.then(|| "* several".to_owned());
    text.extend(terminal::flow(key.chain(several).chain(bound).map(|entry| terminal::cut(&entry, width)), width));
    text.extend(first_of(SERIES_MAX, evidence.series.len(), "series"));
    text
}

/// The columns of a line from one point to the next, without these.
fn between((x, y): (f64, f64), (to_x, to_y): (f64, f64)) -> impl Iterator<Item = (f64, f64)> {
    let columns = (x.round() as usize + 1)..(to_x.round() as usize);
    columns.map(move |column| (column as f64, y + (to_y - y) * (column as f64 - x) / (to_x - x)))
}

const LINES: usize = 12;
