//! Records are read back, or refused.

use super::*;
use crate::evidence::testing::reading;

fn ledger() -> Ledger {
    let mut ledger = Ledger::default();
    ledger.count("a", reading("1", 100), "m");
    ledger.accept();
    ledger.count("a", reading("1", 90), "m");
    ledger.count("a", reading("2", 7), "n");
    ledger.count("b\n\"", reading("1", u64::MAX), "m");
    ledger
}

#[test]
fn evidence_and_readings_are_one_record_that_is_read_back_as_it_was() {
    for ledger in [Ledger::default(), ledger()] {
        for releases in [String::new(), "owl".to_owned()] {
            let text = write(&ledger, &releases).unwrap();
            assert_eq!(read(&text).unwrap(), (ledger.clone(), releases));
        }
    }
}

#[test]
fn what_was_counted_after_a_record_comes_as_one_poll() {
    let (mut ledger, ()) = read(&write(&ledger(), &()).unwrap()).unwrap();
    ledger.accept();
    ledger.count("a", reading("2", 8), "o");
    ledger.count("a", reading("2", 12), "o");
    let evidence = ledger.accept();
    let requests = |number: usize| {
        evidence[number].counts.of("owl", "canary").unwrap().by_part(weir_policy::evidence::Outcome::All)[3]
    };
    assert_eq!((evidence[0].mark.as_deref(), requests(0)), (Some("n"), 1));
    assert_eq!((evidence[1].mark.as_deref(), requests(1)), (Some("o"), 4));
}

/// A public format: what a server of before wrote is read.
#[test]
fn the_format_stays() {
    let text = r#"{"evidence":1,"ledger":{"processes":{"a":[{"start":"2026-11-29T10:59:37.311Z","mark":"0123456789ab","number":0,"counts":{"owl":{"canary":{"all":[0,0,0,5,0,0,0,0,0,0,0,0,0,0,0,0]}}}}]},"readings":1,"forgotten":null,"waiting":[{"mark":null,"counts":{"owl":{"canary":{"all":[0,0,0,5,0,0,0,0,0,0,0,0,0,0,0,0]}}}}],"totals":{},"resets":0}}"#;
    let mut ledger = Ledger::default();
    ledger.count("a", reading("2026-11-29T10:59:37.311Z", 5), "0123456789ab");
    assert_eq!(read(text).unwrap(), (ledger.clone(), String::new()), "nothing of releases: as before there were any");
    let text = text.replace(r#","resets":0}}"#, r#","resets":0},"releases":"owl"}"#);
    assert_eq!(write(&ledger, &"owl").unwrap(), text);
}

#[test]
fn another_version_and_a_broken_text_are_told_apart() {
    let text = write(&ledger(), &()).unwrap();
    for (text, expected) in [
        (
            text.replace(r#"{"evidence":1"#, r#"{"evidence":2"#),
            "a record of evidence of version 2, and this weir knows version 1",
        ),
        (r#"{"evidence":0}"#.to_owned(), "a record of evidence of version 0, and this weir knows version 1"),
        (r#"{"evidence":1}"#.to_owned(), "not a record of evidence: missing field `ledger`"),
        ("{}".to_owned(), "not a record of evidence: missing field `evidence`"),
        (String::new(), "not a record of evidence: EOF"),
        (text[..text.len() / 2].to_owned(), "not a record of evidence: EOF"),
        (text.replace(r#""all""#, r#""al""#), "no outcome is called"),
        (text.replace("[0,0,0,90,", "[0,0,0,-90,"), "not a record of evidence: "),
    ] {
        let error = read::<()>(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
