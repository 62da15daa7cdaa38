//! Pictures of pages of the documentation, such as `![alt](pictures/plan-1.svg)`: each is what a command of that page wrote there,
//! and `docs/pictures` has no other.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

/// Holds each picture of a page against what its commands wrote into the folder; `WEIR_BLESS=1` takes that over.
pub fn check(page: &str, folder: &Path) {
    for name in names(page) {
        let (kept, alt) = (kept().join(&name), alt(page, &name));
        assert!(alt.len() > 20, "{name}: {alt:?} says nothing to who does not see it");
        let drawn =
            fs::read_to_string(folder.join(&name)).unwrap_or_else(|error| panic!("no command wrote {name}: {error}"));
        if env::var_os("WEIR_BLESS").is_some() {
            fs::create_dir_all(kept.parent().unwrap()).unwrap();
            fs::write(&kept, &drawn).unwrap();
        }
        let kept = fs::read_to_string(&kept).unwrap_or_default();
        assert!(kept == drawn, "docs/pictures/{name} is drawn otherwise; scripts/bless draws it anew");
    }
}

#[test]
fn no_picture_is_left_over() {
    let docs = kept().join("..");
    let pages = fs::read_dir(docs).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let shown: BTreeSet<String> = pages.flat_map(|path| names(&fs::read_to_string(path).unwrap())).collect();
    let there = fs::read_dir(kept()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let there: BTreeSet<String> = there.collect();
    if env::var_os("WEIR_BLESS").is_some() {
        there.difference(&shown).for_each(|name| fs::remove_file(kept().join(name)).unwrap());
    } else {
        assert_eq!(there, shown);
    }
}

fn names(page: &str) -> Vec<String> {
    page.split(OPEN).skip(1).map(|behind| behind.split(')').next().unwrap().to_owned()).collect()
}

fn alt<'a>(page: &'a str, name: &str) -> &'a str {
    let before = page.split(&format!("{OPEN}{name})")).next().unwrap();
    before.rsplit("![").next().unwrap()
}

const OPEN: &str = "](pictures/";

fn kept() -> std::path::PathBuf {
    super::checkout().join("docs/pictures")
}
