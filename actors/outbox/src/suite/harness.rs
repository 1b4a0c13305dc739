//! An outbox under test, and words to work with it.

use std::sync::Arc;

use campanile_domain::{DeliveryId, Event, Failure, FailureClass, NewDelivery, ObjectKey};
use campanile_testkit::{event, new_delivery, noon};
use jiff::Timestamp;
use tempfile::TempDir;
use tracing::Span;

use crate::{
    Append, Bounds, DeliveryView, Lease, MemoryOutbox, Outbox, OutboxError, Planned, Reply, Selection,
    Settlement, SqliteOutbox, Usage,
};

/// Which outbox.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Memory,
    Sqlite,
}

enum Subject {
    Memory(MemoryOutbox),
    Sqlite(Option<SqliteOutbox>, TempDir),
}

/// An outbox under test. Its provider is that of [`new_delivery`].
pub(super) struct Harness {
    subject: Subject,
    bounds: Bounds,
}

/// Waits for a reply.
pub(crate) fn wait<T>(reply: Reply<T>) -> Result<T, OutboxError> {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(reply)
}

/// Seconds after noon.
pub(crate) fn at(seconds: i64) -> Timestamp {
    noon() + jiff::SignedDuration::from_secs(seconds)
}

/// The provider of [`new_delivery`].
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

/// The numbers of leases.
pub(crate) fn ids(leases: &[Lease]) -> Vec<DeliveryId> {
    leases.iter().map(|lease| lease.delivery.id).collect()
}

/// The messages of leases.
pub(crate) fn messages(leases: &[Lease]) -> Vec<&str> {
    leases.iter().map(|lease| lease.delivery.event.message.as_str()).collect()
}

/// How many are pending, parked and dead.
pub(super) fn counts(usage: Usage) -> [u64; 3] {
    [usage.pending, usage.parked, usage.dead]
}

impl Harness {
    pub(super) fn new(kind: Kind) -> Self {
        Self::bounded(kind, Bounds::default())
    }

    pub(super) fn bounded(kind: Kind, bounds: Bounds) -> Self {
        let subject = match kind {
            Kind::Memory => Subject::Memory(MemoryOutbox::new(bounds)),
            Kind::Sqlite => {
                let folder = TempDir::new().unwrap();
                Subject::Sqlite(
                    Some(SqliteOutbox::open(folder.path(), bounds, noon()).unwrap().outbox),
                    folder,
                )
            }
        };
        Self { subject, bounds }
    }

    pub(super) fn outbox(&self) -> &dyn Outbox {
        match &self.subject {
            Subject::Memory(outbox) => outbox,
            Subject::Sqlite(outbox, _) => outbox.as_ref().unwrap(),
        }
    }

    /// Ends the outbox as a crash does and opens it again.
    pub(super) fn crash(&mut self) {
        match &mut self.subject {
            Subject::Memory(outbox) => outbox.restart(),
            Subject::Sqlite(outbox, folder) => {
                wait(outbox.take().unwrap().abandon()).unwrap();
                *outbox = Some(SqliteOutbox::open(folder.path(), self.bounds, noon()).unwrap().outbox);
            }
        }
    }

    /// Closes the outbox and opens it again.
    pub(super) fn reopen(&mut self) {
        match &mut self.subject {
            Subject::Memory(outbox) => outbox.restart(),
            Subject::Sqlite(outbox, folder) => {
                wait(outbox.take().unwrap().close()).unwrap();
                *outbox = Some(SqliteOutbox::open(folder.path(), self.bounds, noon()).unwrap().outbox);
            }
        }
    }

    pub(super) fn append(&self, message: &str, deliveries: Vec<NewDelivery>) {
        wait(self.outbox().append(entry(message, deliveries))).unwrap();
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
        wait(self.outbox().settle(vec![(id, settlement)], at(seconds))).unwrap();
    }

    /// Waits until all that happened so far is durable.
    pub(super) fn flush(&self) {
        wait(self.outbox().settle(Vec::new(), noon())).unwrap();
    }

    pub(super) fn waiting(&self) -> Vec<DeliveryView> {
        wait(self.outbox().list(Selection::default())).unwrap()
    }

    pub(super) fn dead(&self) -> Vec<DeliveryView> {
        wait(self.outbox().list(Selection { dead: true, ..Selection::default() })).unwrap()
    }
}
