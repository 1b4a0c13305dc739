//! The outbox on disk: a SQLite file in the state folder, written by one thread.
//!
//! Callers work on the [`Board`] in memory and hand what needs the disk to the store thread;
//! no call waits for it. What was appended is visible after its commit. Times are kept to the microsecond.

mod fault;
mod folder;
mod group;
mod memo;
mod mend;
mod open;
mod read;
mod rebuild;
mod schema;
mod serve;
mod shared;
mod space;
mod store;
#[cfg(test)]
mod tests;
mod transact;
mod upkeep;

use std::collections::BTreeMap;
use std::future::ready;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use campanile_domain::{DeliveryId, Failure, NewDelivery, ObjectKey};
use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::board::{Board, MemoChange, MemoNote, provider_number, timestamp};
use crate::{
    Append, Bounds, DeliveryView, EventId, Lease, Listener, Outbox, OutboxError, Planned, Reply, Selection,
    Settlement, Stats, Tally, Unplanned, WhenStored,
};
use shared::{Answer, Command, Handle, Held, Load, Shared, Write};

pub use open::{OpenError, Opened};

/// Commands that may wait for the store thread; more are refused.
const COMMANDS: usize = 8192;

/// Events without a plan that are read in one go.
const UNPLANNED_BOUND: usize = 1000;

/// The refusal of a command when too many wait.
const BUSY: OutboxError = OutboxError::Full("too many commands wait for the disk");

/// The outbox on disk. Dropping it writes what is in memory behind the caller's back; [`Outbox::close`] says when that
/// is done.
pub struct SqliteOutbox {
    handle: Handle,
}

impl SqliteOutbox {
    /// Opens the store in `folder`, which is made if it is missing, and holds the folder's lock until it is closed.
    ///
    /// # Errors
    /// When another process holds the folder, when it can not be written, when the file is of a later version, or when
    /// the database fails. A damaged file is no error: it is moved aside, and what can be read of it taken over.
    pub fn open(folder: &Path, bounds: Bounds, now: Timestamp) -> Result<Opened, OpenError> {
        open::open(folder, bounds, now)
    }

    /// Ends the store's thread as a crash does: what is not on disk is lost. Answered when the folder is free.
    #[cfg(test)]
    pub(crate) fn abandon(self) -> Reply<()> {
        self.ask(Command::Abandon)
    }

    /// Has the store thread do something.
    #[cfg(test)]
    fn on_store(&self, work: impl FnOnce(&mut store::Store) + Send + 'static) {
        let (done, reply) = oneshot::channel();
        let work = Box::new(move |store: &mut store::Store| {
            work(store);
            done.send(()).unwrap();
        });
        assert!(self.offer(Command::Test(work)).is_none());
        reply.blocking_recv().unwrap();
    }

    /// Sends a command that is answered by the store thread.
    fn ask<T: Send + 'static>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Reply<T> {
        let (answer, reply) = oneshot::channel();
        if let Some((refusal, _)) = self.offer(command(answer)) {
            return at_once(Err(refusal));
        }
        Box::pin(answered(reply))
    }

    /// Hands a command to the store thread; gives it back if that does not take it, and says why.
    fn offer(&self, command: Command) -> Option<(OutboxError, Command)> {
        if self.handle.shared.is_closed() {
            return Some((OutboxError::Closed, command));
        }
        let refused = self.handle.commands.try_send(command).err()?;
        let refusal = if refused.is_full() { BUSY } else { OutboxError::Closed };
        Some((refusal, refused.into_inner()))
    }

    /// Works on the board; the reply comes when all changes up to now are on disk, a refusal at once.
    fn change_durably<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Board) -> Result<T, OutboxError>,
    ) -> Reply<T> {
        let (answer, durable) = oneshot::channel();
        let shared = &self.handle.shared;
        let changed = self.handle.change(|board| {
            // Asked under the lock, so that nobody starts to wait after the thread has sent all away.
            if shared.is_closed() {
                return Err(OutboxError::Closed);
            }
            let result = work(board)?;
            let clean = board.ledger.is_clean();
            if !clean {
                board.ledger.wait(answer);
            }
            Ok((result, clean))
        });
        match changed {
            Err(refusal) => at_once(Err(refusal)),
            Ok((result, true)) => at_once(Ok(result)),
            Ok((result, false)) => Box::pin(async move { answered(durable).await.map(|()| result) }),
        }
    }
}

fn at_once<T: Send + 'static>(result: Result<T, OutboxError>) -> Reply<T> {
    Box::pin(ready(result))
}

async fn answered<T>(reply: oneshot::Receiver<Result<T, OutboxError>>) -> Result<T, OutboxError> {
    reply.await.unwrap_or(Err(OutboxError::Closed))
}

impl Outbox for SqliteOutbox {
    fn append_then(&self, entry: Append, stored: WhenStored) {
        if matches!(&entry.plan, Planned::Deliveries(deliveries) if deliveries.is_empty()) {
            return stored(Ok(()));
        }
        let refused = self.offer(Command::Write(Write::Append(entry), stored));
        if let Some((refusal, Command::Write(_, stored))) = refused {
            stored(Err(refusal));
        }
    }

    fn unplanned(&self, limit: usize) -> Reply<Vec<Unplanned>> {
        self.ask(|answer| Command::Unplanned(limit.min(UNPLANNED_BOUND), answer))
    }

    fn plan(&self, event: EventId, deliveries: Vec<NewDelivery>) -> Reply<()> {
        self.ask(|answer| {
            let stored = Box::new(move |result| drop(answer.send(result)));
            Command::Write(Write::Plan(event, deliveries), stored)
        })
    }

    fn set_aside(&self, event: EventId) -> Reply<()> {
        self.ask(|answer| {
            let stored = Box::new(move |result| drop(answer.send(result)));
            Command::Write(Write::SetAside(event), stored)
        })
    }

    fn take(&self, provider: &ObjectKey, limit: usize, now: Timestamp) -> Reply<Vec<Lease>> {
        if self.handle.shared.is_closed() {
            return at_once(Err(OutboxError::Closed));
        }
        let now = now.as_microsecond();
        let mut picks = self.handle.shared.board.lock().take(provider, limit, now);
        if picks.is_empty() {
            return at_once(Ok(Vec::new()));
        }
        let mut held = Held::new(&picks, self.handle.clone());
        if picks.iter().all(|pick| pick.cached.is_some()) {
            held.leases.extend(picks.drain(..).filter_map(|pick| pick.cached));
            return Box::pin(async move { Ok(held.claim()) });
        }
        let provider = provider.clone();
        let loaded = self.ask(|answer| Command::Load(Box::new(Load { provider, picks, held, now, answer })));
        Box::pin(async move { loaded.await.map(Held::claim) })
    }

    fn settle(&self, settlements: Vec<(DeliveryId, Settlement)>, now: Timestamp) -> Reply<()> {
        self.change_durably(|board| {
            for (id, settlement) in settlements {
                board.settle(id.0, settlement, now.as_microsecond());
            }
            Ok(())
        })
    }

    fn end(&self, id: DeliveryId, settlement: Settlement, now: Timestamp) {
        self.handle.change(|board| board.settle(id.0, settlement, now.as_microsecond()));
    }

    fn release_all(&self, provider: &ObjectKey) -> usize {
        self.handle.change(|board| board.release_all(provider))
    }

    fn next_due(&self, provider: &ObjectKey) -> Option<Timestamp> {
        self.handle.shared.board.lock().next_due(provider).map(timestamp)
    }

    fn wake(&self, provider: &ObjectKey) {
        self.handle.change(|board| board.wake(provider));
    }

    fn providers_with_work(&self) -> Vec<ObjectKey> {
        self.handle.shared.board.lock().providers_with_work()
    }

    fn bury(&self, provider: &ObjectKey, failure: &Failure, now: Timestamp) -> usize {
        self.handle.change(|board| board.bury(provider, failure, now.as_microsecond()))
    }

    fn expire(&self, now: Timestamp) -> BTreeMap<ObjectKey, usize> {
        self.handle.change(|board| board.expire(now.as_microsecond()))
    }

    fn take_overflowed(&self) -> BTreeMap<ObjectKey, usize> {
        self.handle.shared.board.lock().take_overflowed()
    }

    fn prune(&self, now: Timestamp) {
        self.handle.change(|board| board.prune(now.as_microsecond()));
    }

    fn list(&self, selection: Selection) -> Reply<Vec<DeliveryView>> {
        self.ask(|answer| Command::List(selection, answer))
    }

    fn tally(&self, provider: &ObjectKey, limit: usize) -> Reply<Tally> {
        let provider = provider.clone();
        self.ask(|answer| Command::Tally(provider, limit, answer))
    }

    fn redrive(&self, ids: Vec<DeliveryId>, deadline: Timestamp) -> Reply<usize> {
        let ids = ids.into_iter().map(|id| id.0).collect();
        self.change_durably(|board| Ok(board.redrive(ids, deadline.as_microsecond())))
    }

    fn recall(&self, provider: &ObjectKey) -> Reply<Vec<(u128, u128)>> {
        let provider = provider_number(provider);
        self.ask(|answer| Command::Recall(provider, answer))
    }

    fn remember(&self, provider: &ObjectKey, place: u128, look: Option<u128>) -> Reply<()> {
        let change = look.map_or(MemoChange::Forget(place), |look| MemoChange::Remember(place, look));
        let note = MemoNote { provider: provider_number(provider), change };
        self.change_durably(|board| board.ledger.note_memo(note))
    }

    fn stats(&self) -> Stats {
        self.handle.shared.board.lock().stats()
    }

    fn listen(&self, listener: Arc<dyn Listener>) {
        *self.handle.shared.listener.lock() = Some(listener);
        self.handle.change(Board::hint_all);
    }

    fn close(&self) -> Reply<()> {
        let Shared { closed, closing, .. } = &*self.handle.shared;
        if closed.swap(true, Ordering::AcqRel) {
            return at_once(Ok(()));
        }
        let (answer, reply) = oneshot::channel();
        *closing.lock() = Some(answer);
        // The thread looks for this after every group: if the channel is full, it is about to.
        drop(self.handle.commands.try_send(Command::Kick));
        Box::pin(answered(reply))
    }

    fn closed(&self) -> Reply<()> {
        let mut ended = self.handle.shared.ended.subscribe();
        Box::pin(async move {
            let ended = ended.wait_for(Option::is_some).await;
            ended.ok().and_then(|ending| (*ending).clone()).unwrap_or(Err(OutboxError::Closed))
        })
    }
}
