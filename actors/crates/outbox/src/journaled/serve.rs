//! Commands that the thread serves between batches: it gathers the next one, and reads.

use std::sync::Arc;
use std::time::Instant;

use campanile_domain::{DeliveryId, Event, ObjectKey};
use crossbeam_channel::Receiver;
use tracing::Span;

use super::batches::RIDE;
use super::driver::{StoreThread, ThreadExit, reply};
use super::handle::{AwaitedWrite, Command, LeaseLoad, ReplyTo};
use crate::board::{RecordView, timestamp};
use crate::journal::{Journal, LastFailure, Micros, StoredDelivery, TextRequest};
use crate::{
    BrowseFilter, DeliveryState, DeliveryView, EventId, Lease, MEMO_BOUND, OutboxError, Unplanned,
    UsageByAlert, WhenStored, reasons,
};

/// Commands that are served together.
const GROUP: usize = 1024;
/// How often others get the processor while a group grows.
const YIELDS: usize = 4;
/// Deliveries whose texts are read at a time, so that a long list takes little memory.
const READ: usize = 256;

impl<J: Journal> StoreThread<J> {
    /// Serves `first` and all commands that wait, and leaves the writes for a group.
    ///
    /// A thread that is about to append gets the processor before a group with more than one entry is closed: on few
    /// cores its entries would come just after, and cost a disk write of their own. Nobody waits for a clock.
    pub(super) async fn gather(
        &mut self,
        first: Option<Command>,
        commands: &Receiver<Command>,
        writes: &mut Vec<(AwaitedWrite, WhenStored)>,
    ) -> Option<ThreadExit> {
        let mut first = first.into_iter();
        for _ in 0..=YIELDS {
            let before = writes.len();
            for command in first.by_ref().chain(commands.try_iter()).take(GROUP) {
                if let Some(ending) = self.serve_one(command, writes).await {
                    return Some(ending);
                }
            }
            if writes.len() == before || writes.len() < 2 || writes.len() >= GROUP {
                break;
            }
            std::thread::yield_now();
        }
        None
    }

    async fn serve_one(
        &mut self,
        command: Command,
        writes: &mut Vec<(AwaitedWrite, WhenStored)>,
    ) -> Option<ThreadExit> {
        match command {
            Command::Write(write, stored) => writes.push((write, stored)),
            Command::Load(load) => self.load(*load).await,
            Command::Unplanned(limit, answer) => {
                let found = self.unplanned(limit).await;
                self.answer(answer, found);
            }
            Command::List(selection, answer) => {
                let found = self.list(&selection).await;
                let views = |found: Vec<_>| found.into_iter().map(|(view, _)| view).collect();
                self.answer(answer, found.map(views));
            }
            Command::Events(selection, answer) => {
                let found = self.list(&selection).await;
                self.answer(answer, found);
            }
            Command::Tally(provider, limit, answer) => {
                let counted = self.tally(provider, limit).await;
                self.answer(answer, counted);
            }
            Command::Recall(provider, answer) => {
                let found = self.recall(provider).await;
                self.answer(answer, found);
            }
            Command::Reconciles(answer) => {
                let found = self.reconciles().await;
                self.answer(answer, found);
            }
            Command::Kick => {
                self.flush_at.get_or_insert_with(|| Instant::now() + RIDE);
            }
            #[cfg(test)]
            Command::Test(test) => test(&mut self.journal),
            #[cfg(test)]
            Command::Abandon(answer) => return Some(ThreadExit { result: Ok(()), answer }),
        }
        None
    }

    /// Answers with what was read.
    fn answer<T>(&mut self, answer: ReplyTo<T>, found: Result<T, OutboxError>) {
        if let Err(error) = &found {
            self.note_damage(error);
        }
        reply(answer, found);
    }

    /// Completes a take with what must be read back.
    async fn load(&mut self, load: LeaseLoad) {
        let LeaseLoad { provider, leased, mut held, now, answer } = load;
        let missing = leased.iter().filter(|lease| lease.cached.is_none());
        let wanted: Vec<TextRequest> = missing
            .map(|lease| TextRequest {
                number: lease.number,
                provider: provider.clone(),
                deadline: timestamp(lease.deadline),
            })
            .collect();
        let read = match self.journal.read(&wanted).await {
            Ok(read) => read,
            Err(error) => return self.answer(answer, Err(error)),
        };
        let mut read = read.into_iter();
        for lease in leased {
            let whole = |stored: StoredDelivery| {
                let delivery = stored.texts?.into_delivery(lease.id, lease.attempts);
                Some(Lease { delivery, append: Span::none() })
            };
            match lease.cached.or_else(|| read.next().and_then(whole)) {
                Some(lease) => held.leases.push(lease),
                None => {
                    held.forget(lease.number);
                    self.set_aside(lease.number, lease.id, now);
                }
            }
        }
        reply(answer, Ok(held));
    }

    fn set_aside(&mut self, number: i64, id: DeliveryId, now: Micros) {
        if self.shared.board.lock().set_aside(number, now) {
            tracing::error!(delivery = %id, "a stored delivery is damaged and became a dead letter");
            self.flush_at.get_or_insert_with(|| Instant::now() + RIDE);
        }
    }

    /// The deliveries of a list, each with its event as far as that can be read.
    async fn list(
        &mut self,
        selection: &BrowseFilter,
    ) -> Result<Vec<(DeliveryView, Option<Arc<Event>>)>, OutboxError> {
        let records = self.shared.board.lock().view(selection);
        let mut views = Vec::with_capacity(records.len());
        for records in records.chunks(READ) {
            let wanted = |record: &RecordView| TextRequest {
                number: record.number,
                provider: record.provider.clone(),
                deadline: timestamp(0),
            };
            let wanted: Vec<TextRequest> = records.iter().map(wanted).collect();
            let stored = self.journal.read(&wanted).await?;
            let view = |(record, stored): (&RecordView, StoredDelivery)| {
                let event = stored.texts.as_ref().map(|texts| texts.event.clone());
                (self.view(record, stored), event)
            };
            views.extend(records.iter().zip(stored).map(view));
        }
        Ok(views)
    }

    /// A delivery in a list. What cannot be read stays empty.
    fn view(&self, record: &RecordView, stored: StoredDelivery) -> DeliveryView {
        let pending = match &record.failure {
            LastFailure::Keep => self.batch.failure_of(record.number),
            noted => Some(noted.clone()),
        };
        let failure = match pending {
            None | Some(LastFailure::Keep) => stored.failure,
            Some(LastFailure::Clear) => None,
            Some(LastFailure::Set(failure)) => Some((*failure).clone()),
        };
        let texts = stored.texts.as_ref();
        let event = texts.map(|texts| &texts.event);
        DeliveryView {
            id: record.id,
            state: record.state,
            provider: record.provider.clone(),
            alert: texts.map_or_else(|| ObjectKey::new("", ""), |texts| texts.plan.alert.key.clone()),
            object: event.map(|event| event.involved_object.path()).unwrap_or_default(),
            reason: event.map(|event| event.reason.clone()).unwrap_or_default(),
            attempts: record.attempts.into(),
            accepted_at: texts.map_or_else(|| timestamp(0), |texts| texts.accepted_at),
            at: record.at.map(timestamp),
            // A dead letter always has a reason; where it cannot be read, that is one.
            failure: failure.or_else(|| (record.state == DeliveryState::Dead).then(reasons::damaged)),
        }
    }

    async fn tally(&mut self, provider: ObjectKey, limit: usize) -> Result<UsageByAlert, OutboxError> {
        let mut selection = BrowseFilter { provider: Some(provider), limit, ..BrowseFilter::default() };
        let records = {
            let board = self.shared.board.lock();
            let waiting = board.view(&selection);
            selection.dead = true;
            waiting.into_iter().chain(board.view(&selection)).collect::<Vec<_>>()
        };
        let numbers: Vec<i64> = records.iter().map(|record| record.number).collect();
        let mut tally = UsageByAlert::new();
        for (record, alert) in records.iter().zip(self.journal.alerts(&numbers).await?) {
            if let Some(alert) = alert {
                tally.entry(alert).or_default().count(record.state);
            }
        }
        Ok(tally)
    }

    /// The memo of a provider as it will be once everything is written.
    async fn recall(&mut self, provider: u64) -> Result<Vec<(u128, u128)>, OutboxError> {
        let mut memo = self.journal.recall(provider).await?;
        let board = self.shared.board.lock();
        let waiting = self.batch.memo.iter().chain(board.ledger.memo());
        for note in waiting.filter(|note| note.provider == provider) {
            note.change.apply(&mut memo);
        }
        drop(memo.drain(..memo.len().saturating_sub(MEMO_BOUND)));
        Ok(memo)
    }

    async fn unplanned(&mut self, limit: usize) -> Result<Vec<Unplanned>, OutboxError> {
        let numbers = self.shared.board.lock().first_unplanned(limit);
        let found = self.journal.unplanned(&numbers).await?;
        let mut board = self.shared.board.lock();
        for number in found.damaged {
            tracing::error!(event = %board.id(number), "a stored event is damaged and was set aside");
            board.remove_unplanned(number);
            board.count_damage();
        }
        let unplanned = found.sound.into_iter().map(|stored| Unplanned {
            id: EventId(board.id(stored.number)),
            event: stored.event,
            accepted_at: stored.accepted_at,
        });
        Ok(unplanned.collect())
    }
}
