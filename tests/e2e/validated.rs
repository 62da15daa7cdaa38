//! What `weir render envoy` writes for every good policy of the corpus and of the pages, in every role and steering: Envoy takes
//! all of it in one bootstrap.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use weir_policy::model::{Model, RouteTarget, Variant};
use weir_policy::{Role, Source, SourceId, read_policy};

use crate::scenarios::corpus::{self, Outcome, Scenario, Subject};
use crate::support::{artifact, root, wasm, weir};

const ROLES: [&str; 3] = ["edge", "mesh", "inbound"];
const STEERINGS: [&str; 3] = ["tag", "subset", "cluster"];
const RELEASES: [Option<&str>; 2] = [None, Some("1.39.3")];
/// Policies that show how large one may be say nothing new here, and take minutes.
const POLICY_BYTES_MAX: usize = 64 * 1024;
const PAGES: [&str; 5] = ["cli", "cookbook", "filter", "istio", "policy"];

#[test]
fn envoy_takes_what_is_rendered_of_every_good_policy() {
    let folder = tempfile::tempdir().unwrap();
    let mut listeners = Vec::new();
    let (mut filters, mut tables) = (0, BTreeSet::new());
    for (name, files) in policies() {
        for role in ROLES {
            let Some(model) = model(&files, role) else { continue };
            let rendered = Rendered::of(folder.path(), &files, &model, role, "tag");
            let filter = rendered.filter(&name);
            filters += 1;
            if role == "inbound" {
                listeners.push(listener(listeners.len(), &filter, &json!({"name": "none"})));
                continue;
            }
            // Where nothing is routed, how does not matter.
            let steerings = if routes_nothing(&model) { &STEERINGS[..1] } else { &STEERINGS[..] };
            for steer in steerings {
                let routes = Rendered::of(folder.path(), &files, &model, role, steer).routes();
                if tables.insert(routes.to_string()) {
                    listeners.push(listener(listeners.len(), &filter, &routes));
                }
            }
        }
    }
    println!("{filters} filters, {} route tables", tables.len());
    assert!(filters > 200 && tables.len() > 100, "{filters} filters, {} route tables", tables.len());
    for release in RELEASES {
        validate(folder.path(), &listeners, release).unwrap();
    }
    // The same must be able to fail.
    let twice =
        json!({"name": "twice", "virtual_hosts": [{"name": "a", "domains": ["*"]}, {"name": "b", "domains": ["*"]}]});
    let filter = &listeners[0]["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"][0];
    let refused = validate(folder.path(), &[listener(0, filter, &twice)], None).unwrap_err();
    assert!(refused.contains("domain"), "{refused}");
}

/// What is rendered at one attachment.
struct Rendered<'a> {
    folder: &'a Path,
}

impl<'a> Rendered<'a> {
    fn of(folder: &'a Path, files: &[(String, String)], model: &Model, role: &str, steer: &str) -> Rendered<'a> {
        let policy = folder.join("policy");
        let _ = fs::remove_dir_all(&policy);
        fs::create_dir(&policy).unwrap();
        for (name, text) in files {
            fs::write(policy.join(name), text).unwrap();
        }
        // What variants lead to by cluster has to be named.
        let hosts: serde_json::Map<_, _> = targets(model).into_iter().map(|service| (service, json!([]))).collect();
        let attachment = json!({
            "weir": 1, "name": "shop", "role": role, "steer": steer, "wasm": {"file": wasm()}, "envoy": {"hosts": hosts},
        });
        fs::write(folder.join("attach.json"), attachment.to_string()).unwrap();
        Rendered { folder }
    }

    /// The entry of `http_filters`, which is what the file for ECDS says too.
    fn filter(&self, name: &str) -> Value {
        let entry = self.render(&["--static"])[0].take();
        let mut fetched = self.render(&[])["resources"][0].take();
        let kind = fetched.as_object_mut().unwrap().remove("@type").unwrap();
        assert_eq!(kind, "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig");
        assert_eq!(entry, fetched, "{name}");
        let envelope = entry["typed_config"]["config"]["configuration"]["value"].as_str().unwrap();
        assert!(weir_policy::open(envelope.as_bytes()).is_ok(), "{name}: {envelope}");
        entry
    }

    fn routes(&self) -> Value {
        let mut routes = self.render(&["--routes"])["resources"][0].take();
        routes.as_object_mut().unwrap().remove("@type").unwrap();
        routes
    }

    fn render(&self, more: &[&str]) -> Value {
        let mut render = Command::new(weir());
        render.args(["render", "envoy", "--policy", "policy", "--attach", "attach.json"]).args(more);
        let output = render.current_dir(self.folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let (node, problems) =
            Source::yaml("rendered", String::from_utf8(output.stdout).unwrap()).parse(SourceId::FIRST);
        assert!(problems.is_empty(), "{problems:?}");
        serde_json::from_str(&corpus::json_text(&node).unwrap()).unwrap()
    }
}

/// Names and files of the policies of the corpus and of the pages, those that are no policies among them.
fn policies() -> Vec<(String, Vec<(String, String)>)> {
    let mut all = Vec::new();
    for scenario in corpus::read(&corpus::files()) {
        let is_bad = matches!(&scenario.outcome, Outcome::Problems(problems) if !problems.is_empty());
        if let (Subject::Policy(files), false) = (scenario.subject, is_bad) {
            all.push((scenario.name, files));
        }
    }
    for page in PAGES {
        let text = fs::read_to_string(root().join(format!("docs/{page}.md"))).unwrap();
        for block in text.split("```yaml file=").skip(1) {
            let (name, rest) = block.split_once('\n').unwrap();
            let body = rest.split("```").next().unwrap().to_owned();
            all.push((format!("{page}: {name}"), vec![("policy.yaml".to_owned(), body)]));
        }
    }
    all.retain(|(_, files)| files.iter().map(|(_, text)| text.len()).sum::<usize>() <= POLICY_BYTES_MAX);
    all
}

/// What files mean in a role, if they are a good policy there.
fn model(files: &[(String, String)], role: &str) -> Option<Model> {
    let role: Role = role.parse().unwrap();
    read_policy(&Scenario::sources(files), role).ok()
}

fn routes_nothing(model: &Model) -> bool {
    variants(model).all(|variant| variant.routes.is_empty())
}

fn targets(model: &Model) -> BTreeSet<String> {
    let targets = variants(model).flat_map(|variant| &variant.routes).map(|(_, target)| target);
    targets.filter(|target| matches!(target, RouteTarget::Service(_))).map(|target| target.name().to_owned()).collect()
}

fn variants(model: &Model) -> impl Iterator<Item = &Variant> {
    model.layers.iter().flat_map(|layer| &layer.experiments).flat_map(|experiment| &experiment.variants)
}

fn listener(number: usize, filter: &Value, routes: &Value) -> Value {
    let mut routes = routes.clone();
    // As Envoy takes them by RDS: clusters may come later.
    routes["validate_clusters"] = json!(false);
    let kind = |name: &str| format!("type.googleapis.com/envoy.extensions.filters.{name}");
    let router = json!({"name": "envoy.filters.http.router", "typed_config": {"@type": kind("http.router.v3.Router")}});
    let manager = json!({
        "@type": kind("network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "rendered", "route_config": routes, "http_filters": [filter, router],
    });
    let manager = json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": manager});
    let address = json!({"address": "127.0.0.1", "port_value": 1024 + number});
    json!({"name": number.to_string(), "address": {"socket_address": address}, "filter_chains": [{"filters": [manager]}]})
}

fn validate(folder: &Path, listeners: &[Value], release: Option<&str>) -> Result<(), String> {
    let bootstrap = json!({"static_resources": {"listeners": listeners}});
    fs::write(folder.join("bootstrap.json"), bootstrap.to_string()).unwrap();
    let mut envoy = Command::new(artifact::envoy(release));
    envoy.args(["--mode", "validate", "--log-level", "error", "--config-path", "bootstrap.json"]);
    let output = envoy.current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() && !said.contains("rejected") { Ok(()) } else { Err(said) }
}
