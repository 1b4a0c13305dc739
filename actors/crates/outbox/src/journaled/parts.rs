//! An entry with more deliveries than a batch takes: it is written in parts, so that others' entries get their turn between
//! two of them, and shown to nobody before the last is durable.

use std::sync::Arc;
use std::vec::IntoIter;

use campanile_domain::{Event, NewDelivery, RecordId};
use tracing::Span;
use tracing::field::display;

use super::driver::StoreThread;
use super::handle::AwaitedWrite;
use super::stage::{StagedWrites, publish_deliveries};
use crate::board::EventPlace;
use crate::journal::{EventAction, Journal, Micros, StagedDelivery, StagedEvent};
use crate::{Append, OutboxError, PART, Planned, WhenStored};

/// An entry that is being written, and then shown, in parts.
pub(super) struct Parts {
    /// The number of its event.
    pub(super) number: i64,
    accepted_at: Micros,
    /// What the event's row weighs; zero before it is written.
    bytes: u32,
    /// The event with the span of its append, unless it waited for its plan.
    event: Option<(Arc<Event>, Span)>,
    plans: IntoIter<NewDelivery>,
    /// The number of the next delivery. Those of one entry follow each other.
    next: i64,
    written: Vec<StagedDelivery>,
    written_bytes: u64,
    /// The number of all its deliveries.
    deliveries: u32,
    /// Where it stands on the board, once a part of it is shown.
    place: Option<EventPlace>,
    /// Who is told how it ended.
    pub(super) stored: WhenStored,
}

impl Parts {
    /// How many records and bytes are written and not on the board yet.
    pub(super) fn staged(&self) -> (usize, u64) {
        (self.written.len(), self.written_bytes)
    }

    /// Whether nothing is left to write.
    pub(super) fn is_written(&self) -> bool {
        self.plans.len() == 0
    }

    /// The event, if the journal holds a part of it and not the whole.
    pub(super) fn unfinished(&self) -> Option<i64> {
        (self.is_begun() && !self.is_written()).then_some(self.number)
    }

    /// Whether a part of it is written.
    pub(super) fn is_begun(&self) -> bool {
        !self.written.is_empty()
    }

    /// Puts the next part on a stage.
    ///
    /// # Errors
    /// There is no room for it, or it cannot be encoded: nothing of it is on the stage then.
    pub(super) fn add_to(&mut self, stage: &mut StagedWrites<'_>) -> Result<(), OutboxError> {
        let is_first = !self.is_begun();
        let is_new = self.event.is_some();
        let plans: Vec<_> = self.plans.by_ref().take(PART).collect();
        // An event that waited is counted already.
        stage.admit(plans.len() - usize::from(is_first && !is_new), self.accepted_at)?;
        let action = match &self.event {
            Some((event, _)) if is_first => {
                let (body, bytes) = stage.encode_event(event)?;
                self.bytes = bytes;
                EventAction::Add(body)
            }
            None if self.is_written() => EventAction::Plan,
            _ => EventAction::Extend,
        };
        let mut deliveries = Vec::with_capacity(plans.len());
        for plan in plans {
            let delivery = stage.delivery(plan, self.next)?;
            self.next += 1;
            self.written_bytes += u64::from(delivery.facts.bytes);
            deliveries.push(delivery);
        }
        self.written.extend(deliveries.iter().cloned());
        let Self { number, accepted_at, bytes, .. } = *self;
        stage.add_part(StagedEvent { number, accepted_at, bytes, action, deliveries, event: None });
        Ok(())
    }
}

impl<J: Journal> StoreThread<J> {
    /// Writes the next part of an entry with many deliveries, or shows the next one after its last was written.
    pub(super) async fn write_part(&mut self) {
        let Some(mut parts) = self.next_parts().await else { return };
        if parts.is_written() {
            self.parts = self.publish_part(parts);
            return self.shared.tell();
        }
        let written = match self.refusal() {
            Some(refusal) => Err(refusal),
            None => {
                self.take_batch();
                let verdicts = self.write_batch(Vec::new(), Some(&mut parts)).await;
                verdicts.and_then(|verdicts| verdicts.into_iter().collect())
            }
        };
        match written {
            Ok(()) => self.parts = Some(parts),
            Err(error) => {
                self.leftover = self.leftover.or(parts.is_begun().then_some(parts.number));
                (parts.stored)(Err(error));
            }
        }
        self.shared.tell();
    }

    /// The entry of which a part is to be written next.
    async fn next_parts(&mut self) -> Option<Parts> {
        if let Some(parts) = self.parts.take() {
            return Some(parts);
        }
        let leftover = self.forget_leftover().await;
        while let Some((write, stored)) = self.heavy.pop_front() {
            match &leftover {
                Err(error) => stored(Err(error.clone())),
                Ok(()) => match self.begin_parts(write, stored) {
                    None => {}
                    parts => return parts,
                },
            }
        }
        None
    }

    /// Has the journal remove what it holds of an entry that failed.
    pub(super) async fn forget_leftover(&mut self) -> Result<(), OutboxError> {
        if self.leftover.is_some() {
            self.journal.forget_unfinished().await.inspect_err(|error| self.note_damage(error))?;
            self.leftover = None;
        }
        Ok(())
    }

    /// Begins to write an entry with many deliveries; none if it is over already.
    fn begin_parts(&mut self, write: AwaitedWrite, stored: WhenStored) -> Option<Parts> {
        let (number, accepted_at, bytes, event, plans) = match write {
            AwaitedWrite::Append(Append { event, accepted_at, plan: Planned::Deliveries(plans), span }) => {
                let number = self.give(1 + plans.len());
                span.record("event", display(RecordId::new(self.origin, number)));
                (number, accepted_at.as_microsecond(), 0, Some((event, span)), plans)
            }
            AwaitedWrite::Plan(event, plans) => {
                let Some((number, accepted_at, bytes)) = self.shared.board.lock().waiting(event) else {
                    stored(Ok(()));
                    return None;
                };
                (number, accepted_at, bytes, None, plans)
            }
            // Entries without deliveries are not heavy.
            AwaitedWrite::Append(_) | AwaitedWrite::SetAside(_) | AwaitedWrite::Postpone(_) => return None,
        };
        let next = if event.is_some() { number + 1 } else { self.give(plans.len()) };
        Some(Parts {
            number,
            accepted_at,
            bytes,
            event,
            deliveries: u32::try_from(plans.len()).unwrap_or(u32::MAX),
            plans: plans.into_iter(),
            next,
            written: Vec::new(),
            written_bytes: 0,
            place: None,
            stored,
        })
    }

    /// Shows the next part of an entry that is written. Gives the entry back while more is left.
    fn publish_part(&self, mut parts: Parts) -> Option<Parts> {
        let Parts { number, accepted_at, bytes, .. } = parts;
        let later = parts.written.split_off(parts.written.len().min(PART));
        let part = std::mem::replace(&mut parts.written, later);
        {
            let mut board = self.shared.board.lock();
            let place = *parts.place.get_or_insert_with(|| {
                board.remove_unplanned(number);
                board.insert_event_of(number, bytes, parts.deliveries)
            });
            let event = parts.event.as_ref().map(|(event, span)| (event, span));
            publish_deliveries(&mut board, place, (self.origin, accepted_at), event, part);
        }
        if parts.written.is_empty() {
            (parts.stored)(Ok(()));
            return None;
        }
        parts.written_bytes = parts.written.iter().map(|delivery| u64::from(delivery.facts.bytes)).sum();
        Some(parts)
    }
}
