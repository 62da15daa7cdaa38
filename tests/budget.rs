//! `scripts/budget` can fail: against budgets that are too small, and says what was found and what to do.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

#[test]
fn what_grew_is_named_with_its_budget_and_the_way_to_change_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("budgets.json");
    let (code, _, told) = budget(&["--write", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{told}");
    let written = fs::read_to_string(&file).unwrap();
    let mut budgets: Value = serde_json::from_str(&written).unwrap();

    let found = |name: &str| budgets["instructions"][name].as_u64().unwrap();
    let (one, idle) = (found("one experiment"), found("nothing to write"));
    let size = budgets["bytes"]["weir.wasm"].as_u64().unwrap();
    assert!(one > 100 && idle > 100 && size > 10_000, "{written}");
    // Two over, one without a budget, one far below it, one that nothing counts.
    budgets["instructions"]["one experiment"] = json!(one * 10 / 12);
    budgets["bytes"]["weir.wasm"] = json!(size / 2);
    budgets["instructions"].as_object_mut().unwrap().remove("a mesh that follows a tag");
    budgets["instructions"]["nothing to write"] = json!(idle * 10 / 8);
    budgets["instructions"]["a case of old"] = json!(1);
    fs::write(&file, budgets.to_string()).unwrap();

    let (code, said, told) = budget(&[file.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{said}{told}");
    let line = |name: &str| said.lines().find(|line| line.contains(&format!("budget: {name}: "))).unwrap_or_default();
    assert!(line("one experiment").ends_with("MORE THAN 10% OVER"), "{said}");
    assert!(line("weir.wasm").contains("MORE THAN 10% OVER"), "{said}");
    assert!(line("a mesh that follows a tag").ends_with("has no budget"), "{said}");
    assert!(line("nothing to write").ends_with("scripts/budget --write makes it stay so"), "{said}");
    assert!(line("a case of old").contains("nothing counts it"), "{said}");
    let over = "not within budget: one experiment; a mesh that follows a tag; a case of old; weir.wasm.";
    assert!(told.contains(over) && told.contains("run scripts/budget --write"), "{told}");
}

#[test]
fn mistakes_in_the_call_are_told_apart_from_growth() {
    let (code, _, told) = budget(&["--wirte"]);
    assert_eq!((code, told.contains("found --wirte")), (Some(2), true), "{told}");
}

fn budget(arguments: &[&str]) -> (Option<i32>, String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Output { status, stdout, stderr } =
        Command::new(root.join("scripts/budget")).args(arguments).current_dir(root).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}
