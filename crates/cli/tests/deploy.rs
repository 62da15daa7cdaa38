//! The commands in `deploy/`, and of the pod in `istio/served/`, are ones that this `weir` takes, and start a server; what lies
//! beside that pod answers what it asks.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use weir_release::evidence::{Experiments, PROCESS, counters};

#[test]
fn the_service_of_systemd_starts() {
    let unit = text("weir.service");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/weir ")).unwrap();
    starts(line.split(' ').map(str::to_owned).collect());
}

#[test]
fn the_container_starts() {
    let file = text("Containerfile");
    let line = file.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    let Ok(Value::Array(words)) = serde_json::from_str(line) else { panic!("{line}") };
    let mut words: Vec<String> = words.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
    // What else a container needs of TLS is shown by tests/e2e/serve_tls.rs.
    let tls = words.iter().position(|word| word == "--tls-cert").unwrap();
    let allowed = words.split_off(tls);
    assert_eq!(allowed.iter().step_by(2).collect::<Vec<_>>(), ["--tls-cert", "--tls-key", "--tls-ca", "--allow"]);
    starts(words);
}

/// With the attachments beside it, whose module is in the containers of proxies and not here.
#[test]
fn the_pod_of_a_mesh_starts() {
    let served = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../istio/served");
    let pod = fs::read_to_string(served.join("weir.yaml")).unwrap();
    let (_, args) = pod.split_once("        args:\n        - serve\n").unwrap();
    let words = args.lines().map(str::trim).take_while(|line| line.starts_with(['-', '#']));
    let words = words.filter_map(|line| line.strip_prefix("- "));
    let is_tls = |word: &&str| word.starts_with("--tls-") || word.starts_with("--allow=");
    let (tls, words): (Vec<&str>, Vec<&str>) = words.partition(is_tls);
    assert_eq!(tls.len(), 4, "{tls:?}");
    let words = words.iter().flat_map(|word| match word.split_once('=') {
        Some((flag, value)) => vec![flag.to_owned(), value.to_owned()],
        None => vec![(*word).to_owned()],
    });
    let attachments = ["attach-gateway.yaml", "attach-mesh.yaml"].map(|name| served.join(name));
    starts_with(&attachments, ["serve".to_owned()].into_iter().chain(words).collect());
}

/// Envoy looks at names and values as they stand in a query, without reading their escapes.
#[test]
fn gateways_of_a_mesh_hand_on_what_the_server_asks() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../istio/served/evidence.yaml");
    let text = fs::read_to_string(file).unwrap();
    let (path, query) = PROCESS.split_once('?').unwrap();
    let mut parts = vec![format!("path: {path}\n")];
    for (name, value) in query.split('&').map(|pair| pair.split_once('=').unwrap()) {
        parts.push(format!("{{name: {name}, string_match: {{exact: \"{value}\"}}}}\n"));
    }
    let counters = counters(&Experiments::default());
    parts.push(format!("path: {}\n", counters.split('?').next().unwrap()));
    for part in parts {
        assert_eq!(text.matches(&part).count(), 1, "{part}");
    }
}

/// With the files that docs/operating.md asks for, below a temporary folder, and free ports of the same addresses.
#[track_caller]
fn starts(words: Vec<String>) {
    starts_with(&[], words);
}

/// The same with more attachments.
#[track_caller]
fn starts_with(attachments: &[PathBuf], words: Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["policies", "attachments", "state"] {
        fs::create_dir(path(name)).unwrap();
    }
    fs::write(path("policies/policy.yaml"), "version: 1\n").unwrap();
    fs::write(path("weir.wasm"), "").unwrap();
    fs::write(
        path("attachments/shop.yaml"),
        format!("weir: 1\nname: shop\nwasm: {{file: {}}}\n", path("weir.wasm").display()),
    )
    .unwrap();
    for file in attachments {
        fs::copy(file, path("attachments").join(file.file_name().unwrap())).unwrap();
    }
    let here = |word: String| match word.as_str() {
        "/var/lib/weir" => path("state").display().to_string(),
        address if address.ends_with(":18000") || address.ends_with(":18001") => {
            format!("{}:0", &address[..address.len() - 6])
        }
        word => word.replace("/etc/weir", &folder.path().display().to_string()),
    };
    // It ends with this test also where that is killed.
    let mut weir = Command::new("setpriv");
    weir.args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_weir")]);
    weir.args(words.into_iter().map(here)).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut weir = Running(weir.spawn().unwrap());
    let mut said = BufReader::new(weir.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    // The lines end only if the server does.
    if !said.any(|line| line.starts_with("listening on ")) {
        panic!("{}", std::io::read_to_string(weir.0.stderr.take().unwrap()).unwrap());
    }
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn text(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
