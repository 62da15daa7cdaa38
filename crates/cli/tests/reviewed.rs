//! What whoever reviews rendered manifests sees: what a change of the policy changes in them, line by line, and what every
//! object says of itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const EDGE: &str = "{weir: 1, name: edge, wasm: {file: /w}, istio: {namespace: shop, selector: {istio: ingress}}}";
const MESH: &str = "{weir: 1, name: mesh, role: mesh, join: traceparent, wasm: {file: /w}, istio: {namespace: shop, selector: {app: a},
  services: {owl.shop.svc.cluster.local: {stable: {version: v20}}}}}";
const INBOUND: &str = "{weir: 1, name: in, role: inbound, join: traceparent, wasm: {file: /w}, istio: {namespace: shop, selector: {app: a}}}";
/// An existing VirtualService, whose bytes are not ours.
const THEIRS: &str = "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: public, namespace: shop}
spec:
  hosts: [shop.example.com]
  gateways: [public]
  http:
  - name: owls
    route: [{destination: {host: owl, subset: stable}}]
";

/// A policy of one experiment with these variants.
fn policy(variants: &str) -> String {
    format!(
        "version: 1
units: {{user: [{{header: x-user-id}}]}}
lists: {{staff: [ada, bob]}}
layers:
- id: l
  unit: user
  overrides: [{{list: staff, experiment: e, variant: c}}]
  experiments:
  - id: e
    slots: all
    rules: [{{when: {{header: {{name: location, exact: shenzhen}}}}, variant: c}}]
    variants: [{variants}]
"
    )
}

const TO_V21: &str = "routes: {owl.shop.svc.cluster.local: v21}";

/// A folder with a policy and what it is rendered for.
fn folder(policy: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("policy.yaml", policy),
        ("edge.yaml", EDGE),
        ("mesh.yaml", MESH),
        ("in.yaml", INBOUND),
        ("public.yaml", THEIRS),
    ];
    files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
    folder
}

/// The files that are rendered for a policy.
fn rendered(policy: &str, more: &[&str]) -> BTreeMap<String, String> {
    let folder = folder(policy);
    let words = "render istio --policy policy.yaml --attach edge.yaml --attach mesh.yaml --attach in.yaml --into public.yaml -o out";
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    let output = command.args(words.split(' ')).args(more).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    texts(&folder.path().join("out"))
}

fn texts(folder: &Path) -> BTreeMap<String, String> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The lines that are others after a change, each with its file; no line may have come or gone. Revisions are left out.
fn changed(before: &str, after: &str) -> Vec<(String, String, String)> {
    let (before, after) = (rendered(before, &[]), rendered(after, &[]));
    assert!(before.keys().eq(after.keys()), "the same files");
    let mut changed = Vec::new();
    for (name, text) in &before {
        assert_eq!(text.lines().count(), after[name].lines().count(), "{name}");
        let pairs = text.lines().zip(after[name].lines()).filter(|(one, other)| one != other);
        changed.extend(pairs.map(|(one, other)| (name.clone(), without_revisions(one), without_revisions(other))));
    }
    changed
}

/// The line, where R stands for each revision.
fn without_revisions(line: &str) -> String {
    if let Some((before, _)) = line.split_once("weir_policy_revision: ") {
        return format!("{}weir_policy_revision: R", before.trim());
    }
    let is_revision = |word: &str| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = line.trim().split_inclusive(|letter: char| !letter.is_ascii_alphanumeric());
    let words = words.map(|word| match word.strip_suffix(|letter: char| !letter.is_ascii_alphanumeric()) {
        Some(bare) if is_revision(bare) => format!("R{}", &word[bare.len()..]),
        None if is_revision(word) => "R".to_owned(),
        _ => word.to_owned(),
    });
    words.collect()
}

fn lines(of: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    of.iter().map(|(file, before, after)| (file.to_string(), before.to_string(), after.to_string())).collect()
}

/// The lines with a revision that change where only those who decide have another policy.
const REVISIONS: [(&str, &str, &str); 4] = [
    ("30-edge.yaml", "weir/revision: R", "weir/revision: R"),
    ("30-edge.yaml", r#""revision": "R","#, r#""revision": "R","#),
    ("README.md", "# Manifests of the policy R", "# Manifests of the policy R"),
    ("README.md", WAITS, WAITS),
];
/// The command of the page that waits for those who decide.
const WAITS: &str = "proxies have shop istio=ingress 'stats?filter=weir_policy_revision' 'wasmcustom.attachment=.=edge;.;weir_policy_revision: R";

#[test]
fn a_share_that_grows_is_one_line_of_one_file_beside_the_revision() {
    let shares = |share: &str| format!("{{id: c, share: {share}, {TO_V21}}}, {{id: control, share: 40%}}");
    let ranges = |end: u32| {
        format!(
            "{{id: c, ranges: [[0, {end}]], {TO_V21}}}, {{id: d, ranges: [[600000, 700000]], {TO_V21}, env_tag: d}}, \
             {{id: control, ranges: [[900000, 1000000]]}}"
        )
    };
    for (before, after) in [(shares("40%"), shares("44%")), (ranges(400_000), ranges(440_000))] {
        let [annotation, envelope, page, waits] = REVISIONS;
        let share = ("30-edge.yaml", r#""ranges": [[0, 400000]],"#, r#""ranges": [[0, 440000]],"#);
        assert_eq!(changed(&policy(&before), &policy(&after)), lines(&[annotation, envelope, share, page, waits]));
    }
}

#[test]
fn what_only_deciding_needs_changes_nothing_in_the_mesh() {
    let before = policy(&format!("{{id: c, share: 5%, {TO_V21}}}"));
    let rule = ("exact: shenzhen", "exact: beijing", r#""exact": "shenzhen","#, r#""exact": "beijing","#);
    let list = ("[ada, bob]", "[ada, eve]", r#""bob""#, r#""eve""#);
    let unit = ("x-user-id", "x-account", r#""header": "x-user-id""#, r#""header": "x-account""#);
    for (from, to, line, new) in [rule, list, unit] {
        let [annotation, envelope, page, waits] = REVISIONS;
        let expected = lines(&[annotation, envelope, ("30-edge.yaml", line, new), page, waits]);
        assert_eq!(changed(&before, &before.replace(from, to)), expected, "{to}");
    }
    let files = |after: &str| {
        let mut files: Vec<String> = changed(&before, after).into_iter().map(|(file, _, _)| file).collect();
        files.dedup();
        files
    };
    let all = ["05-forgeries.yaml", "10-subsets.yaml", "20-mesh.yaml", "25-public.yaml", "30-edge.yaml", "README.md"];
    assert_eq!(files(&before.replace("v21", "v22")), all, "a subset is everybody's");
}

#[test]
fn an_object_says_what_wrote_it_from_which_revision_and_when_it_is_applied() {
    let policy = policy(&format!("{{id: c, share: 5%, {TO_V21}}}"));
    let (plain, marked) = (rendered(&policy, &[]), rendered(&policy, &["--part-of", "7", "--argo-waves"]));
    let waves = [("05-forgeries.yaml", "-3"), ("10-subsets.yaml", "-2"), ("20-mesh.yaml", "-1"), ("30-edge.yaml", "1")];
    for (name, wave) in waves {
        for document in marked[name].split("---\n") {
            assert!(document.starts_with("# Written by `weir render istio` and not to be edited"), "{document}");
            let (_, metadata) = document.split_once("  labels:\n").unwrap();
            let (labels, rest) = metadata.split_once("  annotations:\n    weir/revision: ").unwrap();
            let expected = "    app.kubernetes.io/managed-by: weir\n    app.kubernetes.io/part-of: \"7\"\n";
            assert_eq!(labels, expected);
            let (_, rest) = rest.split_once('\n').unwrap();
            assert!(rest.starts_with(&format!("    argocd.argoproj.io/sync-wave: \"{wave}\"\nspec:\n")), "{document}");
        }
        let other = marked[name].replace("part-of: \"7\"", "part-of: weir");
        let other: Vec<&str> = other.lines().filter(|line| !line.contains("sync-wave")).collect();
        assert_eq!(other, plain[name].lines().collect::<Vec<_>>(), "nothing else is another in {name}");
    }
    let theirs = &marked["25-public.yaml"];
    assert_eq!(theirs, &plain["25-public.yaml"], "bytes of others are theirs");
    assert!(!theirs.contains("managed-by"), "{theirs}");
}

#[test]
fn check_names_the_revision_by_which_each_filter_goes_without_a_server() {
    let policy = policy(&format!("{{id: c, share: 5%, {TO_V21}}}"));
    let folder = folder(&policy);
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    let words = ["check", "policy.yaml", "edge.yaml", "mesh.yaml", "in.yaml"];
    let output = command.args(words).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let checked = |name: &str| {
        let line = said.lines().find(|line| line.contains(&format!("attachment {name} in"))).unwrap();
        line.split_once(", revision ").map(|(_, rest)| rest.strip_suffix(" without a server").unwrap().to_owned())
    };
    let files = rendered(&policy, &[]);
    let annotated = |file: &str, name: &str| {
        let (_, object) = files[file].split_once(&format!("  name: weir-{name}\n")).unwrap();
        let (_, object) = object.split_once("weir/revision: ").unwrap();
        let (annotation, object) = object.split_once('\n').unwrap();
        assert!(object.contains(&format!("\"revision\": \"{}\"", annotation.trim_matches('"'))), "{name}: {object}");
        annotation.trim_matches('"').to_owned()
    };
    assert_eq!(checked("mesh"), Some(annotated("20-mesh.yaml", "mesh")));
    assert_eq!(checked("in"), Some(annotated("20-mesh.yaml", "in")));
    assert_ne!(checked("in"), checked("mesh"));
    assert_eq!(checked("edge"), None);
    assert!(said.starts_with(&format!("good: revision {},", annotated("30-edge.yaml", "edge"))), "{said}");
}

#[test]
fn what_kubernetes_takes_for_no_label_is_wrong_use() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    let words = ["render", "istio", "--policy", "p", "--attach", "a", "--part-of", "a/b"];
    let output = command.args(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), said.contains("A-Z a-z 0-9 - _ .")), (Some(2), true), "{said}");
}
