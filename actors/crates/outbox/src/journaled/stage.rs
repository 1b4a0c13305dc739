//! A batch in the making: entries are admitted, numbered and encoded before the journal sees them, and stand on the board
//! once it has them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use campanile_domain::{Delivery, DeliveryId, Event, NewDelivery, PostponedReconcile, RecordId};
use parking_lot::Mutex;
use tracing::Span;
use tracing::field::display;

use super::batches::CHANGES;
use super::handle::AwaitedWrite;
use crate::api::Room;
use crate::board::{
    AT_ONCE, Board, BoardEntry, EventPlace, StorageLoad, WriteBatch, lane_number, provider_number, timestamp,
};
use crate::codec::{self, DELIVERY_OVERHEAD, EVENT_OVERHEAD};
use crate::journal::{EventAction, JournalBatch, Micros, Phase, StagedDelivery, StagedEvent};
use crate::{Append, EventId, Lease, OutboxError, Planned};

/// Entries that are to be written together. Bounded by the commands of a group, and their texts by the events that
/// intake lets in at a time.
pub(crate) struct StagedWrites<'a> {
    board: &'a Mutex<Board>,
    text: Vec<u8>,
    origin: u64,
    next: i64,
    events: Vec<StagedEvent>,
    reconciles: Vec<(i64, PostponedReconcile)>,
    records: usize,
    bytes: u64,
    /// The event that is not written to its end after this batch.
    unfinished: Option<i64>,
    /// Events at the end that are not put on the board with this batch.
    held_back: usize,
    /// Events without a plan on the stage, of all namespaces and of each.
    unplanned: (Room, HashMap<String, Room>),
}

impl<'a> StagedWrites<'a> {
    /// An empty stage with room for `entries`, that gives ids of `origin` from the number `next` on and encodes into
    /// `text`.
    pub(crate) fn new(
        board: &'a Mutex<Board>,
        mut text: Vec<u8>,
        (origin, next): (u64, i64),
        entries: usize,
    ) -> Self {
        text.clear();
        let (events, reconciles, unplanned) = (Vec::with_capacity(entries), Vec::new(), Default::default());
        Self {
            board,
            text,
            origin,
            next,
            events,
            reconciles,
            records: 0,
            bytes: 0,
            unfinished: None,
            held_back: 0,
            unplanned,
        }
    }

    /// Takes into account what is written of an entry and not on the board yet: so many records and bytes.
    pub(super) fn beside(mut self, (records, bytes): (usize, u64)) -> Self {
        (self.records, self.bytes) = (records, bytes);
        self
    }

    /// Notes the event that is not written to its end after this batch.
    pub(super) fn leave_unfinished(&mut self, event: Option<i64>) {
        self.unfinished = event;
    }

    /// Adds an entry, unless it is refused.
    pub(crate) fn add(&mut self, write: AwaitedWrite) -> Result<(), OutboxError> {
        match write {
            AwaitedWrite::Append(entry) => self.append(entry),
            AwaitedWrite::Plan(event, deliveries) => self.plan(event, deliveries),
            AwaitedWrite::Postpone(reconciles) => {
                self.reconciles.extend(reconciles);
                Ok(())
            }
            AwaitedWrite::SetAside(event) => {
                if let Some(waiting) = self.waiting(event) {
                    self.change(waiting, EventAction::SetAside, Vec::new());
                }
                Ok(())
            }
        }
    }

    /// All that is to be written: what is on the stage, and a part of the ledger.
    pub(crate) fn batch<'b>(&'b self, changes: &'b WriteBatch) -> JournalBatch<'b> {
        JournalBatch {
            texts: &self.text,
            events: &self.events,
            outcomes: changes.changes.iter().take(CHANGES).map(|(id, outcome)| (*id, outcome)).collect(),
            memo: &changes.memo,
            reconciles: &self.reconciles,
            settled: &changes.settled,
            origin: self.origin,
            next: self.next,
            unfinished: self.unfinished,
        }
    }

    /// The room for texts, given back if it has grown beyond `most` bytes.
    pub(super) fn give_back_text(&mut self, most: usize) -> Vec<u8> {
        let text = std::mem::take(&mut self.text);
        if text.capacity() > most { Vec::new() } else { text }
    }

    /// Puts on the board what was committed, in the order of acceptance. Returns the next number to give.
    pub(crate) fn publish(mut self) -> i64 {
        self.events.truncate(self.events.len() - self.held_back);
        let mut board = self.board.lock();
        for event in self.events {
            publish(&mut board, self.origin, event);
        }
        self.next
    }

    fn give(&mut self) -> i64 {
        self.next += 1;
        self.next - 1
    }

    /// Makes room for so many records.
    pub(super) fn admit(&mut self, records: usize, now: Micros) -> Result<(), OutboxError> {
        let load = StorageLoad { records, staged: self.records, staged_bytes: self.bytes };
        self.board.lock().admit(load, now)?;
        self.records += records;
        Ok(())
    }

    fn admit_unplanned(&self, namespace: &str) -> Result<(), OutboxError> {
        let (all, of_each) = &self.unplanned;
        let of_one = of_each.get(namespace).copied().unwrap_or_default();
        self.board.lock().admit_unplanned(namespace, (*all, of_one))
    }

    fn note_unplanned(&mut self, namespace: &str, bytes: u32) {
        let (all, of_each) = &mut self.unplanned;
        all.add(u64::from(bytes));
        of_each.entry(namespace.to_owned()).or_default().add(u64::from(bytes));
    }

    fn append(&mut self, entry: Append) -> Result<(), OutboxError> {
        let Append { event, accepted_at, plan, span } = entry;
        let (plans, told) = match plan {
            Planned::Deliveries(plans) => (plans, None),
            Planned::Later => (Vec::new(), None),
            Planned::Meanwhile(told) => (Vec::new(), Some(told)),
        };
        if plans.is_empty() {
            self.admit_unplanned(&event.involved_object.namespace)?;
        }
        // Without a plan it counts as one.
        self.admit(plans.len().max(1), accepted_at.as_microsecond())?;
        let (body, bytes) = self.encode_event(&event)?;
        let number = self.give();
        if plans.is_empty() {
            self.note_unplanned(&event.involved_object.namespace, bytes);
        }
        let id = RecordId::new(self.origin, number);
        span.record("event", display(id));
        if let Some(told) = told {
            told.get_or_init(|| EventId(id));
        }
        let deliveries = self.deliveries(plans)?;
        let (accepted_at, action) = (accepted_at.as_microsecond(), EventAction::Add(body));
        self.events.push(StagedEvent {
            number,
            accepted_at,
            bytes,
            action,
            deliveries,
            event: Some((event, span)),
        });
        Ok(())
    }

    fn plan(&mut self, event: EventId, plans: Vec<NewDelivery>) -> Result<(), OutboxError> {
        let Some(waiting) = self.waiting(event) else { return Ok(()) };
        let action = if plans.is_empty() { EventAction::Remove } else { EventAction::Plan };
        if let Some(more) = plans.len().checked_sub(1) {
            self.admit(more, waiting.1)?;
        }
        let deliveries = self.deliveries(plans)?;
        self.change(waiting, action, deliveries);
        Ok(())
    }

    /// An event that waits for its plan, also behind this batch: its number, when it was accepted, and what it weighs.
    fn waiting(&self, event: EventId) -> Option<(i64, Micros, u32)> {
        let waiting = self.board.lock().waiting(event)?;
        let staged = self.events.iter().any(|event| event.number == waiting.0);
        (!staged && self.unfinished != Some(waiting.0)).then_some(waiting)
    }

    /// Adds a part of an event, last and not to be put on the board with the rest.
    pub(super) fn add_part(&mut self, event: StagedEvent) {
        self.events.push(event);
        self.held_back += 1;
    }

    /// Encodes an event: where it stands, and what its row weighs.
    pub(super) fn encode_event(&mut self, event: &Event) -> Result<(Range<usize>, u32), OutboxError> {
        let body = self.encode(|text| codec::encode_event(event, text))?;
        let bytes = saturated(body.len() as u64 + EVENT_OVERHEAD);
        self.bytes += u64::from(bytes);
        Ok((body, bytes))
    }

    fn change(&mut self, waiting: (i64, Micros, u32), action: EventAction, deliveries: Vec<StagedDelivery>) {
        let (number, accepted_at, bytes) = waiting;
        self.events.push(StagedEvent { number, accepted_at, bytes, action, deliveries, event: None });
    }

    fn deliveries(&mut self, plans: Vec<NewDelivery>) -> Result<Vec<StagedDelivery>, OutboxError> {
        let mut staged = Vec::with_capacity(plans.len());
        for plan in plans {
            let number = self.give();
            staged.push(self.delivery(plan, number)?);
        }
        Ok(staged)
    }

    /// Stages a delivery with this number.
    pub(super) fn delivery(&mut self, plan: NewDelivery, number: i64) -> Result<StagedDelivery, OutboxError> {
        let text = self.encode(|text| codec::encode_plan(&plan, text))?;
        let provider = provider_number(&plan.provider);
        let facts = BoardEntry {
            id: number,
            lane: lane_number(provider, &plan.lane, plan.newest_only),
            phase: Phase::Ready,
            at: AT_ONCE,
            deadline: plan.deadline.as_microsecond(),
            attempts: 0,
            bytes: saturated(text.len() as u64 + DELIVERY_OVERHEAD),
        };
        self.bytes += u64::from(facts.bytes);
        Ok(StagedDelivery { plan, provider, facts, text })
    }

    /// Encodes a text; returns where it stands.
    fn encode(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), OutboxError>,
    ) -> Result<Range<usize>, OutboxError> {
        let start = self.text.len();
        let written = write(&mut self.text);
        if written.is_err() {
            self.text.truncate(start);
        }
        written.map(|()| start..self.text.len())
    }
}

/// A size as the board keeps it.
pub(super) fn saturated(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn publish(board: &mut Board, origin: u64, event: StagedEvent) {
    let StagedEvent { number, accepted_at, bytes, ref action, ref deliveries, .. } = event;
    if !matches!(action, EventAction::Add(_)) {
        board.remove_unplanned(number);
    }
    match action {
        EventAction::Add(_) if deliveries.is_empty() => {
            let object = event.event.as_ref().map(|(event, _)| &event.involved_object);
            let namespace = object.map_or("", |object| &object.namespace);
            board.insert_unplanned(number, namespace, accepted_at, bytes);
        }
        EventAction::Add(_) | EventAction::Plan => publish_event(board, origin, event),
        EventAction::Remove | EventAction::Extend => {}
        EventAction::SetAside => board.count_set_aside(),
    }
}

fn publish_event(board: &mut Board, origin: u64, staged: StagedEvent) {
    let StagedEvent { number, accepted_at, bytes, deliveries, event, .. } = staged;
    let place = board.insert_event_of(number, bytes, u32::try_from(deliveries.len()).unwrap_or(u32::MAX));
    let event = event.as_ref().map(|(event, append)| (event, append));
    publish_deliveries(board, place, (origin, accepted_at), event, deliveries);
}

/// Puts deliveries on the board of an event that was added with them, and beside the disk where the event is at hand.
pub(super) fn publish_deliveries(
    board: &mut Board,
    place: EventPlace,
    (origin, accepted_at): (u64, Micros),
    event: Option<(&Arc<Event>, &Span)>,
    deliveries: Vec<StagedDelivery>,
) {
    let providers: Vec<_> = deliveries.iter().map(|delivery| delivery.plan.provider.clone()).collect();
    for StagedDelivery { plan, facts, .. } in deliveries {
        board.insert_expected(place, &plan.provider, facts);
        if let Some((event, append)) = event {
            // As it would be read back.
            let delivery = Delivery {
                id: DeliveryId::new(origin, facts.id),
                event: event.clone(),
                plan: NewDelivery { deadline: timestamp(facts.deadline), ..plan },
                accepted_at: timestamp(accepted_at),
                attempts: 0,
            };
            board.keep(Lease { delivery, append: append.clone() });
        }
    }
    providers.iter().for_each(|provider| board.overflow(provider, accepted_at));
}
