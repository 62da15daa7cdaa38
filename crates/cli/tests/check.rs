//! `weir check` of policies, attachments and Envoy resources together, as a process; and that it warns of nothing that is
//! right.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value as Json, json};
use weir_policy::model::RouteTarget;
use weir_policy::{AttachmentFile, Format, Model, Role, Source, Sources};

#[path = "../../../tests/scenarios/mod.rs"]
mod corpus;

const POLICY: &str = "
version: 1
units: {user: [{header: x-user-id}]}
layers:
- id: checkout
  unit: user
  experiments:
  - id: owl-v21
    slots: all
    variants: [{id: canary, share: 5%, env_tag: owl-v21, routes: {owl.shop: {service: lynx.shop}}}]
";

/// These files in a folder, and what `weir check` says of the arguments there.
fn check(files: &[(&str, &str)], arguments: &[&str]) -> (Output, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut weir = Command::new(env!("CARGO_BIN_EXE_weir"));
    (weir.arg("check").args(arguments).current_dir(folder.path()).output().unwrap(), folder)
}

fn cluster(name: &str) -> String {
    format!(
        "resources: [{{\"@type\": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: \"{name}\", \
         connect_timeout: 1s}}]"
    )
}

/// Exit code, problems as `FILE CODE`, and the revision.
fn judged(output: &Output) -> (Option<i32>, Vec<String>, Option<String>) {
    let seen: Json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let problems = seen["problems"].as_array().unwrap().iter().map(|problem| {
        let file = Path::new(problem["file"].as_str().unwrap()).display();
        format!("{file} {}", problem["code"].as_str().unwrap())
    });
    (output.status.code(), problems.collect(), seen["revision"].as_str().map(str::to_owned))
}

#[test]
fn documents_of_all_kinds_are_judged_together() {
    let (steered, named) = ("{weir: 1, name: a, steer: cluster}", "{weir: 1, name: a, role: mesh}");
    let (lynx, fox) = (cluster("outbound|80||lynx.shop"), cluster("outbound|80||fox.shop"));
    let (lynx, fox) = (lynx.as_str(), fox.as_str());
    let of_units = "{version: 1, units: {user: [{header: u}]}}";
    let other_half = "{version: 1, layers: [{id: l, unit: user}]}";
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a [&'a str]);
    let release = "{release: 1, id: owl-v22, unit: user, services: {tiger.shop: v2}}";
    let elsewhere = "{release: 1, id: owl-v21, unit: user, services: {owl.shop: v2}}";
    let table: [Row<'_>; 20] = [
        (&[("p.yaml", POLICY)], &["p.yaml"], &[]),
        (&[("p.yaml", POLICY), ("a.yaml", steered)], &["p.yaml", "a.yaml"], &[]),
        (&[("p.yaml", POLICY), ("a.yaml", steered), ("r.yaml", lynx)], &["."], &[]),
        (&[("p.yaml", POLICY), ("a.yaml", steered), ("r.yaml", fox)], &["."], &["./a.yaml unknown_target"]),
        (&[("p.yaml", POLICY), ("r.yaml", fox)], &["."], &[]),
        (&[("p/u.yaml", of_units), ("q/l.yaml", other_half)], &["p", "q/l.yaml"], &[]),
        (&[("p/u.yaml", of_units), ("q/l.yaml", other_half)], &["p", "q", "p/u.yaml", "./q/l.yaml"], &[]),
        (&[("l.yaml", other_half)], &["l.yaml"], &["l.yaml unknown_unit"]),
        (&[("a.yaml", steered), ("b.yaml", named)], &["a.yaml", "b.yaml"], &["b.yaml conflict"]),
        (&[("a.yaml", "{weir: 1, log_unit: x}")], &["a.yaml"], &[]),
        (&[("a.yaml", "{weir: 1, log_unit: x}"), ("p.yaml", POLICY)], &["."], &["./a.yaml unknown_unit"]),
        (&[("r.json", "{\"resources\": [1]}")], &["r.json"], &["r.json missing_field"]),
        (
            &[("a.yaml", "{weir: 2}"), ("b.yaml", "{version: 2}"), ("c.yaml", "{resources: 1}"), ("d.yaml", "x: 1")],
            &["."],
            &["./a.yaml bad_value", "./b.yaml bad_value", "./c.yaml wrong_type", "./d.yaml other_document"],
        ),
        (&[("p.yaml", POLICY), ("r/a.yaml", release)], &["p.yaml", "r"], &[]),
        (&[("a.yaml", release)], &["a.yaml"], &[]),
        (&[("a.yaml", release), ("b.yaml", release)], &["."], &["./a.yaml id_taken", "./b.yaml id_taken"]),
        (&[("p.yaml", POLICY), ("a.yaml", elsewhere)], &["."], &["./a.yaml id_taken", "./a.yaml service_on_two_lines"]),
        // Of a bad policy what is known of it is still held against releases.
        (&[("p.yaml", "{version: 2}"), ("a.yaml", release)], &["."], &["./a.yaml unknown_unit", "./p.yaml bad_value"]),
        (
            &[(
                "a.yaml",
                "{id: a, unit: user, steps: [], guardrails: [{name: g, value: {query: 'up{', above: 1, for: 1m}}]}",
            )],
            &["a.yaml"],
            &["a.yaml bad_query", "a.yaml missing_field"],
        ),
        (
            &[("k.yaml", "{apiVersion: v1, kind: Secret}"), ("t.yaml", "requests: []")],
            &["."],
            &["./k.yaml other_document", "./t.yaml other_document"],
        ),
    ];
    for (files, arguments, expected) in table {
        let (output, _folder) = check(files, &[arguments, &["--json"]].concat());
        let (code, mut problems, revision) = judged(&output);
        let mut expected: Vec<String> = expected.iter().map(|problem| (*problem).to_owned()).collect();
        problems.sort();
        expected.sort();
        assert_eq!(problems, expected, "{files:?}");
        assert_eq!(code, Some(if expected.is_empty() { 0 } else { 1 }), "{files:?}");
        assert!(revision.is_none() || expected.is_empty(), "{files:?}");
    }
}

#[test]
fn what_is_read_nowhere_is_one_problem_that_says_what_is_read_here() {
    let string = r#"{"@type":"type.googleapis.com/google.protobuf.StringValue","value":"{}"}"#;
    let filter =
        r#"resources: [{"@type": type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig, name: weir.a}]"#;
    let table = [
        (string, "an envelope, which a filter is sent"),
        ("{weir: 1, policy: {version: 1}}", "an envelope, which a filter is sent"),
        (filter, "a filter for an Envoy that watches its file (ECDS)"),
        ("{apiVersion: v1, kind: ConfigMap}", "an object of Kubernetes"),
        ("requests: []", "a file of requests"),
        ("static_resources: {}", "the bootstrap of an Envoy"),
    ];
    for (text, what) in table {
        let (output, _folder) = check(&[("a.yaml", text)], &["a.yaml", "--json"]);
        let seen: Json = serde_json::from_slice(&output.stdout).unwrap();
        let [problem] = seen["problems"].as_array().unwrap().as_slice() else { panic!("{seen}") };
        let read = "what is read here is a policy, or an attachment, or a file of Envoy resources, or a release";
        let message = problem["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("this is {what}, and {read}; ")), "{message}");
        assert_eq!((&problem["line"], &problem["code"]), (&json!(1), &json!("other_document")));
    }
}

/// A file of releases that lacks its first line is of nothing that is read, and two that clash name each other.
#[test]
fn what_is_meant_and_who_else_has_a_name_is_told() {
    let release = "{release: 1, id: owl-v22, unit: user, services: {tiger.shop: v2}}";
    let message = |files: &[(&str, &str)]| {
        let (output, _folder) = check(files, &[".", "--json"]);
        let seen: Json = serde_json::from_slice(&output.stdout).unwrap();
        seen["problems"][0]["message"].as_str().unwrap().to_owned()
    };
    let headless = message(&[("a.yaml", "{id: owl-v22, unit: user, services: {tiger.shop: v2}}")]);
    assert!(headless.ends_with("; a release begins with `release: 1`"), "{headless}");
    let taken = message(&[("a.yaml", release), ("b.yaml", release)]);
    assert!(taken.starts_with("owl-v22 is taken: the release owl-v22 in ./b.yaml has it; "), "{taken}");
}

/// `weir serve` refuses them.
#[test]
fn a_module_that_is_not_here_is_warned_of() {
    let istio = "{weir: 1, wasm: {file: x.wasm}, istio: {namespace: shop, selector: {app: a}}}";
    let table = [
        ("weir: 1\nwasm: {file: x.wasm}\n", Some((2, 14))),
        ("weir: 1\nwasm: {file: ../here.wasm}\n", None),
        ("{weir: 1, wasm: {oci: 'oci://x/y'}}", None),
        ("weir: 1", None),
        // In the proxy's container.
        (istio, None),
    ];
    for (text, place) in table {
        let files = [("a/a.yaml", text), ("here.wasm", "")];
        let (output, _folder) = check(&files, &["a/a.yaml", "--json"]);
        let seen: Json = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &seen["problems"]), (Some(0), &json!([])), "{text}");
        let expected = place.map(|(line, column)| {
            let message =
                "a/x.wasm: no such file here, and weir serve wants one on its machine; scripts/build-wasm makes one";
            json!({"code": "missing_module", "file": "a/a.yaml", "path": "wasm.file", "line": line, "column": column,
                   "message": message})
        });
        assert_eq!(seen["warnings"], Json::from_iter(expected), "{text}");
    }
}

#[test]
fn a_policy_is_checked_for_the_role_of_its_attachments() {
    // An edge would want slots and a unit.
    let policy = "{version: 1, layers: [{id: l, experiments: [{id: e, variants: [{id: v}]}]}]}";
    let files = [("p.yaml", policy), ("a.yaml", "{weir: 1, role: mesh}")];
    let codes = |arguments: &[&str]| judged(&check(&files, &[arguments, &["--json"]].concat()).0).0;
    assert_eq!(codes(&["p.yaml", "a.yaml"]), Some(0));
    assert_eq!(codes(&["p.yaml"]), Some(1));
    assert_eq!(codes(&["p.yaml", "--role", "mesh"]), Some(0));
    assert_eq!(codes(&["p.yaml", "a.yaml", "--role", "edge"]), Some(1));
}

#[test]
fn what_is_good_is_a_line_for_each() {
    let resources = cluster("outbound|80||lynx.shop");
    let files =
        [("p.yaml", POLICY), ("a.yaml", "{weir: 1, name: shop, steer: subset}"), ("r.yaml", resources.as_str())];
    let (output, _folder) = check(&files, &["p.yaml", "a.yaml", "r.yaml"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    let [policy, attachment, resources] = lines.as_slice() else { panic!("{said}") };
    assert!(policy.starts_with("good: revision ") && policy.ends_with(", 1 layer, 1 experiment"), "{policy}");
    let (attachment, offer) = attachment.rsplit_once(' ').unwrap();
    assert_eq!(attachment, "good: attachment shop in a.yaml: role edge, steer subset, offer");
    assert_eq!(*resources, "good: 1 Envoy resource");
    let (other, _folder) = check(&files, &["p.yaml", "a.yaml"]);
    assert!(!String::from_utf8(other.stdout).unwrap().contains(offer), "an offer tells of the resources beside it");
}

#[test]
fn a_release_is_good_with_its_policy_and_told_so_without() {
    let policy = "{version: 1, units: {user: [{header: u}]}}";
    let release = "{release: 1, id: owl-v21, unit: user, services: {owl.shop: v21}, after: [lynx-v3]}";
    let files = [("p.yaml", policy), ("r/owl.yaml", release)];
    let said = |output: Output| {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, good, warned) = said(check(&files, &["p.yaml", "r"]).0);
    let line = "good: release owl-v21 in r/owl.yaml: pool.user, 5 steps, 3 guardrails";
    assert_eq!((code, good.lines().last()), (Some(0), Some(line)), "{warned}");
    assert!(
        warned.starts_with("warning unknown_release: ") && warned.contains("r/owl.yaml:1:74, at after[0]"),
        "{warned}"
    );
    let (code, good, _) = said(check(&files, &["r"]).0);
    assert_eq!((code, good), (Some(0), format!("{line}, held against no policy\n")));
    let (code, ..) = said(check(&files, &["p.yaml", "r", "--deny-warnings"]).0);
    assert_eq!(code, Some(1));
    let seen: Json = serde_json::from_slice(&check(&files, &["p.yaml", "r", "--json"]).0.stdout).unwrap();
    let release = json!([{"file": "r/owl.yaml", "id": "owl-v21", "kind": "release", "unit": "user", "steps": 5, "guardrails": 3}]);
    assert_eq!(seen["releases"], release);
}

/// The server would have it wait for ever. Two of which there is room for one at a time are good.
#[test]
fn a_release_that_could_never_start_with_the_policy_is_a_problem() {
    let release = |id: &str| format!("{{release: 1, id: {id}, unit: user, services: {{{id}.shop: v2}}}}");
    for (layers, expected) in [(255, &[][..]), (256, &["r/cat.yaml limit", "r/owl.yaml limit"])] {
        let layers: Vec<String> = (0..layers).map(|number| format!("{{id: l{number}, unit: user}}")).collect();
        let policy = format!("{{version: 1, units: {{user: [{{header: u}}]}}, layers: [{}]}}", layers.join(", "));
        let (owl, cat) = (release("owl"), release("cat"));
        let files = [("p.yaml", policy.as_str()), ("r/owl.yaml", &owl), ("r/cat.yaml", &cat)];
        let (code, problems, _) = judged(&check(&files, &["p.yaml", "r", "--json"]).0);
        assert_eq!(
            (code, problems),
            (Some(i32::from(!expected.is_empty())), expected.iter().map(|&one| one.to_owned()).collect())
        );
    }
}

#[test]
fn where_the_policy_comes_from_is_told_where_it_is_said() {
    let policy = "{version: 1, layers: []}";
    for (said, ends, json) in [
        ("", "without a server", json!(null)),
        ("policy: {from: manifests}", "without a server", json!("manifests")),
        ("policy: {from: server}", "policy from server", json!("server")),
    ] {
        let attachment = format!("{{weir: 1, name: mesh, role: mesh, {said}}}");
        let files = [("p.yaml", policy), ("a.yaml", attachment.as_str())];
        let text = String::from_utf8(check(&files, &["p.yaml", "a.yaml"]).0.stdout).unwrap();
        assert!(text.ends_with(&format!("{ends}\n")), "{text}");
        assert_eq!(text.contains("policy from"), !said.is_empty(), "{text}");
        let output = check(&files, &["p.yaml", "a.yaml", "--json"]).0;
        let seen: Json = serde_json::from_slice(&output.stdout).unwrap();
        let attachment = &seen["attachments"][0];
        assert_eq!(attachment["policy_from"], json);
        assert_eq!(attachment["revision_without_server"].is_null(), json == "server");
    }
}

#[test]
fn a_warning_looks_like_a_problem_and_is_none() {
    let (lynx, routes) = (cluster("lynx"), ROUTES);
    let files = [("p.yaml", POLICY), ("r.yaml", lynx.as_str()), ("routes.yaml", routes)];
    let (output, _folder) = check(&files, &["."]);
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = "\
warning unknown_cluster: the resources have no cluster elk: a 503, unless the bootstrap of Envoy has it
 --> ./routes.yaml:8:7, at resources[0].virtual_hosts[0].routes[0]
  |
8 |     - {match: {prefix: /}, route: {cluster: elk}}
  |       ^
";
    assert!(said.contains(expected) && said.ends_with("\n2 warnings found\n"), "{said}");
    assert!(said.contains("warning unrouted_service: no route leads to owl.shop"), "{said}");
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("good: revision "));
    assert_eq!(output.status.code(), Some(0));

    for (arguments, code) in [(&[".", "--json"][..], 0), (&[".", "--json", "--deny-warnings"], 1)] {
        let (output, _folder) = check(&files, arguments);
        let seen: Json = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &seen["good"]), (Some(code), &json!(code == 0)));
        let warnings = seen["warnings"].as_array().unwrap();
        let fields: Vec<&String> = warnings[0].as_object().unwrap().keys().collect();
        assert_eq!(
            (warnings.len(), fields),
            (
                2,
                ["code", "column", "file", "line", "message", "path"]
                    .iter()
                    .map(|field| (*field).to_owned())
                    .collect::<Vec<_>>()
                    .iter()
                    .collect()
            )
        );
        assert_eq!(seen["problems"], json!([]));
        assert!(seen["revision"].is_string());
    }
    let (output, _folder) = check(&files[..1], &["p.yaml", "--deny-warnings"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_listener_asks_for_an_attachment_that_there_is() {
    let listener = r#"resources: [{"@type": type.googleapis.com/envoy.config.listener.v3.Listener, name: edge, filter_chains: [
      {filters: [{name: http, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager,
        stat_prefix: edge, http_filters: [
          {name: weir.shop, config_discovery: {config_source: {ads: {}}, type_urls: [type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm]}}]}}]}]}]"#;
    let told = |attachments: &[(&'static str, &'static str)]| {
        let files = [&[("r.yaml", listener)], attachments].concat();
        let seen: Json = serde_json::from_slice(&check(&files, &[".", "--json"]).0.stdout).unwrap();
        let warnings = seen["warnings"].as_array().unwrap().iter();
        warnings.map(|one| format!("{}:{} {}", one["line"], one["code"], one["message"])).collect::<Vec<_>>()
    };
    let other = ("a.yaml", "{weir: 1, name: story}");
    let message = "listener edge asks for weir.shop, and no attachment is called shop; the one here is story";
    assert_eq!(told(&[other]), [format!("4:\"unknown_filter\" \"{message}\"")]);
    assert_eq!(told(&[other, ("b.yaml", "{weir: 1, name: shop, role: mesh}")]), [""; 0]);
    // One for Istio is served by the same name where a server has it.
    assert_eq!(told(&[other, ("b.yaml", "{weir: 1, name: shop, istio: {namespace: a, selector: {a: b}}}")]), [""; 0]);
    assert_eq!(told(&[("a.yaml", "weir: 1")]), [""; 0]);
    assert_eq!(told(&[]), [""; 0]);
}

/// Their routes are in VirtualServices.
#[test]
fn attachments_for_istio_ask_nothing_of_envoy_resources() {
    let istio = "{weir: 1, name: mesh, steer: subset, istio: {namespace: shop, selector: {app: a}}}";
    let count = |attachments: &[(&'static str, &'static str)]| {
        let files = [&[("p.yaml", POLICY), ("r.yaml", ROUTES)], attachments].concat();
        let seen: Json = serde_json::from_slice(&check(&files, &[".", "--json"]).0.stdout).unwrap();
        seen["warnings"].as_array().unwrap().len()
    };
    assert_eq!(count(&[("a.yaml", istio)]), 0);
    assert_eq!(count(&[("a.yaml", istio), ("b.yaml", "{weir: 1, name: edge}")]), 1);
    assert_eq!(count(&[("b.yaml", "{weir: 1, name: edge}")]), 1);
}

/// What `weir render istio` would say of the key is said before.
#[test]
fn what_is_for_istio_is_read_too() {
    let said = |istio: &str| {
        let attachment = format!("weir: 1\nname: mesh\nrole: mesh\nistio:\n{istio}");
        let (output, _folder) = check(&[("a.yaml", &attachment)], &["a.yaml"]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let selected = "  namespace: shop\n  selector: {app: owl}\n";
    assert_eq!(said(selected), (Some(0), String::new()));
    for (istio, expected) in [
        ("  namespace: shop\n  slector: {app: owl}\n", "unknown_field"),
        (
            "  namespace: shop\n  selector: {app: owl}\n  server: {host: weir, port: 1, plaintext: true}\n",
            "nobody asks this server",
        ),
        ("  namespace: shop\n  selector: {app: owl}\n  gateways: [shop/public]\n", "only proxy: gateway"),
    ] {
        let (code, text) = said(istio);
        assert_eq!(code, Some(1), "{istio}");
        assert!(text.contains(expected) && text.contains("--> a.yaml:"), "{istio}: {text}");
    }
}

/// Their policy is in manifests, and their module where no server could find it.
#[test]
fn a_server_is_not_given_attachments_whose_policy_istio_brings() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.yaml"), POLICY).unwrap();
    for wasm in ["file: /nonexistent/weir.wasm", "oci: 'oci://example.com/weir:1'"] {
        let istio = "{namespace: shop, selector: {app: owl}}";
        let attachment = format!("{{weir: 1, name: mesh, role: mesh, wasm: {{{wasm}}}, istio: {istio}}}");
        fs::write(folder.path().join("mesh.yaml"), attachment).unwrap();
        let mut weir = Command::new(env!("CARGO_BIN_EXE_weir"));
        let words = ["serve", "--policy", "policy.yaml", "--attach", "mesh.yaml", "--listen", "127.0.0.1:0"];
        let output = weir.args(words).current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(
            text.contains("mesh.yaml: its proxies are sent their policy by Istio; write policy: {from: server}"),
            "{text}"
        );
    }
}

const ROUTES: &str = "\
resources:
- \"@type\": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
  name: shop
  virtual_hosts:
  - name: shop
    domains: [\"*\"]
    routes:
    - {match: {prefix: /}, route: {cluster: elk}}
";

#[test]
fn the_resources_that_ship_have_no_warnings_with_the_policy_of_the_readme() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(checkout.join("README.md")).unwrap();
    let policy = readme.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let mut files = vec![("policy.yaml".to_owned(), policy.to_owned())];
    for file in ["clusters", "endpoints", "listeners", "routes"] {
        let text = fs::read_to_string(checkout.join(format!("envoy/resources/{file}.yaml"))).unwrap();
        let filled = text.split("${").enumerate().map(|(i, part)| match (i, part.split_once('}')) {
            (0, _) | (_, None) => part.to_owned(),
            (_, Some((name, rest))) => format!("{}{rest}", if name.ends_with("PORT") { "8080" } else { "shop" }),
        });
        files.push((format!("resources/{file}.yaml"), filled.collect()));
    }
    let mut arguments = vec!["policy.yaml", "resources", "--json"];
    let mut seen = |attachments: &[&'static str]| {
        let mut files = files.clone();
        for steer in attachments {
            // The first is the one that the listener asks for.
            let name = if *steer == "tag" { "shop" } else { steer };
            files.push((format!("{steer}.yaml"), format!("{{weir: 1, name: {name}, steer: {steer}}}")));
        }
        arguments.truncate(3);
        let names: Vec<String> = attachments.iter().map(|steer| format!("{steer}.yaml")).collect();
        let arguments: Vec<&str> = arguments.iter().copied().chain(names.iter().map(String::as_str)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let (output, _folder) = check(&files, &arguments);
        let seen: Json = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&seen["problems"], &seen["warnings"]), (&json!([]), &json!([])), "{attachments:?}");
        assert!(seen["resources"].as_u64() > Some(5), "{seen}");
    };
    seen(&[]);
    seen(&["tag"]);
    seen(&["tag", "subset", "cluster"]);
}

#[test]
fn routes_that_weir_renders_have_no_warnings() {
    let mut rendered = 0;
    for (name, model) in good_policies() {
        for steer in ["tag", "subset", "cluster"] {
            rendered += usize::from(is_rendered_without_warnings(&name, &model, steer));
        }
    }
    assert!(rendered > 100, "only {rendered} with routes");
}

/// Whether there was something to route.
fn is_rendered_without_warnings(name: &str, model: &Model, steer: &str) -> bool {
    let variants = model.layers.iter().flat_map(|layer| &layer.experiments).flat_map(|one| &one.variants);
    let routes: Vec<_> = variants.flat_map(|variant| &variant.routes).collect();
    let targets = routes.iter().filter_map(|(_, target)| match target {
        RouteTarget::Service(name) => Some((name.clone(), json!([]))),
        RouteTarget::Subset(_) => None,
    });
    let hosts: serde_json::Map<String, Json> = targets.collect();
    let mut sources = Sources::default();
    let attachment = json!({"weir": 1, "steer": steer, "envoy": {"hosts": hosts}}).to_string();
    let attachment = sources.add(Source::json("a.json", attachment));
    let file = AttachmentFile::read(&sources, attachment).unwrap();
    let text = weir_render::envoy::routes(model, &file, attachment).unwrap_or_else(|found| panic!("{name}: {found:?}"));
    let file_id = sources.add(Source::yaml("routes.yaml", text));
    let files = weir_resources::read(&sources, &[file_id]).unwrap_or_else(|found| panic!("{name}: {found:?}"));
    for attachments in [&[(attachment, &file.attachment)][..], &[]] {
        let found = weir_resources::warnings(&files, Some((model, &[])), attachments);
        assert!(found.is_empty(), "{name}, steer {steer}: {found:#?}");
    }
    !routes.is_empty()
}

/// The policies of the scenarios, and those that pages show whole.
fn good_policies() -> Vec<(String, Model)> {
    let mut texts: Vec<(String, Sources)> = Vec::new();
    for scenario in corpus::read(&corpus::files()) {
        if let corpus::Subject::Policy(files) = &scenario.subject {
            texts.push((scenario.name.clone(), corpus::Scenario::sources(files)));
        }
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let pages = fs::read_dir(docs).unwrap().map(|page| page.unwrap().path());
    for page in pages.filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(&page).unwrap();
        for block in text.split("```yaml").skip(1) {
            let block = block.split_once('\n').unwrap().1.split("```").next().unwrap();
            let source = Source::from_bytes("policy.yaml", block.as_bytes().to_vec(), Format::Yaml);
            texts.push((page.display().to_string(), Sources::of([source])));
        }
    }
    let model = |(name, sources): (String, Sources)| Some((name, weir_policy::read_policy(&sources, Role::Edge).ok()?));
    texts.into_iter().filter_map(model).collect()
}
