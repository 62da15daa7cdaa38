//! The journal's file as the next process finds it, whenever the one before ended.

use super::*;

fn begun(lines: &[&str]) -> (tempfile::TempDir, StateDir, JournalFile) {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let (mut journal, _) = state.begin_journal("first").unwrap();
    journal.append(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>(), no_fold).unwrap();
    (folder, state, journal)
}

fn no_fold() -> Option<String> {
    unreachable!("it is not that large")
}

/// What a reader is given, and how much was cut off.
fn read(state: &StateDir) -> Result<Option<(Vec<String>, usize)>, String> {
    let mut lines = Vec::new();
    let opened = state.open_journal(|line| {
        lines.push(line.to_owned());
        Ok(())
    });
    let opened = opened.map_err(|failure| failure.text(false))?;
    Ok(opened.map(|opened| (lines, opened.cut_off)))
}

fn texts(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

#[test]
fn a_journal_reads_back_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    assert_eq!(read(&state), Ok(None));
    assert!(!state.read_journal(|_| Ok(())).unwrap());
    drop(state.begin_journal("first").unwrap());
    for line in ["a", "b"] {
        let mut journal = state.open_journal(|_| Ok(())).unwrap().unwrap().journal;
        journal.append(&texts(&[line]), no_fold).unwrap();
    }
    assert_eq!(read(&state), Ok(Some((texts(&["first", "a", "b"]), 0))));
    assert!(state.read_journal(|_| Ok(())).unwrap());
}

/// A kill between writing and syncing may leave any part of the last line.
#[test]
fn of_a_last_line_that_is_half_written_nothing_stays() {
    let (folder, state, _journal) = begun(&["one"]);
    let path = folder.path().join("releases/journal.jsonl");
    let before = fs::read(&path).unwrap();
    let last = br#"{"number":2,"event":"started"}"#;
    for length in 1..=last.len() {
        fs::write(&path, [&before[..], &last[..length]].concat()).unwrap();
        let mut seen = Vec::new();
        let take = |line: &str| {
            seen.push(line.to_owned());
            Ok(())
        };
        assert!(state.read_journal(take).unwrap());
        assert_eq!(seen, ["first", "one"], "who only reads passes over it");
        assert_eq!(read(&state), Ok(Some((texts(&["first", "one"]), length))), "{length}");
        assert_eq!(fs::read(&path).unwrap(), before, "{length}");
    }
    // Whole, but for a page that never came to the disk.
    fs::write(&path, [&before[..], &last[..5], &[0; 9], b"}\n"].concat()).unwrap();
    assert_eq!(read(&state), Ok(Some((texts(&["first", "one"]), 16))));
    fs::write(&path, [&before[..], last, b"\n"].concat()).unwrap();
    assert_eq!(read(&state).unwrap().unwrap().0.len(), 3);
}

#[test]
fn a_journal_that_cannot_be_read_in_its_middle_stays_and_says_where() {
    let (folder, state, _journal) = begun(&["one", "two"]);
    let path = folder.path().join("releases/journal.jsonl");
    let refuse = |line: &str| if line == "one" { Err("number 7 follows 1".to_owned()) } else { Ok(()) };
    for failure in [state.open_journal(refuse).map(drop), state.read_journal(refuse).map(drop)] {
        let Err(Failure::Usage(message)) = failure else { panic!("it was read") };
        let place = format!("{}: line 2: number 7 follows 1; nothing is changed", path.display());
        assert!(message.starts_with(&place) && message.contains("--new-journal"), "{message}");
    }
    for (bytes, why) in [(&b"first\n\xff\nlast\n"[..], "line 2: invalid utf-8"), (b"", "line 1: there is none")] {
        fs::write(&path, bytes).unwrap();
        let why_not = read(&state).unwrap_err();
        assert!(why_not.contains(why), "{why_not}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_new_journal_moves_the_one_before_aside() {
    let (folder, state, journal) = begun(&["one"]);
    drop(journal);
    let (_, moved) = state.begin_journal("anew").unwrap();
    assert_eq!(fs::read_to_string(moved.unwrap()).unwrap(), "first\none\n");
    let (_, moved) = state.begin_journal("again").unwrap();
    assert_eq!(fs::read_to_string(moved.unwrap()).unwrap(), "anew\n");
    assert_eq!(read(&state), Ok(Some((texts(&["again"]), 0))));
    assert_eq!(fs::read_dir(folder.path().join("releases")).unwrap().count(), 3);
}

/// Where the disk is full.
fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

#[test]
fn what_a_full_disk_does_not_take_is_not_there_and_what_is_owed_comes_first() {
    let (_folder, state, mut journal) = begun(&["one"]);
    let real = std::mem::replace(&mut journal.file, full());
    journal.append(&texts(&["two"]), no_fold).unwrap_err();
    journal.owe(texts(&["rolled back"]));
    journal.append(&texts(&["three"]), no_fold).unwrap_err();
    journal.pay().unwrap_err();
    journal.has_room().unwrap_err();
    assert!(!journal.owed.is_empty());
    // Some of it was written before there was no room.
    journal.file = real;
    journal.file.write_all_at(b"half of a line that is a long one", journal.size).unwrap();
    journal.append(&texts(&["four"]), no_fold).unwrap();
    assert!(journal.owed.is_empty());
    assert_eq!(read(&state), Ok(Some((texts(&["first", "one", "rolled back", "four"]), 0))));
    // And whether there is room is tried where there was none.
    journal.is_torn = true;
    journal.has_room().unwrap();
    assert!(!journal.is_torn);
    assert_eq!(read(&state).unwrap().unwrap().1, 0);
}

#[test]
fn beyond_its_limit_a_journal_begins_anew_with_what_it_comes_to() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let (mut journal, _) = state.begin_journal_of(10, "first").unwrap();
    let mut append = |line: &str, fold: &str| journal.append(&texts(&[line]), || Some(fold.to_owned())).unwrap();
    // 6 bytes, and then 10: not beyond.
    append("one", "-");
    append("two", "-");
    assert_eq!(read(&state).unwrap().unwrap().0, ["first", "one", "two"]);
    append("three", "fold 1");
    assert_eq!(read(&state).unwrap().unwrap().0, ["fold 1", "three"]);
    assert_eq!(fs::read_to_string(folder.path().join("releases/journal-before.jsonl")).unwrap(), "first\none\ntwo\n");
    // What is as large as the limit by itself may grow to twice that: 44 bytes.
    append("four", "-");
    append("five", "a long fold by itself");
    append(&"6".repeat(16), "-");
    append("seven", "-");
    assert_eq!(read(&state).unwrap().unwrap().0.len(), 4);
    append("eight", "fold 3");
    assert_eq!(read(&state).unwrap().unwrap().0, ["fold 3", "eight"]);
    assert!(
        !fs::read_dir(folder.path())
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().starts_with("new-") })
    );
}

#[test]
fn a_rotation_that_fails_loses_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let (mut journal, _) = state.begin_journal_of(1, "first").unwrap();
    // In the way of what would be written.
    let before = folder.path().join("releases/journal-before.jsonl");
    fs::create_dir(&before).unwrap();
    journal.append(&texts(&["one"]), || Some("fold".to_owned())).unwrap();
    journal.append(&texts(&["two"]), || Some("fold".to_owned())).unwrap();
    journal.append(&texts(&["three"]), || Some("fold".to_owned())).unwrap();
    assert_eq!(read(&state).unwrap().unwrap().0, ["first", "one", "two", "three"]);
    fs::remove_dir(&before).unwrap();
    journal.append(&texts(&["four"]), || Some("fold".to_owned())).unwrap();
    assert_eq!(read(&state).unwrap().unwrap().0, ["fold", "four"]);
}
