//! Answers of admin interfaces, good ones and bad ones.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weir_policy::evidence::{Assigned, Outcome, PARTS};

use super::*;
use crate::evidence::testing::experiments;

/// As Envoy 1.40 answers.
const PROCESS_OF_N1: &str = r#"{
 "configs": [
  {
   "@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump",
   "bootstrap": {
    "node": {
     "id": "n1"
    }
   },
   "last_updated": "2026-11-29T10:59:37.311Z"
  }
 ]
}"#;

fn line(experiment: &str, variant: &str, part: u8, outcome: Outcome, value: &str) -> String {
    format!("{}: {value}\n", Assigned { experiment, variant, part, outcome }.shown())
}

fn parse(counters: &str) -> Result<Reading, Unreadable> {
    Reading::parse("n1", PROCESS_OF_N1, counters, &experiments(&[("owl", &["canary", "control"])]))
}

#[test]
fn a_reading_has_the_processs_start_and_its_counters() {
    let text = [
        line("owl", "canary", 0, Outcome::All, "12"),
        line("owl", "canary", 15, Outcome::All, "9007199254740992"),
        line("owl", "canary", 15, Outcome::Over2500, "9007199254740992"),
        "server.hot_restart_generation: 1\n".to_owned(),
    ]
    .concat();
    let Reading { start, took_over, counts } = parse(&text).unwrap();
    assert_eq!((start.as_str(), took_over), ("2026-11-29T10:59:37.311Z", false));
    let canary = counts.of("owl", "canary").unwrap();
    assert_eq!(canary.by_part(Outcome::All)[0], 12);
    assert_eq!(canary.by_part(Outcome::Over2500)[15], COUNT_MAX);
    assert_eq!(canary.total(Outcome::All), COUNT_MAX + 12);
    // It was asked for, and has counted nothing.
    assert_eq!(counts.of("owl", "control").unwrap().total(Outcome::All), 0);
}

#[test]
fn of_what_was_not_asked_for_nothing_is_kept() {
    let others = [
        line("owl", "gone", 0, Outcome::All, "12"),
        line("cat", "canary", 0, Outcome::All, "12"),
        "wasmcustom.weir_requests_total: 3\nno colon\n: \n\nhttp.in.rq: x\n".to_owned(),
    ]
    .concat();
    assert_eq!(parse(&others), parse(""));
}

#[test]
fn a_process_that_was_started_hot_says_so() {
    for (generation, took_over) in [("", false), ("1", false), ("2", true), ("18446744073709551615", true)] {
        let text = format!("server.hot_restart_generation: {generation}\n");
        let text = if generation.is_empty() { "" } else { &text };
        assert_eq!(parse(text).unwrap().took_over, took_over, "{generation}");
    }
}

#[test]
fn a_counter_without_a_whole_number_that_json_can_tell_is_no_reading() {
    assert!(parse(&line("owl", "canary", 0, Outcome::All, &COUNT_MAX.to_string())).is_ok());
    let above = (COUNT_MAX + 1).to_string();
    for value in ["", "-1", "1.5", "0x1", &above, "18446744073709551616", "12 "] {
        let found = parse(&line("owl", "canary", 0, Outcome::All, value));
        assert!(matches!(found, Err(Unreadable::BadCounter(_))), "{value}: {found:?}");
    }
}

/// Envoy writes them one after the other, and requests do not wait.
#[test]
fn more_requests_that_ended_in_one_way_than_there_were_are_no_reading_but_for_those_of_a_moment() {
    let of = |all: u64, other: Outcome, count: u64| {
        let all = line("owl", "canary", 3, Outcome::All, &all.to_string());
        parse(&(all + &line("owl", "canary", 3, other, &count.to_string())))
    };
    for other in Outcome::ALL.into_iter().skip(1) {
        assert!(of(5, other, 5 + AHEAD_MAX).is_ok(), "{other:?}");
        assert_eq!(of(5, other, 6 + AHEAD_MAX), Err(Unreadable::NoSense("owl".into())), "{other:?}");
    }
    // Those of another part are not those.
    let elsewhere = line("owl", "canary", 4, Outcome::All, "5000") + &line("owl", "canary", 3, Outcome::Error, "5000");
    assert_eq!(parse(&elsewhere), Err(Unreadable::NoSense("owl".into())));
}

#[test]
fn the_node_must_be_the_one_that_was_asked_where_it_is_said() {
    let read = |node: &str, text: &str| Reading::parse(node, text, "", &Experiments::default());
    assert_eq!(read("n2", PROCESS_OF_N1), Err(Unreadable::OtherNode("n1".into())));
    let unsaid = PROCESS_OF_N1.replace(r#""id": "n1""#, "");
    assert_eq!(read("n2", &unsaid).unwrap().start, "2026-11-29T10:59:37.311Z");
}

#[test]
fn without_a_start_there_is_no_reading() {
    let start = |start: &str| format!(r#"{{"configs": [{{"last_updated": "{start}"}}]}}"#);
    for text in [
        "",
        "{}",
        "[]",
        r#"{"configs": []}"#,
        r#"{"configs": [{}]}"#,
        r#"{"configs": 1}"#,
        &start(""),
        &start(&"9".repeat(65)),
    ] {
        let found = Reading::parse("n1", text, "", &Experiments::default());
        assert_eq!(found, Err(Unreadable::NoStart), "{text}");
    }
    assert!(Reading::parse("n1", &start(&"9".repeat(64)), "", &Experiments::default()).is_ok());
}

#[test]
fn counters_are_asked_for_by_their_experiments() {
    let path = counters(&experiments(&[("a.b-c_D1", &["x"]), ("owl", &["y"])]));
    assert_eq!(
        path,
        "/stats?usedonly&filter=%5E%28wasmcustom%5C.experiment%3D%5C.%3D%28a%5C%2Eb-c_D1%7Cowl%29%3B%5C.%3B.*weir_assigned_total\
         %7Cserver%5C.hot_restart_generation%29%24"
    );
}

#[test]
fn what_an_interface_says_is_escaped() {
    for error in [
        Unreadable::OtherNode("a\n\u{1b}[2J".into()),
        Unreadable::BadCounter("a\nb".repeat(1_000)),
        Unreadable::NoSense("a\nb".repeat(1_000)),
    ] {
        let text = error.to_string();
        assert!(text.lines().count() == 1 && !text.contains('\u{1b}') && text.len() < 600, "{text}");
    }
}

proptest! {
    #[test]
    fn whatever_an_interface_answers_is_read_or_refused(process in ".*", counters in "(.*\n)*", tail in ".*") {
        let of = experiments(&[("owl", &["canary"])]);
        let _ = Reading::parse("n1", &process, &counters, &of);
        let _ = Reading::parse("n1", PROCESS_OF_N1, &counters, &of);
        let name = Assigned { experiment: "owl", variant: "canary", part: 0, outcome: Outcome::All }.shown();
        let _ = Reading::parse("n1", PROCESS_OF_N1, &format!("{name}{tail}"), &of);
    }

    #[test]
    fn every_counter_is_read_back(values in prop::collection::btree_map((0..PARTS, 0..7usize), 1..=AHEAD_MAX, 0..112)) {
        let text: String = values
            .iter()
            .map(|((part, outcome), value)| line("owl", "canary", *part, Outcome::ALL[*outcome], &value.to_string()))
            .collect();
        let counts = parse(&text).unwrap().counts;
        let mut found = BTreeMap::new();
        for (number, outcome) in Outcome::ALL.into_iter().enumerate() {
            for (part, value) in (0..PARTS).zip(counts.of("owl", "canary").unwrap().by_part(outcome)) {
                if value != 0 {
                    found.insert((part, number), value);
                }
            }
        }
        prop_assert_eq!(found, values);
    }
}
