//! The pictures of small values, as files to look at. `WEIR_BLESS=1` draws them anew.

use std::env;
use std::fs;
use std::path::Path;

use weir_picture::{Page, Section};

#[expect(dead_code, reason = "other tests look at more")]
mod samples;

#[test]
fn pictures_are_as_they_were_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for (name, picture) in [
        ("lines", samples::lines()),
        ("tracks", samples::tracks()),
        ("evidence", samples::evidence()),
        ("bars", samples::bars()),
        ("flows", samples::flows()),
    ] {
        let section = Section { heading: name.to_owned(), sentences: Vec::new(), picture: Some(picture) };
        let page = Page { title: String::new(), lead: String::new(), sections: vec![section] };
        check(&folder.join(format!("{name}.svg")), &page.svgs().next().unwrap());
        check(&folder.join(format!("{name}.txt")), &page.text(72, false));
    }
}

#[track_caller]
fn check(path: &Path, drawn: &str) {
    if env::var_os("WEIR_BLESS").is_some() {
        fs::write(path, drawn).unwrap();
    }
    let golden = fs::read_to_string(path).unwrap_or_default();
    assert!(golden == drawn, "{} is drawn otherwise; scripts/bless draws it anew", path.display());
}
