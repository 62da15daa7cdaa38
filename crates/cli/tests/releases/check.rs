//! `weir check` with what a journal knows.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use weir_release::journal::{Event, Text};

use crate::support::{Folder, running, seen};

type Pairs = Vec<(String, String)>;

/// Problems as code and message, and the releases that are over as id and state.
fn checked(events: impl IntoIterator<Item = Event>, text: &str) -> (Pairs, Pairs) {
    let folder = Folder::of(events);
    fs::write(folder.path().join("owl.yaml"), text).unwrap();
    let mut weir = Command::new(env!("CARGO_BIN_EXE_weir"));
    let weir = weir.args(["check", "owl.yaml", "--state", "state", "--json"]).current_dir(folder.path());
    let output = weir.output().unwrap();
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    let pairs = |list: &Value, one: &str, other: &str| {
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(|item| (word(&item[one]), word(&item[other]))).collect::<Pairs>()
    };
    let problems = pairs(&seen["problems"], "code", "message");
    assert_eq!(output.status.code(), Some(i32::from(!problems.is_empty())));
    assert!(problems.is_empty() || seen["problems"][0]["line"] == json!(2), "{seen}");
    (problems, pairs(&seen["over"], "id", "state"))
}

/// So that a pipeline hears it before the server does.
#[test]
fn what_a_server_would_not_take_is_told_before_it_sees_it() {
    let Event::Seen { document: Text { text, .. }, .. } = seen("owl") else { unreachable!() };
    let aborted = Event::Aborted { request: "r".into(), release: "owl".into(), why: None, push: Some(3) };
    let over: Vec<Event> = running("owl").into_iter().chain([aborted]).collect();
    let problem = |code: &str, message: &str| vec![(code.to_owned(), message.to_owned())];
    let used = problem("used_id", "release owl is over, and ids are never used twice; a new release has a new id");
    let begun = problem("new_id_needed", "a step that has begun cannot change in force; give what changed a new id");
    let ended = vec![("owl".to_owned(), "aborted".to_owned())];
    let first = text.replace("hold: 10m", "hold: 20m");
    let next = text.replace("hold: 1h", "hold: 2h");
    for (events, text, expected) in [
        (running("owl").to_vec(), &text, (vec![], vec![])),
        (running("owl").to_vec(), &next, (vec![], vec![])),
        (running("owl").to_vec(), &first, (begun, vec![])),
        (vec![seen("owl")], &first, (vec![], vec![])),
        (over.clone(), &text, (vec![], ended)),
        (over, &next, (used, vec![])),
    ] {
        assert_eq!(checked(events.clone(), text), expected, "{events:?}: {text}");
    }
}
