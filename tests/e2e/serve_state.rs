//! `weir serve --state`: what was good is served again after a restart, and again when somebody asks for it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::serve_stages::{self, both, start, until_asked, with_more};
use crate::support::{Disk, Envoy, Fleet, Predictor, attachment, envelope, event, eventually, policy, served, weir};

const SOON: Duration = Duration::from_secs(20);
const REVISION: &str = "wasmcustom.attachment=.=shop;.;weir_policy_revision";
const NO_SPACE: &str = "No space left on device";

/// A policy as it stands in its file, its revision, and that revision as Envoy's gauge has it.
fn good(share: &str) -> (String, String, u64) {
    let policy = policy(share);
    let predictor = Predictor::new(&envelope("edge", &policy));
    (policy.to_string(), predictor.revision(), predictor.revision_number())
}

async fn fleet(state: &Path) -> (Fleet, Envoy) {
    let state = state.display().to_string();
    let fleet = Fleet::start(&policy("10%"), &[("edge.yaml", attachment())], &["--state", &state]).await;
    let envoy = fleet.envoy("edge-1", "edge").await;
    (fleet, envoy)
}

/// Runs `weir VERB … --state STATE`; its exit code and what it printed.
fn run(words: &[&str], state: &Path) -> (Option<i32>, String) {
    let output = Command::new(weir()).args(words).arg("--state").arg(state).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// Revision and cause of each entry, newest first.
pub fn history(state: &Path) -> Vec<(String, String)> {
    let (code, text) = run(&["history", "--json"], state);
    assert_eq!(code, Some(0), "{text}");
    let history: Value = serde_json::from_str(&text).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    history["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (text(&entry["revision"]), text(&entry["cause"])))
        .collect()
}

/// What is kept is served already when it is.
pub async fn until_history(state: &Path, expected: &[(&String, &str)]) {
    let expected: Vec<_> =
        expected.iter().map(|(revision, cause)| ((*revision).clone(), (*cause).to_owned())).collect();
    eventually(SOON, "the history", async || {
        let history = history(state);
        (history == expected).then_some(()).ok_or_else(|| format!("{history:?} instead of {expected:?}"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_on_a_bad_policy_serves_the_last_good_one_and_says_so() {
    let state = tempfile::tempdir().unwrap();
    let (mut fleet, envoy) = fleet(state.path()).await;
    let (text, revision, number) = good("20%");
    fleet.write("policy.yaml", &text);
    envoy.until_stat(REVISION, number).await;

    let colour = text.replacen('{', r#"{"colour": "red","#, 1);
    for (bad, told) in [(&text[..text.len() / 2], "syntax: "), (colour.as_str(), "unknown_field: ")] {
        fleet.weir.kill();
        fleet.write("policy.yaml", bad);
        fleet.weir.restart().await;
        fleet.weir.until(&event("not_served").with("revision", &revision).containing("why", told)).await;
        // An Envoy that knows nothing yet gets it from this server alone.
        fleet.envoy("edge-2", "edge").await.until_stat(REVISION, number).await;
    }
    fleet.weir.kill();
    fleet.remove("policy.yaml");
    fleet.weir.restart().await;
    fleet.weir.until(&event("not_served").with("revision", &revision).containing("why", "cannot be read")).await;

    let (text, _, number) = good("30%");
    fleet.write("policy.yaml", &text);
    envoy.until_stat(REVISION, number).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_holds_until_the_files_change() {
    let state = tempfile::tempdir().unwrap();
    let (mut fleet, envoy) = fleet(state.path()).await;
    let (_, first, first_number) = good("10%");
    let (text, second, second_number) = good("20%");
    fleet.write("policy.yaml", &text);
    envoy.until_stat(REVISION, second_number).await;

    let (code, said) = run(&["rollback", "0123456789ab"], state.path());
    assert_eq!((code, said.contains("is not kept in")), (Some(1), true), "{said}");
    let (code, said) = run(&["rollback", &first], state.path());
    assert_eq!(code, Some(0), "{said}");
    envoy.until_stat(REVISION, first_number).await;
    let all = [(&first, "rollback"), (&second, "files"), (&first, "files")];
    until_history(state.path(), &all).await;

    // A restart is no change of the files, and one that is bad takes nothing back.
    fleet.weir.kill();
    fleet.weir.restart().await;
    fleet.weir.until(&served(&first)).await;
    fleet.write("policy.yaml", "version: 1\nlayers: [\n");
    fleet.weir.until(&event("not_served").with("revision", &first).containing("why", "syntax: ")).await;
    envoy.until_stat(REVISION, first_number).await;

    let (text, third, third_number) = good("30%");
    fleet.write("policy.yaml", &text);
    envoy.until_stat(REVISION, third_number).await;
    fleet.weir.until(&event("rollback_ended").with("to", &first).with("files", &third)).await;
    until_history(state.path(), &[&[(&third, "files")][..], &all].concat()).await;
    let (_, shown) = run(&["history"], state.path());
    assert!(!shown.contains("is served instead"), "{shown}");
}

/// The files say what never came into force: then it is that which the rollback takes the place of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_is_taken_while_a_revision_is_held_back() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().display().to_string();
    let fleet = start(&["--state", &path, "--canary-nodes", "1%", "--canary-deadline", "1s"]).await;
    let _edge = fleet.envoy("edge-1", "edge").await;
    let [(_, first, _), (text, held, _)] = ["10%", "20%"].map(good);
    until_asked(&fleet, &["edge-1"]).await;
    fleet.write("policy.yaml", &text);
    fleet.weir.until(&event("held").with("revision", &held)).await;

    assert_eq!(run(&["rollback", &first], state.path()).0, Some(0));
    until_history(state.path(), &[(&first, "rollback"), (&first, "files")]).await;
    let (_, shown) = run(&["history"], state.path());
    assert!(shown.contains(&format!("{first} is served instead of {held} until the files change")), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_between_stages_goes_back_from_there() {
    let state = tempfile::tempdir().unwrap();
    let fleet = start(&["--state", &state.path().display().to_string()]).await;
    let (edge, mut mesh) = both(&fleet).await;
    let (_, first, number) = good("10%");
    until_asked(&fleet, &["edge-1", "mesh-1"]).await;
    mesh.freeze(true);
    let more = serve_stages::good(&with_more("10%"));
    fleet.write("policy.yaml", &more.text);
    fleet.weir.until(&event("stage")).await;

    assert_eq!(run(&["rollback", &first], state.path()).0, Some(0));
    eventually(SOON, "the request is taken", async || {
        let (_, shown) = run(&["history"], state.path());
        let taken = format!("{first} is served instead of {} until", more.revision);
        shown.contains(&taken).then_some(()).ok_or(shown)
    })
    .await;
    mesh.freeze(false);
    until_history(state.path(), &[(&first, "rollback"), (&first, "files")]).await;
    for envoy in [&edge, &mesh] {
        envoy.until_stat(REVISION, number).await;
    }
    assert_eq!(fleet.weir.count(&served(&more.revision)), 0, "{}", fleet.weir.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_holds_up_no_push_and_keeps_again_once_there_is_room() {
    let disk = Disk::new();
    let attachments = [("edge.yaml", attachment())];
    let fleet = Fleet::start_under(&disk.runner(), &policy("10%"), &attachments, &["--state", &disk.path()]).await;
    let envoy = fleet.envoy("edge-1", "edge").await;
    let (server, state) = (fleet.weir.id(), disk.seen(fleet.weir.id()));
    let (_, first, _) = good("10%");
    until_history(&state, &[(&first, "files")]).await;

    disk.fill(server);
    for share in ["20%", "30%"] {
        let (text, _, number) = good(share);
        fleet.write("policy.yaml", &text);
        envoy.until_stat(REVISION, number).await;
    }
    fleet.weir.until(&event("not_saved").containing("why", NO_SPACE)).await;
    until_history(&state, &[(&first, "files")]).await;

    disk.free(server);
    let (text, last, number) = good("40%");
    fleet.write("policy.yaml", &text);
    envoy.until_stat(REVISION, number).await;
    until_history(&state, &[(&last, "files"), (&first, "files")]).await;
}
