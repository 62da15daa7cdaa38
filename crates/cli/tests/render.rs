//! `weir render` as a process: where it writes, what it says, and with which exit code it ends.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const POLICY: &str = "
version: 1
units: {user: [{header: x-user-id}]}
lists: {staff: [LIST]}
layers:
- id: l
  unit: user
  overrides: [{list: staff, experiment: e, variant: c}]
  experiments: [{id: e, slots: all, variants: [{id: c, share: 5%, routes: {owl.shop.svc.cluster.local: v21}}]}]
";
const STRING_VALUE: &str = "type.googleapis.com/google.protobuf.StringValue";
const EDGE: &str = "{weir: 1, name: edge, wasm: {file: /w}, istio: {namespace: shop, selector: {istio: ingress}}}";
const MESH: &str = "{weir: 1, name: mesh, role: mesh, wasm: {file: /w}, istio: {namespace: shop, selector: {app: a},
  services: {owl.shop.svc.cluster.local: {stable: {version: v20}}}}}";
const THEIRS: &str = "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: public, namespace: shop}
spec:
  hosts: [shop.example.com]
  gateways: [public]
  http:
  - route: [{destination: {host: owl}}]
";

fn folder(list: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("policy.yaml", &POLICY.replace("LIST", list));
    write("edge.yaml", EDGE);
    write("mesh.yaml", MESH);
    write("theirs.yaml", THEIRS);
    folder
}

fn render(folder: &Path, words: &str) -> Output {
    render_for("istio", folder, words)
}

fn render_for(whom: &str, folder: &Path, words: &str) -> Output {
    let weir = env!("CARGO_BIN_EXE_weir");
    let words = ["render", whom, "--policy", "policy.yaml"].into_iter().chain(words.split_whitespace());
    Command::new(weir).args(words).current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_folder_gets_what_standard_output_gets() {
    let folder = folder("ada");
    let attached = "--attach edge.yaml --attach mesh.yaml";
    let printed = render(folder.path(), attached);
    let written = render(folder.path(), &format!("{attached} -o out"));
    assert!(printed.status.success() && written.status.success(), "{}{}", said(&printed), said(&written));
    assert_eq!((said(&printed).as_str(), written.stdout.len()), ("", 0));
    let files = ["05-forgeries.yaml", "10-subsets.yaml", "20-mesh.yaml", "30-edge.yaml"];
    let texts = files.map(|file| fs::read_to_string(folder.path().join("out").join(file)).unwrap());
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), texts.join("---\n"));
    let order = fs::read_to_string(folder.path().join("out/README.md")).unwrap();
    let places = files.map(|file| order.find(file).unwrap());
    assert!(places.is_sorted(), "{order}");
}

#[test]
fn a_folder_with_other_manifests_is_left_alone() {
    let folder = folder("ada");
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/25-old.yaml"), "kind: VirtualService").unwrap();
    let refused = render(folder.path(), "--attach edge.yaml -o out");
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("25-old.yaml is here and not rendered for this policy"), "{}", said(&refused));
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 1);
}

#[test]
fn problems_of_every_file_are_shown_in_it() {
    let folder = folder("ada");
    fs::write(folder.path().join("bad.yaml"), EDGE.replace("selector", "limits: {stable: 0}, selector")).unwrap();
    let refused = render(folder.path(), "--attach bad.yaml --attach mesh.yaml --into theirs.yaml");
    assert_eq!(refused.status.code(), Some(1));
    let text = said(&refused);
    assert!(text.contains("--> bad.yaml:1:") && text.contains("at istio.limits.stable"), "{text}");
    assert!(text.contains("--> theirs.yaml:8:"), "{text}");
    assert!(text.contains("those of v21 as well; write subset: stable"), "{text}");
    assert_eq!(render(folder.path(), "").status.code(), Some(2), "no attachment");
    assert_eq!(render(folder.path(), "--attach none.yaml").status.code(), Some(2), "no such file");
    fs::write(folder.path().join("latin.yaml"), b"# \xe9\n").unwrap();
    assert_eq!(render(folder.path(), "--attach mesh.yaml --into latin.yaml").status.code(), Some(2), "not UTF-8");
}

#[test]
fn what_is_likely_not_to_be_meant_is_told_and_rendered() {
    let folder = folder("ada");
    let other = "{weir: 1, name: other, role: mesh, wasm: {file: /w}, istio: {namespace: shop, selector: {team: b}}}";
    fs::write(folder.path().join("other.yaml"), other).unwrap();
    let done = render(folder.path(), "--attach mesh.yaml --attach other.yaml");
    let text = said(&done);
    assert!(done.status.success() && !done.stdout.is_empty(), "{text}");
    assert!(text.starts_with("warning perhaps_two_filters: ") && text.contains("--> other.yaml:1:"), "{text}");
    assert!(text.ends_with("\n1 warning found\n"), "{text}");
    fs::write(folder.path().join("other.yaml"), other.replace("team: b", "app: b")).unwrap();
    assert_eq!(said(&render(folder.path(), "--attach mesh.yaml --attach other.yaml")), "");
}

#[test]
fn problems_of_names_are_shown_in_the_policy() {
    let folder = folder("ada");
    let policy = fs::read_to_string(folder.path().join("policy.yaml")).unwrap();
    fs::write(folder.path().join("policy.yaml"), policy.replace("owl.shop.svc.cluster.local", "owl.shop")).unwrap();
    let refused = render(folder.path(), "--attach edge.yaml");
    let text = said(&refused);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text.starts_with("bad_service: ") && text.contains("--> policy.yaml:9:"), "{text}");
    assert!(text.contains("write owl.shop.svc.cluster.local; if"), "{text}");
}

#[test]
fn large_objects_are_to_be_applied_by_the_server() {
    let list = |units: usize| (0..units).map(|unit| format!("user-{unit:06}")).collect::<Vec<_>>().join(", ");
    let large = folder(&list(20_000));
    let done = render(large.path(), "--attach edge.yaml -o out");
    assert!(done.status.success(), "{}", said(&done));
    assert!(said(&done).contains("30-edge.yaml: holds an object of over 256 KiB"), "{}", said(&done));
    let order = fs::read_to_string(large.path().join("out/README.md")).unwrap();
    assert!(order.contains("kubectl apply --server-side -f 30-edge.yaml"), "{order}");
    let too_large = render(folder(&list(80_000)).path(), "--attach edge.yaml");
    assert_eq!(too_large.status.code(), Some(1));
    assert!(said(&too_large).contains("Kubernetes takes at most 1000000"), "{}", said(&too_large));
}

/// `weir serve` sends the whole policy's revision to all, and none of it is in what is applied.
#[test]
fn manifests_for_proxies_that_ask_a_server_hold_nothing_of_the_policy() {
    let folder = folder("ada");
    let server = "server: {host: weir.weir, port: 18000, name: weir.weir.svc}";
    for (name, text) in [("edge.yaml", EDGE), ("mesh.yaml", MESH)] {
        let text = text.replace("istio: {n", &format!("policy: {{from: server}}, istio: {{{server}, n"));
        fs::write(folder.path().join(name), text).unwrap();
    }
    let attached = "--attach edge.yaml --attach mesh.yaml -o out";
    let rendered = || {
        assert!(render(folder.path(), attached).status.success());
        let read = |name: &str| fs::read_to_string(folder.path().join("out").join(name)).unwrap();
        (["05-forgeries.yaml", "10-subsets.yaml", "20-mesh.yaml", "30-edge.yaml"].map(read), read("README.md"))
    };
    let (before, page) = rendered();
    let weir = env!("CARGO_BIN_EXE_weir");
    let checked =
        Command::new(weir).args(["check", "policy.yaml", "--json"]).current_dir(folder.path()).output().unwrap();
    let seen: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    let whole = u64::from_str_radix(seen["revision"].as_str().unwrap(), 16).unwrap();
    assert_eq!(page.matches(&format!("weir_policy_revision: {whole}'")).count(), 2, "{page}");
    fs::write(folder.path().join("policy.yaml"), POLICY.replace("LIST", "bob").replace("5%", "7%")).unwrap();
    let (after, page) = rendered();
    assert_eq!(after, before);
    assert!(!page.contains(&whole.to_string()), "{page}");
}

#[test]
fn a_plain_envoy_whose_policy_comes_from_a_server_is_not_given_one_in_its_files() {
    let folder = folder("ada");
    fs::write(folder.path().join("weir.wasm"), "").unwrap();
    let attach = "{weir: 1, name: shop, wasm: {file: weir.wasm},\n policy: {from: server}}";
    fs::write(folder.path().join("attach.yaml"), attach).unwrap();
    for words in ["", "--static", "--envelope"] {
        let refused = render_for("envoy", folder.path(), &format!("--attach attach.yaml {words}"));
        assert_eq!(refused.status.code(), Some(1), "{words}");
        assert!(said(&refused).contains("--> attach.yaml:2:17"), "{}", said(&refused));
    }
    assert!(render_for("envoy", folder.path(), "--attach attach.yaml --routes").status.success());
}

#[test]
fn a_plain_envoy_gets_the_same_filter_by_file_and_in_its_bootstrap() {
    let folder = folder("ada");
    fs::write(folder.path().join("weir.wasm"), "").unwrap();
    fs::write(folder.path().join("attach.yaml"), "{weir: 1, name: shop, wasm: {file: weir.wasm}}").unwrap();
    let stdout = |words: &str| {
        let output = render_for("envoy", folder.path(), words);
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let by_file = stdout("--attach attach.yaml");
    let entry = stdout("--attach attach.yaml --static");
    let head = "resources:\n- \"@type\": type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig\n";
    assert_eq!(by_file, format!("{head}{}", entry.replacen("- ", "  ", 1)));
    assert!(entry.starts_with("- name: weir.shop\n") && entry.contains(r#""revision":""#), "{entry}");
    // What stands for ${CONFIGURATION} is one line with the same envelope in it.
    let envelope = stdout("--attach attach.yaml --envelope");
    let configuration: serde_json::Value = serde_json::from_str(&envelope).unwrap();
    assert_eq!((envelope.lines().count(), &configuration["@type"]), (1, &STRING_VALUE.into()));
    assert!(entry.contains(&format!("value: |-\n          {}\n", configuration["value"].as_str().unwrap())), "{entry}");
    assert_eq!(stdout("--attach attach.yaml -o filter.yaml"), "");
    assert_eq!(fs::read_to_string(folder.path().join("filter.yaml")).unwrap(), by_file);

    let nowhere = render_for("envoy", folder.path(), "--attach attach.yaml -o none/filter.yaml");
    assert_eq!(
        (nowhere.status.code(), said(&nowhere).contains("none/filter.yaml: cannot be written")),
        (Some(2), true)
    );
    for (wasm, why) in [("", "says nothing of the module"), (", wasm: {oci: 'oci://a/b'}", "fetches no module")] {
        fs::write(folder.path().join("attach.yaml"), format!("{{weir: 1, name: shop{wasm}}}")).unwrap();
        let refused = render_for("envoy", folder.path(), "--attach attach.yaml");
        assert_eq!((refused.status.code(), said(&refused).contains(why)), (Some(2), true), "{}", said(&refused));
    }
}

#[test]
fn a_service_that_a_plain_envoy_is_led_to_has_a_name_in_the_attachment() {
    let folder = folder("ada");
    let policy = fs::read_to_string(folder.path().join("policy.yaml")).unwrap();
    let led = policy.replace("local: v21", "local: {service: lynx.shop}");
    fs::write(folder.path().join("policy.yaml"), led).unwrap();
    fs::write(folder.path().join("weir.wasm"), "").unwrap();
    let rendered = |steer: &str, hosts: &str, words: &str| {
        let attach =
            format!("{{weir: 1, name: shop, steer: {steer}, wasm: {{file: weir.wasm}}, envoy: {{hosts: {hosts}}}}}");
        fs::write(folder.path().join("attach.yaml"), attach).unwrap();
        render_for("envoy", folder.path(), &format!("--attach attach.yaml {words}"))
    };
    for words in ["", "--static", "--routes", "--envelope"] {
        let refused = rendered("cluster", "{}", words);
        assert_eq!(refused.status.code(), Some(1), "{words}");
        assert!(said(&refused).contains("unknown_target: a variant leads owl.shop.svc.cluster.local to lynx.shop"));
        assert!(rendered("cluster", "{lynx.shop: []}", words).status.success(), "{words}");
        assert!(rendered("tag", "{}", words).status.success(), "{words}");
    }
    for (steer, route) in [("tag", "tag/e.c"), ("subset", "subset/lynx.shop")] {
        let output = rendered(steer, "{lynx.shop: [lynx.example]}", "--routes");
        let routes = String::from_utf8(output.stdout).unwrap();
        let (_, route) = routes.split_once(&format!("/{route}\n")).unwrap_or_else(|| panic!("{routes}"));
        let cluster = route.lines().find_map(|line| line.trim().strip_prefix("cluster: "));
        assert_eq!(cluster, Some("outbound|80||lynx.shop"), "{routes}");
        assert!(routes.contains("- lynx.example\n"), "the target has routes of its own: {routes}");
    }
}
