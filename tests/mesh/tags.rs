//! Users meet their versions of each service, several hops away, through services that know nothing of it.

use crate::api_server::ApiServer;
use crate::app::HandsOn;
use crate::calls::names;
use crate::chain::{Chain, Setting};
use crate::policy::{STABLE, policy};

/// By every protocol.
pub async fn on_envoy_1_40(api: &ApiServer) {
    users_meet_their_versions(&Chain::start(api, "tags", Setting::default()).await).await;
}

/// The release before.
pub async fn on_envoy_1_39(api: &ApiServer) {
    let setting = Setting { release: Some("1.39.3"), ..Setting::default() };
    users_meet_their_versions(&Chain::start(api, "tags-1-39", setting).await).await;
}

/// By routes that match the header of the subset, exactly.
pub async fn by_subset(api: &ApiServer) {
    let setting = Setting { steer: "subset", ..Setting::default() };
    users_meet_their_versions(&Chain::start(api, "tags-subset", setting).await).await;
}

/// By the one route that takes the cluster from a header.
pub async fn by_cluster(api: &ApiServer) {
    let setting = Setting { steer: "cluster", ..Setting::default() };
    users_meet_their_versions(&Chain::start(api, "tags-cluster", setting).await).await;
}

/// By the kinds of object that Istio has for modules.
pub async fn by_plugins(api: &ApiServer) {
    let setting = Setting { attach: ["trafficextension", "wasmplugin"], ..Setting::default() };
    users_meet_their_versions(&Chain::start(api, "tags-plugins", setting).await).await;
}

/// Past a service that hands on nothing but trace context, in what the trace of a request joins.
pub async fn joined_by_trace(api: &ApiServer) {
    let setting = Setting { hands_on: [HandsOn::All, HandsOn::Trace], join: true, ..Setting::default() };
    let chain = Chain::start(api, "tags-joined", setting).await;
    users_meet_their_versions(&chain).await;
    // Where there is no trace, nothing tells what came in from what goes out.
    assert_eq!(names(&chain.get(&[("x-user-id", "ada")]).await), STABLE);
    assert_eq!(names(&chain.get(&[("x-user-id", "joan")]).await), ["storefront v1", "checkout v2", "owl v1"]);
}

async fn users_meet_their_versions(chain: &Chain) {
    chain.attach(&policy(&chain.mesh.namespace)).await;
    chain.users_meet_their_versions().await.unwrap();
    chain.mesh.until_synced(chain.proxies().count()).await;
}
