//! What verbs show in a terminal, looked at in a real one of several widths: pictures below the text, which is as it is elsewhere.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Each verb that has pictures, on a shop that has everything, with headings of what it draws and a piece of each drawing.
const VERBS: [(&str, &[&str]); 6] = [
    (
        "plan --policy before.yaml --releases releases --rate 2000/m --errors 0.5% --from 2026-12-01T09:00:00Z",
        &["Who owns which slots", "B·", "·A", "When each is dealt", "▁▄", "Smallest ratio that owl-v21 finds", "███"],
    ),
    ("diff before.yaml after.yaml --allow colours", &["layer search", "stable → rank/new ", "███"]),
    (
        "simulate --policy before.yaml --releases releases --fault canary:errors=5% --runs 4 --units 500",
        &["How owl-v21 ends", "├──", "One life of tiger-v7", "▁▁▁"],
    ),
    ("release backtest releases/owl-v21.yaml --evidence evidence.jsonl", &["errors of canary", "a harm", "│---"]),
    ("release show owl --state STATE", &["Steps", "▁▄", "How far each is from harm", "┊███"]),
    ("release replay owl --state STATE", &["errors of canary", "* several", "- bound (300)"]),
];

#[test]
fn pictures_stand_below_the_text_of_a_terminal_as_wide_as_it_is() {
    let state = state();
    for (words, drawn) in VERBS {
        let text = piped(words, state.path(), None);
        for width in [60, 100, 200] {
            let plain = in_terminal(words, state.path(), width, &[("NO_COLOR", "1")]);
            let pictures = plain.strip_prefix(&text).unwrap_or_else(|| panic!("{words} in {width}: {plain}"));
            for piece in drawn {
                assert!(pictures.contains(piece), "{words} in {width}: {piece}: {pictures}");
            }
            let longest = pictures.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(longest <= width.into() && longest + 10 > width.into(), "{words} in {width}: {longest}");
            assert!(!pictures.contains(|one: char| one.is_control() && one != '\n'), "{pictures}");
            let coloured = in_terminal(words, state.path(), width, &[]);
            assert!(coloured.contains("\u{1b}[1m"), "{coloured}");
            assert_eq!(uncoloured(&coloured), plain, "{words}: colours say nothing that is not said without");
            assert_eq!(in_terminal(words, state.path(), width, &[("TERM", "dumb")]), plain, "{words}");
        }
    }
}

#[test]
fn elsewhere_they_are_asked_for() {
    let state = state();
    for (words, _) in VERBS {
        let asked = format!("{words} --pictures");
        let in_100 = in_terminal(words, state.path(), 100, &[("NO_COLOR", "")]);
        assert_eq!(piped(&asked, state.path(), None), uncoloured(&in_100), "{words}");
        for (columns, width) in [("60", 60), ("0", 100), ("wide", 100)] {
            let expected = uncoloured(&in_terminal(words, state.path(), width, &[]));
            assert_eq!(piped(&asked, state.path(), Some(columns)), expected, "{words} with COLUMNS={columns}");
        }
        // What a machine reads has none, wherever it goes.
        let json = in_terminal(&format!("{words} --json"), state.path(), 100, &[]);
        assert!(json.lines().count() == 1 && serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
    }
    for words in ["--json", "--markdown"] {
        let words = format!("diff before.yaml after.yaml --pictures {words}");
        let said = weir(&words, state.path()).output().unwrap();
        assert_eq!((said.status.code(), said.stdout.len()), (Some(2), 0), "{words}");
    }
    for (watch, asked) in [("--watch", "--pictures"), ("--wait", "--pictures"), ("--wait", "-o show.html")] {
        let said = weir(&format!("release show owl --state STATE {watch} {asked}"), state.path()).output().unwrap();
        assert_eq!((said.status.code(), said.stdout.len()), (Some(2), 0), "{watch} {asked}");
    }
}

/// In the folder of the shop, without what the environment says of terminals.
fn weir(words: &str, state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.args(words.split(' ').map(|word| if word == "STATE" { state.as_os_str() } else { word.as_ref() }));
    for name in ["COLUMNS", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm-256color").current_dir(shop());
    command
}

fn piped(words: &str, state: &Path, columns: Option<&str>) -> String {
    let mut command = weir(words, state);
    columns.into_iter().for_each(|columns| _ = command.env("COLUMNS", columns));
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

/// What it says to a terminal so wide.
fn in_terminal(words: &str, state: &Path, width: u16, says: &[(&str, &str)]) -> String {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let inside = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    tcsetwinsize(&inside, Winsize { ws_row: 40, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let mut command = weir(words, state);
    command.envs(says.iter().copied()).stdout(inside).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // Nobody else has the terminal open when the command ends.
    drop(command);
    let (mut outside, mut shown, mut part) = (File::from(terminal), Vec::new(), [0; 4096]);
    // The end is an error on Linux.
    while let Ok(count) = outside.read(&mut part)
        && count > 0
    {
        shown.extend_from_slice(&part[..count]);
    }
    child.wait().unwrap();
    String::from_utf8(shown).unwrap().replace("\r\n", "\n")
}

/// Without the sequences that colours are made of.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').unwrap().1)
}

fn shop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../picture/tests/pages/shop")
}

/// A state folder with the shop's journal.
fn state() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in ["releases", "revisions"] {
        fs::create_dir(folder.path().join(part)).unwrap();
    }
    fs::copy(shop().join("journal.jsonl"), folder.path().join("releases/journal.jsonl")).unwrap();
    folder
}
