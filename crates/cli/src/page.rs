//! Pages with pictures, written where somebody wants them.

use std::fs;
use std::path::Path;

use weir_picture::{Page, Table};

use crate::problems::Failure;

/// Writes a page, over one that is there.
pub fn write(path: &Path, page: &Page) -> Result<(), Failure> {
    fs::write(path, page.html()).map_err(|error| Failure::Usage(format!("-o {}: {error}", path.display())))
}

/// The table of rows, the first of which has the names of the columns in capitals, as text has them.
pub fn table(rows: impl IntoIterator<Item = impl Into<Vec<String>>>) -> Table {
    let mut rows = rows.into_iter().map(Into::into);
    // Whoever hears a table read needs a name for each column: the one without marks where a release is.
    let name = |column: String| if column.is_empty() { "now".to_owned() } else { column.to_lowercase() };
    let columns = rows.next().unwrap_or_default().into_iter().map(name).collect();
    Table { columns, rows: rows.collect() }
}
