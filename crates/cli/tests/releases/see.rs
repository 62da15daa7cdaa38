//! list, show, why.

use std::fs;
use std::io::{BufRead, BufReader};

use serde_json::Value;
use weir_release::journal::{Event, Wait};

use crate::support::{Folder, begun, running, seen, started};

#[test]
fn a_list_has_a_line_for_each() {
    let waits = Wait::new("slots", "it waits for slots").of(vec!["owl".into()]);
    let events = running("owl").into_iter().chain([
        seen("cat"),
        Event::Waits { release: "cat".into(), waits: vec![waits] },
        seen("dog"),
        Event::Aborted { request: "r".into(), release: "dog".into(), why: None, push: None },
    ]);
    let folder = Folder::of(events);
    let said = folder.say("list");
    assert_eq!(
        said.out,
        "no weir serve runs on state: nothing goes on

ID   STATE    PHASE  STEP  SHARE  SINCE                 WAITS FOR
cat  queued   -      -/3   0%     2026-12-01T01:03:00Z  it waits for slots (owl)
owl  running  -      1/3   5%     2026-12-01T01:02:00Z  -
dog  aborted  -      -/3   0%     2026-12-01T01:06:00Z  -
"
    );
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let json: Value = serde_json::from_str(&folder.say("list --json").out).unwrap();
    let ids: Vec<&str> = json["releases"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!((ids, &json["journal"]), (vec!["cat", "owl", "dog"], &Value::from(7)));
}

#[test]
fn what_a_file_of_the_journal_has_no_more_is_said_to_be_left_out() {
    let mut folder = Folder::of(running("owl"));
    let is_said = |folder: &Folder, id: &str| folder.say(&format!("show {id}")).out.contains("is left out");
    assert!(!is_said(&folder, "owl"));
    folder.rotate();
    folder.append([Event::Paused { request: "r2".into(), release: "owl".into(), why: None }, seen("cat")]);
    let shown = folder.say("show owl").out;
    let end = "
what happened up to line 3 of the journal is left out: its files in --state have what is still known

4  2026-12-01T01:03:00Z  paused by ann@web-1
";
    assert!(shown.ends_with(end), "{shown}");
    assert!(!is_said(&folder, "cat"));
    let replayed = folder.say("replay owl").out;
    let left_out = "verdicts up to line 3 are not in this file of the journal, and were not made again\n";
    assert_eq!(replayed, left_out.to_owned() + "the journal has no verdict on owl\n");
    assert_eq!(folder.say("replay cat").out, "the journal has no verdict on cat\n");
    let json: Value = serde_json::from_str(&folder.say("why owl --json").out).unwrap();
    assert_eq!((&json["left_out"], json["events"].as_array().unwrap().len()), (&Value::from(3), 1));
}

#[test]
fn numbers_that_fell_are_told_of_each_release_that_may_lack_something() {
    let mut folder = Folder::of(running("owl").into_iter().chain([seen("cat")]));
    folder.append([Event::Reset { nodes: vec!["edge-1".into(), "edge-2".into()], releases: vec!["owl".into()] }]);
    let told = |id: &str| folder.say(&format!("show {id}")).out;
    let line =
        "what these nodes counted since they were read before is not known, and is no evidence: edge-1, edge-2\n";
    assert!(told("owl").ends_with(line), "{}", told("owl"));
    assert!(!told("cat").contains(line), "{}", told("cat"));
    let json: Value = serde_json::from_str(&folder.say("why owl --json").out).unwrap();
    assert_eq!(json["events"][3]["event"]["event"], "reset", "{json}");
}

#[test]
fn one_that_is_shown_tells_its_steps_and_what_happened_to_it() {
    let mut folder = Folder::of(running("owl"));
    folder.append([
        Event::Approved { request: "r1".into(), release: "owl".into(), step: 1, why: None },
        Event::Paused { request: "r2".into(), release: "owl".into(), why: Some("lunch".into()) },
    ]);
    let said = folder.say("show owl");
    let expected = "\
owl (release): running, step 1 of 3 (5%) since 2026-12-01T01:02:00Z
file releases/owl.yaml
- it is paused: by ann@web-1 since 2026-12-01T01:04:00Z: lunch
  it goes on when somebody lets it go on: weir release resume owl --state state

   STEP  SHARE  HOLD  REQUESTS  YES    BEGAN
>  1     5%     10m   0         -      2026-12-01T01:02:00Z
   2     50%    1h    0         given  -
   3     100%   10m   0         -      -

1  2026-12-01T01:00:00Z  seen in releases/owl.yaml
2  2026-12-01T01:01:00Z  started: Envoys learn its tags and routes
3  2026-12-01T01:02:00Z  step 1 began: 5%
4  2026-12-01T01:03:00Z  step 2 approved by ann@web-1
5  2026-12-01T01:04:00Z  paused by ann@web-1: lunch
";
    assert_eq!(said.out.split_once("\n\n").unwrap().1, expected, "{said:?}");
    let json: Value = serde_json::from_str(&folder.say("show owl --json").out).unwrap();
    assert_eq!(json["release"]["paused"]["why"], "lunch");
    assert_eq!(json["events"].as_array().unwrap().len(), 5);
}

#[test]
fn why_says_what_would_do() {
    let life = [
        Event::Finished { release: "owl".into(), push: 3 },
        Event::Unreached { release: "owl".into(), nodes: vec!["edge-1".into()] },
        Event::Reached { release: "owl".into() },
    ];
    let finished = |events: usize| running("owl").into_iter().chain(life.iter().take(events).cloned());
    let of_rollback = Event::RolledBack { release: "owl".into(), push: 3 };
    let frozen = Event::Frozen { request: "r".into(), why: Some("sale".into()) };
    for (events, expected) in [
        (running("owl").to_vec(), "nothing is in its way: the next tick decides"),
        (
            running("owl").into_iter().chain([frozen]).collect(),
            "it goes on when somebody thaws them: weir release thaw --why TEXT --state state\n",
        ),
        (finished(1).collect(), "may not be deleted yet: not before 2026-12-01T01:13:00Z, and when every"),
        (finished(2).collect(), "these Envoys have not answered yet: edge-1\n"),
        (
            running("owl").into_iter().chain([of_rollback]).collect(),
            "has seen this: weir release acknowledge owl --state state\n",
        ),
    ] {
        let said = Folder::of(events).say("why owl");
        assert!(said.code == Some(0) && said.out.contains(expected), "{expected}: {said:?}");
    }
    let said = Folder::of(finished(3)).say("why owl");
    assert!(said.out.contains("the subset and Deployment of its canary may be deleted"), "{said:?}");
}

#[test]
fn who_asks_for_what_is_not_there_is_told() {
    let folder = Folder::of(running("owl-v21"));
    for words in ["show owl-v2l", "why owl-v2l", "show owl-v2l --wait", "pause owl-v2l"] {
        let said = folder.say(words);
        assert_eq!(said.code, Some(1), "{words}");
        assert_eq!(said.err, "weir: no release is called \"owl-v2l\"; did you mean owl-v21?\n", "{words}");
    }
    for (words, expected) in [
        ("list --http 127.0.0.1:1", "cannot be used with"),
        ("step owl-v21 next", "--why <TEXT>"),
        ("approve owl-v21 --step 0", "0 is not in 1..=20"),
    ] {
        let said = folder.say(words);
        assert!(said.code == Some(2) && said.err.contains(expected), "{words}: {said:?}");
    }
}

#[test]
fn a_journal_that_is_missing_or_broken_is_said_and_left() {
    let folder = Folder::of(running("owl"));
    let whole = fs::read_to_string(folder.journal()).unwrap();
    let second = whole.lines().nth(1).unwrap();
    for (text, expected) in [
        (whole.replacen("{\"number\":2", "{\"number\":3", 1), "line 2: line 3 does not follow the line before"),
        (whole.replacen(second, "{", 1), "line 2: not a line of a journal: "),
        (whole.replacen("\"started\"", "\"flown\"", 1), "line 2: not a line of a journal: "),
    ] {
        fs::write(folder.journal(), &text).unwrap();
        for words in ["list", "show owl", "why owl", "abort owl"] {
            let said = folder.say(words);
            assert!(said.code == Some(2) && said.err.contains(expected), "{words}: {said:?}");
            assert_eq!(said.err.lines().count(), 1);
        }
        assert_eq!(fs::read_to_string(folder.journal()).unwrap(), text);
    }
    // Half a line at the end is one that is being written.
    fs::write(folder.journal(), format!("{whole}{{\"num")).unwrap();
    assert_eq!(folder.say("list").code, Some(0));
    fs::remove_file(folder.journal()).unwrap();
    let said = folder.say("list");
    assert!(said.code == Some(2) && said.err.contains("no journal of releases is here"), "{said:?}");
}

#[test]
fn who_waits_is_told_how_it_ends() {
    let end = |event: Event| {
        let mut folder = Folder::of(running("owl"));
        let mut waits = folder.command("show owl --wait").spawn().unwrap();
        let mut lines = BufReader::new(waits.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(first.ends_with(" owl: running, step 1 of 3 (5%)"), "{first}");
        folder.append([begun("owl", 1, 3), begun("owl", 2, 4), event]);
        (waits.wait().unwrap().code(), lines.map(Result::unwrap).last().unwrap())
    };
    let (code, last) = end(Event::Finished { release: "owl".into(), push: 5 });
    assert!(code == Some(0) && last.contains(" owl: finished"), "{last}");
    let (code, last) = end(Event::RolledBack { release: "owl".into(), push: 5 });
    assert!(code == Some(1) && last.contains(" owl: rolled back"), "{last}");

    let folder = Folder::of([seen("owl"), started("owl", 1)]);
    for words in ["show owl --wait --timeout 10ms", "list --wait --timeout 10ms"] {
        let said = folder.say(words);
        assert_eq!((said.code, said.err.as_str()), (Some(3), "weir: not over after 10ms\n"));
    }
}

/// One that was judged, with pictures: of what there is now, and of each verdict.
#[test]
fn pages_have_what_there_is_to_see() {
    let mut folder = Folder::of(running("owl").into_iter().chain([begun("owl", 0, 3)]));
    folder.judge("owl", 6, 1_600, [20, 20]);
    for (words, parts) in [
        (
            "show owl -o show.html",
            &["<svg", "What each step asks for", "Guardrails", "How far each is from harm", "What happened"][..],
        ),
        ("replay owl -o replay.html", &["<svg", "Replay of owl", "Verdicts", "errors of canary", "the same again"]),
    ] {
        let said = folder.say(words);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{words}: {said:?}");
        let page = std::fs::read_to_string(folder.path().join(words.split(' ').next_back().unwrap())).unwrap();
        for part in parts {
            assert!(page.contains(part), "{words}: {part}");
        }
    }
    for words in ["show owl -o no/show.html", "show owl -o show.html --wait", "replay owl -o no/replay.html"] {
        assert_eq!(folder.say(words).code, Some(2), "{words}");
    }
    assert_eq!(folder.say("show cat -o show.html").code, Some(1));
}
