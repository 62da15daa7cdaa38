//! The file that says which line was told last.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

/// What it holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivered {
    pub number: u64,
}

impl Delivered {
    /// The number in the file; none where there is no file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(path: &Path) -> Result<Option<u64>, String> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let delivered: Delivered = serde_json::from_slice(&text).map_err(|error| {
            let form = r#"{"number":N}, of the last line that was told"#;
            format!("{}: {error}; write {form}, or delete it to be told only of what comes from now on", path.display())
        })?;
        Ok(Some(delivered.number))
    }

    /// Whole or not at all, and on the disk.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let named = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(folder).map_err(|error| named(&error))?;
        let text = serde_json::to_vec(self).map_err(|error| named(&error))?;
        file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(|error| named(&error))?;
        file.persist(path).map_err(|error| named(&error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_kept_and_a_file_that_is_not_ours_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notified.json");
        assert_eq!(Delivered::read(&path), Ok(None));
        for number in [7, u64::MAX] {
            Delivered { number }.write(&path).unwrap();
            assert_eq!(Delivered::read(&path), Ok(Some(number)));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        for text in ["", "7", r#"{"number":-1}"#, r#"{"number":1,"more":2}"#] {
            fs::write(&path, text).unwrap();
            assert!(Delivered::read(&path).unwrap_err().contains("notified.json: "), "{text}");
        }
        assert!(Delivered { number: 1 }.write(&folder.path().join("none/notified.json")).is_err());
    }
}
