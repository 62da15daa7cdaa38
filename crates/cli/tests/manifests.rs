//! The manifests in `istio/` are what `weir render` writes for the files beside them. `WEIR_BLESS=1` writes them anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

#[test]
fn the_examples_are_what_is_rendered() {
    let examples = files(&checkout().join("istio")).into_values().filter(|path| path.is_dir());
    let examples: Vec<PathBuf> = examples.collect();
    assert!(!examples.is_empty(), "no examples in istio/");
    for example in examples {
        let rendered = tempfile::tempdir().unwrap();
        render(&example, rendered.path());
        let goldens = example.join("manifests");
        if env::var_os("WEIR_BLESS").is_some() {
            bless(rendered.path(), &goldens);
        }
        assert_eq!(
            texts(rendered.path()),
            texts(&goldens),
            "{}: read the change that scripts/bless makes",
            goldens.display()
        );
    }
}

/// Renders the example's `policy.yaml` at all its `attach-*.yaml`, into all its `into-*.yaml`.
fn render(example: &Path, out: &Path) {
    let mut words = vec!["--policy".to_owned(), "policy.yaml".to_owned(), "-o".to_owned(), out.display().to_string()];
    for name in files(example).into_keys() {
        for flag in ["attach", "into"] {
            if name.starts_with(&format!("{flag}-")) {
                words.extend([format!("--{flag}"), name.clone()]);
            }
        }
    }
    let weir = env!("CARGO_BIN_EXE_weir");
    let output = Command::new(weir).args(["render", "istio"]).args(&words).current_dir(example).output().unwrap();
    assert!(output.status.success(), "{}: {}", example.display(), String::from_utf8_lossy(&output.stderr));
}

/// What is rendered no more goes.
fn bless(rendered: &Path, goldens: &Path) {
    if goldens.exists() {
        fs::remove_dir_all(goldens).unwrap();
    }
    fs::create_dir_all(goldens).unwrap();
    for (name, path) in files(rendered) {
        fs::copy(path, goldens.join(name)).unwrap();
    }
}

fn texts(folder: &Path) -> BTreeMap<String, String> {
    files(folder).into_iter().map(|(name, path)| (name, fs::read_to_string(path).unwrap())).collect()
}

fn files(folder: &Path) -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path)).collect()
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
