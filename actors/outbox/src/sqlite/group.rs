//! What one transaction writes: changes from the ledger, and all entries that came together.

use std::sync::Arc;

use campanile_domain::{Delivery, DeliveryId, Event, NewDelivery};
use parking_lot::Mutex;
use rusqlite::{Connection, params};
use tracing::Span;

use super::fault::refusal;
use super::rebuild::saturated;
use super::schema::{PLANNED, SET_ASIDE, UNPLANNED, event_checksum, plan_checksum};
use super::shared::Write;
use crate::board::{
    AT_ONCE, Arrival, Board, Change, Micros, Note, Phase, Standing, lane_number, provider_number, timestamp,
};
use crate::codec::{self, DELIVERY_OVERHEAD, EVENT_OVERHEAD};
use crate::{Append, Lease, OutboxError, Planned};

/// Numbers that are reserved on disk at a time, so that not every group must note how far it came.
const RESERVE: i64 = 1024;

const INSERT_EVENT: &str =
    "INSERT INTO events (id, accepted_at, planned, body, checksum) VALUES (?1, ?2, ?3, ?4, ?5)";

const INSERT_DELIVERY: &str = "
    INSERT INTO deliveries (id, event, event_bytes, provider_namespace, provider_name, lane, state, at, deadline,
                            attempts, checksum, plan, plan_checksum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

/// Why an entry was not written.
pub(super) enum Trouble {
    /// It is refused; the others of its group go on.
    Entry(OutboxError),
    /// The whole group failed.
    Group(OutboxError),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Group(refusal(&error))
    }
}

/// The numbers to give to events and deliveries.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    pub(super) next: i64,
    /// The first that the disk knows nothing of.
    pub(super) reserved: i64,
}

impl Numbers {
    fn give(&mut self) -> i64 {
        self.next += 1;
        self.next - 1
    }

    /// Makes sure that the mark on disk is beyond every number given.
    pub(super) fn reserve(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.next > self.reserved {
            self.reserved = self.next + RESERVE;
            let sql = "UPDATE numbers SET value = ?1 WHERE name = 'next'";
            connection.prepare_cached(sql)?.execute([self.reserved])?;
        }
        Ok(())
    }
}

/// An event in the open transaction.
pub(super) struct Staged {
    id: i64,
    accepted_at: Micros,
    bytes: u32,
    /// All of it with the span of its append, unless it was read from disk.
    event: Option<(Arc<Event>, Span)>,
    /// Whether it waited for its plan until now.
    waited: bool,
    /// Its deliveries; none if it waits for its plan, or is set aside after it has waited.
    deliveries: Option<Vec<(NewDelivery, Arrival)>>,
}

/// A transaction in the making.
pub(super) struct Group<'a> {
    pub(super) connection: &'a Connection,
    pub(super) board: &'a Mutex<Board>,
    /// Room to encode in, kept from group to group.
    pub(super) text: &'a mut Vec<u8>,
    pub(super) numbers: Numbers,
    pub(super) staged: Vec<Staged>,
    pub(super) records: usize,
    pub(super) bytes: u64,
}

impl Group<'_> {
    /// Writes one entry.
    pub(super) fn stage(&mut self, write: Write) -> Result<(), Trouble> {
        match write {
            Write::Append(Append { event, accepted_at, plan, span }) => {
                let deliveries = match plan {
                    Planned::Deliveries(deliveries) => Some(deliveries),
                    Planned::Later => None,
                };
                self.admit(deliveries.as_ref().map_or(1, Vec::len))?;
                self.append(event, accepted_at.as_microsecond(), deliveries, span)
            }
            Write::Plan(event, deliveries) => self.plan(event.0, deliveries),
            Write::SetAside(event) => self.set_aside(event.0),
        }
    }

    fn admit(&mut self, more: usize) -> Result<(), Trouble> {
        self.board.lock().admit(more, self.records, self.bytes).map_err(Trouble::Entry)?;
        self.records += more;
        Ok(())
    }

    fn append(
        &mut self,
        event: Arc<Event>,
        accepted_at: Micros,
        deliveries: Option<Vec<NewDelivery>>,
        span: Span,
    ) -> Result<(), Trouble> {
        let id = self.numbers.give();
        span.record("event", id);
        self.text.clear();
        codec::encode_event(&event, self.text).map_err(Trouble::Group)?;
        let planned = if deliveries.is_some() { PLANNED } else { UNPLANNED };
        let checksum = event_checksum(id, accepted_at, self.text);
        self.connection.prepare_cached(INSERT_EVENT)?.execute(params![
            id,
            accepted_at,
            planned,
            text(self.text)?,
            checksum
        ])?;
        let bytes = saturated(self.text.len() as u64 + EVENT_OVERHEAD);
        self.bytes += u64::from(bytes);
        let deliveries = deliveries.map(|list| self.deliveries(id, bytes, list)).transpose()?;
        let event = Some((event, span));
        self.staged.push(Staged { id, accepted_at, bytes, event, waited: false, deliveries });
        Ok(())
    }

    fn plan(&mut self, id: i64, deliveries: Vec<NewDelivery>) -> Result<(), Trouble> {
        let Some((accepted_at, bytes)) = self.waiting(id) else { return Ok(()) };
        if deliveries.is_empty() {
            self.connection.prepare_cached("DELETE FROM events WHERE id = ?1")?.execute([id])?;
        } else {
            self.admit(deliveries.len() - 1)?;
            let sql = "UPDATE events SET planned = ?2 WHERE id = ?1";
            self.connection.prepare_cached(sql)?.execute([id, PLANNED])?;
        }
        let deliveries = Some(self.deliveries(id, bytes, deliveries)?);
        self.staged.push(Staged { id, accepted_at, bytes, event: None, waited: true, deliveries });
        Ok(())
    }

    /// When an event was accepted that waits for its plan, also behind this group, and what it weighs.
    fn waiting(&self, id: i64) -> Option<(Micros, u32)> {
        self.board.lock().unplanned(id).filter(|_| !self.staged.iter().any(|other| other.id == id))
    }

    fn set_aside(&mut self, id: i64) -> Result<(), Trouble> {
        if let Some((accepted_at, bytes)) = self.waiting(id) {
            let sql = "UPDATE events SET planned = ?2 WHERE id = ?1";
            self.connection.prepare_cached(sql)?.execute([id, SET_ASIDE])?;
            self.staged.push(Staged { id, accepted_at, bytes, event: None, waited: true, deliveries: None });
        }
        Ok(())
    }

    fn deliveries(
        &mut self,
        event: i64,
        event_bytes: u32,
        plans: Vec<NewDelivery>,
    ) -> Result<Vec<(NewDelivery, Arrival)>, Trouble> {
        let mut statement = self.connection.prepare_cached(INSERT_DELIVERY)?;
        let mut staged = Vec::with_capacity(plans.len());
        for plan in plans {
            self.text.clear();
            codec::encode_plan(&plan, self.text).map_err(Trouble::Group)?;
            let provider = provider_number(&plan.provider);
            let facts = Arrival {
                id: self.numbers.give(),
                lane: lane_number(provider, &plan.lane, plan.newest_only),
                phase: Phase::Ready,
                at: AT_ONCE,
                deadline: plan.deadline.as_microsecond(),
                attempts: 0,
                bytes: saturated(self.text.len() as u64 + DELIVERY_OVERHEAD),
            };
            statement.execute(params![
                facts.id,
                event,
                event_bytes,
                &*plan.provider.namespace,
                &*plan.provider.name,
                facts.lane.cast_signed(),
                facts.phase as i64,
                facts.at,
                facts.deadline,
                facts.attempts,
                facts.checksum(event, event_bytes, provider).cast_signed(),
                text(self.text)?,
                plan_checksum(facts.id, event, self.text),
            ])?;
            self.bytes += u64::from(facts.bytes);
            staged.push((plan, facts));
        }
        Ok(staged)
    }
}

fn text(bytes: &[u8]) -> Result<&str, Trouble> {
    Ok(std::str::from_utf8(bytes).map_err(|error| rusqlite::Error::Utf8Error(0, error))?)
}

/// Writes changes of the ledger.
pub(super) fn write_changes<'a>(
    connection: &Connection,
    changes: impl Iterator<Item = (&'a i64, &'a Change)>,
) -> rusqlite::Result<()> {
    let mut gone = Vec::new();
    for (id, change) in changes {
        match change {
            Change::Gone { event } => gone.extend(event.iter().chain([id])),
            Change::Stands(standing) => write_standing(connection, *id, standing)?,
        }
    }
    delete(connection, gone)
}

/// Deletes rows of events and deliveries. They have their numbers from one counter, so a run without a gap is deleted
/// at once, whichever rows its numbers stand for.
fn delete(connection: &Connection, mut gone: Vec<i64>) -> rusqlite::Result<()> {
    gone.sort_unstable();
    for run in gone.chunk_by(|before, after| before + 1 == *after) {
        let ([first, ..], [.., last]) = (run, run) else { continue };
        for sql in [
            "DELETE FROM deliveries WHERE id BETWEEN ?1 AND ?2",
            "DELETE FROM events WHERE id BETWEEN ?1 AND ?2",
        ] {
            connection.prepare_cached(sql)?.execute([first, last])?;
        }
    }
    Ok(())
}

fn write_standing(connection: &Connection, id: i64, standing: &Standing) -> rusqlite::Result<()> {
    let Standing { phase, at, deadline, attempts, checksum, note } = standing;
    let sql = "UPDATE deliveries SET state = ?2, at = ?3, deadline = ?4, attempts = ?5, checksum = ?6 WHERE id = ?1";
    let values = params![id, *phase as i64, at, deadline, attempts, checksum.cast_signed()];
    connection.prepare_cached(sql)?.execute(values)?;
    let failure = match note {
        Note::Keep => return Ok(()),
        Note::Clear => None,
        Note::Set(failure) => serde_json::to_string(&**failure).ok(),
    };
    let sql = "UPDATE deliveries SET failure = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id, failure]).map(|_| ())
}

/// Puts on the board what was committed, in the order of acceptance.
pub(super) fn publish(board: &Mutex<Board>, staged: Vec<Staged>) {
    let mut board = board.lock();
    for Staged { id, accepted_at, bytes, event, waited, deliveries } in staged {
        if waited {
            board.remove_unplanned(id);
        }
        match deliveries {
            None if waited => board.count_set_aside(),
            None => board.insert_unplanned(id, accepted_at, bytes),
            Some(deliveries) if deliveries.is_empty() => {}
            Some(deliveries) => {
                let place = board.insert_event(id, bytes);
                let providers: Vec<_> = deliveries.iter().map(|(plan, _)| plan.provider.clone()).collect();
                for (plan, facts) in deliveries {
                    board.insert(place, &plan.provider, facts);
                    if let Some((event, span)) = &event {
                        let delivery = whole(event, accepted_at, plan, facts);
                        board.keep(Lease { delivery, append: span.clone() });
                    }
                }
                // Only now, so that no delivery of an event is gone before all of them are there.
                providers.iter().for_each(|provider| board.overflow(provider, accepted_at));
            }
        }
    }
}

/// The delivery as it would be read back.
fn whole(event: &Arc<Event>, accepted_at: Micros, plan: NewDelivery, facts: Arrival) -> Delivery {
    Delivery {
        id: DeliveryId(facts.id),
        event: event.clone(),
        plan: NewDelivery { deadline: timestamp(facts.deadline), ..plan },
        accepted_at: timestamp(accepted_at),
        attempts: 0,
    }
}
