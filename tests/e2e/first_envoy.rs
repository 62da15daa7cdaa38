//! The walks of docs/operating.md, "A first Envoy" and "Without a server", as they stand there, on free ports.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use crate::support::{Port, Process, eventually, root, weir};

const SOON: Duration = Duration::from_secs(120);

/// The patience of a person who looks again until there is an answer: `curl -i -H HEADER URL`, and `weir` that is given
/// the ports.
const CURL: &str = r#"#!/usr/bin/env python3
import sys, time, urllib.request
name, value = sys.argv[3].split(": ")
until = time.monotonic() + 30
while True:
    try:
        answer = urllib.request.urlopen(urllib.request.Request(sys.argv[4], headers={name: value}))
        break
    except OSError as error:
        if time.monotonic() > until:
            sys.exit(f"{sys.argv}: {error}")
        time.sleep(0.02)
print(answer.status, answer.headers, answer.read().decode(), sep="\n")
"#;
const WEIR: &str = r#"#!/bin/sh
case $1 in
serve) shift; exec WEIR serve --listen "127.0.0.1:XDS" "$@" ;;
fleet) until WEIR "$@" --server "127.0.0.1:HTTP" >run/fleet; do sleep 0.02; done; cat run/fleet ;;
*) exec WEIR "$@" ;;
esac
"#;

#[tokio::test]
async fn the_walks_of_the_docs_do_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["envoy", "scripts", ".tools"] {
        symlink(root().join(name), at(name)).unwrap();
    }
    for name in ["run", "target", "bin"] {
        fs::create_dir(at(name)).unwrap();
    }
    symlink(crate::support::wasm(), at("target/weir.wasm")).unwrap();

    let ports: [Port; 6] = std::array::from_fn(|_| Port::reserve());
    let ours: Vec<String> = ports.iter().map(|port| port.number().to_string()).collect();
    let theirs = ["18000", "18001", "9901", "10000", "8080", "8081"];
    let weir = WEIR.replace("WEIR", &weir().display().to_string());
    program(&at("bin/weir"), &weir.replace("XDS", &ours[0]).replace("HTTP", &ours[1]));
    program(&at("bin/curl"), CURL);

    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let five_minutes = section(&readme, "## Five minutes");
    let policy = blocks(five_minutes, "yaml").into_iter().next().expect("the policy of the five minutes");
    fs::write(at("run/policy.yaml"), policy).unwrap();
    let attach =
        five_minutes.lines().find(|line| line.starts_with("printf")).expect("the line that makes the attachment");

    let operating = fs::read_to_string(root().join("docs/operating.md")).unwrap();
    let walks = ["## A first Envoy", "## Without a server"].map(|title| section(&operating, title));
    let steps = [attach.to_owned()].into_iter().chain(walks.into_iter().flat_map(|walk| blocks(walk, "sh")));
    // What is left running where a step fails ends with the script.
    let mut script =
        "set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\nexport PATH=$PWD/bin:$PATH\n".to_owned();
    steps.for_each(|step| script += &format!("{step}\n"));
    // Those that serve the two versions end by the signal itself, which is no success.
    script = script.replace("wait \"$envoy\" \"$stable\" \"$canary\"", "{ wait \"$envoy\"; echo all ended; }");
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert!(script.contains(theirs) || *theirs == "18000", "{theirs} is no port of the walk any more");
        script = script.replace(theirs, ours);
    }
    fs::write(at("walk.sh"), &script).unwrap();

    let mut walk = Process::start("walk", Path::new("/bin/sh"), &["walk.sh".to_owned()], folder.path());
    let ended = eventually(SOON, "the walk ends", async || walk.ended().ok_or_else(|| walk.tail())).await;
    let said = walk.stdout();
    assert!(ended.success(), "{}", walk.tail());
    assert_eq!(said.matches("\ncanary\n").count(), 2, "{said}");
    assert_eq!(said.matches("checkout=owl-v21/canary/rule").count(), 2, "{said}");
    assert!(said.contains("edge-1") && said.contains("in step"), "{said}");
    assert!(said.contains("files") && said.contains("OK") && said.contains("all ended"), "{said}");
}

fn program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

/// A section of a page, up to the next heading of its kind.
fn section<'a>(page: &'a str, title: &str) -> &'a str {
    let (_, from) = page.split_once(&format!("{title}\n")).unwrap_or_else(|| panic!("no section {title}"));
    from.split("\n## ").next().unwrap_or(from)
}

/// The blocks of code of one language.
fn blocks(section: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    section.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap_or(rest).to_owned()).collect()
}
