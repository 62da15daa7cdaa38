//! Attachments that Envoys of any namespace get, where several are let in: they are told, since that may not be meant.

use tokio::sync::watch;
use weir_xds::Attribute;

use super::deployment::Deployment;
use super::desired::Target;
use super::log::Log;
use super::notice::Notice;

/// Tells of them whenever they are others than before.
pub async fn tell(mut targets: watch::Receiver<Target>, log: Log) {
    let mut told = Vec::new();
    loop {
        let found = for_any(&targets.borrow_and_update().deployment);
        if found != told && !found.is_empty() {
            log.tell(&Notice::AnyNamespace { attachments: found.clone() });
        }
        told = found;
        if targets.changed().await.is_err() {
            return;
        }
    }
}

fn for_any(deployment: &Deployment) -> Vec<String> {
    let namespace = Attribute::Metadata(vec!["NAMESPACE".to_owned()]);
    let filters = [&deployment.edges, &deployment.mesh].into_iter().flat_map(|tier| tier.filters.iter());
    filters.filter(|filter| !filter.nodes.ask_for(&namespace)).map(|filter| filter.name.clone()).collect()
}
