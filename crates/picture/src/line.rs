//! Lines of slots: who owns which part of 0..1,000,000.

use std::collections::BTreeMap;

use crate::axis::{Axis, Scale};
use crate::drawing::{Anchor, Drawing, SIZE, rectangle};
use crate::glyphs;
use crate::owners::Owners;
use crate::rows::{DRAWN_MAX, Rows, first_of, left_out};
use crate::table::Table;
use crate::terminal;
use crate::unit::Unit;

/// One line of a million slots. Where no band is, nobody owns the slots.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// The name of the line.
    pub name: String,
    /// In any order; where two overlap, the later one is drawn over the other.
    pub bands: Vec<Band>,
}

/// Neighbouring slots of one owner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Band {
    /// The same text has the same colour and pattern on the whole page.
    pub owner: String,
    /// The first slot.
    pub from: u32,
    /// The slot after the last.
    pub to: u32,
}

const SLOTS: u32 = 1_000_000;
const HEIGHT: f64 = 28.0;

/// A line of more bands is drawn by parts, each as the owner of its largest band.
const BANDS_MAX: usize = 200;

pub(crate) fn table(lines: &[Line]) -> Table {
    let number = |value: u32| Unit::Number.write(f64::from(value));
    let rows = lines.iter().flat_map(|line| {
        let owned = line.bands.iter().map(move |band| {
            let slots = band.to.saturating_sub(band.from);
            let share = Unit::Share.write(f64::from(slots) / f64::from(SLOTS));
            [line.name.clone(), band.owner.clone(), number(band.from), number(band.to), number(slots), share]
        });
        let free = line.bands.is_empty().then(|| {
            [line.name.clone(), "nobody".to_owned(), number(0), number(SLOTS), number(SLOTS), "100%".to_owned()]
        });
        owned.chain(free)
    });
    Table::new(["line", "owner", "from slot", "to before", "slots", "share"], rows)
}

pub(crate) fn describe(lines: &[Line]) -> String {
    let shares = lines.iter().take(DRAWN_MAX).map(|line| format!("{}: {}", line.name, owned(line)));
    format!("Lines of 1,000,000 slots and who owns them. {}", shares.collect::<Vec<_>>().join(". "))
}

/// What each owner has of a line, in words.
fn owned(line: &Line) -> String {
    let mut shares: Vec<(&str, f64)> = Vec::new();
    for band in &line.bands {
        let slots = f64::from(band.to.min(SLOTS).saturating_sub(band.from));
        if let Some((_, sum)) = shares.iter_mut().find(|(owner, _)| *owner == band.owner) {
            *sum += slots;
        } else if shares.len() < DRAWN_MAX {
            shares.push((&band.owner, slots));
        }
    }
    let shares =
        shares.into_iter().map(|(owner, slots)| format!("{owner} {}", Unit::Share.write(slots / f64::from(SLOTS))));
    let text = shares.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "all free".to_owned() } else { text }
}

pub(crate) fn draw(lines: &[Line], owners: &Owners, drawing: &mut Drawing) {
    let drawn = lines.get(..DRAWN_MAX).unwrap_or(lines);
    let rows = Rows::new(drawing, drawn.iter().map(|line| line.name.as_str()), 0.0, HEIGHT);
    let scale = Scale::over([0.0, f64::from(SLOTS)], false, rows.left, drawing.width);
    let mut tops = Vec::new();
    for (index, line) in drawn.iter().enumerate() {
        tops.push(rows.name(drawing, index, &line.name, drawing.width));
    }
    let bottom = rows.end(drawn.len());
    let end = scale.draw_below(drawing, &Axis { name: "slots".to_owned(), unit: Unit::Number }, 0.0, bottom - 4.0);
    for (line, top) in drawn.iter().zip(tops) {
        draw_line(line, owners, drawing, &scale, top);
    }
    let shown = drawn.iter().flat_map(|line| &line.bands).map(|band| band.owner.as_str());
    let legend = owners.legend(shown);
    let said = legend.is_empty() && drawn.iter().any(|line| !line.bands.is_empty());
    let said =
        said.then(|| "There are more owners than patterns: the table tells those apart that look alike.".to_owned());
    drawing.height = drawing.legend(end + 4.0, legend) + 4.0;
    drawing.left_out = left_out(lines.len(), "lines").into_iter().chain(said).reduce(|one, other| one + " " + &other);
}

fn draw_line(line: &Line, owners: &Owners, drawing: &mut Drawing, scale: &Scale, top: f64) {
    let place = |slot: u32| scale.at(f64::from(slot)).unwrap_or_default();
    drawing.path("free", &rectangle(place(0), top, place(SLOTS) - place(0), HEIGHT));
    let runs = runs(line);
    let mut paths: BTreeMap<String, String> = BTreeMap::new();
    for (owner, from, to) in &runs {
        let (left, right) = (place(*from), place(*to));
        // What is narrower than a pixel is seen too.
        let width = (right - left).max(1.0).min(place(SLOTS) - left);
        *paths.entry(owners.class(owner)).or_default() += &rectangle(left, top, width, HEIGHT);
    }
    for (class, path) in &paths {
        drawing.path(class, path);
    }
    for (owner, from, to) in &runs {
        let (left, right) = (place(*from), place(*to));
        let text = glyphs::plain(owner);
        if glyphs::width(&text) * SIZE + 12.0 <= right - left {
            let class = format!("l {}", owners.halo(owner));
            drawing.text(&class, ((left + right) / 2.0, top + HEIGHT / 2.0 + 4.0), Anchor::Middle, &text, right - left);
        }
    }
}

/// Bands as drawn: none over another, and not too many.
fn runs(line: &Line) -> Vec<(&str, u32, u32)> {
    let bands = line.bands.iter().map(|band| (band.owner.as_str(), band.from, band.to.min(SLOTS)));
    let bands = bands.filter(|(_, from, to)| from < to);
    if line.bands.len() > BANDS_MAX {
        return by_parts(bands);
    }
    bands.fold(Vec::new(), |runs: Vec<(&str, u32, u32)>, (owner, from, to)| {
        let kept = runs
            .into_iter()
            .flat_map(|(other, start, end)| [(other, start, end.min(from)), (other, start.max(to), end)]);
        kept.filter(|(_, start, end)| start < end).chain([(owner, from, to)]).collect()
    })
}

/// Each two-hundredth of the line by its largest band, those of one owner together.
fn by_parts<'a>(bands: impl Iterator<Item = (&'a str, u32, u32)>) -> Vec<(&'a str, u32, u32)> {
    let part = SLOTS / BANDS_MAX as u32;
    let mut most: Vec<(u32, &str)> = vec![(0, ""); BANDS_MAX];
    for (owner, from, to) in bands {
        let last = (to.saturating_sub(1) / part) as usize;
        for (index, (slots, holder)) in most.iter_mut().enumerate().take(last + 1).skip((from / part) as usize) {
            let start = index as u32 * part;
            let owned = to.min(start + part).saturating_sub(from.max(start));
            if owned > *slots {
                (*slots, *holder) = (owned, owner);
            }
        }
    }
    let mut parts: Vec<(&str, u32, u32)> = Vec::new();
    for (index, (slots, owner)) in most.into_iter().enumerate() {
        let (from, to) = (index as u32 * part, (index as u32 + 1) * part);
        match parts.last_mut() {
            Some((last, _, end)) if *last == owner && *end == from && slots > 0 => *end = to,
            _ if slots > 0 => parts.push((owner, from, to)),
            _ => {}
        }
    }
    parts
}

/// For a terminal: each owner is a letter, one for each part of the line.
pub(crate) fn print(lines: &[Line], owners: &Owners, width: usize, colours: bool) -> Vec<String> {
    let drawn = lines.get(..DRAWN_MAX).unwrap_or(lines);
    let mut text = Vec::new();
    for line in drawn {
        let mut cells: Vec<Option<&str>> = vec![None; width];
        for (owner, from, to) in runs(line) {
            let column = |slot: u32| slot as usize * width / SLOTS as usize;
            let (start, end) = (column(from), column(to).max(column(from) + 1));
            cells.iter_mut().take(end).skip(start).for_each(|cell| *cell = Some(owner));
        }
        text.push(terminal::cut(&line.name, width));
        text.push(cells.into_iter().map(|cell| owners.cell(cell, colours)).collect());
    }
    let shown = drawn.iter().flat_map(|line| &line.bands).map(|band| band.owner.as_str());
    text.push(terminal::ends("0", "1,000,000 slots", width));
    text.extend(owners.key(shown, width));
    text.extend(first_of(DRAWN_MAX, lines.len(), "lines"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_bands_lie_over_earlier_ones_and_many_are_drawn_by_parts() {
        let band = |owner: &str, from, to| Band { owner: owner.to_owned(), from, to };
        let line = |bands| Line { name: String::new(), bands };
        for (bands, expected) in [
            (vec![], vec![]),
            (vec![band("a", 5, 5), band("b", 9, 2), band("c", 2_000_000, 3_000_000)], vec![]),
            (vec![band("a", 0, 10), band("b", 4, 6)], vec![("a", 0, 4), ("a", 6, 10), ("b", 4, 6)]),
            (vec![band("a", 4, 6), band("b", 0, 10)], vec![("b", 0, 10)]),
            (vec![band("a", 0, u32::MAX)], vec![("a", 0, 1_000_000)]),
        ] {
            assert_eq!(runs(&line(bands)), expected);
        }
        let many = (0..1000).map(|index| band(if index < 500 { "a" } else { "b" }, index * 1000, index * 1000 + 900));
        assert_eq!(runs(&line(many.collect())), [("a", 0, 500_000), ("b", 500_000, 1_000_000)]);
    }
}
