//! Tests of the hints that the listener hears.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use campanile_domain::{NewDelivery, ObjectKey};

use super::harness::{Harness, OutboxKind, at, chat, of_lane, refused, wait};
use crate::{Settlement, WorkListener};

/// A listener that can be waited for.
#[derive(Default)]
pub(super) struct HintRecorder {
    heard: Mutex<Vec<ObjectKey>>,
    news: Condvar,
}

impl WorkListener for HintRecorder {
    fn work_ready(&self, providers: &[ObjectKey]) {
        self.heard.lock().unwrap().extend(providers.iter().cloned());
        self.news.notify_all();
    }
}

impl HintRecorder {
    /// Waits until `provider` was named, and forgets all that was.
    pub(super) fn expect(&self, provider: &ObjectKey) {
        let heard = self.heard.lock().unwrap();
        let deaf = |heard: &mut Vec<ObjectKey>| !heard.contains(provider);
        let (mut heard, timeout) =
            self.news.wait_timeout_while(heard, Duration::from_secs(20), deaf).unwrap();
        assert!(!timeout.timed_out(), "{provider} was never named");
        heard.clear();
    }
}

pub(super) fn listening(harness: &Harness) -> Arc<HintRecorder> {
    let listener = Arc::new(HintRecorder::default());
    harness.outbox().listen(listener.clone());
    listener
}

pub(super) fn the_listener_is_told_of_what_is_there_already(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    harness.put("a");
    listening(&harness).expect(&chat());
    harness.crash();
    listening(&harness).expect(&chat());
}

pub(super) fn the_listener_is_told_after_an_append(kind: OutboxKind) {
    let harness = Harness::new(kind);
    let listener = listening(&harness);
    let other = ObjectKey::new("apps", "other");
    harness.append("x", vec![NewDelivery { provider: other.clone(), ..of_lane("a") }]);
    listener.expect(&other);
    assert!(harness.outbox().next_due(&other).is_some());
    assert!(harness.outbox().next_due(&chat()).is_none());
}

pub(super) fn the_listener_is_told_of_a_woken_provider(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.put("a");
    harness.settle(harness.take_one(0), Settlement::Parked(at(900), refused()));
    let listener = listening(&harness);
    listener.expect(&chat());
    harness.outbox().wake(&chat());
    listener.expect(&chat());
}

pub(super) fn the_listener_is_told_of_a_lane_that_moves_on(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.put("a");
    harness.put("a");
    let listener = listening(&harness);
    listener.expect(&chat());
    harness.settle(harness.take_one(0), Settlement::Done);
    listener.expect(&chat());
}

pub(super) fn the_listener_is_told_of_redriven_and_released_deliveries(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.put("a");
    let listener = listening(&harness);
    listener.expect(&chat());
    let id = harness.take_one(0);
    harness.settle(id, Settlement::Dead(refused()));
    assert_eq!(wait(harness.outbox().redrive(vec![id], at(9000))), Ok(1));
    listener.expect(&chat());
    harness.take_one(0);
    harness.settle(id, Settlement::Release);
    listener.expect(&chat());
}

pub(super) fn the_listener_is_told_of_what_takes_a_parked_deliverys_place(kind: OutboxKind) {
    let harness = Harness::new(kind);
    let newest = || NewDelivery { newest_only: true, ..of_lane("a") };
    harness.append("first", vec![newest()]);
    let first = harness.take_one(0);
    harness.append("second", vec![newest()]);
    let listener = listening(&harness);
    listener.expect(&chat());
    harness.settle(first, Settlement::Parked(at(900), refused()));
    listener.expect(&chat());
    harness.settle(harness.take_one(0), Settlement::Parked(at(900), refused()));
    harness.append("third", vec![newest()]);
    listener.expect(&chat());
    harness.take_one(0);
}
