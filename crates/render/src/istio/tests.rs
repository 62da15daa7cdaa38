//! Tables of what is refused, and where. Manifests are compared whole by the examples in `istio/`.

use weir_policy::{AttachmentFile, Problem, Revision, Role, Source, SourceId, Sources, read_policy};

use crate::istio::{CLIENT_SIDE_BYTES_MAX, Enveloped, File, OBJECT_BYTES_MAX, render};

const POLICY: &str = "
version: 1
units: {user: [{header: x-user-id}]}
layers:
- {id: a, unit: user, line: l, experiments: [{id: e1, slots: [[0, 10]], variants: [{id: c, share: 5%, env_tag: one.1, routes: {owl.shop.svc.cluster.local: v21}}]}]}
- {id: b, unit: user, line: l, experiments: [{id: e2, slots: [[10, 20]], variants: [{id: c, share: 5%, env_tag: two, routes: {owl.shop.svc.cluster.local: v22}}]}]}
";
const SERVICES: &str = "services: {owl.shop.svc.cluster.local: {stable: {version: v20}}}";

/// A service whose one variant is another service.
const LED: &str = "
version: 1
units: {user: [{header: x-user-id}]}
layers:
- {id: a, unit: user, experiments: [{id: e, slots: all, variants: [{id: c, share: 5%, routes: {owl.shop.svc.cluster.local: {service: lynx.shop.svc.cluster.local}}}]}]}
";

/// The files that are rendered for one attachment, which has `lines`, and `istio` in its key of that name.
fn rendered(lines: &str, istio: &str, into: &[&str]) -> Result<Vec<File>, Vec<Problem>> {
    rendered_of(POLICY, lines, istio, into)
}

fn rendered_of(policy: &str, lines: &str, istio: &str, into: &[&str]) -> Result<Vec<File>, Vec<Problem>> {
    let policy = Source::yaml("policy.yaml", policy);
    let model = read_policy(&Sources::of([policy]), Role::Edge).unwrap();
    let istio = format!("istio: {{namespace: shop, selector: {{app: owl}}, {istio}}}");
    let text = format!("{{weir: 1, name: mesh, {lines}\n {istio}}}");
    let mut sources = Sources::default();
    let source = sources.add(Source::yaml("attach.yaml", text));
    let file = AttachmentFile::read(&sources, source).unwrap();
    let canonical = model.project(&file.attachment).canonical();
    let envelope = file.attachment.envelope(Revision::of(&canonical), &canonical);
    let into = into.iter().enumerate().map(|(i, text)| Source::yaml(format!("{i}.yaml"), *text));
    let into: Vec<SourceId> = into.map(|file| sources.add(file)).collect();
    render(&model, vec![Enveloped { source, file: &file, envelope }], &sources, &into).map_err(|mut problems| {
        sources.locate(&mut problems);
        problems
    })
}

fn mesh(istio: &str, into: &[&str]) -> Result<Vec<File>, Vec<Problem>> {
    rendered("role: mesh, wasm: {file: /weir.wasm},", istio, into)
}

/// Code, document, line and path of each problem.
fn places(problems: &[Problem]) -> Vec<String> {
    let place = |one: &Problem| {
        let line = one.position.map_or(0, |position| position.line);
        format!("{} {}:{line} {}", one.code.name(), nth(one.source), one.path)
    };
    problems.iter().map(place).collect()
}

/// The place of a text among all that are read together: the attachment first, then the files that are there already.
fn nth(source: SourceId) -> usize {
    let three = Sources::of(["", "", ""].map(|text| Source::yaml("", text)));
    three.iter().position(|(id, _)| id == source).unwrap()
}

fn enveloped<'a>(file: &'a AttachmentFile, envelope: &str) -> Enveloped<'a> {
    Enveloped { source: SourceId::FIRST, file, envelope: envelope.to_owned() }
}

/// An attachment that is the only text.
fn alone(text: &str) -> AttachmentFile {
    AttachmentFile::read(&Sources::of([Source::yaml("attach.yaml", text)]), SourceId::FIRST).unwrap()
}

#[test]
fn attachments_that_cannot_be_rendered() {
    for (lines, istio, place) in [
        ("wasm: {file: weir.wasm},", "", "bad_value 0:1 wasm.file"),
        ("role: mesh,", SERVICES, "missing_field 0:1 (root)"),
        ("role: inbound, wasm: {file: /w}, ", "proxy: gateway", "conflict 0:2 istio.proxy"),
        ("wasm: {file: /w},", "proxy: sidecar-inbound", "conflict 0:2 istio.proxy"),
        ("wasm: {file: /w},", "proxy: sidecar", "bad_value 0:2 istio.proxy"),
        ("wasm: {file: /w},", "gateways: [public]", "bad_value 0:2 istio.gateways[0]"),
        ("wasm: {file: /w}, steer: cluster,", "attach: wasmplugin", "conflict 0:2 istio.attach"),
        ("wasm: {file: /w}, role: mesh, join: traceparent,", "attach: wasmplugin", "conflict 0:2 istio.attach"),
        ("wasm: {file: /w},", "attach: wasmplugin, limits: {a: 1}", "conflict 0:2 istio.limits"),
        ("wasm: {file: /w},", "limits: {a: 0}", "bad_value 0:2 istio.limits.a"),
        ("wasm: {file: /w},", "weights: {a: [b]}", "bad_value 0:2 istio.weights.a"),
        ("wasm: {file: /w},", "colour: red", "unknown_field 0:2 istio.colour"),
    ] {
        let problems = rendered(lines, istio, &[]).unwrap_err();
        assert_eq!(places(&problems)[0], place, "{lines} {istio}");
    }
    let file = alone("{weir: 1, wasm: {file: /w}}");
    let model = read_policy(&Sources::of([Source::yaml("policy.yaml", "version: 1")]), Role::Edge).unwrap();
    let problems = render(&model, vec![enveloped(&file, "")], &Sources::default(), &[]).unwrap_err();
    assert_eq!(places(&problems), ["missing_field 0:0 (root)", "missing_field 0:0 (root)"], "no name, no istio");
}

#[test]
fn names_are_those_of_one_attachment() {
    let source = "{weir: 1, name: a, wasm: {file: /w}, istio: {namespace: shop, selector: {app: a}}}";
    let file = alone(source);
    let model = read_policy(&Sources::of([Source::yaml("policy.yaml", "version: 1")]), Role::Edge).unwrap();
    let sources = Sources::of([source, source].map(|text| Source::yaml("a.yaml", text)));
    let twice = sources.iter().map(|(source, _)| Enveloped { source, ..enveloped(&file, "") }).collect();
    assert_eq!(places(&render(&model, twice, &sources, &[]).unwrap_err()), ["duplicate_id 1:0 name"]);
}

#[test]
fn services_whose_versions_cannot_be_told_apart() {
    for (services, place) in [
        ("{}", "missing_field 0:2 istio.services.owl.shop.svc.cluster.local"),
        (
            "{owl.shop.svc.cluster.local: {stable: {}}}",
            "bad_value 0:2 istio.services.owl.shop.svc.cluster.local.stable",
        ),
        (
            "{owl.shop.svc.cluster.local: {stable: {app: owl}, subsets: {v21: {app: owl, version: v21}}}}",
            "conflict 0:2 istio.services.owl.shop.svc.cluster.local.stable",
        ),
        (
            "{owl.shop.svc.cluster.local: {stable: {version: v20}, subsets: {v23: {version: v23}}}}",
            "bad_value 0:2 istio.services.owl.shop.svc.cluster.local.subsets",
        ),
        (
            "{owl.shop.svc.cluster.local: {stable: {version: v20}, guards: {v23: {requests: 1}}}}",
            "bad_value 0:2 istio.services.owl.shop.svc.cluster.local.guards",
        ),
    ] {
        let problems = mesh(&format!("services: {services}"), &[]).unwrap_err();
        assert_eq!(places(&problems)[0], place, "{services}");
    }
}

#[test]
fn routes_stand_in_the_order_of_layers_by_tag_and_by_subset() {
    let names = |files: &[File]| -> Vec<String> {
        let lines = files.iter().flat_map(|file| file.text.lines());
        let names = lines.filter_map(|line| line.strip_prefix("  - name: owl.shop.svc.cluster.local/"));
        names.map(str::to_owned).collect()
    };
    assert_eq!(names(&mesh(SERVICES, &[]).unwrap()), ["tag/one.1", "tag/two", "stable"]);
    let steered =
        |steer: &str| rendered(&format!("role: mesh, steer: {steer}, wasm: {{file: /w}},"), SERVICES, &[]).unwrap();
    assert_eq!(names(&steered("subset")), ["subset/v21", "subset/v22", "stable"]);
    assert_eq!(names(&steered("cluster")), ["stable"]);
}

#[test]
fn a_variant_that_is_a_service_needs_no_labels_and_leads_there() {
    for (steer, name) in [("tag", "tag/e.c"), ("subset", "subset/lynx.shop.svc.cluster.local"), ("cluster", "")] {
        let lines = format!("role: mesh, steer: {steer}, wasm: {{file: /w}},");
        let files = rendered_of(LED, &lines, "services: {lynx.shop.svc.cluster.local: {}}", &[]).unwrap();
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["20-mesh.yaml"], "{steer}: no subsets");
        let text = &files[0].text;
        assert_eq!(text.matches("kind: VirtualService").count(), 1, "{steer}: none for the mere target: {text}");
        let to = |route: &str, host: &str| {
            let (_, route) = text.split_once(&format!("name: owl.shop.svc.cluster.local/{route}\n"))?;
            let route = route.split("\n  - name: ").next()?;
            let is_to = |line: &str| line.trim().strip_prefix("host: ") == Some(host);
            Some(route.lines().any(is_to) && !route.contains("subset: "))
        };
        assert_eq!(to("stable", "owl.shop.svc.cluster.local"), Some(true), "{steer}: {text}");
        let expected = Some(true).filter(|_| steer != "cluster");
        assert_eq!(to(name, "lynx.shop.svc.cluster.local"), expected, "{steer}: {text}");
    }
}

#[test]
fn a_variant_that_is_a_service_leads_there_from_an_existing_route() {
    let route = "route: [{destination: {host: owl, port: {number: 81}}}]";
    let text = existing(&format!("{BY_GATEWAY}  http:\n  - {route}\n"));
    let files = rendered_of(LED, "role: mesh, wasm: {file: /w},", "", &[&text]).unwrap();
    let merged = &files.iter().find(|file| file.name == "25-0.yaml").unwrap().text;
    let led =
        "route:\n    - destination:\n        host: lynx.shop.svc.cluster.local\n        port:\n          number: 81\n";
    assert!(merged.contains(led) && merged.contains(route), "{merged}");
}

#[test]
fn a_service_that_no_attachment_names_is_no_target_by_cluster() {
    let lines = |role: &str, steer: &str| format!("role: {role}, steer: {steer}, wasm: {{file: /w}},");
    let problems = rendered_of(LED, &lines("mesh", "cluster"), "", &[]).unwrap_err();
    assert_eq!(places(&problems), ["unknown_target 0:1 steer"]);
    let off = LED.replace("id: e,", "id: e, enabled: false,");
    for (policy, lines) in [
        (LED, lines("mesh", "tag")),
        (LED, lines("mesh", "subset")),
        (LED, lines("inbound", "cluster")),
        (off.as_str(), lines("mesh", "cluster")),
    ] {
        assert!(rendered_of(policy, &lines, "", &[]).is_ok(), "{lines}");
    }
}

#[test]
fn what_is_too_large_for_kubernetes_is_refused() {
    let large = |bytes: usize| {
        let source = "{weir: 1, name: a, wasm: {file: /w}, istio: {namespace: shop, selector: {app: a}}}";
        let file = alone(source);
        let model = read_policy(&Sources::of([Source::yaml("policy.yaml", "version: 1")]), Role::Edge).unwrap();
        render(&model, vec![enveloped(&file, &"x".repeat(bytes))], &Sources::default(), &[])
    };
    let server_side = |bytes| large(bytes).unwrap().last().unwrap().server_side;
    let said = large(OBJECT_BYTES_MAX).unwrap_err().remove(0).message;
    let bytes: usize = said.split(' ').find_map(|word| word.parse().ok()).unwrap();
    let around = bytes - OBJECT_BYTES_MAX;
    assert!(!server_side(CLIENT_SIDE_BYTES_MAX - around) && server_side(CLIENT_SIDE_BYTES_MAX - around + 1));
    assert!(large(OBJECT_BYTES_MAX - around).is_ok());
    let problems = large(OBJECT_BYTES_MAX - around + 1).unwrap_err();
    assert_eq!(places(&problems), ["limit 0:0 (root)"]);
    assert!(problems[0].message.contains("would have 1000001 bytes"), "{}", problems[0].message);
}

/// An existing VirtualService with this in its spec.
fn existing(spec: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: theirs, namespace: shop}}\nspec:\n{spec}"
    )
}

const BY_GATEWAY: &str = "  hosts: [shop.example.com]\n  gateways: [public]\n";

#[test]
fn an_existing_file_is_kept_byte_for_byte() {
    let route = "  http:\n  # first\n  - route:\n    - destination: {host: owl, subset: v20}\n      weight: 1\n    fault:\n      abort: {httpStatus: 503, percentage: {value: 0.5}}\n";
    let plain = existing(&format!("{BY_GATEWAY}{route}"));
    let windows = plain.replace('\n', "\r\n");
    let among_others =
        format!("# head\nkind: ConfigMap\ntext: |\n  # no route\n--- # next\n{plain}---\n---\nkind: Other");
    for text in [&plain, &windows, &among_others] {
        let files = mesh(SERVICES, &[text]).unwrap();
        let merged = &files.iter().find(|file| file.name == "25-0.yaml").unwrap().text;
        let mut rest = merged.as_str();
        for line in text.split_inclusive('\n') {
            let at = rest.find(line).unwrap_or_else(|| panic!("{line:?} is not in what is left: {rest}"));
            rest = &rest[at + line.len()..];
        }
        assert_eq!(rest, "");
        let added: Vec<&str> = merged.lines().filter(|line| line.starts_with("  - name: http-0/tag/")).collect();
        assert_eq!(added, ["  - name: http-0/tag/one.1", "  - name: http-0/tag/two"]);
        assert!(merged.contains("\n  # By weir render: http-0 for who is in a variant.\n"), "{merged}");
        assert!(merged.find("# By weir").unwrap() < merged.find("# first").unwrap(), "before the comment: {merged}");
        assert_eq!(merged.matches("value: 0.5").count(), 3, "the fault is copied");
    }
}

#[test]
fn virtual_services_that_cannot_be_merged_into() {
    let one = |route: &str| existing(&format!("{BY_GATEWAY}  http:\n  - {route}\n"));
    let owl = "route: [{destination: {host: owl, subset: v20}}]";
    for (text, wanted) in [
        (one("{name: a, delegate: {name: other}}"), "conflict 1:8 spec.http[0].delegate"),
        (one("{name: a, route: [{destination: {host: owl}}]}"), "conflict 1:8 spec.http[0].route"),
        (
            one("{name: a, route: [{destination: {host: owl, subset: v20}}, {destination: {host: tiger}}]}"),
            "conflict 1:8 spec.http[0].route",
        ),
        (
            one(&format!("{{name: a, match: [{{headers: {{X-Env-Tag: {{exact: b}}}}}}], {owl}}}")),
            "conflict 1:8 spec.http[0].match",
        ),
        (
            one(&format!("{{name: a, match: [{{withoutHeaders: {{x-env-tag: {{}}}}}}], {owl}}}")),
            "conflict 1:8 spec.http[0].match",
        ),
        (one(&format!("{{name: a, {owl}}}\n  - {{name: a/tag/two, {owl}}}")), "conflict 1:8 spec.http[0].name"),
        (one(&format!("{{name: a, {owl}}}\n  - {{name: a, {owl}}}")), "conflict 1:8 spec.http[0].name"),
        (existing(&format!("{BY_GATEWAY}  http: [{{name: a, {owl}}}]")), "conflict 1:7 spec.http[0].name"),
        (one("{name: a, route: [{destination: {host: tiger}}]}"), "bad_value 1:1 (root)"),
        ("kind: Service".to_owned(), "missing_field 1:1 (root)"),
        ("a: [".to_owned(), "syntax 1:2 (root)"),
        (existing(&format!("  hosts: ['*.cluster.local']\n  http:\n  - {owl}\n")), "conflict 1:5 spec.hosts[0]"),
        (
            existing(&format!("  hosts: [owl]\n  http:\n  - {owl}\n")).replace(", namespace: shop", ""),
            "missing_field 1:3 metadata",
        ),
    ] {
        let problems = mesh(SERVICES, &[&text]).unwrap_err();
        assert_eq!(places(&problems)[0], wanted, "{text}\n{problems:?}");
    }
    let owls = existing(&format!("  hosts: [owl]\n  http:\n  - {owl}\n"));
    let public = one(&format!("{{name: a, {owl}}}"));
    assert!(mesh(SERVICES, &[&public, &public]).is_ok(), "Istio merges those of one gateway");
    let twice = mesh(SERVICES, &[&owls, &owls]).unwrap_err();
    assert_eq!(places(&twice)[0], "conflict 2:5 spec.hosts[0]");
    let both = format!("{owls}---\n{owls}");
    assert_eq!(places(&mesh(SERVICES, &[&both]).unwrap_err())[0], "conflict 1:13 spec.hosts[0]");
}

#[test]
fn a_service_with_an_existing_virtual_service_gets_no_other() {
    let text = existing("  hosts: [owl]\n  http:\n  - route: [{destination: {host: owl, subset: v20}}]\n");
    let files = mesh("", &[&text]).unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["10-subsets.yaml", "20-mesh.yaml", "25-0.yaml"]);
    assert!(!files[1].text.contains("VirtualService") && !files[0].text.contains("name: stable"));
}
