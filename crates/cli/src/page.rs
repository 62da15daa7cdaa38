//! Pages with pictures, written where somebody wants them.

use std::fs;
use std::path::Path;

use weir_picture::Page;

use crate::problems::Failure;

/// Writes a page, over one that is there.
pub fn write(path: &Path, page: &Page) -> Result<(), Failure> {
    fs::write(path, page.html()).map_err(|error| Failure::Usage(format!("-o {}: {error}", path.display())))
}
