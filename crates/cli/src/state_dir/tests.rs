//! The folder as the next process finds it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use weir_policy::{Checked, Revision};
use weir_release::evidence::Ledger;
use weir_release::state::Memory;

use super::history::{ENTRIES_PER_CAUSE_MAX, HistoryEntry};
use super::*;
use crate::load;

/// A good policy that differs by its number.
fn policy(number: usize) -> Checked {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.yaml");
    fs::write(&path, format!("version: 1\nenv_tag: {{header: x-tag-{number}}}\nlayers: []\n")).unwrap();
    load::attached(None, None, &path, &Default::default()).unwrap().policy
}

fn revisions(state: &StateDir) -> Vec<String> {
    state.history().unwrap().into_iter().map(|entry| entry.revision).collect()
}

fn kept(state: &StateDir) -> usize {
    fs::read_dir(state.folder.join(REVISIONS)).unwrap().count()
}

fn names(folder: &Path) -> std::collections::BTreeSet<std::ffi::OsString> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
}

#[test]
fn what_was_kept_reads_back_as_the_same_policy() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let [one, two] = [policy(1), policy(2)];
    for policy in [&one, &one, &two, &one] {
        state.save_in_force(policy, Cause::Files, &[]).unwrap();
    }
    state.save_in_force(&one, Cause::Rollback, &[]).unwrap();
    let expected = [&one, &two, &one, &one].map(|policy| policy.revision.to_string());
    assert_eq!(revisions(&StateDir::existing(folder.path()).unwrap()), expected);
    assert_eq!(kept(&state), 2);
    let again = load::attached(None, None, &state.policy(&expected[1]), &Default::default()).unwrap().policy;
    assert_eq!((again.revision, again.canonical), (two.revision, two.canonical));
}

#[test]
fn the_history_is_bounded_and_so_are_the_policies() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let name = |number: usize| format!("{number:012x}").parse::<Revision>().unwrap();
    let mut one = policy(1);
    for number in 0..ENTRIES_PER_CAUSE_MAX {
        one.revision = name(number);
        state.save_in_force(&one, Cause::Files, &[]).unwrap();
    }
    assert_eq!((revisions(&state).len(), kept(&state)), (ENTRIES_PER_CAUSE_MAX, ENTRIES_PER_CAUSE_MAX));
    assert_eq!(revisions(&state)[0], name(0).to_string());

    one.revision = name(ENTRIES_PER_CAUSE_MAX);
    state.save_in_force(&one, Cause::Files, &[]).unwrap();
    assert_eq!((revisions(&state).len(), kept(&state)), (ENTRIES_PER_CAUSE_MAX, ENTRIES_PER_CAUSE_MAX));
    assert_eq!(revisions(&state)[0], name(1).to_string());
    assert!(!state.policy(&name(0).to_string()).exists());
}

#[test]
fn what_is_deployed_is_kept_for_as_long_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let [one, step, two] = [policy(1), policy(2), policy(3)];
    assert_eq!(state.deployed().unwrap(), None);
    for (edges, mesh, in_force, policies) in
        [(&one, &one, Some(&one), 1), (&step, &one, None, 2), (&step, &two, None, 3), (&two, &two, Some(&two), 2)]
    {
        state.save_deployed((edges, 0), (mesh, 0)).unwrap();
        in_force.inspect(|policy| state.save_in_force(policy, Cause::Files, &[]).unwrap());
        let [edges, mesh] = [edges, mesh].map(|policy| policy.revision.to_string());
        assert_eq!(
            StateDir::existing(folder.path()).unwrap().deployed().unwrap(),
            Some(DeployedRevisions { edges, mesh, ..DeployedRevisions::default() })
        );
        assert_eq!(kept(&state), policies);
    }
}

/// Rollbacks to and fro, or causes that are to come, in between what the files say by hand now and then.
#[test]
fn entries_of_one_cause_drown_none_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let [written, one, other] = [policy(1), policy(2), policy(3)];
    let first = written.revision.to_string();
    state.save_in_force(&written, Cause::Files, &[]).unwrap();
    for number in 0..=ENTRIES_PER_CAUSE_MAX {
        state.save_in_force(if number % 2 == 0 { &one } else { &other }, Cause::Rollback, &[]).unwrap();
        let rollbacks = (number + 1).min(ENTRIES_PER_CAUSE_MAX);
        assert_eq!(revisions(&state).len(), 1 + rollbacks);
    }
    assert_eq!((revisions(&state)[0].as_str(), state.last_written().unwrap()), (first.as_str(), Some(first.clone())));
    assert!(state.policy(&first).exists(), "it can still be gone back to");
}

/// Attachments or resources that change a hundred times take no policy away that could be gone back to.
#[test]
fn what_changes_beside_the_policy_has_entries_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let [first, second] = [policy(1), policy(2)];
    let changes = |change: &str| [change.to_owned()];
    state.save_in_force(&first, Cause::Files, &[]).unwrap();
    state.save_in_force(&second, Cause::Files, &changes("owl came")).unwrap();
    for number in 0..=ENTRIES_PER_CAUSE_MAX {
        state.save_in_force(&second, Cause::Files, &changes(&format!("cluster c{number} came"))).unwrap();
        state.save_in_force(&second, Cause::Files, &[]).unwrap();
    }
    let history = state.history().unwrap();
    assert_eq!(history.len(), 2 + ENTRIES_PER_CAUSE_MAX);
    let told = |place: usize| (history[place].changes.join("; "), history[place].beside);
    assert_eq!(
        [told(0), told(1), told(2)],
        [(String::new(), false), ("owl came".into(), false), ("cluster c1 came".into(), true)]
    );
    assert!(state.policy(&first.revision.to_string()).exists());
    assert_eq!(state.last_written().unwrap(), Some(second.revision.to_string()));
}

#[test]
fn what_the_version_before_wrote_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "history.json",
        r#"[{"cause":"files","revision":"0123456789ab","since":"2026-11-21T15:42:07Z"},{"cause":"rollback","revision":"ba9876543210","since":"2026-11-21T15:43:00Z"}]"#,
    );
    write("rollback.json", r#"{"over":"0123456789ab","to":"ba9876543210"}"#);
    write("standing.json", r#"{"edges":"0123456789ab","mesh":"ba9876543210"}"#);
    let entry = |revision: &str, since: &str, cause| {
        let (revision, since) = (revision.into(), since.into());
        HistoryEntry { revision, since, cause, changes: Vec::new(), beside: false }
    };
    let history = [
        entry("0123456789ab", "2026-11-21T15:42:07Z", Cause::Files),
        entry("ba9876543210", "2026-11-21T15:43:00Z", Cause::Rollback),
    ];
    assert_eq!(state.history().unwrap(), history);
    let request = RollbackRequest { to: "ba9876543210".into(), over: Some("0123456789ab".into()), refused: None };
    assert_eq!(state.rollback().unwrap(), Some(request));
    let (edges, mesh) = ("0123456789ab".into(), "ba9876543210".into());
    let deployed = DeployedRevisions { edges, mesh, ..DeployedRevisions::default() };
    assert_eq!(state.deployed().unwrap(), Some(deployed));

    // From then on there is one of them, whatever a server of that version would do with the old one.
    let [edges, mesh] = [policy(1), policy(2)];
    state.save_deployed((&edges, 0), (&mesh, 0)).unwrap();
    let deployed = [&edges, &mesh].map(|policy| policy.revision.to_string());
    let text = format!(r#"{{"edges":"{}","mesh":"{}"}}"#, deployed[0], deployed[1]);
    assert_eq!(fs::read_to_string(folder.path().join("deployed.json")).unwrap(), text);
    assert!(!folder.path().join("standing.json").exists());

    // The changes that releases made are told apart from their policies.
    state.save_deployed((&edges, 7), (&mesh, 8)).unwrap();
    let deployed = state.deployed().unwrap().unwrap();
    assert_eq!((deployed.edges_push, deployed.mesh_push), (7, 8));
}

#[test]
fn one_server_has_the_folder_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = [(); 2].map(|()| StateDir::open(folder.path()).unwrap());
    let lock = one.lock().unwrap();
    let Err(Failure::Usage(message)) = other.lock() else { panic!("locked twice") };
    assert!(message.contains("another weir serve"), "{message}");
    drop(lock);
    other.lock().unwrap();
}

/// Whoever asks for something looks first whether a server lives, at any moment.
#[test]
fn who_looks_whether_a_server_lives_keeps_none_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    assert!(!state.is_served().unwrap());
    assert!(names(folder.path()).into_iter().eq([REVISIONS]), "who looks writes nothing");
    drop(state.lock().unwrap());
    let (over, unserved) = (AtomicBool::new(false), AtomicUsize::new(0));
    let look = || {
        while !over.load(Ordering::Relaxed) {
            unserved.fetch_add(usize::from(!state.is_served().unwrap()), Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        (0..8).for_each(|_| drop(scope.spawn(look)));
        for _ in 0..200 {
            // Those that look have it again and again.
            let before = unserved.load(Ordering::Relaxed);
            while unserved.load(Ordering::Relaxed) < before + 8 {
                std::thread::yield_now();
            }
            let lock = state.lock().map_err(|failure| failure.text(false));
            let is_served = state.is_served().unwrap();
            // Before anything panics, or the threads go on for ever.
            over.fetch_or(lock.is_err() || !is_served, Ordering::Relaxed);
            assert!(is_served, "{:?}", lock.err());
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(!state.is_served().unwrap(), "who looked has left nothing locked");
}

#[test]
fn a_write_that_fails_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    fs::create_dir(state.rollback_file()).unwrap();
    drop(state.lock().unwrap());
    let before = names(folder.path());
    let Err(Failure::Usage(message)) = state.request_rollback("ba9876543210") else {
        panic!("a folder was written over")
    };
    assert!(message.contains("rollback.json: cannot be used to keep state"), "{message}");
    assert_eq!(names(folder.path()), before, "what was begun takes no room");
    fs::remove_dir(state.rollback_file()).unwrap();
    state.request_rollback("ba9876543210").unwrap();
}

#[test]
fn a_server_and_a_command_write_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let [server, command] = [(); 2].map(|()| StateDir::open(folder.path()).unwrap());
    let policies = [policy(1), policy(2)];
    let rollback = RollbackRequest { to: "ba9876543210".into(), ..RollbackRequest::default() };
    std::thread::scope(|scope| {
        scope.spawn(|| (0..ENTRIES_PER_CAUSE_MAX).for_each(|_| command.request_rollback(&rollback.to).unwrap()));
        for number in 0..ENTRIES_PER_CAUSE_MAX {
            server.save_in_force(&policies[number % 2], Cause::Files, &[]).unwrap();
        }
    });
    assert_eq!((revisions(&server).len(), server.rollback().unwrap()), (ENTRIES_PER_CAUSE_MAX, Some(rollback)));
}

#[test]
fn what_a_crash_left_half_written_is_gone_with_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    state.save_in_force(&policy(1), Cause::Files, &[]).unwrap();
    drop(state.lock().unwrap());
    let before = names(folder.path());
    fs::write(folder.path().join(format!("{UNFINISHED}x")), "[{").unwrap();
    drop(state.lock().unwrap());
    assert_eq!(names(folder.path()), before);
}

#[test]
fn a_rollback_is_asked_for_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    assert_eq!(state.rollback().unwrap(), None);
    state.request_rollback("ba9876543210").unwrap();
    let [asked, taken] = [None, Some("0123456789ab".to_owned())].map(|over| RollbackRequest {
        to: "ba9876543210".into(),
        over,
        refused: None,
    });
    assert_eq!(state.rollback().unwrap().as_ref(), Some(&asked));
    state.update_rollback(&asked, Some(&taken)).unwrap();
    assert_eq!(state.rollback().unwrap().as_ref(), Some(&taken));
    // What was asked for meanwhile is another request.
    for now in [None, Some(&taken)] {
        state.update_rollback(&asked, now).unwrap();
        assert_eq!(state.rollback().unwrap().as_ref(), Some(&taken));
    }
    state.update_rollback(&taken, None).unwrap();
    assert_eq!(state.rollback().unwrap(), None);

    fs::write(state.rollback_file(), "{").unwrap();
    let Err(Failure::Usage(message)) = state.rollback() else { panic!("half a file was read") };
    assert!(message.contains("rollback.json: not what weir serve writes"), "{message}");
}

#[test]
fn evidence_is_recorded_as_a_whole_and_what_cannot_be_read_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    assert_eq!(state.evidence().unwrap(), None);
    state.save_evidence(&Ledger::default(), &Memory::default()).unwrap();
    assert_eq!(state.evidence().unwrap(), Some((Ledger::default(), Memory::default())));

    let file = folder.path().join("evidence.json");
    for (text, expected) in [
        (r#"{"evidence":2}"#, "version 2, and this weir knows version 1"),
        ("{\"evid", "not a record of evidence: EOF"),
    ] {
        fs::write(&file, text).unwrap();
        let failure = state.evidence().unwrap_err().text(false);
        assert!(failure.contains(expected), "{failure}");
        assert!(failure.contains(&format!("{}: ", file.display())), "{failure}");
        assert!(failure.contains("move it away to begin anew"), "{failure}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
}
