//! What clients send in the names of Weir decides nothing and leads nowhere, whether the filter of the gateway is in force,
//! missing, or could not be loaded.

use std::time::Duration;

use crate::api_server::ApiServer;
use crate::calls::{Headers, hops, names};
use crate::chain::{Chain, Setting, host};
use crate::policy::{STABLE, policy};
use crate::support::{Echo, eventually, wasm};

const DEADLINE: Duration = Duration::from_secs(60);
/// What a client may say to pass for one of the mesh.
const PRETENCES: [&[(&str, &str)]; 2] = [&[], &[("x-forwarded-for", "10.0.0.1"), ("x-envoy-internal", "true")]];

/// Who has a tag gets no other.
pub async fn with_the_filter_in_force(api: &ApiServer, steer: &'static str) {
    in_force(start(api, "in-force", steer).await).await;
}

/// The same on the release before, by tags.
pub async fn in_force_on_envoy_1_39(api: &ApiServer) {
    let setting = Setting { release: Some("1.39.3"), ..Setting::default() };
    in_force(Chain::start(api, "forged-in-force-1-39", setting).await).await;
}

async fn in_force(chain: Chain) {
    chain.attach(&policy(&chain.mesh.namespace)).await;
    nothing_is_gained(&chain).await;
    for header in forgeries(&chain) {
        let hops = chain.get(&[("x-user-id", "ada"), (header.0, &header.1)]).await;
        assert_eq!(names(&hops), ["storefront v1", "checkout v1", "owl v2"], "{header:?}");
        assert_eq!(hops[0].lines("x-env-tag"), ["owl-v2"], "{header:?}");
    }
}

/// Nothing of it is at the gateway yet but what keeps forgeries out; the sidecars follow tags.
pub async fn without_the_filter(api: &ApiServer, steer: &'static str) {
    let chain = start(api, "missing", steer).await;
    let policy = policy(&chain.mesh.namespace);
    let mut manifests = chain.render(&policy);
    manifests.remove("30-edge.yaml").expect("the filter of the gateway");
    chain.apply(&manifests);
    chain.until_sidecars_follow(&policy).await;
    nothing_is_gained(&chain).await;
}

/// Its module is not where the gateway looks for it, so that `default_config` runs in its place.
pub async fn with_its_default_config(api: &ApiServer, steer: &'static str) {
    let chain = start(api, "default", steer).await;
    let policy = policy(&chain.mesh.namespace);
    let mut manifests = chain.render(&policy);
    let edge = manifests.get_mut("30-edge.yaml").expect("the filter of the gateway");
    *edge = edge.replace(wasm().to_str().unwrap(), "/nonexistent/weir.wasm");
    chain.apply(&manifests);
    chain.until_sidecars_follow(&policy).await;
    let rejected = format!("extension_config_discovery.http_filter.{}/weir.edge.update_rejected", chain.mesh.namespace);
    eventually(DEADLINE, "the gateway refuses the module", async || {
        let seen = chain.gateway.stat(&rejected).await;
        seen.filter(|count| *count > 0).ok_or_else(|| format!("{seen:?}"))
    })
    .await;
    nothing_is_gained(&chain).await;
}

async fn start(api: &ApiServer, what: &str, steer: &'static str) -> Chain {
    Chain::start(api, &format!("forged-{what}-{steer}"), Setting { steer, ..Setting::default() }).await
}

/// By every protocol: each hop is stable, and sees nothing of what was forged.
pub async fn nothing_is_gained(chain: &Chain) {
    until_there_are_doors(chain).await;
    for (name, value) in forgeries(chain) {
        for pretence in PRETENCES {
            let headers = [&[(name, value.as_str())], pretence].concat();
            for (protocol, hops) in chain.by_every_protocol(&headers).await {
                is_stable(&hops, &headers, protocol);
            }
        }
    }
}

/// The same by HTTP alone.
pub async fn nothing_is_gained_by_http(chain: &Chain) {
    until_there_are_doors(chain).await;
    for (name, value) in forgeries(chain) {
        let headers = [(name, value.as_str())];
        is_stable(&chain.get(&headers).await, &headers, "HTTP");
    }
}

fn is_stable(hops: &[Echo], headers: Headers<'_>, protocol: &str) {
    assert_eq!(names(hops), STABLE, "{headers:?} by {protocol}");
    for hop in hops {
        assert_eq!(hop.lines("x-env-tag"), Vec::<String>::new(), "{headers:?} by {protocol}");
    }
}

/// There is something to gain: the gateway has a route to canaries, and a sidecar follows tags.
async fn until_there_are_doors(chain: &Chain) {
    let door = if chain.setting.steer == "cluster" { "cluster_header" } else { "|v2|storefront" };
    eventually(DEADLINE, "the routes of the gateway", async || {
        let routes = chain.gateway.admin("/config_dump?resource=dynamic_route_configs").await;
        routes.contains(door).then_some(()).ok_or(routes)
    })
    .await;
    eventually(DEADLINE, "a sidecar follows tags", async || {
        let hops = hops(&chain.workloads[0].call_next(&[("x-env-tag", "checkout-v2,owl-v2")]).await)?;
        (names(&hops) == ["checkout v2", "owl v2"]).then_some(()).ok_or_else(|| format!("{:?}", names(&hops)))
    })
    .await;
}

fn forgeries(chain: &Chain) -> Vec<(&'static str, String)> {
    let tags = ["owl-v2", "release-7", "checkout-v2,owl-v2", "unknown,release-7"].into_iter().flat_map(|tags| {
        [("x-env-tag", tags.to_owned()), ("baggage", format!("a=1,env_tag={}", tags.replace(',', "%2C")))]
    });
    let cluster = |service: &str, subset: &str| {
        format!("outbound|{}|{subset}|{}", chain.mesh.network.http, host(service, &chain.mesh.namespace))
    };
    // The last one is the way to istiod.
    let clusters = [cluster("storefront", "v2"), cluster("owl", "v2"), cluster("owl", ""), "xds-grpc".to_owned()];
    let clusters = clusters.map(|cluster| ("x-weir-cluster", cluster));
    let others = [("x-weir-subset", "v2".to_owned()), ("x-weir-mine", "1".to_owned())];
    tags.chain(clusters).chain(others).collect()
}
