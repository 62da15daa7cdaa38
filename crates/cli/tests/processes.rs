//! How `weir` ends, as a process: where nobody reads what it says, and where it is called in a way that cannot be meant.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, pipe};
use std::path::Path;
use std::process::{Command, Stdio};

const ENTRY: &str = r#"[{"revision": "70882e21214e", "since": "2026-11-21T10:00:00Z", "cause": "files"}]"#;

/// A folder with a state, a policy, one that is none, and an attachment.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("state/revisions")).unwrap();
    let module = path("weir.wasm");
    let attachment = format!("weir: 1\nname: shop\nwasm: {{file: {}}}\n", module.display());
    let files = [
        ("state/history.json", ENTRY),
        ("policy.yaml", "version: 1\n"),
        ("bad.yaml", "version: 2\n"),
        ("weir.wasm", ""),
        ("attachment.yaml", &attachment),
    ];
    files.iter().for_each(|(name, text)| fs::write(path(name), text).unwrap());
    folder
}

fn weir(folder: &Path, words: &[&str]) -> Command {
    // It ends with this test also where that is killed.
    let mut weir = Command::new("setpriv");
    weir.args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_weir")]).args(words).current_dir(folder);
    weir.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    weir
}

/// The end of a pipe that nobody reads.
fn unread() -> Stdio {
    pipe().unwrap().1.into()
}

#[test]
fn who_has_read_enough_hears_nothing_of_it() {
    let folder = folder();
    let table: [&[&str]; 4] = [
        &["history", "--state", "state"],
        &["history", "--state", "state", "--json"],
        &["check", "policy.yaml"],
        &["explain", "--policy", "policy.yaml"],
    ];
    for words in table {
        let ended = weir(folder.path(), words).stdout(unread()).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!((ended.status.code(), said.as_str()), (Some(141), ""), "{words:?}");
    }
    let ended = weir(folder.path(), &["check", "bad.yaml"]).stderr(unread()).output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "problems that nobody reads");
}

#[test]
fn what_cannot_be_written_is_said() {
    let full = File::create("/dev/full").unwrap();
    let ended = weir(folder().path(), &["history", "--state", "state"]).stdout(full).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(said.starts_with("weir: standard output: ") && said.lines().count() == 1, "{said}");
}

#[test]
fn a_server_whose_addresses_nobody_reads_serves() {
    let folder = folder();
    let words =
        ["serve", "--policy", "policy.yaml", "--attach", "attachment.yaml", "--listen", "127.0.0.1:0", "--http"];
    let mut serve = weir(folder.path(), &[&words[..], &["127.0.0.1:0"]].concat());
    let mut serve = serve.stdout(unread()).spawn().unwrap();
    // The lines end only if the server does.
    let mut said = BufReader::new(serve.stderr.take().unwrap()).lines().map(Result::unwrap);
    let serves = said.any(|line| line.contains(" active in server"));
    serve.kill().unwrap();
    serve.wait().unwrap();
    assert!(serves);
}

#[test]
fn wrong_use_says_what_would_do() {
    let serve = ["serve", "--policy", "policy.yaml", "--attach", "attachment.yaml"];
    let table: [(&[&str], &str); 3] = [
        (&["--resources", "policy.yaml"], "--resources policy.yaml: a file; a folder of such files is meant"),
        (&["--resources", "none"], "--resources none: cannot be read: "),
        (&["--rescan", "bla"], "'bla' for '--rescan <TIME>': a number with its unit would do, such as"),
    ];
    for (words, expected) in table {
        let ended = weir(folder().path(), &[&serve[..], words].concat()).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!((ended.status.code(), said.contains(expected)), (Some(2), true), "{words:?}: {said}");
    }
}

#[test]
fn a_request_that_waits_for_a_server_is_in_the_history() {
    let folder = folder();
    let say = |words: &[&str]| {
        let ended = weir(folder.path(), words).stdout(Stdio::piped()).output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stdout).unwrap())
    };
    assert_eq!(say(&["rollback", "70882e21214e", "--state", "state", "--offline"]).0, Some(0));
    let (code, said) = say(&["history", "--state", "state"]);
    assert_eq!(code, Some(0));
    assert!(said.ends_with("\n70882e21214e is asked for, and no server has taken it yet\n"), "{said}");
}
