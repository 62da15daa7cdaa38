//! Verdicts: what is said of them, and what becomes of them when they are made again.

use std::fs;

use serde_json::Value;
use weir_release::journal::Event;
use weir_release::judge::{Decision, Phase};

use crate::support::{Folder, begun, running};

#[test]
fn a_verdict_is_shown_with_its_numbers_and_every_reason_in_words() {
    let mut folder = Folder::of(running("owl"));
    let verdict = folder.judge("owl", 12, 1_000, [5, 5]);
    assert_eq!((verdict.decision, verdict.phase), (Decision::Hold, Phase::Holding));
    let said = folder.say("why owl").out;
    let expected = "owl: running, step 1 of 3 (5%), holding since 2026-12-01T01:02:00Z
- 1m 50s of 10m have counted for the step
  it goes on by itself when that is over
";
    assert!(said.contains(expected), "{said}");
    let said = folder.say("show owl").out;
    for line in [
        "verdict hold",
        "held 1m 50s of 10m; canary ",
        "GUARDRAIL   ARM     STATE  BAD/ALL",
        "errors      canary  good   ",
        "4  2026-12-01T01:03:00Z  verdict hold, holding: hold",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let said = folder.say("list").out;
    assert!(said.contains("running  holding  1/3   5%     2026-12-01T01:02:00Z  1m 50s of 10m have counted"), "{said}");
}

#[test]
fn a_rollback_says_what_it_was_for() {
    let mut folder = Folder::of(running("owl"));
    let verdict = folder.judge("owl", 30, 1_000, [200, 5]);
    assert_eq!(verdict.decision, Decision::Rollback);
    folder.append([Event::RolledBack { release: "owl".into(), push: 3 }]);
    let said = folder.say("why owl").out;
    assert!(said.contains("- guardrail errors: canary is worse than control: "), "{said}");
    assert!(said.contains(" requests are bad, of control "), "{said}");
    let json: Value = serde_json::from_str(&folder.say("show owl --json").out).unwrap();
    let told = &json["events"][3]["event"]["verdict"];
    assert_eq!((&told["verdict"], &told["numbers"]), (&"rollback".into(), &Value::Null));
    assert!(json["release"]["verdict"]["numbers"].is_object());
    assert_eq!(json["events"][3]["event"]["inputs"], Value::Null);
}

#[test]
fn what_waits_for_a_person_is_told_with_the_command() {
    let mut folder = Folder::of(running("owl"));
    let verdict = folder.judge("owl", 90, 1_000, [5, 5]);
    assert_eq!(verdict.phase, Phase::WaitingApproval);
    let said = folder.say("why owl").out;
    assert!(said.contains("- step 2 of 3 (50%) asks for a yes\n  it goes on when somebody says yes: weir release approve owl --step 2 --state state\n"), "{said}");

    folder.append([begun("owl", 1, 3), begun("owl", 2, 4)]);
    let verdict = folder.judge("owl", 90, 1_000, [5, 5]);
    assert_eq!(verdict.phase, Phase::WaitingPromotion);
    let order = "  1. point stable at the new version
  2. see it on requests without a tag
  3. weir release promote owl --state state: ";
    assert!(folder.say("why owl").out.contains(order));
    let said = folder.say("promote owl");
    assert!(said.code == Some(3) && said.out.contains(order), "{said:?}");
}

#[test]
fn verdicts_that_are_made_again_are_the_same_unless_somebody_changed_the_journal() {
    let mut folder = Folder::of(running("owl"));
    let said = folder.say("replay owl");
    assert_eq!((said.code, said.out.as_str()), (Some(0), "the journal has no verdict on owl\n"));
    folder.judge("owl", 12, 1_000, [5, 5]);
    folder.judge("owl", 30, 1_000, [200, 5]);
    let said = folder.say("replay owl");
    assert_eq!((said.code, said.out.as_str()), (Some(0), "2 verdicts on owl are the same again\n"));

    let whole = fs::read_to_string(folder.journal()).unwrap();
    let changed = whole.replacen("\"verdict\":\"rollback\"", "\"verdict\":\"hold\"", 1);
    assert_ne!(changed, whole);
    fs::write(folder.journal(), changed).unwrap();
    let said = folder.say("replay owl");
    assert_eq!(said.code, Some(1));
    let expected = "  verdict.verdict: \"hold\" was written, and it is \"rollback\"\n1 of 2 verdicts on owl differ\n";
    assert!(said.out.starts_with("line 5, verdict hold at ") && said.out.ends_with(expected), "{said:?}");
    let json: Value = serde_json::from_str(&folder.say("replay owl --json").out).unwrap();
    assert_eq!((&json["verdicts"], &json["differences"][0]["line"]), (&2.into(), &5.into()));
    assert_eq!(folder.say("replay cat").code, Some(1));
}
