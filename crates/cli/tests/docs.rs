//! The documentation is run: files that a page shows are written, commands are executed, and what they print is what
//! the page says. `WEIR_BLESS=1` rewrites the pages instead.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use weir_engine::Reason;
use weir_policy::{Code, codes, limits};

#[path = "docs/pictures.rs"]
mod pictures;

#[test]
fn policy_reference_is_true() {
    check("docs/policy.md");
}

#[test]
fn cookbook_is_true() {
    check("docs/cookbook.md");
}

#[test]
fn command_reference_is_true() {
    check("docs/cli.md");
}

#[test]
fn release_reference_is_true() {
    check("docs/releases.md");
}

#[test]
fn planning_guide_is_true() {
    check("docs/planning.md");
}

#[test]
fn filter_reference_is_true() {
    check("docs/filter.md");
}

#[test]
fn istio_guide_is_true() {
    check("docs/istio.md");
}

fn check(page: &str) {
    let path = checkout().join(page);
    let written = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
    let folder = tempfile::tempdir().unwrap();
    let mut true_text = run_blocks(&written, folder.path());
    pictures::check(&written, folder.path());
    for (name, table) in [
        ("reasons", reasons()),
        ("limits", limit_table()),
        ("codes", code_table(policy_codes())),
        ("release-limits", release_limit_table()),
        ("release-codes", code_table(weir_release::codes::ALL.iter())),
        quoted("envoy/telemetry.yaml"),
    ] {
        true_text = fill(&true_text, name, &table);
    }
    if env::var_os("WEIR_BLESS").is_some() {
        fs::write(&path, &true_text).unwrap();
    } else if written != true_text {
        let first = written.lines().zip(true_text.lines()).enumerate().find(|(_, (is, should))| is != should);
        panic!("{page} differs from what is true, first at {first:?}; read the change that scripts/bless makes");
    }
}

/// The page with the output of every command as it is today.
fn run_blocks(page: &str, folder: &Path) -> String {
    let mut out = String::new();
    let mut lines = page.lines();
    let mut commands = 0;
    while let Some(line) = lines.next() {
        let _ = writeln!(out, "{line}");
        if let Some(file) = line.strip_prefix("```").and_then(|info| info.split("file=").nth(1)) {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let target = folder.join(file);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(target, body.join("\n") + "\n").unwrap();
            let _ = writeln!(out, "{}\n```", body.join("\n"));
        } else if line == "```console" {
            for line in lines.by_ref().take_while(|line| *line != "```").filter(|line| line.starts_with("$ ")) {
                commands += 1;
                let _ = writeln!(out, "{line}\n{}", run(&line[2..], folder).trim_end());
            }
            let _ = writeln!(out, "```");
        }
    }
    assert!(commands > 0, "a page without commands proves nothing");
    out
}

fn run(command: &str, folder: &Path) -> String {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_weir"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), env::var("PATH").unwrap_or_default());
    let output =
        Command::new("sh").args(["-c", &format!("{command} 2>&1")]).current_dir(folder).env("PATH", path).output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

fn fill(page: &str, name: &str, table: &str) -> String {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    match (page.split_once(&open), page.split_once(&close)) {
        (Some((before, _)), Some((_, behind))) => format!("{before}{open}{table}{close}{behind}"),
        _ => page.to_owned(),
    }
}

/// A file that a page shows whole.
fn quoted(file: &str) -> (&str, String) {
    let text = fs::read_to_string(checkout().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    (file, format!("```yaml\n{text}```\n"))
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn reasons() -> String {
    let mut table = "| reason | when |\n|---|---|\n".to_owned();
    for reason in Reason::ALL {
        let _ = writeln!(table, "| `{}` | {} |", reason.name(), reason.meaning().trim());
    }
    table
}

fn limit_table() -> String {
    let mut table = "| limit | at most | of what |\n|---|---|---|\n".to_owned();
    for (name, value, meaning) in limits::ALL {
        let _ = writeln!(table, "| `{name}` | {value} | {} |", meaning.trim());
    }
    table
}

fn release_limit_table() -> String {
    let mut table = "| limit | at most | of what |\n|---|---|---|\n".to_owned();
    for (name, value, meaning) in weir_release::limits::ALL {
        let _ = writeln!(table, "| `{name}` | {value} | {} |", meaning.trim());
    }
    table
}

/// The codes of policies, attachments, and what they are held against.
fn policy_codes() -> impl Iterator<Item = &'static Code> {
    [codes::ALL, weir_render::CODES, weir_resources::CODES].into_iter().flatten()
}

#[test]
fn a_code_has_one_meaning_whichever_crate_it_is_of() {
    let mut names = BTreeSet::new();
    for code in policy_codes().chain(weir_release::codes::ALL) {
        assert!(names.insert(code.name()), "{} stands in two tables", code.name());
    }
}

fn code_table(codes: impl Iterator<Item = &'static Code>) -> String {
    let mut table = "| code | means |\n|---|---|\n".to_owned();
    for code in codes {
        let _ = writeln!(table, "| `{}` | {} |", code.name(), code.meaning().trim().replace('|', "\\|"));
    }
    table
}
