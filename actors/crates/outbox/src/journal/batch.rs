//! A batch: all that one transaction of a journal writes.

use std::ops::Range;
use std::sync::Arc;

use campanile_domain::{Event, NewDelivery, PostponedReconcile};
use tracing::Span;

use super::{MemoNote, Micros, RowOutcome};
use crate::board::BoardEntry;

/// All that one transaction writes. An implementation writes the outcomes first, then the notes, then the events, then the
/// reconciles.
#[derive(Debug)]
pub struct JournalBatch<'a> {
    /// The texts of new events and deliveries, one after the other; their rows name ranges of it.
    pub texts: &'a [u8],
    /// Events that are new or change, in the order of acceptance.
    pub events: &'a [StagedEvent],
    /// Changes to deliveries, by their numbers, ascending.
    pub outcomes: Vec<(i64, &'a RowOutcome)>,
    /// Changes to memos, in the order in which they take effect.
    pub memo: &'a [MemoNote],
    /// Postponed reconciles that are new, with the numbers of their rows, which are their own count.
    pub reconciles: &'a [(i64, PostponedReconcile)],
    /// The numbers of postponed reconciles that are settled: their rows go.
    pub settled: &'a [i64],
    /// The origin of all records that are new in this batch.
    pub origin: u64,
    /// The first number that is not given yet. A journal never lets one be given twice, also after a crash.
    pub next: i64,
    /// The event that has only a part of its deliveries with this batch; the rest follows in later ones. A journal remembers
    /// it until a batch names another or none. If the process ends before, [`load`](super::Journal::load) removes these
    /// deliveries, and the event unless it waited for its plan before.
    pub unfinished: Option<i64>,
}

impl JournalBatch<'_> {
    /// A text of the batch. It is JSON.
    ///
    /// # Errors
    /// If the text is not UTF-8, which no event that was decoded makes it.
    pub fn text(&self, range: &Range<usize>) -> Result<&str, std::str::Utf8Error> {
        std::str::from_utf8(self.texts.get(range.clone()).unwrap_or_default())
    }
}

/// An event that a batch adds or changes.
#[derive(Clone, Debug)]
pub struct StagedEvent {
    /// The number of the event's row.
    pub number: i64,
    /// The time at which the event was accepted.
    pub accepted_at: Micros,
    /// What its row weighs in bytes.
    pub bytes: u32,
    /// What is done to its row.
    pub action: EventAction,
    /// Its new deliveries, for an event that is added, extended or planned.
    pub deliveries: Vec<StagedDelivery>,
    /// All of it with the span of its append, unless it was read from disk.
    pub(crate) event: Option<(Arc<Event>, Span)>,
}

/// The action of a batch on an event's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventAction {
    /// Adds it with the text at this range. Without deliveries it waits for its plan.
    Add(Range<usize>),
    /// Gives it further deliveries; its row stays as it is.
    Extend,
    /// Gives it, which waited, its deliveries.
    Plan,
    /// Removes it, which waited, as it has no deliveries.
    Remove,
    /// Sets it, which waited, aside for an operator.
    SetAside,
}

/// A delivery that a batch adds.
#[derive(Clone, Debug)]
pub struct StagedDelivery {
    /// The delivery as the router planned it.
    pub plan: NewDelivery,
    /// The [number](crate::provider_number) of its Provider.
    pub provider: u64,
    /// The columns of the delivery's row.
    pub facts: BoardEntry,
    /// The range of its text in the batch.
    pub text: Range<usize>,
}
