//! An outbox over a journal: the board in memory, one thread that drives the journal, and the callers' handle to both.
//!
//! Callers work on the [`Board`] in memory and hand what needs the journal to the thread; no call waits for it. What was
//! appended is visible after its commit. Times are kept to the microsecond.

mod batches;
mod driver;
mod handle;
mod parts;
mod reconciles;
mod serve;
mod stage;

use std::collections::BTreeMap;
use std::future::ready;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use campanile_domain::{DeliveryId, Event, Failure, NewDelivery, ObjectKey};
use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::board::{Board, provider_number, timestamp};
use crate::journal::{Journal, Loader, MemoChange, MemoNote};
use crate::{
    Acceptance, Append, Browse, BrowseFilter, DeliveryView, EventId, Lease, MemoStore, Outbox, OutboxError,
    Planned, Reply, Scheduler, Settlement, Stats, Unplanned, UsageByAlert, WhenStored, WorkListener,
};
use driver::StoreThread;
pub(crate) use handle::AwaitedWrite;
#[cfg(test)]
use handle::Work;
use handle::{Command, Handle, Held, LeaseLoad, ReplyTo, StoreMemory};
#[cfg(test)]
pub(crate) use stage::StagedWrites;

/// Commands that may wait for the store thread; more are refused.
const COMMANDS: usize = 8192;

/// Events without a plan that are read in one go.
const UNPLANNED_BOUND: usize = 1000;

/// The refusal of a command when too many wait.
const BUSY: OutboxError = OutboxError::Full("too many commands wait for the disk");

/// An outbox over a journal: the board schedules, the journal keeps. Dropping it writes what is in memory behind the
/// caller's back; [`Outbox::close`] says when that is done.
pub struct JournaledOutbox {
    handle: Handle,
}

impl JournaledOutbox {
    /// Starts an outbox over a journal whose content was [loaded](Journal::load), on a thread of its own.
    ///
    /// # Errors
    /// If the thread cannot be started, or the system has no random numbers.
    pub fn start<J: Journal>(journal: J, loaded: Loader) -> io::Result<Self> {
        let (mut board, next) = loaded.finish();
        let origin = fresh_origin()?;
        board.note_origin(next, origin);
        let shared = Arc::new(StoreMemory::new(board));
        let (sender, commands) = crossbeam_channel::bounded(COMMANDS);
        let driver = StoreThread::new(journal, shared.clone(), commands, (origin, next));
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        std::thread::Builder::new().name("outbox".into()).spawn(move || runtime.block_on(driver.run()))?;
        let handle = Handle { shared, commands: sender };
        // What was damaged is on the ledger already.
        handle.kick();
        Ok(Self { handle })
    }

    /// Ends the store's thread as a crash does: what is not on disk is lost. Answered when the folder is free.
    #[cfg(test)]
    pub(crate) fn abandon(&self) -> Reply<()> {
        self.ask(Command::Abandon)
    }

    /// Answered when all changes up to now are on disk.
    #[cfg(test)]
    pub(crate) fn flushed(&self) -> Reply<()> {
        self.change_durably(|_| Ok(()))
    }

    /// Has the thread do something with its journal.
    #[cfg(test)]
    pub(crate) fn on_journal<J: Journal>(&self, work: impl FnOnce(&mut J) + Send + 'static) {
        let (done, reply) = oneshot::channel();
        self.send_to_journal(Box::new(move |journal| {
            work(journal.downcast_mut().unwrap());
            done.send(()).unwrap();
        }));
        reply.blocking_recv().unwrap();
    }

    /// Has the thread do something with its journal, without waiting for it.
    #[cfg(test)]
    pub(crate) fn send_to_journal(&self, work: Work) {
        assert!(self.offer(Command::Test(work)).is_none());
    }

    /// Sends a command that is answered by the thread.
    fn ask<T: Send + 'static>(&self, command: impl FnOnce(ReplyTo<T>) -> Command) -> Reply<T> {
        let (answer, reply) = oneshot::channel();
        if let Some((refusal, _)) = self.offer(command(answer)) {
            return at_once(Err(refusal));
        }
        Box::pin(answered(reply))
    }

    /// Hands a command to the thread; gives it back if that does not take it, and says why.
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

/// A random origin. Zero is that of the ids that version 0.1.0 gave.
fn fresh_origin() -> io::Result<u64> {
    getrandom::u64().map(|origin| origin.max(1)).map_err(io::Error::other)
}

fn at_once<T: Send + 'static>(result: Result<T, OutboxError>) -> Reply<T> {
    Box::pin(ready(result))
}

async fn answered<T>(reply: oneshot::Receiver<Result<T, OutboxError>>) -> Result<T, OutboxError> {
    reply.await.unwrap_or(Err(OutboxError::Closed))
}

impl Acceptance for JournaledOutbox {
    fn append(&self, entry: Append, stored: WhenStored) {
        if matches!(&entry.plan, Planned::Deliveries(deliveries) if deliveries.is_empty()) {
            return stored(Ok(()));
        }
        let refused = self.offer(Command::Write(AwaitedWrite::Append(entry), stored));
        if let Some((refusal, Command::Write(_, stored))) = refused {
            stored(Err(refusal));
        }
    }

    fn unplanned(&self, limit: usize) -> Reply<Vec<Unplanned>> {
        self.ask(|answer| Command::Unplanned(limit.min(UNPLANNED_BOUND), answer))
    }

    fn unplanned_count(&self) -> u64 {
        self.handle.shared.board.lock().unplanned_count()
    }

    fn plan(&self, event: EventId, deliveries: Vec<NewDelivery>) -> Reply<()> {
        self.ask(|answer| {
            let stored = Box::new(move |result| drop(answer.send(result)));
            Command::Write(AwaitedWrite::Plan(event, deliveries), stored)
        })
    }

    fn set_aside(&self, event: EventId) -> Reply<()> {
        self.ask(|answer| {
            let stored = Box::new(move |result| drop(answer.send(result)));
            Command::Write(AwaitedWrite::SetAside(event), stored)
        })
    }
}

impl Scheduler for JournaledOutbox {
    fn take(&self, provider: &ObjectKey, limit: usize, now: Timestamp) -> Reply<Vec<Lease>> {
        if self.handle.shared.is_closed() {
            return at_once(Err(OutboxError::Closed));
        }
        let now = now.as_microsecond();
        let mut leased = self.handle.shared.board.lock().take(provider, limit, now);
        if leased.is_empty() {
            return at_once(Ok(Vec::new()));
        }
        let mut held = Held::new(&leased, self.handle.clone());
        if leased.iter().all(|lease| lease.cached.is_some()) {
            held.leases.extend(leased.drain(..).filter_map(|lease| lease.cached));
            return Box::pin(async move { Ok(held.claim()) });
        }
        let provider = provider.clone();
        let loaded =
            self.ask(|answer| Command::Load(Box::new(LeaseLoad { provider, leased, held, now, answer })));
        Box::pin(async move { loaded.await.map(Held::claim) })
    }

    fn settle(&self, id: DeliveryId, settlement: Settlement, now: Timestamp) {
        self.handle.change(|board| {
            if let Some(number) = board.number(id.0) {
                board.settle(number, settlement, now.as_microsecond());
            }
        });
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

    fn dead_letter_all(&self, provider: &ObjectKey, failure: &Failure, now: Timestamp) -> usize {
        self.handle.change(|board| board.dead_letter_all(provider, failure, now.as_microsecond()))
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

    fn listen(&self, listener: Arc<dyn WorkListener>) {
        *self.handle.shared.listener.lock() = Some(listener);
        self.handle.change(Board::hint_all);
    }
}

impl Browse for JournaledOutbox {
    fn list(&self, selection: BrowseFilter) -> Reply<Vec<DeliveryView>> {
        self.ask(|answer| Command::List(selection, answer))
    }

    fn events(&self, selection: BrowseFilter) -> Reply<Vec<(DeliveryView, Option<Arc<Event>>)>> {
        self.ask(|answer| Command::Events(selection, answer))
    }

    fn tally(&self, provider: &ObjectKey, limit: usize) -> Reply<UsageByAlert> {
        let provider = provider.clone();
        self.ask(|answer| Command::Tally(provider, limit, answer))
    }

    fn redrive(&self, ids: Vec<DeliveryId>, deadline: Timestamp) -> Reply<usize> {
        self.change_durably(|board| {
            let numbers = ids.into_iter().filter_map(|id| board.number(id.0)).collect();
            Ok(board.redrive(numbers, deadline.as_microsecond()))
        })
    }

    fn discard(&self, ids: Vec<DeliveryId>) -> Reply<usize> {
        self.change_durably(|board| {
            let numbers = ids.into_iter().filter_map(|id| board.number(id.0)).collect();
            Ok(board.discard(numbers))
        })
    }

    fn stats(&self) -> Stats {
        self.handle.shared.board.lock().stats()
    }
}

impl MemoStore for JournaledOutbox {
    fn recall(&self, provider: &ObjectKey) -> Reply<Vec<(u128, u128)>> {
        let provider = provider_number(provider);
        self.ask(|answer| Command::Recall(provider, answer))
    }

    fn remember(&self, provider: &ObjectKey, place: u128, look: Option<u128>) -> Reply<()> {
        let change = look.map_or(MemoChange::Forget(place), |look| MemoChange::Remember(place, look));
        let note = MemoNote { provider: provider_number(provider), change };
        self.change_durably(|board| board.ledger.note_memo(note))
    }
}

impl Outbox for JournaledOutbox {
    fn close(&self) -> Reply<()> {
        let StoreMemory { closed, closing, .. } = &*self.handle.shared;
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
