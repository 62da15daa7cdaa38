//! Files and a state in, what is to be served out.

use std::fs;

use super::*;

/// A policy that differs by its number, an attachment and a state.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> (Folder, Inputs) {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write("weir.wasm", "");
        folder.write("edge.yaml", "weir: 1\nname: shop\nrole: edge\nwasm: {file: weir.wasm}\n");
        let path = |name: &str| folder.0.path().join(name);
        let state = Some(StateDir::open(&path("state")).unwrap());
        let inputs = Inputs { policy: path("policy.yaml"), attach: vec![path("edge.yaml")], resources: None, state };
        (folder, inputs)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Its revision.
    fn say(&self, inputs: &Inputs, number: usize) -> String {
        self.write("policy.yaml", &format!("version: 1\nenv_tag: {{header: x-tag-{number}}}\nlayers: []\n"));
        inputs.read().unwrap().revision()
    }

    /// The same, and that it came into force.
    fn keep(&self, inputs: &Inputs, number: usize) -> String {
        let revision = self.say(inputs, number);
        state(inputs).save_in_force(&inputs.read().unwrap().mesh.policy, Cause::Files).unwrap();
        revision
    }
}

fn state(inputs: &Inputs) -> &StateDir {
    inputs.state.as_ref().unwrap()
}

fn wanted(inputs: &Inputs) -> Option<(String, Cause)> {
    Wanted::now(inputs, Log::Text).standing.map(|(standing, cause)| (standing.revision(), cause))
}

#[test]
fn a_rollback_holds_over_files_that_never_came_into_force_until_they_say_something_new() {
    let (folder, inputs) = Folder::new();
    let first = folder.keep(&inputs, 1);
    let held = folder.say(&inputs, 2);
    state(&inputs).request_rollback(&first).unwrap();
    let back = Some((first.clone(), Cause::Rollback));
    for _ in 0..2 {
        assert_eq!(wanted(&inputs), back);
        assert_eq!(
            state(&inputs).rollback().unwrap(),
            Some(RollbackRequest { to: first.clone(), over: Some(held.clone()) })
        );
    }
    folder.write("policy.yaml", "layers: [");
    assert_eq!(wanted(&inputs), back);
    folder.say(&inputs, 2);
    assert_eq!(wanted(&inputs), back);

    let third = folder.say(&inputs, 3);
    assert_eq!(wanted(&inputs), Some((third, Cause::Files)));
    assert_eq!(state(&inputs).rollback().unwrap(), None);
}

#[test]
fn a_rollback_over_bad_files_ends_when_they_say_what_they_did_not_say_last() {
    for (next, ends) in [(2, false), (3, true)] {
        let (folder, inputs) = Folder::new();
        let [first, _] = [1, 2].map(|number| folder.keep(&inputs, number));
        folder.write("policy.yaml", "layers: [");
        state(&inputs).request_rollback(&first).unwrap();
        let back = Some((first, Cause::Rollback));
        assert_eq!(wanted(&inputs), back);
        let next = folder.say(&inputs, next);
        assert_eq!(wanted(&inputs), if ends { Some((next, Cause::Files)) } else { back });
    }
}

#[test]
fn a_start_says_why_what_was_in_force_last_is_not_served() {
    let (folder, inputs) = Folder::new();
    let first = folder.keep(&inputs, 1);
    folder.write("policy.yaml", "layers: [");
    let at_start = Wanted::at_start(&inputs, Log::Text);
    assert_eq!(at_start.standing.map(|(standing, _)| standing.revision()), Some(first.clone()));

    let kept = format!("state/revisions/{first}.json");
    for (name, told) in [(kept.as_str(), "syntax: "), ("state/history.json", "not what weir serve writes")] {
        folder.write(name, "[{");
        let at_start = Wanted::at_start(&inputs, Log::Text);
        let text = at_start.complaint.unwrap().text(false);
        assert!(at_start.standing.is_none());
        assert!(text.contains("policy.yaml") && text.contains(name) && text.contains(told), "{text}");
    }
}

#[test]
fn nothing_is_said_twice() {
    let said = |text: &str| Failure::Message(format!("{text}\n"));
    assert_eq!(both(said("a"), said("a")).text(false), "a\n");
    assert_eq!(both(said("a"), Failure::Usage("b".into())).text(false), "a\nweir: b\n");
    let both = both(Failure::Usage("a".into()), Failure::Usage("b".into()));
    assert!(matches!(both, Failure::Usage(_)));
    assert_eq!(both.text(false), "weir: a\nweir: b\n");
}
