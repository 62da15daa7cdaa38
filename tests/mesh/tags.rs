//! Users meet their versions of each service, several hops away, through services that know nothing of it.

use crate::api_server::ApiServer;
use crate::chain::Chain;
use crate::policy::policy;

/// By every protocol.
pub async fn on_envoy_1_40(api: &ApiServer) {
    users_meet_their_versions(Chain::start(api, "tags", None).await).await;
}

/// The release before.
pub async fn on_envoy_1_39(api: &ApiServer) {
    users_meet_their_versions(Chain::start(api, "tags-1-39", Some("1.39.3")).await).await;
}

async fn users_meet_their_versions(chain: Chain) {
    chain.attach(&policy(&chain.mesh.namespace)).await;
    chain.users_meet_their_versions().await.unwrap();
    chain.mesh.until_synced(chain.proxies().count()).await;
}
