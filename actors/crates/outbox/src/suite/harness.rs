//! An outbox under test, and words to work with it.

use std::sync::Arc;

use campanile_domain::{DeliveryId, Event, Failure, FailureClass, NewDelivery, ObjectKey};
use campanile_testkit::{event, new_delivery, noon};
use jiff::Timestamp;
use tempfile::TempDir;
use tracing::Span;

use super::memory_journal::MemoryJournal;
use crate::{
    AllProviders, Append, Bounds, BrowseFilter, DeliveryView, Epoch, JournaledOutbox, Lease, MemoryOutbox,
    Outbox, OutboxError, Ownership, Planned, Reply, Settlement, Usage, open,
};

/// The implementation that is tested.
#[derive(Clone, Copy)]
pub(super) enum OutboxKind {
    /// The model, which has no parts.
    Model,
    /// The board over a journal in memory.
    Memory,
    /// The board over the journal on disk.
    Sqlite,
}

/// The storage that keeps the content of an outbox over a crash.
enum Storage {
    Memory(MemoryJournal),
    Sqlite(TempDir),
}

enum Subject {
    Model(MemoryOutbox),
    Journaled(Option<JournaledOutbox>, Storage),
}

/// An outbox under test. Its provider is that of [`new_delivery`].
pub(super) struct Harness {
    subject: Subject,
    bounds: Bounds,
    ownership: Arc<dyn Ownership>,
}

impl Storage {
    fn open(&self, bounds: Bounds, ownership: Arc<dyn Ownership>) -> JournaledOutbox {
        match self {
            Self::Memory(journal) => journal.open(bounds, ownership),
            Self::Sqlite(folder) => open(folder.path(), bounds, ownership, noon()).unwrap().outbox,
        }
    }
}

/// Waits for the reply of the store.
pub(crate) fn wait<T>(reply: Reply<T>) -> Result<T, OutboxError> {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(reply)
}

/// Appends an entry; answered once it is durable.
pub(crate) fn appended(outbox: &dyn Outbox, entry: Append) -> Reply<()> {
    let (answer, reply) = tokio::sync::oneshot::channel();
    outbox.append(entry, Box::new(move |result| drop(answer.send(result))));
    Box::pin(async move { reply.await.unwrap_or(Err(OutboxError::Closed)) })
}

/// The time so many seconds after noon.
pub(crate) fn at(seconds: i64) -> Timestamp {
    noon() + jiff::SignedDuration::from_secs(seconds)
}

/// The Provider of every [`new_delivery`].
pub(crate) fn chat() -> ObjectKey {
    new_delivery().provider
}

pub(crate) fn refused() -> Failure {
    Failure::new(FailureClass::Connection, "connect to the destination")
}

/// A delivery of a lane.
pub(crate) fn of_lane(lane: &str) -> NewDelivery {
    NewDelivery { lane: lane.into(), ..new_delivery() }
}

/// An entry for an event with that message.
pub(crate) fn entry(message: &str, deliveries: Vec<NewDelivery>) -> Append {
    Append {
        event: Arc::new(Event { message: message.into(), ..event() }),
        accepted_at: noon(),
        plan: Planned::Deliveries(deliveries),
        span: Span::none(),
    }
}

/// The ids of the leased deliveries.
pub(crate) fn ids(leases: &[Lease]) -> Vec<DeliveryId> {
    leases.iter().map(|lease| lease.delivery.id).collect()
}

/// The messages of the leased deliveries.
pub(crate) fn messages(leases: &[Lease]) -> Vec<&str> {
    leases.iter().map(|lease| lease.delivery.event.message.as_str()).collect()
}

/// How many are pending, parked and dead.
pub(super) fn counts(usage: Usage) -> [u64; 3] {
    [usage.pending, usage.parked, usage.dead]
}

impl Harness {
    pub(super) fn new(kind: OutboxKind) -> Self {
        Self::bounded(kind, Bounds::default())
    }

    pub(super) fn bounded(kind: OutboxKind, bounds: Bounds) -> Self {
        Self::make(kind, bounds, Arc::new(AllProviders))
    }

    /// An outbox with parts, of a process that serves these Providers.
    pub(super) fn owned(kind: OutboxKind, ownership: Arc<dyn Ownership>) -> Self {
        Self::make(kind, Bounds::default(), ownership)
    }

    fn make(kind: OutboxKind, bounds: Bounds, ownership: Arc<dyn Ownership>) -> Self {
        let storage = match kind {
            OutboxKind::Model => {
                return Self { subject: Subject::Model(MemoryOutbox::new(bounds)), bounds, ownership };
            }
            OutboxKind::Memory => Storage::Memory(MemoryJournal::default()),
            OutboxKind::Sqlite => Storage::Sqlite(TempDir::new().unwrap()),
        };
        let outbox = storage.open(bounds, ownership.clone());
        Self { subject: Subject::Journaled(Some(outbox), storage), bounds, ownership }
    }

    pub(super) fn outbox(&self) -> &dyn Outbox {
        match &self.subject {
            Subject::Model(outbox) => outbox,
            Subject::Journaled(outbox, _) => outbox.as_ref().unwrap(),
        }
    }

    /// The epochs of the outcomes that a journal in memory was given.
    pub(super) fn epochs(&self) -> Vec<Epoch> {
        match &self.subject {
            Subject::Journaled(_, Storage::Memory(journal)) => journal.epochs(),
            _ => panic!("only a journal in memory tells"),
        }
    }

    /// Ends the outbox as a crash does and opens it again.
    pub(super) fn crash(&mut self) {
        self.restart(|outbox| outbox.abandon());
    }

    /// Closes the outbox and opens it again.
    pub(super) fn reopen(&mut self) {
        self.restart(|outbox| outbox.close());
    }

    fn restart(&mut self, end: impl FnOnce(JournaledOutbox) -> Reply<()>) {
        match &mut self.subject {
            Subject::Model(outbox) => outbox.restart(),
            Subject::Journaled(outbox, storage) => {
                wait(end(outbox.take().unwrap())).unwrap();
                *outbox = Some(storage.open(self.bounds, self.ownership.clone()));
            }
        }
    }

    pub(super) fn append(&self, message: &str, deliveries: Vec<NewDelivery>) {
        wait(appended(self.outbox(), entry(message, deliveries))).unwrap();
    }

    /// Appends an event with one delivery in a lane; lane and message have the same name.
    pub(super) fn put(&self, lane: &str) {
        self.append(lane, vec![of_lane(lane)]);
    }

    pub(super) fn take(&self, limit: usize, seconds: i64) -> Vec<Lease> {
        wait(self.outbox().take(&chat(), limit, at(seconds))).unwrap()
    }

    /// Takes the one delivery that is there.
    pub(super) fn take_one(&self, seconds: i64) -> DeliveryId {
        let leases = self.take(10, seconds);
        assert_eq!(leases.len(), 1);
        leases[0].delivery.id
    }

    pub(super) fn settle(&self, id: DeliveryId, settlement: Settlement) {
        self.settle_at(id, settlement, 0);
    }

    pub(super) fn settle_at(&self, id: DeliveryId, settlement: Settlement, seconds: i64) {
        self.outbox().settle(id, settlement, at(seconds));
        self.flush();
    }

    /// Waits until all that happened so far is durable.
    pub(super) fn flush(&self) {
        if let Subject::Journaled(outbox, _) = &self.subject {
            wait(outbox.as_ref().unwrap().flushed()).unwrap();
        }
    }

    pub(super) fn waiting(&self) -> Vec<DeliveryView> {
        wait(self.outbox().list(BrowseFilter::default())).unwrap()
    }

    pub(super) fn dead(&self) -> Vec<DeliveryView> {
        wait(self.outbox().list(BrowseFilter { dead: true, ..BrowseFilter::default() })).unwrap()
    }
}
