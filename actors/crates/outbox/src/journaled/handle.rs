//! The callers' handle: the memory that they share with the thread, and the commands that they send to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use campanile_domain::{Event, NewDelivery, ObjectKey, PostponedReconcile};
use crossbeam_channel::Sender;
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use crate::board::{Board, Leased};
use crate::journal::Micros;
use crate::{
    Append, BrowseFilter, DeliveryView, EventId, Lease, OutboxError, Planned, Unplanned, UsageByAlert,
    WhenStored, WorkListener,
};

/// The channel by which an answer goes back. A caller that has gone away is no error.
pub(super) type ReplyTo<T> = oneshot::Sender<Result<T, OutboxError>>;

/// The memory beside the disk. Its locks are held for short steps only, never over a disk access.
pub(super) struct StoreMemory {
    pub(super) board: Mutex<Board>,
    pub(super) listener: Mutex<Option<Arc<dyn WorkListener>>>,
    /// Whether the store thread already knows that the ledger or the hints wait for it.
    pub(super) kicked: AtomicBool,
    pub(super) closed: AtomicBool,
    /// Who waits for the thread to end.
    pub(super) closing: Mutex<Option<ReplyTo<()>>>,
    /// How the thread ended, once it has.
    pub(super) ended: watch::Sender<Option<Result<(), OutboxError>>>,
}

impl StoreMemory {
    pub(super) fn new(board: Board) -> Self {
        Self {
            board: Mutex::new(board),
            listener: Mutex::new(None),
            kicked: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            closing: Mutex::new(None),
            ended: watch::Sender::new(None),
        }
    }

    /// Tells the listener what it has not heard yet.
    pub(super) fn tell(&self) {
        let hints = {
            let mut board = self.board.lock();
            if board.has_hints() { board.take_hints() } else { return }
        };
        let listener = self.listener.lock().clone();
        if let Some(listener) = listener {
            listener.work_ready(&hints);
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

/// A command to the thread.
pub(super) enum Command {
    Write(AwaitedWrite, WhenStored),
    /// Boxed: it is rare and large, and the channel has room for each command from the start.
    Load(Box<LeaseLoad>),
    Unplanned(usize, ReplyTo<Vec<Unplanned>>),
    List(BrowseFilter, ReplyTo<Vec<DeliveryView>>),
    /// The same, with the events.
    Events(BrowseFilter, ReplyTo<Vec<(DeliveryView, Option<Arc<Event>>)>>),
    /// By Alert, the deliveries of a provider, so many at most.
    Tally(ObjectKey, usize, ReplyTo<UsageByAlert>),
    /// The memo of the provider with this number.
    Recall(u64, ReplyTo<Vec<(u128, u128)>>),
    /// Reads all postponed reconciles that are stored.
    Reconciles(ReplyTo<Vec<(i64, PostponedReconcile)>>),
    /// The ledger or the hints wait.
    Kick,
    #[cfg(test)]
    Test(Work),
    /// End as a crash does: nothing more is written.
    #[cfg(test)]
    Abandon(ReplyTo<()>),
}

/// A test's work on the journal.
#[cfg(test)]
pub(crate) type Work = Box<dyn FnOnce(&mut dyn std::any::Any) + Send>;

/// A write that its caller waits for.
pub(crate) enum AwaitedWrite {
    Append(Append),
    Plan(EventId, Vec<NewDelivery>),
    SetAside(EventId),
    /// With the numbers of their rows.
    Postpone(Vec<(i64, PostponedReconcile)>),
}

impl AwaitedWrite {
    /// How many deliveries it stores.
    pub(super) fn deliveries(&self) -> usize {
        match self {
            Self::Append(Append { plan: Planned::Deliveries(deliveries), .. })
            | Self::Plan(_, deliveries) => deliveries.len(),
            Self::Append(_) | Self::SetAside(_) | Self::Postpone(_) => 0,
        }
    }
}

/// Leased deliveries of which some must be read from disk.
pub(super) struct LeaseLoad {
    pub(super) provider: ObjectKey,
    pub(super) leased: Vec<Leased>,
    pub(super) held: Held,
    pub(super) now: Micros,
    pub(super) answer: ReplyTo<Held>,
}

/// A caller's way to the board and to the thread, which ends with the last of them.
#[derive(Clone)]
pub(super) struct Handle {
    pub(super) shared: Arc<StoreMemory>,
    pub(super) commands: Sender<Command>,
}

impl Handle {
    /// Works on the board, then has the store thread write the changes and tell the hints.
    pub(super) fn change<T>(&self, work: impl FnOnce(&mut Board) -> T) -> T {
        let (result, waits) = {
            let mut board = self.shared.board.lock();
            let result = work(&mut board);
            (result, board.ledger.is_open() || board.has_hints())
        };
        if waits {
            self.kick();
        }
        result
    }

    /// A full channel needs no kick: the thread looks at the ledger with every group.
    pub(super) fn kick(&self) {
        if !self.shared.kicked.swap(true, Ordering::AcqRel) && self.commands.try_send(Command::Kick).is_err()
        {
            self.shared.kicked.store(false, Ordering::Release);
        }
    }
}

/// Leases on their way to their taker. They are freed if it has gone away.
pub(super) struct Held {
    numbers: Vec<i64>,
    pub(super) leases: Vec<Lease>,
    handle: Handle,
}

impl Held {
    pub(super) fn new(leased: &[Leased], handle: Handle) -> Self {
        let numbers = leased.iter().map(|lease| lease.number).collect();
        Self { numbers, leases: Vec::with_capacity(leased.len()), handle }
    }

    /// Leaves out a delivery whose lease has ended.
    pub(super) fn forget(&mut self, number: i64) {
        self.numbers.retain(|held| *held != number);
    }

    /// Hands the leases over to the taker.
    pub(super) fn claim(mut self) -> Vec<Lease> {
        self.numbers.clear();
        std::mem::take(&mut self.leases)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.numbers.is_empty() {
            self.handle.change(|board| {
                for number in &self.numbers {
                    board.release(*number);
                }
            });
        }
    }
}
