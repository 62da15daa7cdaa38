//! `weir serve --state`: what was good is served again after a restart, and again when somebody asks for it.

use std::path::Path;
use std::time::Duration;

use crate::support::{
    Disk, Envoy, Fleet, PolicyFile, attachment, event, eventually, policy, run_on_state, served, until_history,
    with_more,
};

const SOON: Duration = Duration::from_secs(20);
const NO_SPACE: &str = "No space left on device";

async fn fleet(state: &Path) -> (Fleet, Envoy) {
    let state = state.display().to_string();
    let fleet = Fleet::start(&policy("10%"), &[("edge.yaml", attachment())], &["--state", &state]).await;
    let envoy = fleet.envoy("edge-1", "edge").await;
    (fleet, envoy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_on_a_bad_policy_serves_the_last_good_one_and_says_so() {
    let state = tempfile::tempdir().unwrap();
    let (mut fleet, envoy) = fleet(state.path()).await;
    let PolicyFile { text, revision, number } = PolicyFile::of(&policy("20%"));
    fleet.write("policy.yaml", &text);
    envoy.until_revision(number).await;

    let colour = text.replacen('{', r#"{"colour": "red","#, 1);
    for (bad, told) in [(&text[..text.len() / 2], "syntax: "), (colour.as_str(), "unknown_field: ")] {
        fleet.weir.kill();
        fleet.write("policy.yaml", bad);
        fleet.weir.restart().await;
        fleet.weir.until(&event("not_served").with("revision", &revision).containing("why", told)).await;
        // An Envoy that knows nothing yet gets it from this server alone.
        fleet.envoy("edge-2", "edge").await.until_revision(number).await;
    }
    fleet.weir.kill();
    fleet.remove("policy.yaml");
    fleet.weir.restart().await;
    fleet.weir.until(&event("not_served").with("revision", &revision).containing("why", "cannot be read")).await;

    let PolicyFile { text, number, .. } = PolicyFile::of(&policy("30%"));
    fleet.write("policy.yaml", &text);
    envoy.until_revision(number).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_holds_until_the_files_change() {
    let state = tempfile::tempdir().unwrap();
    let (mut fleet, envoy) = fleet(state.path()).await;
    let PolicyFile { revision: first, number: first_number, .. } = PolicyFile::of(&policy("10%"));
    let PolicyFile { text, revision: second, number: second_number } = PolicyFile::of(&policy("20%"));
    fleet.write("policy.yaml", &text);
    envoy.until_revision(second_number).await;

    let (code, said) = run_on_state(&["rollback", "0123456789ab"], state.path());
    assert_eq!((code, said.contains("is not saved in")), (Some(1), true), "{said}");
    let (code, said) = run_on_state(&["rollback", &first], state.path());
    assert_eq!((code, said), (Some(0), format!("{first} is in force until the policy's files change\n")));
    envoy.until_revision(first_number).await;
    let all = [(&first, "rollback"), (&second, "files"), (&first, "files")];
    until_history(state.path(), &all).await;

    // A restart is no change of the files, and one that is bad takes nothing back.
    fleet.weir.kill();
    fleet.weir.restart().await;
    fleet.weir.until(&served(&first)).await;
    fleet.write("policy.yaml", "version: 1\nlayers: [\n");
    fleet.weir.until(&event("not_served").with("revision", &first).containing("why", "syntax: ")).await;
    envoy.until_revision(first_number).await;

    let PolicyFile { text, revision: third, number: third_number } = PolicyFile::of(&policy("30%"));
    fleet.write("policy.yaml", &text);
    envoy.until_revision(third_number).await;
    fleet.weir.until(&event("rollback_ended").with("to", &first).with("over", &second).with("files", &third)).await;
    until_history(state.path(), &[&[(&third, "files")][..], &all].concat()).await;
    let (_, shown) = run_on_state(&["history"], state.path());
    assert!(!shown.contains("is served instead"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_push_says_what_changed_and_the_history_keeps_it() {
    let state = tempfile::tempdir().unwrap();
    let (fleet, _envoy) = fleet(state.path()).await;
    let [first, second] = ["10%", "20%"].map(|share| PolicyFile::of(&policy(share)));
    until_history(state.path(), &[(&first.revision, "files")]).await;
    fleet.write("policy.yaml", &second.text);
    let pushed = served(&second.revision).containing("changes", "10% -> 20%");
    fleet.weir.until(&pushed).await;
    let mut other = attachment();
    other["trace"] = "shaped".into();
    fleet.write("attach/edge.yaml", &other.to_string());
    fleet.weir.until(&served(&second.revision).with("changes", "attachment shop: trace changed")).await;

    let (_, shown) = run_on_state(&["history"], state.path());
    let lines: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
    let told = |line: &[&str]| (line[0].to_owned(), line[2..].join(" "));
    assert_eq!(told(&lines[1]), (second.revision.clone(), "beside attachment shop: trace changed".into()), "{shown}");
    assert!(told(&lines[2]).1.starts_with("files ") && lines[2].contains(&"->"), "{shown}");
    assert_eq!(told(&lines[3]), (first.revision, "files".into()), "{shown}");
}

/// Nobody would take it: that is said, and nothing is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_without_a_server_is_refused_or_left_for_the_next_one() {
    let state = tempfile::tempdir().unwrap();
    let (mut fleet, _envoy) = fleet(state.path()).await;
    let [first, second] = ["10%", "20%"].map(|share| PolicyFile::of(&policy(share)));
    fleet.write("policy.yaml", &second.text);
    until_history(state.path(), &[(&second.revision, "files"), (&first.revision, "files")]).await;
    fleet.weir.kill();
    let names = || {
        let entries = std::fs::read_dir(state.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<std::collections::BTreeSet<_>>()
    };
    let before = names();
    let (code, said) = run_on_state(&["rollback", &first.revision], state.path());
    assert_eq!(
        (code, said.contains("no weir serve runs on"), said.contains("--offline")),
        (Some(1), true, true),
        "{said}"
    );
    assert_eq!(names(), before);

    let (code, said) = run_on_state(&["rollback", &first.revision, "--offline"], state.path());
    assert_eq!((code, said.contains(": the next weir serve --state ")), (Some(0), true), "{said}");
    fleet.weir.restart().await;
    fleet.weir.until(&served(&first.revision)).await;
    // With a server it is as without the word.
    let (code, said) = run_on_state(&["rollback", &second.revision, "--offline"], state.path());
    assert_eq!((code, said.contains("is in force")), (Some(0), true), "{said}");

    // What does not fit the attachments any more is not served, and whoever asks is told why.
    let mut unfit = attachment();
    unfit["log_unit"] = "nobody".into();
    fleet.write("attach/edge.yaml", &unfit.to_string());
    fleet.weir.until(&event("not_served").containing("why", "unknown_unit")).await;
    let (code, said) = run_on_state(&["rollback", &first.revision], state.path());
    assert_eq!((code, said.contains("is not served: unknown_unit")), (Some(1), true), "{said}");
}

/// The files say what never came into force: then it is that which the rollback takes the place of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_is_taken_while_a_revision_is_held_back() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().display().to_string();
    let fleet = Fleet::of_tiers(&["--state", &path, "--canary-nodes", "1%", "--canary-deadline", "1s"]).await;
    let _edge = fleet.envoy("edge-1", "edge").await;
    let [first, held] = ["10%", "20%"].map(|share| PolicyFile::of(&policy(share)));
    let (first, text, held) = (first.revision, held.text, held.revision);
    fleet.weir.until_asked(&["edge-1"]).await;
    fleet.write("policy.yaml", &text);
    fleet.weir.until(&event("held").with("revision", &held)).await;

    assert_eq!(run_on_state(&["rollback", &first], state.path()).0, Some(0));
    until_history(state.path(), &[(&first, "rollback"), (&first, "files")]).await;
    let (_, shown) = run_on_state(&["history"], state.path());
    assert!(shown.contains(&format!("{first} is served instead of {held} until the files change")), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_between_stages_goes_back_from_there() {
    let state = tempfile::tempdir().unwrap();
    let fleet = Fleet::of_tiers(&["--state", &state.path().display().to_string()]).await;
    let (edge, mut mesh) = fleet.both().await;
    let PolicyFile { revision: first, number, .. } = PolicyFile::of(&policy("10%"));
    fleet.weir.until_asked(&["edge-1", "mesh-1"]).await;
    mesh.freeze(true);
    let more = PolicyFile::of(&with_more("10%"));
    fleet.write("policy.yaml", &more.text);
    fleet.weir.until(&event("stage")).await;

    assert_eq!(run_on_state(&["rollback", &first, "--wait", "0s"], state.path()).0, Some(0));
    eventually(SOON, "the request is taken", async || {
        let (_, shown) = run_on_state(&["history"], state.path());
        let taken = format!("{first} is served instead of {} until", more.revision);
        shown.contains(&taken).then_some(()).ok_or(shown)
    })
    .await;
    mesh.freeze(false);
    until_history(state.path(), &[(&first, "rollback"), (&first, "files")]).await;
    for envoy in [&edge, &mesh] {
        envoy.until_revision(number).await;
    }
    assert_eq!(fleet.weir.count(&served(&more.revision)), 0, "{}", fleet.weir.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_holds_up_no_push_and_saves_again_once_there_is_room() {
    let disk = Disk::new();
    let attachments = [("edge.yaml", attachment())];
    let fleet = Fleet::start_under(&disk.runner(), &policy("10%"), &attachments, &["--state", &disk.path()]).await;
    let envoy = fleet.envoy("edge-1", "edge").await;
    let (server, state) = (fleet.weir.id(), disk.seen(fleet.weir.id()));
    let first = PolicyFile::of(&policy("10%")).revision;
    until_history(&state, &[(&first, "files")]).await;

    disk.fill(server);
    for share in ["20%", "30%"] {
        let PolicyFile { text, number, .. } = PolicyFile::of(&policy(share));
        fleet.write("policy.yaml", &text);
        envoy.until_revision(number).await;
    }
    fleet.weir.until(&event("not_saved").containing("why", NO_SPACE)).await;
    until_history(&state, &[(&first, "files")]).await;

    disk.free(server);
    let PolicyFile { text, revision: last, number } = PolicyFile::of(&policy("40%"));
    fleet.write("policy.yaml", &text);
    envoy.until_revision(number).await;
    until_history(&state, &[(&last, "files"), (&first, "files")]).await;
}
