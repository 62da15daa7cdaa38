//! Documents by templates.

use std::fs;
use std::path::Path;
use std::process::Command;

const TEMPLATE: &str = "release: 1
id: ${tag}   # of the pipeline
kind: release
unit: user
services: {owl.shop: \"${tag}\"}
steps: [{share: ${share}, requests: 1000}, {share: 100%}]
";

fn new(folder: &Path, words: &[&str]) -> (Option<i32>, String) {
    fs::write(folder.join("template.yaml"), TEMPLATE).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    let output = command.args(["release", "new", "template.yaml"]).args(words).current_dir(folder).output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn a_template_becomes_a_document_once() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["--set", "tag=owl-v21s3s11", "--set", "share=5%"];
    let filled = TEMPLATE.replace("${tag}", "owl-v21s3s11").replace("${share}", "5%");
    assert_eq!(new(folder.path(), &words), (Some(0), filled.clone()));
    let words = [&words[..], &["-o", "releases"]].concat();
    let (code, said) = new(folder.path(), &words);
    assert_eq!((code, said.as_str()), (Some(0), "releases/owl-v21s3s11.yaml: the document of owl-v21s3s11\n"));
    let path = folder.path().join("releases/owl-v21s3s11.yaml");
    assert_eq!(fs::read_to_string(&path).unwrap(), filled);
    fs::write(&path, "mine").unwrap();
    let (code, said) = new(folder.path(), &words);
    assert!(code == Some(1) && said.contains("is there already and stays as it is"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder.path().join("releases")).unwrap().count(), 1);
}

#[test]
fn a_value_that_is_missing_unknown_or_makes_no_document_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (words, code, expected) in [
        (&["--set", "tag=owl"][..], 1, "share has no value; say --set share="),
        (&["--set", "tag=owl", "--set", "share=5%", "--set", "tga=owl"], 1, "no place for tga"),
        (&["--set", "tag=owl", "--set", "share=5"], 1, "--> template.yaml, filled:6:"),
        (&["--set", "tag"], 2, "NAME=VALUE is meant"),
    ] {
        let (ended, said) = new(folder.path(), &[words, &["-o", "releases"]].concat());
        assert!(ended == Some(code) && said.contains(expected), "{words:?}: {said}");
        assert!(!folder.path().join("releases").exists());
    }
}
