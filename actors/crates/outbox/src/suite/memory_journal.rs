//! A journal in memory: rows in maps, and nothing clever. Clones share their rows, so that they outlive an outbox.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::{Failure, ObjectKey, PostponedReconcile};
use campanile_testkit::noon;
use parking_lot::{Mutex, MutexGuard};

use crate::board::timestamp;
use crate::codec::{self, DELIVERY_OVERHEAD, EVENT_OVERHEAD};
use crate::journal::{
    EventAction, Journal, JournalBatch, LastFailure, Loader, Micros, RowChange, RowOutcome, StagedDelivery,
    StagedEvent, StoredDelivery, StoredEvent, StoredEvents, StoredReconciles, StoredRow, StoredTexts,
    TextRequest,
};
use crate::{BoardEntry, Bounds, Epoch, JournaledOutbox, MEMO_BOUND, OutboxError, Ownership};

struct EventRow {
    origin: u64,
    accepted_at: Micros,
    body: String,
    waits: bool,
}

struct DeliveryRow {
    origin: u64,
    event: i64,
    event_bytes: u32,
    provider: ObjectKey,
    facts: BoardEntry,
    checksum: u64,
    plan: String,
    failure: Option<Failure>,
}

#[derive(Default)]
struct Rows {
    events: BTreeMap<i64, EventRow>,
    deliveries: BTreeMap<i64, DeliveryRow>,
    memo: BTreeMap<u64, Vec<(u128, u128)>>,
    reconciles: BTreeMap<i64, PostponedReconcile>,
    next: i64,
    unfinished: Option<i64>,
    /// The epochs of the outcomes that were written.
    epochs: Vec<Epoch>,
}

/// A journal that is kept in memory.
#[derive(Clone, Default)]
pub(super) struct MemoryJournal(Arc<Mutex<Rows>>);

impl MemoryJournal {
    /// Opens an outbox over the rows.
    pub(super) fn open(&self, bounds: Bounds, ownership: Arc<dyn Ownership>) -> JournaledOutbox {
        let mut loader = Loader::new(bounds, ownership, noon().as_microsecond());
        self.rows().forget_unfinished();
        self.rows().load(&mut loader);
        JournaledOutbox::start(self.clone(), loader).unwrap()
    }

    /// The epochs of the outcomes that were written.
    pub(super) fn epochs(&self) -> Vec<Epoch> {
        self.rows().epochs.clone()
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock()
    }
}

impl Rows {
    fn load(&self, into: &mut Loader) {
        for row in self.deliveries.values() {
            into.delivery(&StoredRow {
                origin: row.origin,
                event: row.event,
                event_bytes: row.event_bytes,
                provider: row.provider.clone(),
                facts: BoardEntry { bytes: row.plan.len() as u32 + DELIVERY_OVERHEAD as u32, ..row.facts },
                checksum: row.checksum,
            });
        }
        for (number, row) in self.events.iter().filter(|(_, row)| row.waits) {
            into.unplanned(
                *number,
                row.origin,
                &codec::decode_event(row.body.as_bytes()).unwrap().involved_object.namespace,
                row.accepted_at,
                row.body.len() as u32 + EVENT_OVERHEAD as u32,
            );
        }
        into.next(self.next);
        into.reconcile(self.reconciles.last_key_value().map_or(0, |(number, _)| *number));
    }

    fn forget_unfinished(&mut self) {
        let Some(event) = self.unfinished.take() else { return };
        self.deliveries.retain(|_, row| row.event != event);
        if self.events.get(&event).is_some_and(|row| !row.waits) {
            self.events.remove(&event);
        }
    }

    fn is_taken(&self, event: &StagedEvent) -> bool {
        let deliveries = event.deliveries.iter().map(|delivery| delivery.facts.id);
        let adds = matches!(event.action, EventAction::Add(_));
        adds && self.events.contains_key(&event.number)
            || deliveries.into_iter().any(|number| self.deliveries.contains_key(&number))
    }

    fn outcome(&mut self, number: i64, outcome: &RowOutcome) {
        self.epochs.push(outcome.epoch);
        match &outcome.change {
            RowChange::Gone { event } => {
                self.deliveries.remove(&number);
                event.map(|event| self.events.remove(&event));
            }
            RowChange::Stands(standing) => {
                let Some(row) = self.deliveries.get_mut(&number) else { return };
                let (phase, at, deadline) = (standing.phase, standing.at, standing.deadline);
                row.facts = BoardEntry { phase, at, deadline, attempts: standing.attempts, ..row.facts };
                row.checksum = standing.checksum;
                match &standing.failure {
                    LastFailure::Keep => {}
                    LastFailure::Clear => row.failure = None,
                    LastFailure::Set(failure) => row.failure = Some((**failure).clone()),
                }
            }
        }
    }

    fn event(&mut self, batch: &JournalBatch<'_>, event: &StagedEvent) {
        match &event.action {
            EventAction::Add(body) => {
                let (body, waits) = (batch.text(body).unwrap().to_owned(), event.deliveries.is_empty());
                let (origin, accepted_at) = (batch.origin, event.accepted_at);
                self.events.insert(event.number, EventRow { origin, accepted_at, body, waits });
            }
            EventAction::Extend => {}
            EventAction::Plan | EventAction::SetAside => {
                self.events.get_mut(&event.number).unwrap().waits = false;
            }
            EventAction::Remove => drop(self.events.remove(&event.number)),
        }
        for StagedDelivery { plan, provider, facts, text } in &event.deliveries {
            let row = DeliveryRow {
                origin: batch.origin,
                event: event.number,
                event_bytes: event.bytes,
                provider: plan.provider.clone(),
                facts: *facts,
                checksum: facts.checksum(batch.origin, event.number, event.bytes, *provider),
                plan: batch.text(text).unwrap().to_owned(),
                failure: None,
            };
            self.deliveries.insert(facts.id, row);
        }
    }

    fn read(&self, wanted: &TextRequest) -> StoredDelivery {
        let Some(row) = self.deliveries.get(&wanted.number) else { return StoredDelivery::default() };
        let texts = || {
            let event = self.events.get(&row.event)?;
            Some(StoredTexts {
                plan: codec::decode_plan(row.plan.as_bytes(), wanted.provider.clone(), wanted.deadline)?,
                event: Arc::new(codec::decode_event(event.body.as_bytes())?),
                accepted_at: timestamp(event.accepted_at),
            })
        };
        StoredDelivery { texts: texts(), failure: row.failure.clone() }
    }
}

impl Journal for MemoryJournal {
    async fn load(&mut self, into: &mut Loader) -> Result<(), OutboxError> {
        self.rows().load(into);
        Ok(())
    }

    async fn commit(&mut self, batch: &JournalBatch<'_>) -> Result<(), OutboxError> {
        let mut rows = self.rows();
        if batch.events.iter().any(|event| rows.is_taken(event)) {
            return Err(OutboxError::Store("write a row: its number is taken".into()));
        }
        batch.outcomes.iter().for_each(|(number, outcome)| rows.outcome(*number, outcome));
        for note in batch.memo {
            let memo = rows.memo.entry(note.provider).or_default();
            note.change.apply(memo);
            drop(memo.drain(..memo.len().saturating_sub(MEMO_BOUND)));
        }
        batch.events.iter().for_each(|event| rows.event(batch, event));
        for number in batch.settled {
            rows.reconciles.remove(number);
        }
        for (number, reconcile) in batch.reconciles {
            let accepted_at = timestamp(reconcile.accepted_at.as_microsecond());
            rows.reconciles.insert(*number, PostponedReconcile { accepted_at, ..reconcile.clone() });
        }
        rows.next = rows.next.max(batch.next);
        rows.unfinished = batch.unfinished;
        Ok(())
    }

    async fn forget_unfinished(&mut self) -> Result<(), OutboxError> {
        self.rows().forget_unfinished();
        Ok(())
    }

    async fn read(&mut self, wanted: &[TextRequest]) -> Result<Vec<StoredDelivery>, OutboxError> {
        let rows = self.rows();
        let mut found: Vec<StoredDelivery> = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            let mut stored = rows.read(wanted);
            // Deliveries of one event share it.
            let last = found.last().and_then(|last| last.texts.as_ref()).map(|texts| texts.event.clone());
            if let (Some(texts), Some(last)) = (&mut stored.texts, last)
                && texts.event == last
            {
                texts.event = last;
            }
            found.push(stored);
        }
        Ok(found)
    }

    async fn alerts(&mut self, numbers: &[i64]) -> Result<Vec<Option<ObjectKey>>, OutboxError> {
        let rows = self.rows();
        let alert = |number| codec::decode_alert(rows.deliveries.get(number)?.plan.as_bytes());
        Ok(numbers.iter().map(alert).collect())
    }

    async fn unplanned(&mut self, numbers: &[i64]) -> Result<StoredEvents, OutboxError> {
        let rows = self.rows();
        let waiting = numbers.iter().filter_map(|number| Some((number, rows.events.get(number)?)));
        let sound = waiting.map(|(number, row)| StoredEvent {
            number: *number,
            event: Arc::new(codec::decode_event(row.body.as_bytes()).unwrap()),
            accepted_at: timestamp(row.accepted_at),
        });
        Ok(StoredEvents { sound: sound.collect(), damaged: Vec::new() })
    }

    async fn recall(&mut self, provider: u64) -> Result<Vec<(u128, u128)>, OutboxError> {
        Ok(self.rows().memo.get(&provider).cloned().unwrap_or_default())
    }

    async fn reconciles(&mut self) -> Result<StoredReconciles, OutboxError> {
        let sound = self.rows().reconciles.clone().into_iter().collect();
        Ok(StoredReconciles { sound, damaged: Vec::new() })
    }

    fn refusal(&mut self) -> Option<OutboxError> {
        None
    }

    async fn checkpoint(&mut self, _: bool) -> Result<(), OutboxError> {
        Ok(())
    }

    async fn tidy(&mut self) -> Result<bool, OutboxError> {
        Ok(false)
    }

    fn mark_damaged(&mut self) {}
}
