//! What takes effect with releases: `weir explain` and `weir render istio`.

use std::fs;
use std::process::Command;

use weir_release::journal::{Event, Format, Node, Text};

use crate::support::{Folder, begun, running, seen};

const POLICY: &str = "version: 1\nunits: {user: [{header: x-user-id}]}\n";
const MESH: &str = "weir: 1
name: mesh
role: mesh
wasm: {file: /etc/weir/weir.wasm}
istio:
  namespace: shop
  selector: {weir: mesh}
  services:
    owl.shop: {service_entry: true, stable: {version: v1}}
    cat.shop: {service_entry: true, stable: {version: v1}}
";

/// `weir` with these words in a folder with a policy, an attachment, the documents of owl and cat, and the state.
fn weir(folder: &Folder, words: &str) -> (Option<i32>, String) {
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("releases")).unwrap();
    for (name, text) in [("policy.yaml", POLICY), ("mesh.yaml", MESH)] {
        fs::write(path(name), text).unwrap();
    }
    for id in ["owl", "cat"] {
        let Event::Seen { document: Text { text, .. }, .. } = seen(id) else { unreachable!() };
        fs::write(path(&format!("releases/{id}.yaml")), text).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    let output = command.args(words.split(' ')).current_dir(folder.path()).output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn a_decision_is_explained_with_releases_as_they_stand() {
    let full = || Folder::of(running("owl").into_iter().chain([begun("owl", 1, 3), begun("owl", 2, 4)]));
    let rolled_back =
        Folder::of(running("owl").into_iter().chain([Event::RolledBack { release: "owl".into(), push: 3 }]));
    let explain = "explain --policy policy.yaml --header x-user-id:7";
    for (folder, words, expected) in [
        (full(), "--state state", "owl    owl         canary   assigned"),
        (full(), "--releases releases --state state", "cat    -           stable   not_owned"),
        (full(), "--releases releases", "owl    -           stable   not_owned"),
        (rolled_back, "--state state", "owl    -           stable   not_owned"),
        (full(), "", "no layers"),
    ] {
        let (code, said) = weir(&folder, format!("{explain} {words}").trim());
        let is_told = said.contains(expected) || expected == "no layers" && !said.contains("owl");
        assert!(code == Some(0) && is_told, "{words}: {said}");
    }
}

#[test]
fn routes_of_releases_that_wait_are_rendered_before_they_start() {
    let folder = Folder::of(running("owl"));
    let render = "render istio --policy policy.yaml --attach mesh.yaml";
    for (words, ids) in [
        ("", &[][..]),
        ("--releases releases", &["owl", "cat"]),
        ("--releases releases/cat.yaml --state state", &["owl", "cat"]),
        ("--state state", &["owl"]),
    ] {
        let (code, said) = weir(&folder, format!("{render} {words}").trim());
        assert_eq!(code, Some(0), "{words}: {said}");
        for id in ["owl", "cat"] {
            let route = format!("regex: (.*,)?{id}\\.canary(,.*)?");
            assert_eq!(said.contains(&route), ids.contains(&id), "{words}: {said}");
        }
    }
}

#[test]
fn documents_with_problems_are_told_with_their_places() {
    let folder = Folder::of(running("owl"));
    weir(&folder, "--version");
    fs::write(
        folder.path().join("releases/dog.yaml"),
        "release: 1\nid: dog\nkind: release\nunit: dogs\nservices: {d: v2}\n",
    )
    .unwrap();
    let (code, said) = weir(&folder, "explain --policy policy.yaml --releases releases");
    assert!(code == Some(1) && said.contains("--> releases/dog.yaml:4:"), "{said}");
}

/// Its policy changes with each step: a revision that is in force for seconds is not waited for.
#[test]
fn nobody_waits_for_a_revision_that_releases_change() {
    let folder = Folder::of(running("owl"));
    weir(&folder, "--version");
    let server = "{host: weir.weir.svc.cluster.local, port: 18000, name: \"spiffe://cluster.local/ns/weir/sa/weir\"}";
    let served = MESH.replace("istio:\n", &format!("policy: {{from: server}}\nistio:\n  server: {server}\n"));
    fs::write(folder.path().join("served.yaml"), served).unwrap();
    for (words, is_waited_for) in [("-o without", true), ("--releases releases -o with", false)] {
        let (code, said) = weir(&folder, &format!("render istio --policy policy.yaml --attach served.yaml {words}"));
        assert_eq!(code, Some(0), "{said}");
        let page = folder.path().join(words.rsplit(' ').next().unwrap()).join("README.md");
        let page = fs::read_to_string(page).unwrap();
        assert_eq!(page.contains("weir_policy_revision"), is_waited_for, "{page}");
        assert!(page.contains("config_dump?resource=dynamic_listeners"), "{page}");
    }
}

/// What edges have of them would go at once, and nobody had decided that.
#[test]
fn a_server_does_not_do_without_releases_that_are_in_force() {
    let serve = "serve --policy policy.yaml --attach mesh.yaml --state state --listen 127.0.0.1:0";
    let (code, said) = weir(&Folder::of(running("owl")), serve);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("kept off until every Envoy knows: owl; serve with --releases"), "{said}");
}

/// What is in force stands on both sides of a difference; what waits is on the side that has its document.
#[test]
fn policies_are_compared_with_the_releases_that_are_there() {
    let folder = Folder::of(running("owl"));
    weir(&folder, "--version");
    fs::create_dir(folder.path().join("none")).unwrap();
    fs::copy(folder.path().join("releases/owl.yaml"), folder.path().join("none/owl.yaml")).unwrap();
    for (words, expected) in [
        ("--releases releases", "Nothing changes"),
        ("--releases none --releases releases", "added to layer cat: slots 0%, canary 0%"),
        ("--releases none --releases releases --state state", "added to layer cat: slots 0%, canary 0%"),
        ("--releases releases --releases none", "removed from layer cat"),
    ] {
        let (code, said) = weir(&folder, &format!("diff policy.yaml policy.yaml {words}"));
        assert_eq!(code, Some(0), "{words}: {said}");
        assert!(said.contains(expected) && !said.contains("experiment owl"), "{words}: {said}");
    }
}

/// What a document says otherwise is told with what a server would make of it, and what it makes of it is in the new policy.
#[test]
fn a_document_that_changes_is_told_as_the_server_would_take_it() {
    let new = "--releases changed --state state";
    let rule =
        ("kind: release", "kind: release\nrules: [{when: {header: {name: x-qa, present: true}}, variant: canary}]");
    let refused = "cannot change in force; give what changed a new id";
    let text = |(from, to): (&str, &str)| {
        let Event::Seen { document: Text { text, .. }, .. } = seen("owl") else { unreachable!() };
        text.replace(from, to)
    };
    let again = ("hold: 1h", "hold: 2h");
    let held_back = || {
        let (document, nodes) = (
            Text { format: Format::Yaml, text: text(again) },
            vec![Node { node: "edge-1".into(), why: "refused".into() }],
        );
        let (release, file) = ("owl".to_owned(), "releases/owl.yaml".to_owned());
        let changed = Event::Changed { release, file, document, push: Some(3) };
        let back =
            Event::HeldBack { release: "owl".into(), step: Some(0), queued: false, document: true, nodes, push: 3 };
        running("owl").into_iter().chain([changed, back]).collect::<Vec<_>>()
    };
    let over = || running("owl").into_iter().chain([Event::Finished { release: "owl".into(), push: 3 }]).collect();
    let queued = || vec![seen("owl")];
    let runs = || running("owl").to_vec();
    for (events, change, words, expected) in [
        (runs(), again, new, vec!["step 2: hold 1h -> 2h", "taken: it counts from then on"]),
        (runs(), ("50%", "60%"), new, vec!["step 2: share 50% -> 60%", "taken: it counts from then on"]),
        (
            runs(),
            ("5%, hold: 10m", "6%, hold: 10m"),
            new,
            vec!["step 1: share 5% -> 6%", "not taken, new_id_needed: a step that has begun cannot change in force"],
        ),
        (
            runs(),
            ("kind: release", "guardrails: [{name: errors, errors: {margin: 20%}}]"),
            new,
            vec!["guardrail errors ", "not taken, new_id_needed: guardrails cannot change in force"],
        ),
        (runs(), ("kind: release", "env_tag: owl2"), new, vec!["tag of canary owl.canary -> owl2", refused]),
        (runs(), ("kind: release", "targeting: {path: {prefix: /a}}"), new, vec!["targeting changed", refused]),
        (runs(), rule, new, vec!["rules changed", "taken: it counts from then on", "to canary added", "rules of owl"]),
        (queued(), rule, new, vec!["rules changed", "taken: it has not started, and everything may change"]),
        (held_back(), again, new, vec!["step 2: hold", "not taken, held_back: first nodes did not take what it says"]),
        (over(), again, new, vec!["not taken, used_id: release owl is over"]),
        (over(), ("", ""), new, vec!["Nothing changes"]),
        (runs(), ("", ""), new, vec!["Nothing changes"]),
        (runs(), again, "--releases changed", vec!["Nothing changes"]),
        (runs(), again, "--releases releases --releases changed", vec!["step 2: hold 1h -> 2h"]),
        (
            vec![seen("cat")],
            again,
            "--releases none --releases changed --state state",
            vec!["taken: it joins the queue"],
        ),
        (
            runs(),
            again,
            "--releases changed --releases none --state state",
            vec!["its document is gone", "ignored: it goes on as it was; abort and promote end it"],
        ),
        (queued(), again, "--releases changed --releases none --state state", vec!["withdrawn: it leaves the queue"]),
        (over(), again, "--releases changed --releases none --state state", vec!["ignored: the release is over"]),
    ] {
        let folder = Folder::of(events);
        weir(&folder, "--version");
        for (name, text) in [("changed/owl.yaml", text(change)), ("none/cat.yaml", text(("owl", "cat")))] {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        }
        let (code, said) = weir(&folder, &format!("diff policy.yaml policy.yaml {words}"));
        assert_eq!(code, Some(0), "{change:?} {words}: {said}");
        expected.iter().for_each(|one| assert!(said.contains(one), "{change:?} {words}: no {one:?} in\n{said}"));
    }
}
