//! The gauges of the filter of all scenes.

use weir_policy::Gauge;

use super::bench::ATTACHMENT;
use super::envoy::Envoy;

impl Envoy {
    /// One of them.
    pub async fn gauge(&self, gauge: Gauge) -> Option<u64> {
        self.stat(&gauge.shown(ATTACHMENT)).await
    }

    /// Waits until the filter decides by this revision.
    pub async fn until_revision(&self, number: u64) {
        self.until_stat(&Gauge::Revision.shown(ATTACHMENT), number).await;
    }
}
