//! The outbox in memory: the model that the store is held against, and the outbox of actor tests.
//!
//! It answers at once, and every method is as plain as the rules allow. Nothing survives its last handle. Two switches
//! play a disk that fails ([`MemoryOutbox::fail_appends`]) and one that is slow ([`MemoryOutbox::hold_appends`]).

mod dead;
mod memo;
mod model;
mod newest;
mod reconciles;
mod record;
mod shares;

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;

use campanile_domain::{DeliveryId, Event, Failure, NewDelivery, ObjectKey};
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    Acceptance, Append, Bounds, Browse, BrowseFilter, DeliveryView, EventId, Lease, MemoStore, Outbox,
    OutboxError, Planned, Reply, Scheduler, Settlement, Stats, Unplanned, UsageByAlert, WhenStored,
    WorkListener,
};
use model::Model;

/// An outbox without a disk. Clones share what they hold.
#[derive(Clone)]
pub struct MemoryOutbox {
    model: Arc<Mutex<Model>>,
    listener: Arc<Mutex<Option<Arc<dyn WorkListener>>>>,
    disk: Arc<Mutex<Disk>>,
    ended: watch::Sender<bool>,
}

/// The disk as a test sets it.
#[derive(Default)]
struct Disk {
    failure: Option<OutboxError>,
    holds: bool,
    /// Appends whose commit has not come yet, in order; bounded by what a test appends.
    held: Vec<(Append, WhenStored)>,
}

impl MemoryOutbox {
    /// Makes an empty outbox with these bounds.
    pub fn new(bounds: Bounds) -> Self {
        let model = Arc::new(Mutex::new(Model::new(bounds)));
        Self { model, listener: Arc::default(), disk: Arc::default(), ended: watch::Sender::new(false) }
    }

    /// Makes every append fail with that error from now on, or succeed again.
    pub fn fail_appends(&self, failure: Option<OutboxError>) {
        self.disk.lock().failure = failure;
    }

    /// Holds appends back as a slow disk does: neither stored nor answered until it is called with `false`, which
    /// commits all of them in their order.
    pub fn hold_appends(&self, hold: bool) {
        let held = {
            let mut disk = self.disk.lock();
            disk.holds = hold;
            if hold { Vec::new() } else { std::mem::take(&mut disk.held) }
        };
        for (entry, stored) in held {
            stored(self.commit(entry));
        }
    }

    /// What a restart does to an outbox: leases are freed, and counts since the start begin anew.
    #[cfg(test)]
    pub(crate) fn restart(&self) {
        let mut model = self.model.lock();
        model.superseded = 0;
        model.overflowed = 0;
        model.set_aside = 0;
        model.untold_overflow.clear();
        model.free_leases();
        // The turns are not stored.
        let waiting = std::mem::take(&mut model.unplanned);
        waiting.into_values().for_each(|(_, waiting)| model.insert_unplanned(waiting));
    }

    fn commit(&self, entry: Append) -> Result<(), OutboxError> {
        if let Some(failure) = self.disk.lock().failure.clone() {
            return Err(failure);
        }
        let providers = self.open()?.append(entry)?;
        self.tell(&providers);
        Ok(())
    }

    fn open(&self) -> Result<parking_lot::MutexGuard<'_, Model>, OutboxError> {
        let model = self.model.lock();
        if model.closed { Err(OutboxError::Closed) } else { Ok(model) }
    }

    fn tell(&self, providers: &[ObjectKey]) {
        let listener = self.listener.lock().clone();
        if let Some(listener) = listener.filter(|_| !providers.is_empty()) {
            listener.work_ready(providers);
        }
    }

    fn tell_all(&self) {
        self.tell(&self.providers_with_work());
    }
}

fn at_once<T: Send + 'static>(result: Result<T, OutboxError>) -> Reply<T> {
    Box::pin(ready(result))
}

impl Acceptance for MemoryOutbox {
    fn append(&self, entry: Append, stored: WhenStored) {
        if matches!(&entry.plan, Planned::Deliveries(deliveries) if deliveries.is_empty()) {
            return stored(Ok(()));
        }
        {
            let mut disk = self.disk.lock();
            if disk.holds {
                return disk.held.push((entry, stored));
            }
        }
        stored(self.commit(entry));
    }

    fn unplanned(&self, limit: usize) -> Reply<Vec<Unplanned>> {
        at_once(self.open().map(|model| model.unplanned(limit)))
    }

    fn unplanned_count(&self) -> u64 {
        self.model.lock().unplanned_count()
    }

    fn plan(&self, event: EventId, deliveries: Vec<NewDelivery>) -> Reply<()> {
        let planned = self.open().and_then(|mut model| model.plan(event, deliveries));
        at_once(planned.map(|providers| self.tell(&providers)))
    }

    fn set_aside(&self, event: EventId) -> Reply<()> {
        at_once(self.open().map(|mut model| model.set_aside(event)))
    }
}

impl Scheduler for MemoryOutbox {
    fn take(&self, provider: &ObjectKey, limit: usize, now: Timestamp) -> Reply<Vec<Lease>> {
        // Taken when first polled, so that a reply nobody waits for leases nothing.
        let (outbox, provider) = (self.clone(), provider.clone());
        Box::pin(async move { Ok(outbox.open()?.take(&provider, limit, now)) })
    }

    fn settle(&self, id: DeliveryId, settlement: Settlement, now: Timestamp) {
        let settled = self.model.lock().settle(id, settlement, now);
        self.tell(settled.as_slice());
    }

    fn next_due(&self, provider: &ObjectKey) -> Option<Timestamp> {
        self.model.lock().next_due(provider)
    }

    fn wake(&self, provider: &ObjectKey) {
        self.model.lock().wake(provider);
        if self.next_due(provider).is_some() {
            self.tell(std::slice::from_ref(provider));
        }
    }

    fn providers_with_work(&self) -> Vec<ObjectKey> {
        self.model.lock().providers_with_work().into_iter().collect()
    }

    fn dead_letter_all(&self, provider: &ObjectKey, failure: &Failure, now: Timestamp) -> usize {
        self.model.lock().dead_letter_all(provider, failure, now)
    }

    fn expire(&self, now: Timestamp) -> BTreeMap<ObjectKey, usize> {
        let expired = self.model.lock().expire(now);
        if !expired.is_empty() {
            self.tell_all();
        }
        expired
    }

    fn take_overflowed(&self) -> BTreeMap<ObjectKey, usize> {
        std::mem::take(&mut self.model.lock().untold_overflow)
    }

    fn prune(&self, now: Timestamp) {
        self.model.lock().prune(now);
    }

    fn listen(&self, listener: Arc<dyn WorkListener>) {
        *self.listener.lock() = Some(listener);
        self.tell_all();
    }
}

impl Browse for MemoryOutbox {
    fn list(&self, selection: BrowseFilter) -> Reply<Vec<DeliveryView>> {
        at_once(self.open().map(|model| model.list(&selection)))
    }

    fn events(&self, selection: BrowseFilter) -> Reply<Vec<(DeliveryView, Option<Arc<Event>>)>> {
        at_once(self.open().map(|model| model.events(&selection)))
    }

    fn tally(&self, provider: &ObjectKey, limit: usize) -> Reply<UsageByAlert> {
        at_once(self.open().map(|model| model.tally(provider, limit)))
    }

    fn redrive(&self, ids: Vec<DeliveryId>, deadline: Timestamp) -> Reply<usize> {
        let redriven = self.open().map(|mut model| model.redrive(ids, deadline));
        at_once(redriven.map(|(count, providers)| {
            self.tell(&providers);
            count
        }))
    }

    fn discard(&self, ids: Vec<DeliveryId>) -> Reply<usize> {
        at_once(self.open().map(|mut model| model.discard(&ids)))
    }

    fn stats(&self) -> Stats {
        self.model.lock().stats()
    }
}

impl MemoStore for MemoryOutbox {
    fn recall(&self, provider: &ObjectKey) -> Reply<Vec<(u128, u128)>> {
        at_once(self.open().map(|model| model.recall(provider)))
    }

    fn remember(&self, provider: &ObjectKey, place: u128, look: Option<u128>) -> Reply<()> {
        at_once(self.open().map(|mut model| model.remember(provider, place, look)))
    }
}

impl Outbox for MemoryOutbox {
    fn close(&self) -> Reply<()> {
        self.model.lock().closed = true;
        self.ended.send_replace(true);
        at_once(Ok(()))
    }

    fn closed(&self) -> Reply<()> {
        let mut ended = self.ended.subscribe();
        Box::pin(
            async move { ended.wait_for(|ended| *ended).await.map(drop).map_err(|_| OutboxError::Closed) },
        )
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;
    use crate::suite::harness::{appended, chat, entry, of_lane, wait};

    #[test]
    fn appends_fail_as_long_as_they_are_told_to() {
        let outbox = MemoryOutbox::new(Bounds::default());
        outbox.fail_appends(Some(OutboxError::Full("a test says so")));
        let append = || wait(appended(&outbox, entry("x", vec![of_lane("a")])));
        assert_eq!(append(), Err(OutboxError::Full("a test says so")));
        assert_eq!(outbox.stats(), Stats::default());
        outbox.fail_appends(None);
        assert_eq!(append(), Ok(()));
    }

    #[test]
    fn held_appends_are_neither_answered_nor_visible_until_they_are_let_go() {
        let outbox = MemoryOutbox::new(Bounds::default());
        outbox.hold_appends(true);
        let mut reply = appended(&outbox, entry("x", vec![of_lane("a")]));
        assert!(reply.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(outbox.next_due(&chat()), None);
        outbox.hold_appends(false);
        assert!(outbox.next_due(&chat()).is_some());
        assert_eq!(wait(reply), Ok(()));
    }
}
