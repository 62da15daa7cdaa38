//! The shape of the code, as the README and the design say it: which crate may use which, that no files use each other in a
//! circle, where unsafe code and host calls may stand, how long a file may be, and that the room map names every room.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

mod files;
mod tokens;

/// What each of our crates may use: ours, and for what runs in Envoy every other one too.
#[test]
fn arrows_point_one_way() {
    let uses = dependencies();
    let ours = |package: &str| -> BTreeSet<&str> {
        uses[package].iter().map(String::as_str).filter(|name| name.starts_with("weir-")).collect()
    };
    assert_eq!(ours("weir-policy"), BTreeSet::new());
    assert_eq!(ours("weir-engine"), BTreeSet::from(["weir-policy"]));
    assert_eq!(ours("weir-filter"), BTreeSet::from(["weir-engine"]));
    assert_eq!(ours("weir-release"), BTreeSet::from(["weir-policy", "weir-stats"]));
    assert_eq!(ours("weir-diff"), BTreeSet::from(["weir-engine", "weir-policy"]));
    assert_eq!(ours("weir-xds"), BTreeSet::new());
    assert_eq!(ours("weir-stats"), BTreeSet::new());
    assert_eq!(ours("weir-picture"), BTreeSet::new());
    assert_eq!(ours("weir-remote"), BTreeSet::new());
    assert_eq!(ours("weir-plan"), BTreeSet::from(["weir-policy", "weir-release", "weir-stats"]));
    assert_eq!(ours("weir-simulate"), BTreeSet::from(["weir-engine", "weir-policy", "weir-release", "weir-stats"]));
    assert_eq!(ours("weir-resources"), BTreeSet::from(["weir-policy", "weir-xds"]));
    assert_eq!(ours("weir-render"), BTreeSet::from(["weir-policy"]));
    let cli = [
        "weir-diff",
        "weir-engine",
        "weir-picture",
        "weir-plan",
        "weir-policy",
        "weir-release",
        "weir-remote",
        "weir-render",
        "weir-resources",
        "weir-simulate",
        "weir-stats",
        "weir-xds",
    ];
    assert_eq!(ours("weir-cli"), cli.into());
}

/// A new dependency of what runs inside Envoy is argued in the commit that changes these lists.
#[test]
fn what_runs_in_envoy_depends_on_little() {
    let uses = dependencies();
    let policy = ["hashbrown", "murmur3", "regex-lite", "saphyr-parser", "serde", "serde_json"];
    assert_eq!(uses["weir-policy"], policy.map(str::to_owned).into());
    let engine = ["base64", "hashbrown", "memchr", "serde_json", "smallvec", "weir-policy"];
    assert_eq!(uses["weir-engine"], engine.map(str::to_owned).into());
    let filter = ["hashbrown", "prost", "prost-types", "rustc-hash", "smallvec", "weir-engine"];
    assert_eq!(uses["weir-filter"], filter.map(str::to_owned).into());
}

/// What can be read from the bottom up can be read at all.
#[test]
fn no_files_of_a_crate_use_each_other_in_a_circle() {
    let product = sources();
    let product = product.iter().filter_map(|(path, text)| {
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap();
        let (room, below) = path.split_once("src/").filter(|(room, _)| room.is_empty() || is_a_crate(room))?;
        Some((format!("{room}src"), (path, below, text.as_str())))
    });
    let mut crates: BTreeMap<String, Vec<_>> = BTreeMap::new();
    product.for_each(|(room, file)| crates.entry(room).or_default().push(file));
    assert!(crates.len() >= 5, "{:?}", crates.keys());
    for (room, files) in &crates {
        let all = files::Crate::new(files.iter().copied());
        let circles = files::circles(&all.uses());
        assert!(circles.is_empty(), "{room}: {circles:#?}");
    }
}

/// `crates/NAME/`.
fn is_a_crate(room: &str) -> bool {
    room.strip_prefix("crates/").and_then(|name| name.strip_suffix('/')).is_some_and(|name| !name.contains('/'))
}

#[test]
fn only_host_rs_is_unsafe_and_calls_the_host() {
    // The modules that the filter is measured against are one file each.
    let exempt = ["src/host.rs", "tests/architecture", "bench/modules"].map(|path| root().join(path));
    for (path, text) in sources().into_iter().filter(|(path, _)| !exempt.iter().any(|one| path.starts_with(one))) {
        assert!(!text.contains("unsafe {") && !text.contains("unsafe fn"), "{}: unsafe code", path.display());
        assert!(!text.contains("hostcalls"), "{}: a host call", path.display());
    }
}

#[test]
fn files_are_short_enough_to_read() {
    for (path, text) in sources() {
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        let lines = code.lines().count();
        assert!(lines <= 500, "{}: {lines} lines without tests; split it by what it is about", path.display());
    }
}

#[test]
fn every_file_says_what_it_is_for_and_nothing_is_left_to_do() {
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()];
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{}: begins without saying what it is for", path.display());
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "{}: {mark}", path.display());
        }
    }
}

#[test]
fn the_room_map_names_every_room_and_no_other() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let named: BTreeSet<String> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split_once("/`").map(|(room, _)| room.to_owned()))
        .collect();
    let tracked = output("git", &["ls-files"]);
    let room = |file: &str| {
        let parts: Vec<&str> = file.split('/').collect();
        match parts.as_slice() {
            [first, ..] if first.starts_with('.') => None,
            ["crates", name, ..] => Some(format!("crates/{name}")),
            [first, _, ..] => Some((*first).to_owned()),
            _ => None,
        }
    };
    let rooms: BTreeSet<String> = tracked.lines().filter_map(room).collect();
    assert_eq!(named, rooms);
}

/// The walks of the README: each row leads to a file, which has what the row says to look for first.
#[test]
fn the_walks_of_the_readme_lead_to_what_they_name() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let steps = readme.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [number, link, what] = cells[..] else { return None };
        number.parse::<u32>().ok().map(|_| (link, what))
    });
    let mut count = 0;
    for (link, what) in steps {
        let (_, file) = link.trim_end_matches(')').rsplit_once('(').unwrap_or_else(|| panic!("no link: {link}"));
        let text = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let name = what.split('`').nth(1).unwrap_or_else(|| panic!("names nothing: {what}"));
        let name = name.rsplit("::").next().unwrap();
        let stands = ["fn ", "struct "].iter().any(|kind| text.contains(&format!("{kind}{name}")));
        assert!(stands, "{file}: no {name}");
        count += 1;
    }
    assert_eq!(count, 22, "steps of all walks");
}

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let metadata = output(&cargo, &["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let names = |package: &Value| -> BTreeSet<String> {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|one| one["kind"].is_null()).map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (package["name"].as_str().unwrap().to_owned(), names(package))).collect()
}

fn sources() -> Vec<(PathBuf, String)> {
    let tracked = output("git", &["ls-files", "*.rs"]);
    let paths: Vec<PathBuf> = tracked.lines().map(|file| root().join(file)).filter(|path| path.exists()).collect();
    assert!(paths.len() > 40, "git lists the sources");
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
