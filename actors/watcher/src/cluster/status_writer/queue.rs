//! The queue of objects whose status may have to be written, and the budget of writes.
//!
//! A changed condition is written at once, as long as there are no more than [`CONDITIONS_PER_SECOND`]; the first status of objects
//! that are ready comes after all others. Everything else waits: an object is written once in [`PER_OBJECT`] and
//! [`PER_SECOND`] objects in a second, and times of deliveries are brought up to date only every [`REFRESH`]. An object
//! is written by one request at a time. The queue has at most one entry for each object, and namespaces take turns, so
//! that one with many objects does not use up the budget of all.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::due::Due;
use crate::QueueSnapshot;
use crate::cluster::follow::RETRY;
use crate::cluster::object_status::Difference;
use crate::cluster::reconciles::Reconciles;
use crate::cluster::write_plan::{Part, StatusPatch};
use crate::kind::{Id, Kind};

/// The shortest time between two writes to one object, unless a condition changes.
const PER_OBJECT: Duration = Duration::from_secs(10);

/// The most writes in a second, those of changed conditions not counted.
const PER_SECOND: u32 = 10;

/// The most writes of changed conditions in a second: 20,000 objects have their first status after ten minutes, and the API server
/// has a fifth of a core to do with it at most.
const CONDITIONS_PER_SECOND: u32 = 40;

/// How old the time of the last delivery may grow.
const REFRESH: Duration = Duration::from_secs(300);

/// Whether to write an object now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Now,
    At(Timestamp),
}

/// The second that is counted, and the writes in it.
#[derive(Default)]
struct Window(i64, u32);

impl Window {
    /// How many of `most` are left in this second.
    fn left(&mut self, most: u32, now: Timestamp) -> u32 {
        if self.0 != now.as_second() {
            *self = Self(now.as_second(), 0);
        }
        most.saturating_sub(self.1)
    }

    /// Counts one, if any is left.
    fn count(&mut self, most: u32, now: Timestamp) -> bool {
        let fits = self.left(most, now) > 0;
        self.1 += u32::from(fits);
        fits
    }
}

/// Objects that may have to be written.
#[derive(Default)]
pub(super) struct WriteQueue {
    due: Due,
    /// Objects that are ready and wait for their first status; none of them is in `due`.
    first: Due,
    /// Objects that are being written, since when, and the mark of what.
    flying: HashMap<Id, (Timestamp, u64)>,
    /// When each was last written, and the mark of what; forgotten when it stands in the way of nothing any more.
    written: HashMap<Id, (Timestamp, u64)>,
    failures: HashMap<Id, u32>,
    /// The second that is counted, and the writes in it, without and with changed conditions.
    window: Window,
    conditions: Window,
    /// When old writes were last forgotten.
    swept: Timestamp,
    reconciles: Reconciles,
}

impl WriteQueue {
    /// A queue whose comings and goings are counted.
    pub(super) fn counted(reconciles: Reconciles) -> Self {
        Self { reconciles, ..Self::default() }
    }

    /// Asks to look at an object at `at` or earlier.
    pub(super) fn mark(&mut self, id: Id, at: Timestamp) {
        let (kind, earliest) = (id.0, self.due.get(&id).map_or(at, |due| due.min(at)));
        let was_first = self.first.get(&id).is_some();
        self.first.remove(&id);
        if self.due.insert(id, earliest) && !was_first {
            self.reconciles.added(kind);
        }
    }

    /// Asks to write the first status of an object that is ready at `at` or later, when no other waits.
    pub(super) fn mark_first(&mut self, id: Id, at: Timestamp) {
        if self.due.get(&id).is_some() || self.flying.contains_key(&id) {
            return self.mark(id, at);
        }
        let kind = id.0;
        if self.first.insert(id, at) {
            self.reconciles.added(kind);
        }
    }

    /// The objects of a kind that are due or being written.
    pub(super) fn snapshot(&self, kind: Kind, now: Timestamp) -> QueueSnapshot {
        let all = self.due.iter().chain(self.first.iter());
        let due = all.filter(|(id, at)| id.0 == kind && **at <= now).count();
        let flying = self.flying.iter().filter(|(id, _)| id.0 == kind);
        let longest = flying.map(|(_, (since, _))| now.duration_since(*since)).max().unwrap_or_default();
        let controller = kind.controller();
        QueueSnapshot {
            controller,
            due,
            longest_write_millis: u64::try_from(longest.as_millis()).unwrap_or_default(),
        }
    }

    /// Takes the objects that are to be looked at now; those being written stay.
    pub(super) fn take_due(&mut self, now: Timestamp, most: usize) -> Vec<Id> {
        let mut ready = self.due.take(most, |id, at| at <= now && !self.flying.contains_key(id));
        let left = self.conditions.left(CONDITIONS_PER_SECOND, now) as usize;
        ready.extend(self.first.take(left.min(most - ready.len()), |_, at| at <= now));
        self.sweep(now);
        ready
    }

    fn sweep(&mut self, now: Timestamp) {
        if now >= self.swept + REFRESH {
            self.swept = now;
            self.written.retain(|_, (at, _)| *at + REFRESH > now);
            self.written.shrink_to_fit();
        }
    }

    /// Decides on an object that was taken, and counts it if it is written now. What was written and is not there, because
    /// somebody or an older definition takes it out, is not insisted on. Metadata has no budget: it is written once.
    pub(super) fn admit(&mut self, write: &StatusPatch, now: Timestamp) -> Admission {
        let StatusPatch { id, difference, mark, .. } = write;
        if write.part == Part::Metadata {
            return Admission::Now;
        }
        let last = self.written.get(id);
        let pause = match difference {
            Difference::None | Difference::Stale => REFRESH,
            _ if last.is_some_and(|(_, written)| written == mark) => REFRESH,
            Difference::Condition => Duration::ZERO,
            Difference::Flipped => PER_OBJECT,
        };
        let earliest = last.map_or(now, |(written, _)| *written + pause);
        if earliest > now {
            return Admission::At(earliest);
        }
        let has_room = match difference {
            Difference::Condition => self.conditions.count(CONDITIONS_PER_SECOND, now),
            Difference::None | Difference::Stale | Difference::Flipped => self.window.count(PER_SECOND, now),
        };
        if has_room { Admission::Now } else { Admission::At(next_second(now)) }
    }

    /// Notes that a patch was handed out to be sent.
    pub(super) fn sent(&mut self, id: &Id, mark: u64, now: Timestamp) {
        self.flying.insert(id.clone(), (now, mark));
    }

    /// Notes that a patch was taken; the object is looked at again.
    pub(super) fn landed(&mut self, id: Id, now: Timestamp) {
        let mark = self.flying.remove(&id).map(|(_, mark)| mark).unwrap_or_default();
        self.failures.remove(&id);
        self.written.insert(id.clone(), (now, mark));
        self.mark(id, now);
    }

    /// Notes that a patch failed; the object is looked at again after a pause; `random` is drawn evenly from 0 to 1.
    pub(super) fn failed(&mut self, id: Id, now: Timestamp, random: f64) {
        self.flying.remove(&id);
        let failures = self.failures.entry(id.clone()).or_default();
        *failures = failures.saturating_add(1);
        let pause = RETRY.pause(*failures, random);
        self.reconciles.retried(id.0);
        self.due.insert(id, now + pause);
    }

    /// Looks at an object that was taken again at `at`. It never left the queue, as far as counts go.
    pub(super) fn put_back(&mut self, id: Id, at: Timestamp) {
        self.due.insert(id, at);
    }

    /// Forgets an object that is gone.
    pub(super) fn forget(&mut self, id: &Id) {
        self.due.remove(id);
        self.first.remove(id);
        self.written.remove(id);
        self.failures.remove(id);
    }
}

/// When the budget is whole again.
fn next_second(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second() + 1).unwrap_or(now)
}

#[cfg(test)]
mod tests;
