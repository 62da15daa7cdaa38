//! Secrets in files, read each time that they are used: who keeps them changes them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The longest secret: tokens of OpenID are some kilobytes.
const BYTES_MAX: u64 = 16 * 1024;

/// What a file holds, without the white space around it.
///
/// # Errors
/// Which file, and why it will not do; never what it holds.
pub fn secret(path: &Path) -> Result<String, String> {
    let why = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let mut text = String::new();
    let file = File::open(path).map_err(|error| why(&error))?;
    // Files that never end are named as soon as they are too long.
    file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| why(&error))?;
    if text.len() as u64 > BYTES_MAX {
        return Err(why(&format!("is longer than {BYTES_MAX} bytes")));
    }
    let secret = text.trim();
    if secret.is_empty() {
        return Err(why(&"is empty"));
    }
    Ok(secret.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_secret_is_what_stands_between_white_space() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let longest = "x".repeat(16 * 1024);
        for (text, read) in [
            ("token", Ok("token")),
            ("  token\r\n", Ok("token")),
            (&longest, Ok(longest.as_str())),
            ("", Err("is empty")),
            (" \n", Err("is empty")),
            (&format!("{longest}x"), Err("is longer than 16384 bytes")),
        ] {
            fs::write(&path, text).unwrap();
            let got = secret(&path);
            assert_eq!(got, read.map(str::to_owned).map_err(|why| format!("{}: {why}", path.display())));
        }
        assert!(secret(&folder.path().join("none")).unwrap_err().contains("none: No such file"));
    }
}
