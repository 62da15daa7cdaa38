//! Users meet their versions of each service, several hops away, through services that know nothing of it.

use crate::api_server::ApiServer;
use crate::chain::Chain;
use crate::policy::policy;

/// By every protocol.
pub async fn users_meet_their_versions(api: &ApiServer) {
    let chain = Chain::start(api, "tags", None).await;
    chain.attach(&policy("tags")).await;
    chain.until_users_meet_their_versions().await;
    chain.mesh.until_synced(chain.proxies().count()).await;
}
