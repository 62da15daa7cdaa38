//! Files and a state in, targets out.

use std::fs;
use std::sync::Arc;

use super::*;
use crate::serve::files::Files;
use crate::serve::progress::Held;

/// A policy that differs by its number, an attachment and a state.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> (Folder, StateDir) {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write("weir.wasm", "");
        folder.write("edge.yaml", "weir: 1\nname: shop\nrole: edge\nwasm: {file: weir.wasm}\n");
        let state = StateDir::open(&folder.0.path().join("state")).unwrap();
        (folder, state)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn read(&self) -> Written {
        let path = |name: &str| self.0.path().join(name);
        let files = Files {
            policy: path("policy.yaml"),
            attach: vec![path("edge.yaml")],
            resources: None,
            releases: None,
            request: None,
        };
        Written::read(&files)
    }

    /// Its revision.
    fn say(&self, number: usize) -> String {
        self.write("policy.yaml", &format!("version: 1\nenv_tag: {{header: x-tag-{number}}}\nlayers: []\n"));
        Proposal::of(self.read(), &Additions::default()).policy.unwrap().written.revision.to_string()
    }

    /// The same, and that it came into force.
    fn keep(&self, state: &StateDir, number: usize) -> String {
        let revision = self.say(number);
        state
            .save_in_force(&Proposal::of(self.read(), &Additions::default()).policy.unwrap().policy, Cause::Files, &[])
            .unwrap();
        revision
    }

    fn start(&self, state: &StateDir) -> Result<Judge, Failure> {
        Judge::start(self.read(), Some(state.clone()), None, SharedProgress::default(), Log::Text)
    }
}

fn wanted(judge: &Judge) -> (String, Cause) {
    let target = judge.targets.borrow();
    (target.deployment.revision(), target.cause)
}

#[test]
fn what_is_wrong_with_the_policy_is_told_beside_what_is_wrong_with_the_attachment() {
    let told = |policy: &str, edge: &str| {
        let (folder, state) = Folder::new();
        folder.write("policy.yaml", policy);
        folder.write("edge.yaml", edge);
        folder.start(&state).err().unwrap().text(false)
    };
    let swapped = told("{weir: 1, name: shop}", "version: 1");
    let both =
        ["this is an attachment, and a policy is meant here", "this is a policy, and an attachment is meant here"];
    both.iter().for_each(|one| assert_eq!(swapped.matches(one).count(), 1, "{swapped}"));
    assert!(swapped.ends_with("\n2 problems found\n"), "{swapped}");
    let one = told("version: 1", "weir: 2");
    assert!(one.ends_with("\n1 problem found\n"), "{one}");
    // What only deciding needs is not asked for, as nobody knows that it decides.
    let layers = "{version: 1, layers: [{id: l, experiments: [{id: e, variants: [{id: v}]}]}]}";
    assert!(told(layers, "weir: 2").ends_with("\n1 problem found\n"));
}

#[test]
fn a_rollback_holds_over_files_that_never_came_into_force_until_they_say_something_new() {
    let (folder, state) = Folder::new();
    let first = folder.keep(&state, 1);
    let held = folder.say(2);
    let mut judge = folder.start(&state).unwrap();
    state.request_rollback(&first).unwrap();
    let back = (first.clone(), Cause::Rollback);
    for _ in 0..2 {
        judge.consider(folder.read());
        assert_eq!(wanted(&judge), back);
        let request = RollbackRequest { to: first.clone(), over: Some(held.clone()), refused: None };
        assert_eq!(state.rollback().unwrap(), Some(request));
        let shown = Rollback { to: first.clone(), over: Some(held.clone()) };
        assert_eq!(judge.progress.borrow().rollback, Some(shown));
    }
    folder.write("policy.yaml", "layers: [");
    judge.consider(folder.read());
    assert_eq!(wanted(&judge), back);
    assert!(judge.progress.borrow().complaint.as_ref().unwrap().contains("syntax: "));
    folder.say(2);
    judge.consider(folder.read());
    assert_eq!((wanted(&judge), &judge.progress.borrow().complaint), (back.clone(), &None));
    // A start is no change of the files.
    let again = folder.start(&state).unwrap();
    assert_eq!((wanted(&again), again.progress.borrow().rollback.is_some()), (back, true));

    let third = folder.say(3);
    judge.consider(folder.read());
    assert_eq!(wanted(&judge), (third, Cause::Files));
    assert_eq!((state.rollback().unwrap(), judge.progress.borrow().rollback.clone()), (None, None));
}

/// The policy of a rollback is read by itself: what else is served is what the files say now.
#[test]
fn a_rollback_goes_with_the_attachments_of_now() {
    let (folder, state) = Folder::new();
    let first = folder.keep(&state, 1);
    folder.keep(&state, 2);
    let mut judge = folder.start(&state).unwrap();
    state.request_rollback(&first).unwrap();
    judge.consider(folder.read());
    folder.write("edge.yaml", "weir: 1\nname: other\nrole: edge\nwasm: {file: weir.wasm}\n");
    judge.consider(folder.read());
    let name = judge.targets.borrow().deployment.edges.filters[0].name.clone();
    assert_eq!((wanted(&judge), name.as_str()), ((first, Cause::Rollback), "other"));
}

/// What is bad may be written a moment after something good, before that is served.
#[test]
fn what_stays_is_what_was_good_last_unless_it_was_held_back() {
    let (folder, state) = Folder::new();
    let first = folder.say(1);
    let mut judge = folder.start(&state).unwrap();
    judge.progress.send_modify(|progress| progress.active.clone_from(&first));
    let second = folder.say(2);
    judge.consider(folder.read());
    folder.write("policy.yaml", "layers: [");
    judge.consider(folder.read());
    assert_eq!(judge.staying(), second);
    let held = Held { revision: second, push: 0, reasons: Vec::new() };
    judge.progress.send_modify(|progress| progress.held = Some(held));
    assert_eq!(judge.staying(), first);
}

#[test]
fn a_start_says_why_what_was_in_force_last_is_not_served() {
    let (folder, state) = Folder::new();
    let first = folder.keep(&state, 1);
    folder.write("policy.yaml", "layers: [");
    assert_eq!(wanted(&folder.start(&state).unwrap()), (first.clone(), Cause::Files));

    let kept = format!("state/revisions/{first}.json");
    for (name, told) in [(kept.as_str(), "syntax: "), ("state/history.json", "not what weir serve writes")] {
        folder.write(name, "[{");
        let text = folder.start(&state).err().unwrap().text(false);
        assert!(text.contains("policy.yaml") && text.contains(name) && text.contains(told), "{text}");
    }
}

#[test]
fn what_was_saved_of_a_deployment_is_resumed_with_the_attachments_of_now() {
    let (folder, state) = Folder::new();
    let [old, _] = [1, 2].map(|number| folder.keep(&state, number));
    let now = folder.say(3);
    let judge = folder.start(&state).unwrap();
    assert!(judge.resumed().is_none(), "nothing was saved");
    let policy = |number| {
        folder.say(number);
        Proposal::of(folder.read(), &Additions::default()).policy.unwrap().policy
    };
    state.save_deployed((&policy(1), 0), (&policy(3), 0)).unwrap();
    let resumed = judge.resumed().unwrap().revisions();
    assert_eq!((resumed.edges, resumed.mesh), (old.clone(), now));

    folder.write(&format!("state/revisions/{old}.json"), "{}");
    assert!(judge.resumed().is_none(), "what is damaged is not resumed");
}

/// To check a policy may take a core for seconds, and files are looked at in full every half a minute.
#[test]
fn what_is_written_as_before_is_not_checked_anew() {
    let (folder, state) = Folder::new();
    folder.say(1);
    let mut judge = folder.start(&state).unwrap();
    let policy = |judge: &Judge| judge.proposal.policy.as_ref().unwrap().policy.clone();
    let first = policy(&judge);
    folder.say(1);
    judge.consider(folder.read());
    assert!(Arc::ptr_eq(&first, &policy(&judge)));
    for change in ["# a word\n", "trace: shaped\n"] {
        let before = policy(&judge);
        folder.write("edge.yaml", &format!("weir: 1\nname: shop\nrole: edge\nwasm: {{file: weir.wasm}}\n{change}"));
        judge.consider(folder.read());
        assert!(!Arc::ptr_eq(&before, &policy(&judge)), "{change}");
    }
    let trace = judge.targets.borrow().deployment.edges.filters[0].attachment.trace;
    assert_eq!(trace, weir_policy::Trace::Shaped);
}

#[test]
fn each_new_set_of_warnings_is_told_once_and_stays_while_files_are_bad() {
    let (folder, state) = Folder::new();
    folder.write("policy.yaml", "version: 1\n");
    fs::create_dir(folder.0.path().join("resources")).unwrap();
    let route = |cluster: &str| {
        let text = format!(
            "resources:\n\
             - {{'@type': type.googleapis.com/envoy.config.cluster.v3.Cluster, name: owl}}\n\
             - '@type': type.googleapis.com/envoy.config.route.v3.RouteConfiguration\n  name: shop\n  virtual_hosts:\n  \
             - {{name: a, domains: ['*'], routes: [{{match: {{prefix: /}}, route: {{cluster: {cluster}}}}}]}}\n"
        );
        folder.write("resources/all.yaml", &text);
    };
    let read = || {
        let path = |name: &str| folder.0.path().join(name);
        let (policy, attach) = (path("policy.yaml"), vec![path("edge.yaml")]);
        Written::read(&Files { policy, attach, resources: Some(path("resources")), releases: None, request: None })
    };
    let told = |judge: &Judge| (judge.progress.borrow().warnings, judge.warned.clone());
    route("elk");
    let mut judge = Judge::start(read(), Some(state), None, SharedProgress::default(), Log::Text).unwrap();
    let (count, first) = told(&judge);
    assert_eq!(count, 1);
    assert!(
        first.starts_with("warning unknown_cluster: ") && first.contains("all.yaml:6:40, at resources[1]"),
        "{first}"
    );
    for (name, text) in [("policy.yaml", "version: 2\n"), ("edge.yaml", "weir: 2\n"), ("resources/b.yaml", "x")] {
        let before = fs::read_to_string(folder.0.path().join(name)).ok();
        folder.write(name, text);
        judge.consider(read());
        assert_eq!(told(&judge), (1, first.clone()), "{name}");
        match before {
            Some(before) => folder.write(name, &before),
            None => fs::remove_file(folder.0.path().join(name)).unwrap(),
        }
    }
    route("fox");
    judge.consider(read());
    let (count, other) = told(&judge);
    assert!(count == 1 && other != first, "{other}");
    route("owl");
    judge.consider(read());
    assert_eq!(told(&judge), (0, String::new()));
}
