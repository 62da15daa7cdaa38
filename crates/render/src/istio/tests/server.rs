//! Tests of attachments whose proxies ask `weir serve`: what is refused of them, and what is rendered.

use proptest::prelude::*;

use crate::istio::authority::PEM_BYTES_MAX;
use crate::istio::awaited::Question;
use crate::istio::server::{CERTIFICATE_NAME_BYTES_MAX, SERVICE_HOST_BYTES_MAX};
use crate::istio::tests::{POLICY, SERVICES, places, rendered, rendered_at};
use crate::istio::{File, Rendered};

const SERVER: &str = "host: weir.weir.svc.cluster.local, port: 18000";
const NAME: &str = "name: spiffe://cluster.local/ns/weir/sa/weir";
const FROM_SERVER: &str = "wasm: {file: /w}, policy: {from: server},";
const PEM: &str = "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n";

fn of_server(fields: &str) -> Result<Vec<File>, Vec<weir_policy::Problem>> {
    rendered(&format!("role: inbound, {FROM_SERVER}"), &format!("server: {{{fields}}}"), &[])
}

/// The text of the filter's EnvoyFilter.
fn filter(fields: &str) -> String {
    of_server(fields).unwrap_or_else(|problems| panic!("{fields}: {problems:?}")).pop().unwrap().text
}

#[test]
fn a_policy_from_a_server_that_cannot_be_asked_for() {
    for (lines, istio, expected) in [
        (FROM_SERVER, "", "missing_field istio: `server` is missing"),
        ("wasm: {file: /w},", "server: {SERVER, NAME}", "conflict istio.server: nobody asks this server"),
        (
            "wasm: {file: /w}, policy: {from: manifests},",
            "server: {SERVER, NAME}",
            "conflict istio.server: nobody asks this server",
        ),
        (FROM_SERVER, "server: {SERVER, NAME}, attach: wasmplugin", "conflict istio.attach: only an EnvoyFilter"),
        (FROM_SERVER, "server: {SERVER, NAME}, attach: trafficextension", "conflict istio.attach: only an EnvoyFilter"),
        (
            "wasm: {oci: 'oci://a/b'}, policy: {from: server},",
            "server: {SERVER, NAME}",
            "conflict wasm.oci: istio-agent fetches modules for filters that come from istiod",
        ),
        (
            "wasm: {url: 'https://a/b', sha256: SHA}, policy: {from: server},",
            "server: {SERVER, NAME}",
            "conflict wasm.url: istio-agent fetches modules for filters that come from istiod",
        ),
        ("policy: {from: server},", "server: {SERVER, NAME}", "missing_field (root): `wasm` is missing"),
    ] {
        let of = |text: &str| text.replace("SERVER", SERVER).replace("NAME", NAME).replace("SHA", &"a".repeat(64));
        let problems = rendered(&format!("role: inbound, {}", of(lines)), &of(istio), &[]).unwrap_err();
        let found: Vec<String> =
            problems.iter().map(|one| format!("{} {}: {}", one.code.name(), one.path, one.message)).collect();
        assert!(found.len() == 1 && found[0].starts_with(expected), "{lines} {istio}: {found:?}");
    }
}

#[test]
fn servers_that_cannot_be_asked() {
    let long = |bytes: usize| format!("name: 'spiffe://{}'", "a".repeat(bytes - "spiffe://".len()));
    let pem = |bytes: usize| format!("ca: {{pem: \"{}{PEM}\"}}", " ".repeat(bytes - PEM.replace("\\n", "\n").len()));
    let ca = |ca: &str| format!("{SERVER}, ca: {{{ca}}}");
    let with = |more: &str| format!("{SERVER}, {more}");
    let called = |bytes: usize| {
        let labels = format!("{}.", "a".repeat(49)).repeat(4);
        format!("host: {labels}{}, port: 1, {NAME}, cluster: service", "b".repeat(bytes - labels.len()))
    };
    for (fields, expected) in [
        (with(NAME), ""),
        (called(SERVICE_HOST_BYTES_MAX), ""),
        (called(SERVICE_HOST_BYTES_MAX + 1), "limit server.host"),
        (format!("host: 10.0.0.1, port: 1, {NAME}"), ""),
        (format!("host: 'fd00::1', port: 65535, {NAME}"), ""),
        (format!("host: weir.weir, port: 18000, {NAME}"), ""),
        (format!("port: 18000, {NAME}"), "missing_field server"),
        (format!("host: weir.weir, {NAME}"), "missing_field server"),
        (format!("host: '', port: 1, {NAME}"), "bad_value server.host"),
        (format!("host: '*.weir', port: 1, {NAME}"), "bad_value server.host"),
        (format!("host: 'weir.weir:18000', port: 1, {NAME}"), "bad_value server.host"),
        (format!("host: 'https://weir.weir', port: 1, {NAME}"), "bad_value server.host"),
        (format!("host: 'fd00::', port: 0, {NAME}"), "bad_value server.port"),
        (format!("host: weir, port: 65536, {NAME}"), "bad_value server.port"),
        (format!("host: weir, port: '1', {NAME}"), "wrong_type server.port"),
        (SERVER.to_owned(), "missing_field server"),
        (with("name: weir.weir.svc"), ""),
        (with("name: 10.0.0.1"), ""),
        (with("name: 'spiffe://cluster.local/ns/*/sa/weir'"), "bad_value server.name"),
        (with("name: '*.weir.svc'"), "bad_value server.name"),
        (with("name: 'spiffe://a b'"), "bad_value server.name"),
        (with("name: ''"), "bad_value server.name"),
        (with(&long(CERTIFICATE_NAME_BYTES_MAX)), ""),
        (with(&long(CERTIFICATE_NAME_BYTES_MAX + 1)), "limit server.name"),
        (with("plaintext: true"), ""),
        (with("plaintext: false"), "missing_field server"),
        (with(&format!("plaintext: false, {NAME}")), ""),
        (with(&format!("plaintext: true, {NAME}")), "conflict server.name"),
        (with("plaintext: true, ca: {file: /ca.pem}"), "conflict server.ca"),
        (ca("file: /etc/weir/ca.pem"), ""),
        (ca("file: ca.pem"), "bad_value server.ca.file"),
        (ca("file: /a~b"), "bad_value server.ca.file"),
        (ca("file: \"/a\\nb\""), "bad_value server.ca.file"),
        (ca(""), "missing_field server.ca"),
        (ca(&format!("file: /ca.pem, pem: \"{PEM}\"")), "conflict server.ca"),
        (ca(&format!("pem: \"{PEM}\"")), ""),
        (ca(&format!("pem: \"# of the shop\\n{PEM}\\n# and the old one\\n{PEM}\"")), ""),
        (with(&pem(PEM_BYTES_MAX)), ""),
        (with(&pem(PEM_BYTES_MAX + 1)), "limit server.ca.pem"),
        (ca("pem: ''"), "bad_value server.ca.pem"),
        (ca("pem: MIIB"), "bad_value server.ca.pem"),
        (ca("pem: \"-----BEGIN CERTIFICATE-----\\nMIIB\\n\""), "bad_value server.ca.pem"),
        (ca("pem: \"-----BEGIN CERTIFICATE-----\\nMII\\n-----END CERTIFICATE-----\""), "bad_value server.ca.pem"),
        (ca("pem: \"-----BEGIN CERTIFICATE-----\\nM=I=\\n-----END CERTIFICATE-----\""), "bad_value server.ca.pem"),
        (ca("pem: \"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\""), "bad_value server.ca.pem"),
        (ca("pem: \"-----BEGIN CERTIFICATE-----\\n-----END CERTIFICATE-----\""), "bad_value server.ca.pem"),
        (
            ca(&format!("pem: \"-----BEGIN PRIVATE KEY-----\\nMIIB\\n-----END PRIVATE KEY-----\\n{PEM}\"")),
            "bad_value server.ca.pem",
        ),
        (ca(&format!("pem: \"{PEM}-----BEGIN X509 CRL-----\"")), "bad_value server.ca.pem"),
        (with(&format!("{NAME}, cluster: service")), ""),
        (with("plaintext: true, cluster: service"), ""),
        (with(&format!("{NAME}, cluster: theirs")), "bad_value server.cluster"),
        (with(&format!("{NAME}, cluster: service, ca: {{file: /ca.pem}}")), "conflict server.ca"),
        (format!("host: weir.weir, port: 1, {NAME}, cluster: service"), "bad_value server.host"),
        (format!("host: 10.0.0.1, port: 1, {NAME}, cluster: service"), "bad_value server.host"),
        (format!("host: Weir.weir.svc.cluster.local, port: 1, {NAME}, cluster: service"), "bad_value server.host"),
        (format!("host: weir.example.com, port: 1, {NAME}, cluster: service"), ""),
        (with(&format!("{NAME}, colour: red")), "unknown_field server.colour"),
    ] {
        let found = of_server(&fields).err().unwrap_or_default();
        let found: Vec<String> =
            found.iter().map(|one| format!("{} {}", one.code.name(), one.path).replace("istio.", "")).collect();
        assert_eq!(found.join(" "), expected, "{fields}");
    }
}

#[test]
fn a_cluster_says_whom_it_trusts() {
    for (fields, has, lacks) in [
        (
            format!("{SERVER}, {NAME}"),
            &["type: STRICT_DNS", "sni: weir.weir.svc", "name: ROOTCA", "san_type: URI"][..],
            "trusted_ca",
        ),
        (format!("host: 10.0.0.1, port: 1, {NAME}"), &["type: STATIC", "name: ROOTCA"], "sni:"),
        (
            format!("{SERVER}, ca: {{file: /c/a.pem}}"),
            &["name: file-root:/c/a.pem", "san_type: DNS", "exact: weir.weir.svc.cluster.local"],
            "ROOTCA",
        ),
        ("host: 10.0.0.1, port: 1, ca: {file: /ca}".to_owned(), &["san_type: IP_ADDRESS"], "sni:"),
        (
            format!("{SERVER}, {NAME}, ca: {{pem: \"{PEM}\"}}"),
            &["inline_string: |", "  MIIB\n", "san_type: URI", "name: default"],
            "ROOTCA",
        ),
        (
            format!("{SERVER}, plaintext: true"),
            &["name: weir-mesh.shop\n", "wait_for_warm_on_init: false"],
            "transport_socket",
        ),
        (
            format!("{SERVER}, {NAME}, cluster: service"),
            &[
                "cluster_name: outbound|18000||weir.weir.svc.cluster.local\n",
                "authority: weir.weir.svc.cluster.local\n",
            ],
            "applyTo: CLUSTER",
        ),
    ] {
        let text = filter(&fields);
        for has in has {
            assert!(text.contains(has), "{fields}: no {has:?} in {text}");
        }
        assert!(!text.contains(lacks), "{fields}: {lacks:?} in {text}");
        assert!(!text.contains("weir/revision") && !text.contains("EXTENSION_CONFIG"), "{fields}: {text}");
    }
}

/// Three attachments of two namespaces, of which two ask by one cluster of Istio.
#[test]
fn a_service_that_is_asked_has_one_rule_in_a_namespace() {
    let attach = |name: &str, namespace: &str, server: &str| {
        format!(
            "{{weir: 1, name: {name}, role: inbound, {FROM_SERVER} istio: {{namespace: {namespace}, selector: {{app: {name}}}, server: {{{SERVER}, {server}, cluster: service}}}}}}"
        )
    };
    let rules = |attachments: &[String]| -> Result<Vec<String>, Vec<String>> {
        let texts: Vec<&str> = attachments.iter().map(String::as_str).collect();
        let Rendered { files, .. } = rendered_at("version: 1", &texts, &[]).map_err(|found| places(&found))?;
        let rules = files.iter().filter(|file| file.name == "10-subsets.yaml").flat_map(|file| file.text.lines());
        Ok(rules.filter_map(|line| line.strip_prefix("  namespace: ")).map(str::to_owned).collect())
    };
    let all = [attach("a", "shop", NAME), attach("b", "shop", NAME), attach("c", "barn", NAME)];
    assert_eq!(rules(&all).unwrap(), ["shop", "barn"]);
    assert_eq!(rules(&[attach("a", "shop", "plaintext: true")]).unwrap(), [""; 0]);
    let other = attach("b", "shop", "name: weir.example");
    assert_eq!(rules(&[all[0].clone(), other]).unwrap_err(), ["conflict 1:1 istio.server.name"]);
}

#[test]
fn proxies_are_asked_for_the_filter_and_for_the_policy_as_a_whole() {
    let attach = |name: &str, role: &str, services: &str| {
        format!(
            "{{weir: 1, name: {name}, role: {role}, {FROM_SERVER} istio: {{namespace: shop, selector: {{app: {name}}}, {services} server: {{{SERVER}, {NAME}}}}}}}"
        )
    };
    let (gateway, mesh) = (attach("gateway", "edge", ""), attach("mesh", "mesh", &format!("{SERVICES},")));
    let files = rendered_at(POLICY, &[&gateway, &mesh], &[]).unwrap().files;
    for (file, name) in [("20-mesh.yaml", "mesh"), ("30-edge.yaml", "gateway")] {
        let waits = &files.iter().find(|one| one.name == file).unwrap().waits;
        let listeners = |questions: &[Question]| {
            let of = questions.iter().filter(|one| one.path == "config_dump?resource=dynamic_listeners");
            of.flat_map(|one| one.answers.clone()).collect::<Vec<_>>()
        };
        assert_eq!(listeners(&waits.once_applied), [format!("\"weir.{name}\"")]);
        assert_eq!(listeners(&waits.once_gone), [format!("\"weir.{name}\"")]);
        assert!(waits.once_applied.iter().any(|one| one.path == "stats?filter=weir_policy_revision"));
    }
}

/// A policy whose text has what may change without a word to the API server.
fn policy() -> impl Strategy<Value = String> {
    let share = (0_u32..=40).prop_map(|share| format!("{share}%"));
    let list = proptest::collection::btree_set("[a-z]{1,8}", 0..5)
        .prop_map(|units| units.into_iter().collect::<Vec<_>>().join(", "));
    let when = prop_oneof![
        Just("{path: {prefix: /checkout}}".to_owned()),
        "[a-z]{1,8}".prop_map(|value| format!("{{header: {{name: location, exact: {value}}}}}")),
    ];
    let unit = prop_oneof![Just("{header: x-user-id}"), Just("{cookie: user_id}"), Just("{query: uid}")];
    let rules = proptest::collection::vec(when.clone(), 0..3).prop_map(|all| {
        all.into_iter().map(|when| format!("{{when: {when}, variant: c}}")).collect::<Vec<_>>().join(", ")
    });
    (share.clone(), share, list, rules, unit, 1_u32..1_000_000, 0_u32..9, when).prop_map(
        |(first, second, list, rules, unit, end, epoch, targeting)| {
            format!(
                "{{version: 1, units: {{user: [{unit}]}}, lists: {{staff: [{list}]}}, targeting: {targeting},
  holdouts: [{{id: h, unit: user, share: {first}, layers: [a]}}],
  layers: [
  {{id: a, unit: user, epoch: {epoch}, overrides: [{{list: staff, experiment: e, variant: c}}], experiments: [
    {{id: e, slots: [[0, {end}]], rules: [{rules}], targeting: {targeting}, variants: [
      {{id: c, ranges: [[0, {end}]], env_tag: one.1, routes: {{owl.shop.svc.cluster.local: v21}}}},
      {{id: control, ranges: [[{end}, 1000000]]}}]}}]}},
  {{id: b, unit: user, experiments: [{{id: f, slots: all, variants: [
      {{id: c, share: {second}, routes: {{lynx.shop.svc.cluster.local: v22}}}}, {{id: control, share: {second}}}]}}]}}]}}"
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_change_of_whom_variants_get_changes_nothing_that_is_applied(one in policy(), other in policy(), steer in 0_usize..3) {
        let steer = ["tag", "subset", "cluster"][steer];
        let attach = |name: &str, role: &str, more: &str| {
            format!(
                "{{weir: 1, name: {name}, role: {role}, steer: {steer}, log_unit: user, {FROM_SERVER} istio: {{namespace: shop,
                 selector: {{app: {name}}}, telemetry: true, {more} server: {{{SERVER}, {NAME}}}}}}}"
            )
        };
        let lynx = "lynx.shop.svc.cluster.local: {stable: {version: v1}}";
        let services = format!("{}, {lynx}}},", SERVICES.strip_suffix('}').unwrap());
        let attachments = [attach("gateway", "edge", ""), attach("mesh", "mesh", &services), attach("in", "inbound", "")];
        let attachments = attachments.each_ref().map(String::as_str);
        let texts = |policy: &str| -> Vec<(String, String)> {
            let files = rendered_at(policy, &attachments, &[]).unwrap().files;
            files.into_iter().map(|file| (file.name, file.text)).collect()
        };
        let before = texts(&one);
        prop_assert_eq!(before.len(), 4);
        prop_assert_eq!(before, texts(&other));
    }
}
