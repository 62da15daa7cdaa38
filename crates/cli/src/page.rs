//! Pages with pictures: written where somebody wants them, and their pictures below the text of a terminal.

use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::{env, fs};

use clap::Args;
use weir_picture::{Page, Table};

use crate::out;
use crate::problems::Failure;

/// Where pictures go, of each verb that has some.
#[derive(Args)]
pub struct Pictures {
    /// Show pictures below the text, as on a terminal
    #[arg(long, conflicts_with = "json")]
    pictures: bool,
    /// Write a page with pictures there too; or, to NAME.svg, each picture by itself, as NAME-1.svg and so on
    #[arg(short, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Pictures {
    /// Writes the page where one is asked for. Tells what stands below the text: its pictures on a terminal, or where they are asked
    /// for; else nothing.
    pub fn draw(&self, page: impl FnOnce() -> Page) -> Result<String, Failure> {
        let are_shown = self.pictures || stdout().is_terminal();
        if !are_shown && self.out.is_none() {
            return Ok(String::new());
        }
        let page = page();
        if let Some(path) = &self.out {
            write(path, &page)?;
        }
        let text = if are_shown { page.text(width(), out::has_colours(&stdout())) } else { String::new() };
        Ok(if text.is_empty() { text } else { format!("\n{text}") })
    }

    /// Whether some are asked for, wherever the text goes.
    pub fn are_asked_for(&self) -> bool {
        self.pictures || self.out.is_some()
    }
}

/// Over what is there: a page, or its pictures where it shall be SVG, for what shows no pages, such as a README or a pull request.
fn write(path: &Path, page: &Page) -> Result<(), Failure> {
    let write = |path: &Path, text: String| {
        fs::write(path, text).map_err(|error| Failure::Usage(format!("-o {}: {error}", path.display())))
    };
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg")) {
        return write(path, page.html());
    }
    let name = path.with_extension("").into_os_string();
    (1..).zip(page.svgs()).try_for_each(|(number, picture)| {
        let mut numbered = name.clone();
        numbered.push(format!("-{number}.svg"));
        write(Path::new(&numbered), picture)
    })
}

/// How many columns pictures have: what COLUMNS says goes before what the terminal has.
fn width() -> usize {
    let said = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let has = || rustix::termios::tcgetwinsize(stdout()).ok().map(|size| usize::from(size.ws_col));
    said.or_else(has).filter(|columns| *columns > 0).unwrap_or(COLUMNS)
}

/// Where nothing says so.
const COLUMNS: usize = 100;

/// The table of rows, the first of which has the names of the columns in capitals, as text has them.
pub fn table(rows: impl IntoIterator<Item = impl Into<Vec<String>>>) -> Table {
    let mut rows = rows.into_iter().map(Into::into);
    // Whoever hears a table read needs a name for each column: the one without marks where a release is.
    let name = |column: String| if column.is_empty() { "now".to_owned() } else { column.to_lowercase() };
    let columns = rows.next().unwrap_or_default().into_iter().map(name).collect();
    Table { columns, rows: rows.collect() }
}
