//! What docs/istio.md says to run with kubectl beside the rendered page: a real API server takes it, and does what is said.

use std::fs;
use std::path::Path;

use serde_json::Value;
use weir_policy::{AttachmentFile, Module, Source, SourceId, Sources};

use crate::api_server::ApiServer;
use crate::support::wasm;

/// The module in a ConfigMap, and the pods that mount it where the attachment looks for it.
pub async fn its_recipe_is_what_an_api_server_takes(api: &ApiServer) {
    let kubectl = api.kubectl();
    kubectl.run(&["create", "namespace", "recipe"], "").unwrap();
    let file = format!("--from-file=weir.wasm={}", wasm().display());
    kubectl.done(&["create", "configmap", "weir-wasm", "--namespace", "recipe", &file], "");
    for (name, pod) in [("owl-deployment.yaml", "owl"), ("gateway-deployment.yaml", "ingressgateway")] {
        let text = block(&format!("```yaml file={name}\n")).replace("namespace: shop", "namespace: recipe");
        kubectl.done(&["apply", "--filename", "-"], &text);
        let stored = kubectl.done(&["get", "deployment", pod, "--namespace", "recipe", "--output", "json"], "");
        let stored: Value = serde_json::from_str(&stored).unwrap();
        let template = &stored["spec"]["template"];
        let annotated = |name: &str| {
            let text = template["metadata"]["annotations"][name].as_str();
            text.map(|text| serde_json::from_str::<Value>(text).expect("JSON in an annotation"))
        };
        let (volume, mount) = match annotated("sidecar.istio.io/userVolume") {
            Some(volumes) => {
                (volumes["weir"].clone(), annotated("sidecar.istio.io/userVolumeMount").unwrap()["weir"].clone())
            }
            None => {
                let spec = &template["spec"];
                (spec["volumes"][0].clone(), spec["containers"][0]["volumeMounts"][0].clone())
            }
        };
        assert_eq!(volume["configMap"]["name"], "weir-wasm", "{name}");
        let mounted = Path::new(mount["mountPath"].as_str().unwrap()).join("weir.wasm");
        assert_eq!(mounted.to_str(), Some(module().as_str()), "{name}");
    }
}

/// The server's pod with its policy and attachments, and again with another policy.
pub async fn its_server_is_what_an_api_server_takes(api: &ApiServer) {
    let kubectl = api.kubectl();
    let served = Path::new(env!("CARGO_MANIFEST_DIR")).join("istio/served");
    let here = |word: &str| match word.rsplit_once(['=', ' ']).map_or(word, |(_, file)| file) {
        file if file.ends_with(".yaml") => word.replace(file, served.join(file).to_str().unwrap()),
        _ => word.to_owned(),
    };
    let commands = block("```sh\nkubectl apply -f weir.yaml\n");
    let commands: Vec<&str> = ["kubectl apply -f weir.yaml"].into_iter().chain(commands.lines()).collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    // The second one is what a new policy is.
    for command in commands.iter().chain([&commands[1]]) {
        let said = command.split(" | ").fold(String::new(), |said, one| {
            let words: Vec<String> = one.split_whitespace().map(here).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            assert_eq!(words[0], "kubectl", "{command}");
            kubectl.done(&words[1..], &said)
        });
        assert!(said.contains("weir"), "{command}: {said}");
    }
    let kept = ["get", "configmap", "weir-policy", "--namespace", "weir", "--output", "jsonpath={.data.policy\\.yaml}"];
    assert_eq!(kubectl.done(&kept, ""), fs::read_to_string(served.join("policy.yaml")).unwrap());
}

/// By the command of the docs, of which each kind is needed; what others have stays.
pub async fn what_is_rendered_no_more_is_pruned(api: &ApiServer) {
    let kubectl = api.kubectl();
    kubectl.run(&["create", "namespace", "pruned"], "").unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("istio/shop/manifests");
    let text =
        |name: &str| fs::read_to_string(example.join(name)).unwrap().replace("namespace: shop", "namespace: pruned");
    let all = ["05-forgeries.yaml", "10-subsets.yaml", "20-mesh.yaml", "30-edge.yaml"].map(text);
    let theirs = all[1].replace("part-of: weir", "part-of: team-b").replace("name: weir-", "name: theirs-");
    kubectl.done(&["apply", "--filename", "-"], &[&all[..], &[theirs]].concat().join("---\n"));

    let command = block("```sh\n  kubectl apply --prune ").replace(['\\', '\n'], " ");
    let words: Vec<&str> = command.split_whitespace().collect();
    let options = words.iter().filter(|word| word.starts_with("--prune-allowlist="));
    let select = "app.kubernetes.io/managed-by=weir,app.kubernetes.io/part-of=weir";
    assert!(words.contains(&select) && words.contains(&"--namespace"), "{command}");
    let base = ["apply", "--prune", "-l", select, "--namespace", "pruned", "--filename", "-"];
    let without = kubectl.done(&base, &all[0]);
    assert!(!without.contains("pruned\n"), "no kind of Istio is in kubectl's list: {without}");
    kubectl.done(&[&base[..], &options.copied().collect::<Vec<_>>()].concat(), &all[0]);
    let kinds = "envoyfilter,virtualservice,destinationrule";
    let left = kubectl.done(&["get", kinds, "--namespace", "pruned", "--output", "name"], "");
    let mut left: Vec<&str> = left.lines().map(|line| line.rsplit('/').next().unwrap()).collect();
    left.sort_unstable();
    assert_eq!(left, ["theirs-owl", "theirs-storefront", "weir-gateway-forgeries"]);
}

/// Where the attachment of the docs looks for the module.
fn module() -> String {
    let text = block("```yaml file=mesh.yaml\n");
    let sources = Sources::of([Source::yaml("mesh.yaml", text)]);
    match AttachmentFile::read(&sources, SourceId::FIRST).unwrap().wasm {
        Some(Module::File(file)) => file,
        other => panic!("{other:?}"),
    }
}

/// The block of docs/istio.md that begins so.
fn block(head: &str) -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/istio.md")).unwrap();
    let (_, rest) = page.split_once(head).unwrap_or_else(|| panic!("no {head:?} in docs/istio.md"));
    rest.split_once("```").unwrap().0.to_owned()
}
