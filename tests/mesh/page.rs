//! The page beside the manifests, as a person pastes it: real kubectl on the real API server, and what a proxy is asked it
//! answers. No kubelet runs here, so `kubectl exec` is a request to the admin interface of the Envoy of that pod, which is
//! what `pilot-agent request` makes of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::agent::LASTING;
use crate::api_server::{ApiServer, Kubectl};
use crate::chain::{Chain, Setting};
use crate::manifests;
use crate::policy::{STABLE, USERS, policy};
use crate::served::Served;
use crate::support::{Envoy, Process, eventually};
use crate::tools::tool;
use crate::{attach::until_decides, calls::names};

const DEADLINE: Duration = Duration::from_secs(120);
const OURS: &str = "envoyfilter,wasmplugin,trafficextension,virtualservice,destinationrule";

/// Nobody is left waiting, and nothing is waited for that is not there: when the commands end, all is as they say.
pub async fn its_commands_wait_for_proxies(api: &ApiServer) {
    let chain = Chain::start(api, "page", Setting::default()).await;
    follow(api, &chain, async |policy| until_each_decides(&chain, policy).await).await;
}

/// The same with Istio's own kinds.
pub async fn its_commands_wait_for_plugins(api: &ApiServer) {
    let setting = Setting { attach: ["trafficextension", "wasmplugin"], ..Setting::default() };
    let chain = Chain::start(api, "page-plugins", setting).await;
    follow(api, &chain, async |policy| until_each_decides(&chain, policy).await).await;
}

/// The same with the policy from a server.
pub async fn its_commands_wait_for_a_server(api: &ApiServer) {
    let setting = Setting { certificates: Some(LASTING), ..Setting::default() };
    let chain = Chain::start(api, "page-server", setting).await;
    let served = Served::unasked(chain, &policy("page-server")).await;
    follow(api, &served.chain, async |policy| served.until_active(policy).await).await;
}

async fn until_each_decides(chain: &Chain, policy: &Value) {
    for (proxy, role) in chain.proxies().zip(["edge"].into_iter().chain(["mesh"; 6])) {
        until_decides(proxy, role, policy).await;
    }
}

async fn follow(api: &ApiServer, chain: &Chain, until_all_decide: impl AsyncFnOnce(&Value)) {
    let namespace = chain.mesh.namespace.as_str();
    let policy = policy(namespace);
    let platform = manifests::routes(namespace);
    let folder = chain.rendered(&policy, json!({}), &platform, &[]);
    fs::write(folder.path().join("rendered/platform.yaml"), &platform).unwrap();
    let page = Page::of(chain, &api.kubectl(), folder);

    let mut waits = page.apply.lines().filter(|line| line.starts_with("proxies "));
    let last = waits.next_back().expect("it waits for the edge").to_owned();
    let mut early = page.start("early", &last);
    eventually(DEADLINE, "it says who is late", async || {
        let said = early.stdout();
        said.contains("/gateway: wasmcustom.").then_some(()).ok_or(early.tail())
    })
    .await;
    assert!(early.ended().is_none(), "{}", early.tail());

    let mut applied = page.start("apply", &page.apply);
    until_done(&mut applied).await;
    chain.users_meet_their_versions().await.expect("what they were waited for");
    until_all_decide(&policy).await;
    until_done(&mut early).await;

    // Proxies lack whatever is called otherwise, so all that they are to lack later they have now.
    let lacked: String =
        page.take_away.lines().filter(|line| line.starts_with("proxies lack ")).collect::<Vec<_>>().join("\n");
    let mut had = page.start("had", &lacked.replace("proxies lack ", "proxies have "));
    until_done(&mut had).await;

    let mut taken_away = page.start("take-away", &page.take_away);
    until_done(&mut taken_away).await;
    for (user, _) in USERS {
        assert_eq!(names(&chain.get(&[("x-user-id", user)]).await), STABLE, "{user}");
    }
    for proxy in chain.proxies() {
        let listeners = proxy.admin("/config_dump?resource=dynamic_listeners").await;
        assert!(!listeners.contains("weir"), "{listeners}");
    }
    let left = ["get", OURS, "-l", "app.kubernetes.io/managed-by=weir", "-o", "name"];
    assert_eq!(chain.mesh.kubectl(&left, ""), "");
}

/// The commands of a page, and what stands in for a kubelet.
struct Page {
    /// What is pasted first.
    definition: String,
    apply: String,
    take_away: String,
    /// Where kubectl stands, which is found first.
    path: String,
    folder: TempDir,
}

impl Page {
    fn of(chain: &Chain, kubectl: &Kubectl, folder: TempDir) -> Page {
        let text = fs::read_to_string(folder.path().join("rendered/README.md")).unwrap();
        let [definition, apply, take_away] = blocks(&text).try_into().expect("three blocks of commands");
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        write_kubectl(&bin, kubectl, folder.path());
        let sidecars = chain.workloads.iter().zip(&chain.sidecars);
        let sidecars = sidecars.map(|(one, proxy)| (format!("{}-{}", one.service, one.version), proxy));
        let labels = |name: &str| if name == "gateway" { ("istio", "ingressgateway") } else { ("part-of", "shop") };
        for (name, proxy) in [("gateway".to_owned(), &chain.gateway)].into_iter().chain(sidecars) {
            stand_for(chain, &name, labels(&name), proxy, folder.path());
        }
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        Page { definition, apply, take_away, path, folder }
    }

    /// Pastes commands behind the definition.
    fn start(&self, name: &'static str, commands: &str) -> Process {
        // What fails ends it, where a person would look up.
        let script = format!("set -e\n{}\n{commands}", self.definition);
        let arguments = [format!("PATH={}", self.path), "sh".to_owned(), "-c".to_owned(), script];
        Process::start(name, Path::new("env"), &arguments, &self.folder.path().join("rendered"))
    }
}

/// A pod that runs, as the API server sees it, and where its proxy answers.
fn stand_for(chain: &Chain, name: &str, label: (&str, &str), proxy: &Envoy, folder: &Path) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {label.0: label.1}},
        "spec": {"containers": [{"name": "istio-proxy", "image": "none"}]},
    });
    chain.mesh.apply(&pod.to_string());
    let running = json!({"status": {"phase": "Running"}}).to_string();
    chain.mesh.kubectl(&["patch", "pod", name, "--subresource=status", "--type=merge", "-p", &running], "");
    let admin: PathBuf = folder.join("pod").join(name);
    fs::create_dir_all(admin.parent().unwrap()).unwrap();
    fs::write(admin, proxy.admin_address().to_string()).unwrap();
}

fn write_kubectl(bin: &Path, kubectl: &Kubectl, folder: &Path) {
    let real = tool("kubectl");
    let (real, config, folder) = (real.display(), kubectl.kubeconfig().display(), folder.display());
    let script = format!(
        "#!/bin/sh
if [ \"$1\" = exec ]; then
  [ \"$5 $6 $7 $8 $9\" = '-c istio-proxy -- pilot-agent request' ] || exit 9
  pod=$4; shift 10
  exec curl --silent --fail \"http://$(cat {folder}/pod/$pod)/$1\"
fi
exec {real} --kubeconfig {config} --cache-dir {folder}/cache \"$@\"
"
    );
    fs::write(bin.join("kubectl"), script).unwrap();
    fs::set_permissions(bin.join("kubectl"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// The indented blocks of a page in Markdown.
fn blocks(page: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in page.lines() {
        match (line.strip_prefix("    "), blocks.last_mut()) {
            (Some(command), Some(block)) => *block += &format!("{command}\n"),
            (None, Some(block)) if !block.is_empty() => blocks.push(String::new()),
            _ => {}
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

async fn until_done(commands: &mut Process) {
    let status = eventually(DEADLINE, "the commands end", async || commands.ended().ok_or(commands.tail())).await;
    assert!(status.success(), "{}", commands.tail());
}
