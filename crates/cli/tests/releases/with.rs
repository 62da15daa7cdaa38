//! What takes effect with releases: `weir explain` and `weir render istio`.

use std::fs;
use std::process::Command;

use weir_release::journal::{Event, Text};

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
