//! Good and broken resource files, and what is said about them.

use std::collections::BTreeSet;

use envoy_types::pb::envoy::config::cluster::v3::Cluster;
use envoy_types::pb::envoy::config::listener::v3::{Listener, filter::ConfigType};
use envoy_types::pb::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;

use weir_policy::{Position, Problem};
use weir_xds::{Resource, ResourceKind};

use super::*;

const LISTENER: &str = r#"
resources:
- "@type": type.googleapis.com/envoy.config.listener.v3.Listener
  name: edge
  address: &local {socket_address: {address: 127.0.0.1, port_value: 8080}}
  additional_addresses: [{address: *local}]
  filter_chains:
  - filters:
    - name: hcm
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: edge
        rds: {route_config_name: edge, config_source: {ads: {}}}
        http_filters:
        - name: weir.shop
          config_discovery:
            config_source: {ads: {}, resource_api_version: V3}
            type_urls: [type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm]
            default_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC}
        - name: router
          typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
"#;

/// A folder of these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The resources of a folder, or what is wrong.
fn load(folder: &Path) -> Result<Vec<Resource>, (Sources, Vec<Problem>)> {
    let mut sources = Sources::default();
    let files = add(folder, &mut sources).unwrap();
    read(&sources, &files).map(|files| files.resources).map_err(|problems| (sources, problems))
}

/// Every problem of these files: `FILE:LINE:COLUMN: CODE at PATH: MESSAGE`.
fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let folder = folder(files);
    let Err((sources, problems)) = load(folder.path()) else { panic!("files without problems") };
    let prefix = format!("{}/", folder.path().display());
    let shown = |problem: &Problem| {
        let Position { line, column } = problem.position.expect("a position");
        format!("{}:{line}:{column}: {problem}", sources.get(problem.source).unwrap().name).replace(&prefix, "")
    };
    problems.iter().map(shown).collect()
}

#[test]
fn a_listener_in_yaml_becomes_what_envoy_reads() {
    let folder = folder(&[("lds.yaml", LISTENER)]);
    let [resource] = load(folder.path()).unwrap().try_into().unwrap();
    assert_eq!((resource.kind, resource.name.as_str()), (ResourceKind::Listener, "edge"));

    let listener = Listener::decode(resource.body.clone()).unwrap();
    assert_eq!(listener.address, listener.additional_addresses[0].address);
    let filter = listener.filter_chains[0].filters[0].config_type.clone().unwrap();
    let ConfigType::TypedConfig(packed) = filter else { panic!("{filter:?}") };
    let manager = HttpConnectionManager::decode(packed.value.as_slice()).unwrap();
    assert_eq!(manager.stat_prefix, "edge");
    let filters: Vec<_> = manager.http_filters.iter().map(|filter| filter.name.as_str()).collect();
    assert_eq!(filters, ["weir.shop", "router"]);
}

#[test]
fn every_served_type_is_read_from_every_spelling_of_a_file() {
    let folder = folder(&[
        (
            "a.json",
            r#"{"version_info": "7", "resources": [{"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "one", "connectTimeout": "0.25s"}]}"#,
        ),
        (
            "b.yml",
            "resources: [{'@type': type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment, cluster_name: one}]",
        ),
        (
            "c.yaml",
            "resources:\n- {'@type': type.googleapis.com/envoy.config.route.v3.RouteConfiguration, name: one}\n\
             - {'@type': type.googleapis.com/envoy.config.listener.v3.Listener, name: one}",
        ),
        (".hidden.yaml", "not: read"),
        ("notes.md", "not read"),
        ("..data/c.yaml", "not: read"),
    ]);
    let resources = load(folder.path()).unwrap();
    let kinds: BTreeSet<_> = resources.iter().map(|resource| resource.kind).collect();
    assert_eq!(
        kinds,
        BTreeSet::from([ResourceKind::Cluster, ResourceKind::Endpoints, ResourceKind::Route, ResourceKind::Listener])
    );
    assert!(resources.iter().all(|resource| resource.name == "one"));

    let cluster = Cluster::decode(resources[0].body.clone()).unwrap();
    assert_eq!(cluster.connect_timeout.unwrap().nanos, 250_000_000);
}

#[test]
fn a_version_changes_with_content_and_not_with_another_reading() {
    // Maps are what another reading may put in another order.
    let text = |metadata: &str| {
        format!(
            "resources:\n- \"@type\": {}\n  name: one\n  metadata: {{filter_metadata: {metadata}}}\n",
            ResourceKind::Cluster.type_url()
        )
    };
    let versions = ["{a: {}, b: {}, c: {}, d: {}}", "{d: {},   c: {}, b: {}, a: {}}", "{a: {}}"].map(|metadata| {
        let folder = folder(&[("cds.yaml", &text(metadata))]);
        load(folder.path()).unwrap()[0].version.clone()
    });
    assert_eq!(versions[0], versions[1]);
    assert_ne!(versions[0], versions[2]);
}

#[test]
fn endpoints_change_with_the_clusters_that_use_them() {
    let text = |own: &str, other: &str| {
        format!(
            "resources:\n\
             - {{'@type': {cluster}, name: one, type: EDS, eds_cluster_config: {{}}, connect_timeout: {own}}}\n\
             - {{'@type': {cluster}, name: two, type: EDS, eds_cluster_config: {{service_name: deux}}, connect_timeout: {other}}}\n\
             - {{'@type': {endpoints}, cluster_name: one}}\n\
             - {{'@type': {endpoints}, cluster_name: deux}}\n\
             - {{'@type': {endpoints}, cluster_name: two}}\n",
            cluster = ResourceKind::Cluster.type_url(),
            endpoints = ResourceKind::Endpoints.type_url(),
        )
    };
    let versions = |own, other| {
        let folder = folder(&[("all.yaml", &text(own, other))]);
        load(folder.path()).unwrap().split_off(2).into_iter().map(|resource| resource.version).collect::<Vec<_>>()
    };
    let changed = |own, other| {
        let pairs = versions("1s", "1s").into_iter().zip(versions(own, other));
        pairs.map(|(before, after)| before != after).collect::<Vec<_>>()
    };
    assert_eq!(changed("1s", "1s"), [false, false, false]);
    assert_eq!(changed("2s", "1s"), [true, false, false]);
    assert_eq!(changed("1s", "2s"), [false, true, false]);
}

#[test]
fn all_problems_of_all_files_are_reported_at_once() {
    let found = problems(&[
        ("a.yaml", "resources: [{name: x}, {'@type': type.googleapis.com/envoy.config.cluster.v3.Cluster, name: ok}]"),
        ("b.yaml", "resources: [\n"),
        ("c.json", "{"),
        ("d.yaml", "resources: [{'@type': type.googleapis.com/envoy.config.cluster.v3.Cluster, name: ok}]"),
        ("e.yaml", "resources: []\nresource: []"),
    ]);
    let starts = [
        "a.yaml:1:13: missing_field at resources[0]: expected the field `@type`, one of type.googleapis.com/envoy.config.cluster.v3.Cluster, ",
        "b.yaml:2:1: syntax at (root): not YAML: ",
        "c.json:1:1: syntax at (root): not JSON: EOF while parsing an object",
        "d.yaml:1:82: duplicate_id at resources[0].name: `ok` occurs in a.yaml already, and may once per type",
        "e.yaml:2:1: unknown_field at resource: unknown field `resource`, only `resources` and `version_info` are known",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}\n{start}");
    }
}

#[test]
fn each_way_to_be_wrong_says_where() {
    let cluster =
        |rest: &str| format!("resources: [{{'@type': {}, name: one, {rest}}}]", ResourceKind::Cluster.type_url());
    let named = |type_url: &str| format!("resources: [{{'@type': {type_url}, name: one}}]");
    let table = [
        ("name: one".into(), ":1:1: missing_field at (root): expected the field `resources`"),
        ("one".into(), ":1:1: wrong_type at (root): expected an object with the field `resources`"),
        (
            "weir: 1\nname: one".into(),
            ":1:1: other_document at weir: this is an attachment, and a file of Envoy resources is meant here; weir check takes it",
        ),
        ("resources: {}".into(), ":1:12: wrong_type at resources: `resources` is no list"),
        ("resources: [one]".into(), ":1:13: missing_field at resources[0]: expected the field `@type`"),
        (
            named("type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"),
            ":1:1: other_document at resources: this is a filter for an Envoy that watches its file (ECDS), and a file of Envoy resources is meant here; ",
        ),
        (
            "resources: [{'@type': type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig, name: one}, \
             {'@type': type.googleapis.com/envoy.config.cluster.v3.Cluster, name: one}]"
                .into(),
            "is not served, only type.googleapis.com",
        ),
        (
            named("Cluster"),
            ":1:23: bad_value at resources[0].@type: the type `Cluster` is not served, only type.googleapis.com",
        ),
        (
            named(ResourceKind::Endpoints.type_url()),
            ":1:91: unknown_field at resources[0].name: unrecognized field name 'name'",
        ),
        (
            format!("resources: [{{'@type': {}}}]", ResourceKind::Route.type_url()),
            ":1:13: missing_field at resources[0]: expected the field `name`, not empty",
        ),
        (cluster("typo: 1"), ":1:87: unknown_field at resources[0].typo: unrecognized field name 'typo'"),
        (cluster("connect_timeout: soon"), "bad_value at resources[0].connect_timeout: failed to parse duration"),
        (cluster("lb_policy: GUESS"), "bad_value at resources[0].lb_policy: unrecognized enum value 'GUESS'"),
        (
            cluster("load_assignment: {cluster_name: 7}"),
            "bad_value at resources[0].load_assignment.cluster_name: invalid type: integer `7`",
        ),
        (
            cluster("transport_socket: {name: tls, typed_config: {'@type': type.googleapis.com/none.Such}}"),
            "bad_value at resources[0].transport_socket.typed_config: message 'none.Such' not found",
        ),
    ];
    for (text, message) in table {
        let [problem] = problems(&[("cds.yaml", &text)]).try_into().unwrap();
        assert!(problem.starts_with("cds.yaml:") && problem.contains(message), "{problem}\n{message}");
    }
}

#[test]
fn a_folder_that_is_not_there_cannot_be_read() {
    let why = add(Path::new("no/such/folder"), &mut Sources::default()).unwrap_err();
    assert!(why.starts_with("no/such/folder: cannot be read: "), "{why}");
    let why = add(Path::new("Cargo.toml"), &mut Sources::default()).unwrap_err();
    assert_eq!(why, "Cargo.toml: a file; a folder of such files is meant");
}

#[test]
fn a_problem_beside_an_alias_has_its_place() {
    let text = format!(
        "resources:\n- '@type': {}\n  name: &name one\n  alt_stat_name: *name\n  lb_policy: GUESS\n",
        ResourceKind::Cluster.type_url()
    );
    let [problem] = problems(&[("cds.yaml", &text)]).try_into().unwrap();
    assert!(problem.starts_with("cds.yaml:5:14: bad_value at resources[0].lb_policy: "), "{problem}");
}
