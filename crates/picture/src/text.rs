//! A page as text for a terminal.

use crate::owners::Owners;
use crate::page::{Page, Picture, Section};
use crate::picture::owners;
use crate::rows::DRAWN_MAX;
use crate::table::{Table, first_of};
use crate::terminal::{bold, columns, cut, pad, pad_left, wrap};

/// Lines are no wider than this, and no narrower than the first.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=200;

/// More rows are for the page.
const ROWS_MAX: usize = 200;

const BETWEEN: usize = 2;

impl Page {
    /// The page as text in lines of at most a width, from 40 to 200 columns; what colours say is said without them too.
    pub fn text(&self, width: usize, colours: bool) -> String {
        let width = width.clamp(*WIDTHS.start(), *WIDTHS.end());
        let owners = owners(&self.sections);
        let mut lines: Vec<String> = wrap(&self.title, width).iter().map(|line| bold(line, colours)).collect();
        lines.extend(wrap(&self.lead, width));
        for section in &self.sections {
            lines.push(String::new());
            lines.extend(printed(section, &owners, width, colours));
        }
        lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

fn printed(section: &Section, owners: &Owners, width: usize, colours: bool) -> Vec<String> {
    let mut lines: Vec<String> = wrap(&section.heading, width).iter().map(|line| bold(line, colours)).collect();
    lines.extend(section.sentences.iter().flat_map(|sentence| wrap(sentence, width)));
    let Some(picture) = &section.picture else { return lines };
    let drawn = picture.print(owners, width, colours);
    if !drawn.is_empty() {
        lines.push(String::new());
        lines.extend(drawn);
    }
    // Bars and flows have their numbers beside them, where all are drawn.
    if !matches!(picture, Picture::Bars(_) | Picture::Flows(_)) || !(1..=DRAWN_MAX).contains(&picture.count()) {
        lines.push(String::new());
        lines.extend(print(&picture.table(), picture.count(), width, colours));
    }
    lines
}

fn print(table: &Table, count: usize, width: usize, colours: bool) -> Vec<String> {
    if table.rows.is_empty() || table.columns.is_empty() {
        return vec!["Nothing to show.".to_owned()];
    }
    let widths: Vec<usize> = (0..table.columns.len()).map(|column| widest(table, column)).collect();
    let all = widths.iter().sum::<usize>() + BETWEEN * (widths.len() - 1);
    let mut lines = if all <= width { side_by_side(table, &widths, colours) } else { one_by_one(table, width) };
    if count > ROWS_MAX {
        lines.push(first_of(ROWS_MAX, count));
    }
    lines
}

fn widest(table: &Table, column: usize) -> usize {
    let cells = table.rows.iter().take(ROWS_MAX).filter_map(|row| row.get(column));
    cells.chain(table.columns.get(column)).map(|cell| columns(&crate::glyphs::plain(cell))).max().unwrap_or(0)
}

fn side_by_side(table: &Table, widths: &[usize], colours: bool) -> Vec<String> {
    let line = |cells: &[String]| {
        let cells = widths.iter().enumerate().map(|(index, width)| {
            let cell = cells.get(index).map_or("", String::as_str);
            if table.is_of_numbers(index) { pad_left(cell, *width) } else { pad(cell, *width) }
        });
        cells.collect::<Vec<_>>().join(&" ".repeat(BETWEEN))
    };
    let head = bold(&line(&table.columns), colours);
    std::iter::once(head).chain(table.rows.iter().take(ROWS_MAX).map(|row| line(row))).collect()
}

/// Where columns do not fit beside each other: a line for each cell, with the name of its column.
fn one_by_one(table: &Table, width: usize) -> Vec<String> {
    let names = table.columns.iter().map(|name| columns(name)).max().unwrap_or(0).min(width / 3);
    let mut lines = Vec::new();
    for row in table.rows.iter().take(ROWS_MAX) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        for (name, cell) in table.columns.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
            for (index, part) in wrap(cell, width - names - BETWEEN).into_iter().enumerate() {
                let name = if index == 0 { cut(name, names) } else { String::new() };
                lines.push(format!("{}{part}", pad(&name, names + BETWEEN)));
            }
        }
    }
    lines
}
