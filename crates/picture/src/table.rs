//! Rows and columns, beside each picture or by themselves.

use crate::escape::{css, escape};
use crate::glyphs;
use crate::unit::Unit;

/// Rows and columns. A column in which every cell begins with a digit or a sign is set to the right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Cells of each row; those beyond the columns are not shown, and those that are not there are empty.
    pub rows: Vec<Vec<String>>,
}

/// More rows than a person reads.
const ROWS_MAX: usize = 2000;

/// With fewer rows a table stands open below its picture.
const ROWS_OPEN: usize = 6;

/// A number is no longer.
const NUMBER_MAX: usize = 24;

/// What a page has for a table where it is narrowest beside columns, in pixels.
const ROOM: f64 = 688.0;

/// Text of tables, in pixels, and what a head in bold takes more.
const TEXT: f64 = 14.0;
const BOLD: f64 = 1.15;

/// A word is no wider, at a size of 1; what is, may be broken.
const WORD: f64 = 10.0;

/// To the right of each cell, as far as there is room.
const PADDINGS: [f64; 2] = [16.0, 8.0];

impl Table {
    /// As many of these rows as are shown.
    pub(crate) fn new<const N: usize>(columns: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Table {
        let columns = columns.map(str::to_owned).into();
        Table { columns, rows: rows.into_iter().take(ROWS_MAX).map(Vec::from).collect() }
    }

    /// As HTML with a name of its own on the page, in at most so many bytes of rows; `count` is how many rows there are, of which
    /// the table may have the first alone.
    pub(crate) fn html(&self, (id, caption): (&str, &str), count: usize, folded: bool, bytes: usize) -> String {
        if self.rows.is_empty() || self.columns.is_empty() {
            return "<p class=\"m\">Nothing to show.</p>\n".to_owned();
        }
        let (rows, shown) = self.rows_within(bytes);
        let heads: String = self.columns.iter().map(|name| head(name)).collect();
        let mut table = format!("<table id=\"{id}\">\n");
        table += &format!(
            "<caption>{}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table>\n",
            escape(caption)
        );
        if shown < count {
            table += &format!("<p class=\"m\">{}</p>\n", first_of(shown, count));
        }
        if !folded {
            return table;
        }
        let open = if count <= ROWS_OPEN { " open=\"\"" } else { "" };
        let rows = if count == 1 { "1 row".to_owned() } else { format!("{} rows", Unit::Number.write(count as f64)) };
        format!("<details{open}><summary>As a table, {rows}</summary>\n{table}</details>\n")
    }

    /// Rows as HTML, and how many of them there are.
    fn rows_within(&self, bytes: usize) -> (String, usize) {
        let (mut html, mut shown) = (String::new(), 0);
        for row in self.rows.iter().take(ROWS_MAX) {
            let cells = self.columns.iter().enumerate().map(|(index, _)| row.get(index).map_or("", String::as_str));
            let cells: String = cells.map(|cell| format!("<td>{}</td>", escape(cell))).collect();
            if html.len() + cells.len() > bytes {
                break;
            }
            html += &format!("<tr>{cells}</tr>\n");
            shown += 1;
        }
        (html, shown)
    }

    /// The style of the table of that name: where there is no room for columns, each cell says what it is.
    pub(crate) fn style(&self, id: &str) -> String {
        let numbers = (0..self.columns.len()).filter(|column| self.is_of_numbers(*column));
        // Words are broken where they are too long, and where there is no room for all columns with whole ones.
        let padding = self.padding();
        let has_room = padding.is_some();
        let whole = if has_room { ";white-space:nowrap" } else { "" };
        let cells = match padding {
            Some(padding) if padding < PADDINGS[0] => {
                format!("#{id} th:not(:last-child),#{id} td:not(:last-child){{padding-right:{padding}px}}")
            }
            _ => String::new(),
        };
        let words = (0..self.columns.len()).filter(|column| has_room && self.widest(*column) <= WORD);
        let words = words.map(|column| format!("#{id} td:nth-child({}){{overflow-wrap:normal}}", column + 1));
        let numbers = numbers.map(|column| {
            let column = column + 1;
            format!("#{id} th:nth-child({column}){{text-align:right}}#{id} td:nth-child({column}){{text-align:right{whole}}}")
        });
        let names = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, name)| format!("#{id} td:nth-child({})::before{{content:\"{}\"}}", index + 1, css(name)));
        let (words, numbers, names) =
            (words.collect::<String>(), numbers.collect::<String>(), names.collect::<String>());
        format!(
            "@media print,(min-width:720px){{{cells}{words}{numbers}}}@media screen and (max-width:719px){{{names}}}"
        )
    }

    /// What may stand between columns if all are beside each other with their words whole, but for long ones.
    fn padding(&self) -> Option<f64> {
        let columns = self.columns.iter().enumerate().map(|(column, name)| {
            let name = name.split_whitespace().map(glyphs::width).fold(0.0, f64::max) * BOLD;
            let is_of_numbers = self.is_of_numbers(column);
            let widest = if is_of_numbers { self.widest(column) } else { self.widest(column).min(WORD) };
            widest.max(name.min(WORD)) * TEXT
        });
        let columns = columns.sum::<f64>();
        PADDINGS.into_iter().find(|padding| columns + padding * self.columns.len() as f64 <= ROOM)
    }

    /// What in a column may not be broken: its widest word, at a size of 1, or its widest cell where they are numbers.
    fn widest(&self, column: usize) -> f64 {
        let is_of_numbers = self.is_of_numbers(column);
        let cells = self.rows.iter().take(ROWS_MAX).filter_map(|row| row.get(column));
        let cells = cells.map(|cell| match is_of_numbers {
            true => glyphs::width(cell),
            false => cell.split_whitespace().map(glyphs::width).fold(0.0, f64::max),
        });
        cells.fold(0.0, f64::max)
    }

    /// Whether a column is one of numbers.
    pub(crate) fn is_of_numbers(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().take(ROWS_MAX).filter_map(|row| row.get(column));
        let begins = |one: char| one.is_ascii_digit() || one == '∞';
        cells.all(|cell| {
            // A dash alone stands for a number that there is not; `--rate` is none.
            let bare = cell.trim_start_matches(['<', '>', '−', '-', '+']);
            matches!(cell.as_str(), "" | "-") || cell.len() <= NUMBER_MAX && bare.starts_with(begins)
        })
    }
}

/// What is said where not all rows are shown.
pub(crate) fn first_of(shown: usize, count: usize) -> String {
    format!("The first {} of {} rows.", Unit::Number.write(shown as f64), Unit::Number.write(count as f64))
}

/// Words of a column's name stay whole, unless one is longer than names are. A head without a name is none.
fn head(name: &str) -> String {
    if name.trim().is_empty() {
        return "<td></td>".to_owned();
    }
    let is_long = name.split_whitespace().any(|word| word.chars().count() > WORD_MAX);
    let class = if is_long { " class=\"long\"" } else { "" };
    format!("<th scope=\"col\"{class}>{}</th>", escape(name))
}

const WORD_MAX: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_numbers_are_known() {
        for (cells, expected) in [
            (&["1", "2,144", "", "-"][..], true),
            (&["<0.1%", ">99%", "−3", "+0.5", "∞"], true),
            (&["4m 10s", "2026-12-01T09:00:20Z"], true),
            (&["--rate"], false),
            (&[">"], false),
            (&["1", "x35"], false),
            (&["1 with more than twenty-four characters"], false),
        ] {
            let rows = cells.iter().map(|cell| vec![(*cell).to_owned()]).collect();
            let table = Table { columns: vec!["of".to_owned()], rows };
            assert_eq!(table.is_of_numbers(0), expected, "{cells:?}");
        }
    }
}
