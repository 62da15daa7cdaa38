//! Istiod and `weir serve` die while both serve a mesh, and come back; istiod changes listeners while `weir serve` pushes; and
//! a policy comes that no object of Kubernetes could hold.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::agent::LASTING;
use crate::api_server::ApiServer;
use crate::calls::{get, hops, names};
use crate::chain::{Chain, Setting};
use crate::forged::nothing_is_gained;
use crate::live::unrelated_changes;
use crate::policy::{STABLE, policy, with_owl_users};
use crate::served::Served;
use crate::support::{Load, eventually};

const NAMESPACE: &str = "served-kills";
const DEADLINE: Duration = Duration::from_secs(60);
/// The users whom no push here concerns, with their hops.
const UNCONCERNED: [(&str, [&str; 3]); 2] =
    [("grace", ["storefront v2", "checkout v1", "owl v2"]), ("nobody", ["storefront v1", "checkout v1", "owl v1"])];
const STOREFRONT_V2: usize = 1;
/// Units of a list, of 31 bytes each.
const LISTED: usize = 170_000;

/// One chain for all of it.
pub async fn either_may_die(api: &ApiServer) {
    let chain = Chain::start(api, NAMESPACE, Setting { certificates: Some(LASTING), ..Setting::default() }).await;
    let mut served = Served::start(chain, &with("ada")).await;
    let load = ask(&served.chain);
    served.chain.mesh.kill_istiod();
    without_istiod(&served).await;
    served.server.weir.kill();
    meets(&served.chain, "hedy", "owl v2").await;
    served.chain.mesh.restart_istiod().await;
    served.chain.mesh.until_synced(served.chain.proxies().count()).await;
    met(load).await;

    proxies_start_without_a_server(&mut served).await;
    served.server.push(&with("ada"));
    let begun = Instant::now();
    served.server.weir.restart().await;
    served.until_active(&with("ada")).await;
    println!("weir serve is back: in force in every proxy, old and new, after {} ms", begun.elapsed().as_millis());
    served.until_all_in_step().await;
    served.chain.users_meet_their_versions().await.unwrap();

    listeners_change_while_policies_are_pushed(&served).await;
    no_object_could_hold_it(&served).await;
}

/// The usual policy, where joan and this user are in the canary of owl.
fn with(user: &str) -> Value {
    with_owl_users(&policy(NAMESPACE), &["joan", user])
}

async fn without_istiod(served: &Served) {
    for user in ["hedy", "ada", "hedy"] {
        served.server.push(&with(user));
        served.until_active(&with(user)).await;
        meets(&served.chain, user, "owl v2").await;
    }
    meets(&served.chain, "ada", "owl v1").await;
}

/// They listen, everybody is stable, and what clients forge decides nothing.
async fn proxies_start_without_a_server(served: &mut Served) {
    for gateway in [true, false] {
        let begun = Instant::now();
        match gateway {
            true => served.chain.restart_gateway().await,
            false => served.chain.restart_sidecar(STOREFRONT_V2).await,
        }
        println!("without weir serve a proxy starts within {} ms", begun.elapsed().as_millis());
    }
    for user in ["hedy", "grace"] {
        assert_eq!(names(&served.chain.get(&[("x-user-id", user)]).await), STABLE);
    }
    nothing_is_gained(&served.chain).await;
}

/// All listeners of all proxies, under load.
async fn listeners_change_while_policies_are_pushed(served: &Served) {
    let load = ask(&served.chain);
    served.chain.mesh.apply(include_str!("manifests/unrelated.yaml"));
    let changed = eventually(DEADLINE, "the changes of istiod", async || unrelated_changes(&served.chain).await);
    let pushed = async {
        for user in ["hedy", "ada", "hedy", "ada", "hedy", "ada"] {
            served.server.push(&with(user));
            served.until_active(&with(user)).await;
        }
    };
    tokio::join!(changed, pushed);
    served.chain.mesh.until_synced(served.chain.proxies().count()).await;
    met(load).await;
    served.chain.users_meet_their_versions().await.unwrap();
}

/// Kubernetes takes no object of more than some 1.5 MB.
async fn no_object_could_hold_it(served: &Served) {
    let user = |number: usize| format!("user-of-the-shop-{number:011}");
    let mut large = with("ada");
    large["lists"] = json!({"staff": (0..LISTED).map(user).collect::<Vec<_>>()});
    large["layers"][0]["overrides"] = json!([{"list": "staff", "experiment": "owl-v2", "variant": "canary"}]);
    let load = ask(&served.chain);
    let begun = Instant::now();
    served.server.push(&large);
    served.until_active(&large).await;
    let bytes = large.to_string().len();
    println!("a policy of {bytes} bytes: in force in every proxy after {} ms", begun.elapsed().as_millis());
    met(load).await;
    meets(&served.chain, &user(LISTED - 1), "owl v2").await;
    meets(&served.chain, &user(LISTED), "owl v1").await;
    served.chain.users_meet_their_versions().await.unwrap();
    served.until_all_in_step().await;
}

async fn meets(chain: &Chain, user: &str, owl: &str) {
    assert_eq!(names(&chain.get(&[("x-user-id", user)]).await), ["storefront v1", "checkout v1", owl], "{user}");
}

/// Begins to send requests of users whom no push concerns.
fn ask(chain: &Chain) -> Load {
    let server = SocketAddr::new(chain.address, chain.mesh.network.http);
    Load::start(server, 2, |number| get(&[("x-user-id", UNCONCERNED[number % UNCONCERNED.len()].0)]))
}

/// Ends that; each of them met what is theirs.
async fn met(load: Load) {
    let samples = load.stop().await;
    for sample in &samples {
        let (user, expected) = UNCONCERNED[sample.index % UNCONCERNED.len()];
        let answer = sample.outcome.as_ref().unwrap_or_else(|error| panic!("{user}: {error}"));
        let hops = hops(answer).unwrap_or_else(|problem| panic!("{user}: {problem}"));
        assert_eq!(names(&hops), expected, "{user}");
    }
    println!("  {} requests meanwhile", samples.len());
}
