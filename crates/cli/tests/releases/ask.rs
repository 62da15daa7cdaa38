//! What people say to releases.

use std::fs::{self, File};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use weir_release::journal::Event;

use crate::support::{Folder, begun, running};

#[test]
fn a_request_names_what_was_seen_and_who_asks() {
    for (words, verb, step) in [
        ("pause owl", "pause", Value::Null),
        ("approve owl", "approve", 1.into()),
        ("approve owl --step 3", "approve", 2.into()),
        ("abort owl", "abort", Value::Null),
        ("step owl next", "step_next", 1.into()),
        ("step owl full", "step_full", 2.into()),
        ("freeze", "freeze", Value::Null),
    ] {
        let folder = Folder::of(running("owl"));
        let said = folder.say_with(words, ["--why", "it is time"]);
        assert_eq!(said.code, Some(3), "{words}: {said:?}");
        assert!(said.err.contains("no weir serve runs on state, and the next one that starts does it"), "{said:?}");
        let [(_, request)] = &folder.requests()[..] else { panic!("{words}") };
        let is_of_one = request["release"] == "owl" || verb == "freeze";
        assert!(is_of_one && request["verb"] == verb && request["journal"] == 3, "{request}");
        assert_eq!((&request["step"], &request["why"]), (&step, &"it is time".into()));
        assert!(request["user"].is_string() && request["host"].is_string(), "{request}");
    }
}

#[test]
fn what_makes_no_sense_is_not_left_for_the_next_server() {
    let rolled_back = || running("owl").into_iter().chain([Event::RolledBack { release: "owl".into(), push: 3 }]);
    for (folder, words, expected) in [
        (Folder::of(running("owl")), "resume owl", "resume owl: refused: owl is not paused"),
        (Folder::of(rolled_back()), "abort owl", "abort owl: refused: owl is rolled back"),
        (Folder::of(running("owl")), "promote owl", "promote owl: refused: "),
        (Folder::of(running("owl")), "acknowledge owl", "acknowledge owl: refused: owl was not rolled back"),
    ] {
        let said = folder.say(words);
        assert!(said.code == Some(1) && said.err.contains(expected), "{words}: {said:?}");
        assert_eq!(folder.requests().len(), 0);
    }
    let said = Folder::of(running("owl")).say("resume owl --json");
    assert_eq!(said.code, Some(1));
    assert_eq!(said.out, "{\"answer\":\"refused\",\"line\":null,\"reason\":\"owl is not paused\",\"request\":null}\n");
    let said = Folder::of(running("owl")).say_with("step owl next", ["--why", " "]);
    assert!(said.code == Some(2) && said.err.contains("words that say why would do"), "{said:?}");
}

/// A server that has the folder locked, and answers the request that comes as told.
fn answered(words: &str, answer: impl Fn(&mut Folder, &str)) -> (Option<i32>, String) {
    let mut folder = Folder::of(running("owl"));
    let lock = File::create(folder.path().join("state/lock")).unwrap();
    lock.lock().unwrap();
    let command = folder.command(words).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let path = loop {
        match folder.requests().pop() {
            Some((path, _)) => break path,
            None if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
            None => panic!("no request"),
        }
    };
    answer(&mut folder, path.file_stem().unwrap().to_str().unwrap());
    fs::remove_file(path).unwrap();
    let said = command.wait_with_output().unwrap();
    (said.status.code(), String::from_utf8([said.stdout, said.stderr].concat()).unwrap())
}

#[test]
fn the_answer_of_a_server_is_told_with_its_line() {
    let paused = |folder: &mut Folder, request: &str| {
        folder
            .append([begun("owl", 1, 3), Event::Paused { request: request.into(), release: "owl".into(), why: None }]);
    };
    let (code, said) = answered("pause owl", paused);
    assert_eq!((code, said.as_str()), (Some(0), "pause owl: done, line 5 of the journal: paused by ann@web-1\n"));
    let (code, said) = answered("pause owl --json", paused);
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &json["answer"], &json["line"]), (Some(0), &"done".into(), &5.into()));

    let refused = |folder: &mut Folder, request: &str| {
        let path = folder.path().join(format!("state/releases/requests/{request}.refused"));
        fs::write(path, "step 2 of owl has begun").unwrap();
    };
    let (code, said) = answered("approve owl --step 2", refused);
    assert_eq!((code, said.as_str()), (Some(1), "weir: approve owl: refused: step 2 of owl has begun\n"));
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for_for_ever() {
    let folder = Folder::of(running("owl"));
    let lock = File::create(folder.path().join("state/lock")).unwrap();
    lock.lock().unwrap();
    let said = folder.say("pause owl --wait 20ms");
    assert!(said.code == Some(3) && said.err.contains("has not answered within 20ms"), "{said:?}");
    assert_eq!(folder.requests().len(), 1);
}
