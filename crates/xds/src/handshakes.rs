//! Connections that have not completed their handshake, bounded for each IP address: one address holds up only itself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Pending connections of one address; more are refused.
pub(crate) const PENDING_MAX: usize = 1_024;
/// TLS handshakes of one address at the same time; more wait.
const HANDSHAKES_MAX: usize = 64;

/// The pending connections of a server.
#[derive(Clone, Default)]
pub(crate) struct PendingHandshakes(Arc<Mutex<HashMap<IpAddr, Weak<Limits>>>>);

/// The limits of one address.
struct Limits {
    pending: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
}

/// One pending connection, until dropped.
pub(crate) struct Pending {
    limits: Arc<Limits>,
    _permit: OwnedSemaphorePermit,
}

impl PendingHandshakes {
    /// Counts one more connection of this address; `None` if it has too many that are pending.
    pub fn admit(&self, address: IpAddr) -> Option<Pending> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&address).and_then(Weak::upgrade);
        let limits = known.unwrap_or_else(|| {
            // Addresses without a pending connection are forgotten.
            all.retain(|_, limits| limits.strong_count() > 0);
            let [pending, handshakes] = [PENDING_MAX, HANDSHAKES_MAX].map(|max| Arc::new(Semaphore::new(max)));
            Arc::new(Limits { pending, handshakes })
        });
        all.insert(address, Arc::downgrade(&limits));
        let permit = limits.pending.clone().try_acquire_owned().ok()?;
        Some(Pending { limits, _permit: permit })
    }
}

impl Pending {
    /// Waits for a permit to do the TLS handshake, valid until it is dropped.
    pub async fn handshake_permit(&self) -> Option<OwnedSemaphorePermit> {
        self.limits.handshakes.clone().acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn each_address_has_limits_of_its_own() {
        let handshakes = PendingHandshakes::default();
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap());
        let mut pending: Vec<Pending> = (0..PENDING_MAX).map(|_| handshakes.admit(one).unwrap()).collect();
        assert!(handshakes.admit(one).is_none());
        let elsewhere = handshakes.admit(other).unwrap();

        let mut permits = Vec::new();
        for _ in 0..HANDSHAKES_MAX {
            permits.push(pending[0].handshake_permit().await);
        }
        assert!(timeout(Duration::from_millis(20), pending[1].handshake_permit()).await.is_err());
        assert!(timeout(Duration::from_millis(20), elsewhere.handshake_permit()).await.is_ok());
        permits.pop();
        assert!(timeout(Duration::from_millis(20), pending[1].handshake_permit()).await.is_ok());

        pending.pop();
        assert!(handshakes.admit(one).is_some());
        drop((pending, permits, elsewhere));
        let _ = handshakes.admit(other);
        assert_eq!(handshakes.0.lock().unwrap().len(), 1, "addresses without a pending connection are forgotten");
    }
}
