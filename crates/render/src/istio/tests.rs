//! Tables of what is refused, and where. Manifests are compared whole by the examples in `istio/`.

use weir_policy::{AttachmentFile, Model, Problem, Revision, Role, Source, SourceId, Sources, read, read_policy};

use crate::WrittenPolicy;
use crate::istio::{CLIENT_SIDE_BYTES_MAX, Enveloped, File, Marks, OBJECT_BYTES_MAX, Rendered, render};

mod awaited;
mod existing;
mod hosts;
mod named;
mod names;
mod selectors;
mod server;

pub(super) const POLICY: &str = "
version: 1
units: {user: [{header: x-user-id}]}
layers:
- {id: a, unit: user, line: l, experiments: [{id: e1, slots: [[0, 10]], variants: [{id: c, share: 5%, env_tag: one.1, routes: {owl.shop.svc.cluster.local: v21}}]}]}
- {id: b, unit: user, line: l, experiments: [{id: e2, slots: [[10, 20]], variants: [{id: c, share: 5%, env_tag: two, routes: {owl.shop.svc.cluster.local: v22}}]}]}
";
pub(super) const SERVICES: &str = "services: {owl.shop.svc.cluster.local: {stable: {version: v20}}}";

/// A service whose one variant is another service.
pub(super) const LED: &str = "
version: 1
units: {user: [{header: x-user-id}]}
layers:
- {id: a, unit: user, experiments: [{id: e, slots: all, variants: [{id: c, share: 5%, routes: {owl.shop.svc.cluster.local: {service: lynx.shop.svc.cluster.local}}}]}]}
";

/// The files that are rendered for one attachment, which has `lines`, and `istio` in its key of that name.
pub(super) fn rendered(lines: &str, istio: &str, into: &[&str]) -> Result<Vec<File>, Vec<Problem>> {
    rendered_of(POLICY, lines, istio, into)
}

pub(super) fn rendered_of(policy: &str, lines: &str, istio: &str, into: &[&str]) -> Result<Vec<File>, Vec<Problem>> {
    let istio = format!("istio: {{namespace: shop, selector: {{app: owl}}, {istio}}}");
    rendered_at(policy, &[&format!("{{weir: 1, name: mesh, {lines}\n {istio}}}")], into).map(|rendered| rendered.files)
}

/// What is rendered for these attachments.
pub(super) fn rendered_at(policy: &str, attachments: &[&str], into: &[&str]) -> Result<Rendered, Vec<Problem>> {
    let mut sources = Sources::default();
    let mut add = |text: &str, name: String| sources.add(Source::yaml(name, text));
    let of_attachments: Vec<SourceId> = attachments.iter().map(|text| add(text, "attach.yaml".to_owned())).collect();
    let into: Vec<SourceId> = into.iter().enumerate().map(|(i, text)| add(text, format!("{i}.yaml"))).collect();
    let policy = add(policy, "policy.yaml".to_owned());
    let documents = read(&sources, &[policy]).unwrap();
    let model = documents.check(&documents.policies, Role::Edge).unwrap();
    let files = of_attachments.into_iter().map(|source| (source, AttachmentFile::read(&sources, source).unwrap()));
    let files: Vec<_> = files.collect();
    let enveloped = files.iter().map(|(source, file)| {
        let canonical = model.project(&file.attachment).canonical();
        let revision = Revision::of(&canonical);
        let envelope = file.attachment.envelope(revision, &canonical);
        Enveloped { source: *source, file, envelope, revision, moves: false }
    });
    let policy = WrittenPolicy { model: &model, documents: &documents.policies };
    let rendered = render(policy, enveloped.collect(), &sources, &into, &Marks::default());
    let located = |mut problems: Vec<Problem>| {
        sources.locate(&mut problems);
        problems
    };
    rendered.map(|Rendered { files, warnings }| Rendered { files, warnings: located(warnings) }).map_err(located)
}

pub(super) fn mesh(istio: &str, into: &[&str]) -> Result<Vec<File>, Vec<Problem>> {
    rendered("role: mesh, wasm: {file: /weir.wasm},", istio, into)
}

/// Code, document, line and path of each problem.
pub(super) fn places(problems: &[Problem]) -> Vec<String> {
    let place = |one: &Problem| {
        let line = one.position.map_or(0, |position| position.line);
        format!("{} {}:{line} {}", one.code.name(), nth(one.source), one.path)
    };
    problems.iter().map(place).collect()
}

/// The place of a text among all that are read together: attachments first, then the files that are there already, then the
/// policy.
fn nth(source: SourceId) -> usize {
    let some = Sources::of(["", "", "", ""].map(|text| Source::yaml("", text)));
    some.iter().position(|(id, _)| id == source).unwrap()
}

fn enveloped<'a>(file: &'a AttachmentFile, envelope: &str) -> Enveloped<'a> {
    let revision = Revision::of(envelope);
    Enveloped { source: SourceId::FIRST, file, envelope: envelope.to_owned(), revision, moves: false }
}

/// An attachment that is the only text.
fn alone(text: &str) -> AttachmentFile {
    AttachmentFile::read(&Sources::of([Source::yaml("attach.yaml", text)]), SourceId::FIRST).unwrap()
}

/// A policy that nobody wrote, which has nothing in it.
fn empty() -> Model {
    read_policy(&Sources::of([Source::yaml("policy.yaml", "version: 1")]), Role::Edge).unwrap()
}

fn unwritten(model: &Model) -> WrittenPolicy<'_> {
    WrittenPolicy { model, documents: &[] }
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
        ("wasm: {file: /w/100%.wasm},", "attach: wasmplugin", "conflict 0:2 istio.attach"),
        ("wasm: {oci: 'oci://a/b%zz'},", "attach: trafficextension", "conflict 0:2 istio.attach"),
        ("wasm: {file: /w},", "limits: {a: 0}", "bad_value 0:2 istio.limits.a"),
        ("wasm: {file: /w},", "weights: {a: [b]}", "bad_value 0:2 istio.weights.a"),
        ("wasm: {file: /w},", "colour: red", "unknown_field 0:2 istio.colour"),
    ] {
        let problems = rendered(lines, istio, &[]).unwrap_err();
        assert_eq!(places(&problems)[0], place, "{lines} {istio}");
    }
    let file = alone("{weir: 1, wasm: {file: /w}}");
    let attached = vec![enveloped(&file, "")];
    let problems = render(unwritten(&empty()), attached, &Sources::default(), &[], &Marks::default()).unwrap_err();
    assert_eq!(places(&problems), ["missing_field 0:0 (root)", "missing_field 0:0 (root)"], "no name, no istio");
}

#[test]
fn names_are_those_of_one_attachment() {
    let source = "{weir: 1, name: a, wasm: {file: /w}, istio: {namespace: shop, selector: {app: a}}}";
    let file = alone(source);
    let sources = Sources::of([source, source].map(|text| Source::yaml("a.yaml", text)));
    let twice = sources.iter().map(|(source, _)| Enveloped { source, ..enveloped(&file, "") }).collect();
    let problems = render(unwritten(&empty()), twice, &sources, &[], &Marks::default()).unwrap_err();
    assert_eq!(places(&problems), ["duplicate_id 1:0 name"]);
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
            "{owl.shop.svc.cluster.local: {stable: {app: owl, version: v20}, subsets: {v21: {app: owl}}}}",
            "conflict 0:2 istio.services.owl.shop.svc.cluster.local.subsets.v21",
        ),
        (
            "{owl.shop.svc.cluster.local: {stable: {app: owl, version: v21}}}",
            "conflict 0:2 istio.services.owl.shop.svc.cluster.local.stable",
        ),
        (
            "{owl.shop.svc.cluster.local: {stable: {version: v20}, subsets: {v23: {version: v23}}}}",
            "bad_value 0:2 istio.services.owl.shop.svc.cluster.local.subsets.v23",
        ),
        (
            "{owl.shop.svc.cluster.local: {stable: {version: v20}, guards: {v23: {requests: 1}}}}",
            "bad_value 0:2 istio.services.owl.shop.svc.cluster.local.guards.v23",
        ),
    ] {
        let problems = mesh(&format!("services: {services}"), &[]).unwrap_err();
        assert_eq!(places(&problems)[0], place, "{services}");
    }
}

#[test]
fn labels_that_were_refused_are_told_once() {
    let owl = "istio.services.owl.shop.svc.cluster.local";
    for (service, path, message) in [
        ("stable: {version: 20}", format!("{owl}.stable.version"), "write \"20\" in quotes"),
        ("stable: {version: true}", format!("{owl}.stable.version"), ""),
        ("stable: {a b: c}", format!("{owl}.stable.a b"), ""),
        ("stable: {}", format!("{owl}.stable"), "{version: v1} would do"),
        ("stable: {version: v20}, subsets: {v21: {}}", format!("{owl}.subsets.v21"), "{version: v21} would do"),
        ("stable: {version: v20}, subsets: {v21: {version: 21}}", format!("{owl}.subsets.v21.version"), ""),
    ] {
        let problems = mesh(&format!("services: {{owl.shop.svc.cluster.local: {{{service}}}}}"), &[]).unwrap_err();
        let found: Vec<String> = problems.iter().map(|problem| problem.path.to_string()).collect();
        assert_eq!(found, [path], "{service}");
        assert!(problems[0].message.contains(message), "{problems:?}");
    }
    let selector = "{weir: 1, name: mesh, wasm: {file: /w}, istio: {namespace: shop, selector: {weir: true}}}";
    assert_eq!(places(&rendered_at(LED, &[selector], &[]).unwrap_err()), ["wrong_type 0:1 istio.selector.weir"]);
}

#[test]
fn numbers_that_istio_does_not_take() {
    let int32 = u64::from(i32::MAX.unsigned_abs());
    for (field, at_most, key, zero) in [
        ("guards: {v21: {connections: N}}", int32, "guards.v21.connections", "lets nothing through"),
        ("guards: {v21: {pending: N}}", int32, "guards.v21.pending", "lets nothing through"),
        ("guards: {stable: {requests: N}}", int32, "guards.stable.requests", "lets nothing through"),
        (
            "guards: {v21: {eject: {errors: N, seconds: 1}}}",
            u64::from(u32::MAX),
            "guards.v21.eject.errors",
            "leaves no pod out",
        ),
        ("port: N", u64::from(u16::MAX), "port", "is no port"),
    ] {
        let with = |number: u64| {
            let field = field.replace('N', &number.to_string());
            mesh(&format!("services: {{owl.shop.svc.cluster.local: {{stable: {{version: v20}}, {field}}}}}"), &[])
        };
        assert!(with(at_most).is_ok(), "{field}");
        let place = format!("bad_value 0:2 istio.services.owl.shop.svc.cluster.local.{key}");
        assert_eq!(places(&with(at_most + 1).unwrap_err()), [place.as_str()]);
        let found = with(0).unwrap_err();
        assert_eq!(places(&found), [place]);
        assert!(found[0].message.starts_with(&format!("found 0, which {zero}; an integer from 1 ")), "{found:?}");
    }
}

/// A service with several ports: gateways send to the one that is named, sidecars to the one that was called.
#[test]
fn a_port_is_for_gateways_alone() {
    let services = "services: {owl.shop.svc.cluster.local: {stable: {version: v20}, port: 9090}}";
    let wasm = "wasm: {file: /weir.wasm}";
    let mesh =
        format!("{{weir: 1, name: m, role: mesh, {wasm}, istio: {{namespace: shop, selector: {{a: b}}, {services}}}}}");
    let edge =
        format!("{{weir: 1, name: e, {wasm}, istio: {{namespace: shop, selector: {{c: d}}, gateways: [shop/g]}}}}");
    let count = |attachments: &[&str], what: &str| {
        let files = rendered_at(POLICY, attachments, &[]).unwrap();
        files.files.iter().map(|file| file.text.matches(what).count()).sum::<usize>()
    };
    let alone = edge.replace("gateways:", &format!("{services}, gateways:"));
    for (attachments, ports, of_gateways, routes) in
        [(&[mesh.as_str()][..], 0, 0, 3), (&[alone.as_str()], 3, 0, 3), (&[mesh.as_str(), edge.as_str()], 3, 3, 6)]
    {
        assert_eq!(count(attachments, "number: 9090"), ports, "{attachments:?}");
        assert_eq!(count(attachments, "\n      - shop/g"), of_gateways, "{attachments:?}");
        assert_eq!(count(attachments, "\n    route:\n"), routes, "{attachments:?}");
    }
}

/// Two attachments of sidecars and one of a gateway, of which the first is neither where the service is nor where it is routed.
#[test]
fn a_problem_points_at_the_file_where_the_field_belongs() {
    let attach = |name: &str, namespace: &str, more: &str| {
        format!(
            "{{weir: 1, name: {name}, wasm: {{file: /w}},\n istio: {{namespace: {namespace},\n  selector: {{app: {name}}}}}{more}}}"
        )
    };
    let gateway = attach("gateway", "shop", "");
    let (barn, shop) = (attach("barn", "barn", ", role: mesh"), attach("mesh", "shop", ", role: mesh"));
    let stable = POLICY.replace("local: v22", "local: stable");
    for (policy, attachments, expected) in [
        (POLICY, [&gateway, &barn, &shop], "missing_field 2:2 istio.services.owl.shop.svc.cluster.local"),
        (POLICY, [&gateway, &shop, &barn], "missing_field 1:2 istio.services.owl.shop.svc.cluster.local"),
        (
            &stable,
            [&shop, &barn, &gateway],
            "conflict 3:6 layers[1].experiments[0].variants[0].routes.owl.shop.svc.cluster.local",
        ),
        (LED, [&gateway, &barn, &shop], ""),
    ] {
        let texts = attachments.map(String::as_str);
        let found = rendered_at(policy, &texts, &[]).map_or_else(|found| places(&found).remove(0), |_| String::new());
        assert_eq!(found, expected, "{attachments:?}");
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
fn a_service_that_no_attachment_names_is_no_target_by_cluster() {
    let lines = |role: &str, steer: &str| format!("role: {role}, steer: {steer}, wasm: {{file: /w}},");
    let problems = rendered_of(LED, &lines("mesh", "cluster"), "", &[]).unwrap_err();
    assert_eq!(places(&problems), ["unknown_target 0:2 istio.services"]);
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
        let attached = vec![enveloped(&file, &"x".repeat(bytes))];
        render(unwritten(&empty()), attached, &Sources::default(), &[], &Marks::default())
    };
    let server_side = |bytes| large(bytes).unwrap().files.last().unwrap().server_side;
    let said = large(OBJECT_BYTES_MAX).unwrap_err().remove(0).message;
    let bytes: usize = said.split(' ').find_map(|word| word.parse().ok()).unwrap();
    let around = bytes - OBJECT_BYTES_MAX;
    assert!(!server_side(CLIENT_SIDE_BYTES_MAX - around) && server_side(CLIENT_SIDE_BYTES_MAX - around + 1));
    assert!(large(OBJECT_BYTES_MAX - around).is_ok());
    let problems = large(OBJECT_BYTES_MAX - around + 1).unwrap_err();
    assert_eq!(places(&problems), ["limit 0:0 (root)"]);
    assert!(problems[0].message.contains("would have 1000001 bytes"), "{}", problems[0].message);
}

#[test]
fn no_two_services_share_the_names_of_their_objects() {
    let lynx = |bytes: usize| {
        let labels = format!("{}.", "a".repeat(49)).repeat(4);
        format!("{labels}{}", "b".repeat(bytes - labels.len()))
    };
    let (fits, too_long) = (lynx(248), lynx(249));
    for (services, expected) in [
        (
            "owl.shop.svc.other.domain: {stable: {version: v1}}}, domain: cluster.local, limits: {".to_owned(),
            "conflict istio.services.owl.shop.svc.other.domain",
        ),
        ("owl.barn.svc.cluster.local: {stable: {version: v1}}".to_owned(), ""),
        (format!("{fits}: {{stable: {{version: v1}}}}"), ""),
        (format!("{too_long}: {{stable: {{version: v1}}}}"), &format!("limit istio.services.{too_long}")),
    ] {
        let istio = format!("{}, {services}}}", SERVICES.strip_suffix('}').unwrap());
        let found = mesh(&istio, &[]).err().unwrap_or_default();
        let found: Vec<String> = found.iter().map(|one| format!("{} {}", one.code.name(), one.path)).collect();
        let found = found.into_iter().filter(|one| !one.starts_with("missing_field")).collect::<Vec<_>>().join(" ");
        assert_eq!(found, expected, "{services}");
    }
}
