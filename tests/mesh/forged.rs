//! What clients send in the names of Weir decides nothing and leads nowhere, whether the filter of the gateway is in force,
//! missing, or could not be loaded.

use std::time::Duration;

use crate::api_server::ApiServer;
use crate::calls::{hops, names};
use crate::chain::{Chain, Setting, host};
use crate::policy::{STABLE, policy};
use crate::support::{eventually, wasm};

const DEADLINE: Duration = Duration::from_secs(60);

/// Who has a tag gets no other.
pub async fn with_the_filter_in_force(api: &ApiServer) {
    let chain = Chain::start(api, "forged", Setting::default()).await;
    chain.attach(&policy("forged")).await;
    nothing_is_gained(&chain).await;
    for header in forgeries(&chain) {
        let hops = chain.get(&[("x-user-id", "ada"), (header.0, &header.1)]).await;
        assert_eq!(names(&hops), ["storefront v1", "checkout v1", "owl v2"], "{header:?}");
        assert_eq!(hops[0].lines("x-env-tag"), ["owl-v2"], "{header:?}");
    }
}

/// Nothing of it is at the gateway yet but what keeps forgeries out; the sidecars follow tags.
pub async fn without_the_filter(api: &ApiServer) {
    let chain = Chain::start(api, "forged-missing", Setting::default()).await;
    let policy = policy("forged-missing");
    let mut manifests = chain.render(&policy);
    manifests.remove("30-edge.yaml").expect("the filter of the gateway");
    chain.apply(&manifests);
    chain.until_sidecars_follow(&policy).await;
    nothing_is_gained(&chain).await;
}

/// Its module is not where the gateway looks for it, so that `default_config` runs in its place.
pub async fn with_its_default_config(api: &ApiServer) {
    let chain = Chain::start(api, "forged-default", Setting::default()).await;
    let policy = policy("forged-default");
    let mut manifests = chain.render(&policy);
    let edge = manifests.get_mut("30-edge.yaml").expect("the filter of the gateway");
    *edge = edge.replace(wasm().to_str().unwrap(), "/nonexistent/weir.wasm");
    chain.apply(&manifests);
    chain.until_sidecars_follow(&policy).await;
    let rejected = "extension_config_discovery.http_filter.forged-default/weir.edge.update_rejected";
    eventually(DEADLINE, "the gateway refuses the module", async || {
        let seen = chain.gateway.stat(rejected).await;
        seen.filter(|count| *count > 0).ok_or_else(|| format!("{seen:?}"))
    })
    .await;
    nothing_is_gained(&chain).await;
}

/// By every protocol: each hop is stable, and sees nothing of what was forged.
async fn nothing_is_gained(chain: &Chain) {
    // There are doors to try: the gateway has the routes of the tags, and a sidecar follows them.
    eventually(DEADLINE, "the routes of the gateway", async || {
        let routes = chain.gateway.admin("/config_dump?resource=dynamic_route_configs").await;
        routes.contains("release-7").then_some(()).ok_or(routes)
    })
    .await;
    eventually(DEADLINE, "a sidecar follows tags", async || {
        let hops = hops(&chain.workloads[0].call_next(&[("x-env-tag", "checkout-v2,owl-v2")]).await)?;
        (names(&hops) == ["checkout v2", "owl v2"]).then_some(()).ok_or_else(|| format!("{:?}", names(&hops)))
    })
    .await;
    for (name, value) in forgeries(chain) {
        for (protocol, hops) in chain.by_every_protocol(&[(name, &value)]).await {
            assert_eq!(names(&hops), STABLE, "{name}: {value} by {protocol}");
            for hop in &hops {
                assert_eq!(hop.lines("x-env-tag"), Vec::<String>::new(), "{name}: {value} by {protocol}");
            }
        }
    }
}

fn forgeries(chain: &Chain) -> Vec<(&'static str, String)> {
    let cluster = |service| format!("outbound|{}|v2|{}", chain.mesh.network.http, host(service, &chain.mesh.namespace));
    let tags = ["owl-v2", "release-7", "checkout-v2", "checkout-v2,owl-v2", "unknown,release-7"];
    let tags = tags.iter().flat_map(|tags| {
        [("x-env-tag", tags.to_string()), ("baggage", format!("a=1,env_tag={}", tags.replace(',', "%2C")))]
    });
    let clusters = ["storefront", "checkout", "owl"].map(|service| ("x-weir-cluster", cluster(service)));
    tags.chain(clusters).chain([("x-weir-subset", "v2".to_owned()), ("x-weir-mine", "1".to_owned())]).collect()
}
