//! Providers that another process serves.

use std::sync::Arc;

use campanile_domain::{NewDelivery, ObjectKey};
use parking_lot::Mutex;

use super::harness::{Harness, OutboxKind, at, chat, messages, of_lane, wait};
use super::hints::listening;
use crate::{DeliveryState, Epoch, Ownership, Settlement};

/// Serves all Providers in one epoch, but for those of another process.
#[derive(Default)]
struct Shared {
    epoch: Mutex<u64>,
    others: Mutex<Vec<ObjectKey>>,
}

impl Ownership for Shared {
    fn epoch(&self, provider: &ObjectKey) -> Option<Epoch> {
        (!self.others.lock().contains(provider)).then(|| Epoch(*self.epoch.lock()))
    }
}

fn both(case: impl Fn(Harness, Arc<Shared>)) {
    for kind in [OutboxKind::Memory, OutboxKind::Sqlite] {
        let ownership = Arc::new(Shared::default());
        case(Harness::owned(kind, ownership.clone()), ownership);
    }
}

#[test]
fn what_another_process_serves_is_kept_and_listed_but_not_handed_out() {
    both(|mut harness, ownership| {
        let pager = ObjectKey::new("apps", "pager");
        ownership.others.lock().push(chat());
        harness.append("1", vec![of_lane("a"), NewDelivery { provider: pager.clone(), ..of_lane("a") }]);
        for _ in 0..2 {
            let listener = listening(&harness);
            listener.expect(&pager);
            assert!(harness.take(10, 0).is_empty());
            assert_eq!(harness.outbox().next_due(&chat()), None);
            assert_eq!(harness.outbox().providers_with_work(), std::slice::from_ref(&pager));
            assert_eq!(harness.waiting()[0].provider, chat());
            harness.reopen();
        }
        assert!(harness.outbox().expire(at(1_000_000)).keys().all(|key| *key == pager));
        ownership.others.lock().clear();
        assert_eq!(messages(&harness.take(10, 0)), ["1"]);
    });
}

#[test]
fn a_lease_of_an_epoch_that_is_over_settles_nothing() {
    both(|harness, ownership| {
        harness.put("a");
        let id = harness.take_one(0);
        // The Provider went to another process and came back.
        *ownership.epoch.lock() += 1;
        harness.settle(id, Settlement::Done);
        let view = harness.waiting().remove(0);
        assert_eq!((view.id, view.state, view.attempts), (id, DeliveryState::Ready, 0));
        assert_eq!(harness.take_one(0), id);
        ownership.others.lock().push(chat());
        harness.settle(id, Settlement::Dead(super::harness::refused()));
        assert!(harness.dead().is_empty());
    });
}

#[test]
fn outcomes_name_the_epoch_in_which_they_were_decided() {
    let ownership = Arc::new(Shared::default());
    let harness = Harness::owned(OutboxKind::Memory, ownership.clone());
    for epoch in [3, 4] {
        *ownership.epoch.lock() = epoch;
        harness.put("a");
        harness.settle(harness.take_one(0), Settlement::Done);
    }
    assert_eq!(harness.epochs(), [Epoch(3), Epoch(4)]);
    drop(wait(harness.outbox().close()));
}
