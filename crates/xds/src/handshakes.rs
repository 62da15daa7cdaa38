//! Who has come and not shown who they are yet, by address: one address holds up nobody but itself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Of one address at the same time; more are turned away.
pub(crate) const STRANGERS_MAX: usize = 1_024;
/// Of these that shake hands over TLS; more wait for their turn.
const TURNS_MAX: usize = 64;

#[derive(Clone, Default)]
pub(crate) struct Strangers(Arc<Mutex<HashMap<IpAddr, Weak<OfAddress>>>>);

struct OfAddress {
    all: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// One of them, until dropped.
pub(crate) struct Stranger {
    of: Arc<OfAddress>,
    _one: OwnedSemaphorePermit,
}

impl Strangers {
    /// One more; none if there are too many of this address.
    pub fn come(&self, address: IpAddr) -> Option<Stranger> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&address).and_then(Weak::upgrade);
        let of = known.unwrap_or_else(|| {
            // Nobody of theirs is left.
            all.retain(|_, of| of.strong_count() > 0);
            let [all, turns] = [STRANGERS_MAX, TURNS_MAX].map(|many| Arc::new(Semaphore::new(many)));
            Arc::new(OfAddress { all, turns })
        });
        all.insert(address, Arc::downgrade(&of));
        let one = of.all.clone().try_acquire_owned().ok()?;
        Some(Stranger { of, _one: one })
    }
}

impl Stranger {
    /// Waits for the turn to shake hands, which ends when what comes back is dropped.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.of.turns.clone().acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn each_address_has_places_and_turns_of_its_own() {
        let strangers = Strangers::default();
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap());
        let mut come: Vec<Stranger> = (0..STRANGERS_MAX).map(|_| strangers.come(one).unwrap()).collect();
        assert!(strangers.come(one).is_none());
        let stranger = strangers.come(other).unwrap();

        let mut turns = Vec::new();
        for _ in 0..TURNS_MAX {
            turns.push(come[0].turn().await);
        }
        assert!(timeout(Duration::from_millis(20), come[1].turn()).await.is_err());
        assert!(timeout(Duration::from_millis(20), stranger.turn()).await.is_ok());
        turns.pop();
        assert!(timeout(Duration::from_millis(20), come[1].turn()).await.is_ok());

        come.pop();
        assert!(strangers.come(one).is_some());
        drop((come, turns, stranger));
        let _ = strangers.come(other);
        assert_eq!(strangers.0.lock().unwrap().len(), 1, "who has gone is forgotten");
    }
}
