//! The standing of one object: its conditions, and what was last delivered for it.

use std::sync::Arc;

use campanile_crds::condition::READY;
use campanile_domain::ObjectKey;
use campanile_protocol::{
    Condition, Counts, DeliveryOutcome, DeliveryReport, ObjectRow, PostponedCounts, WebhookCounts, reason,
};
use jiff::Timestamp;

use crate::condition::{Judgement, is_false};

/// The last delivery and the setbacks since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Last {
    delivery: Option<Timestamp>,
    error: Option<String>,
    /// That notifications were given up because the queue was full. Until something is delivered again it is worse news
    /// than that the next attempt failed.
    overflow: Option<String>,
    /// The last delivery that came to an end, and whether it was a good one.
    fate: Option<(Timestamp, bool)>,
}

impl Last {
    /// Takes in what became of a delivery.
    pub(crate) fn note(&mut self, report: &DeliveryReport) {
        match &report.outcome {
            DeliveryOutcome::Delivered => {
                let fate = Some((report.at, true));
                *self = Self { delivery: Some(report.at), fate, ..Self::default() };
            }
            DeliveryOutcome::Delayed(failure) => self.error = Some(failure.message.clone()),
            DeliveryOutcome::Dead(failure) => {
                self.error = Some(failure.message.clone());
                self.fate = Some((report.at, false));
            }
        }
    }

    /// Takes in what was announced, if it is a setback. Returns whether it is.
    pub(crate) fn announced(&mut self, reason: &str, message: &str) -> bool {
        let place = match reason {
            reason::NOTIFICATION_DISPATCH_FAILED | reason::NOTIFICATIONS_EXPIRED => &mut self.error,
            reason::QUEUE_OVERFLOWED => &mut self.overflow,
            _ => return false,
        };
        *place = Some(message.to_owned());
        true
    }

    /// The last setback, if it is newer than the last delivery.
    fn setback(&self) -> Option<&str> {
        self.overflow.as_deref().or(self.error.as_deref())
    }
}

/// The conditions that an earlier watcher left in the status of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seed {
    pub(crate) since: Option<Timestamp>,
    pub(crate) ready: Option<Arc<Condition>>,
    pub(crate) delivering: Option<Arc<Condition>>,
    /// The path of a Receiver.
    pub(crate) webhook_path: Option<Box<str>>,
}

/// The part of a standing that a status shows.
pub(crate) struct ShownStanding<'a> {
    /// The conditions of the object, `Ready` first.
    pub(crate) conditions: Vec<&'a Arc<Condition>>,
    /// When the last delivery came to an end, and whether it was a good one.
    pub(crate) fate: Option<(Timestamp, bool)>,
    /// The last setback, if it is newer than the last delivery.
    pub(crate) error: Option<&'a str>,
    /// What waits and what was given up; none before it was counted.
    pub(crate) counts: Option<Counts>,
    /// Whether nothing is tried before the spec changes.
    pub(crate) is_terminal: bool,
    /// Whether the generation counts as observed all the same.
    pub(crate) observes_terminal: bool,
    /// The webhook that a Receiver shows.
    pub(crate) webhook: Option<ShownWebhook<'a>>,
}

/// The part of a Receiver's standing that its status shows.
pub(crate) struct ShownWebhook<'a> {
    pub(crate) path: ShownPath<'a>,
    /// What became of its requests; none before the first.
    pub(crate) counts: Option<&'a WebhookCounts>,
    /// What waits for the API server; none before anything did.
    pub(crate) postponed: Option<&'a PostponedCounts>,
}

/// The path of a webhook as a status shows it.
pub(crate) enum ShownPath<'a> {
    /// The status says it already.
    AsBefore,
    /// The status shows nothing of it.
    Nothing,
    /// The status shows this path.
    Is(&'a str),
}

/// A judgement of an object beside [`READY`].
pub(crate) trait Aspect: Unpin + 'static {
    /// Goes on where an earlier watcher ended. To be judged next.
    fn seeded(seed: &Seed, now: Timestamp) -> Self;

    /// The condition that it is, if it is one.
    fn condition(&self) -> Option<&Arc<Condition>>;

    /// Judges the object of this id anew.
    fn judge(&mut self, judging: Judging<'_>);

    /// What a Receiver shows; `ready` is its condition.
    fn webhook(&self, _ready: &Condition) -> Option<ShownWebhook<'_>> {
        None
    }
}

/// A new judgement: what it is about and when.
pub(crate) struct Judging<'a> {
    pub(crate) generation: i64,
    /// What a full queue cost, if it did.
    pub(crate) overflow: Option<&'a str>,
    pub(crate) now: Timestamp,
}

impl Aspect for () {
    fn seeded(_: &Seed, _: Timestamp) -> Self {}

    fn condition(&self) -> Option<&Arc<Condition>> {
        None
    }

    fn judge(&mut self, _: Judging<'_>) {}
}

/// The standing of an object: conditions, and the last delivery.
pub(crate) struct Standing<A> {
    since: Timestamp,
    ready: Arc<Condition>,
    /// Whether it was ever judged, by this watcher or an earlier one.
    judged: bool,
    pub(crate) last: Last,
    pub(crate) aspect: A,
}

impl<A: Aspect> Standing<A> {
    /// Goes on where an earlier watcher ended. To be judged next.
    pub(crate) fn seeded(seed: Seed, now: Timestamp) -> Self {
        let aspect = A::seeded(&seed, now);
        let judged = seed.ready.is_some();
        let ready = seed.ready.unwrap_or_else(|| Judgement::open(READY).condition(None, 0, now));
        Self { since: seed.since.unwrap_or(now), ready, judged, last: Last::default(), aspect }
    }

    /// Judges it anew. `ready` is the judgement of [`READY`].
    pub(crate) fn judge(&mut self, ready: Judgement, generation: i64, now: Timestamp) {
        self.ready = ready.follow(&self.ready, generation, now);
        self.judged = true;
        let overflow = self.last.overflow.as_deref();
        self.aspect.judge(Judging { generation, overflow, now });
    }

    /// Iterates over the conditions, `Ready` first.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Arc<Condition>> {
        std::iter::once(&self.ready).chain(self.aspect.condition())
    }

    /// The condition `Ready` of the object.
    pub(crate) fn ready(&self) -> &Condition {
        &self.ready
    }

    /// What is to be shown in its status. `terminal` are the reasons with which nothing is tried, and whether their generation
    /// counts as observed.
    pub(crate) fn shown(&self, counts: Option<Counts>, terminal: (&[&str], bool)) -> ShownStanding<'_> {
        let (reasons, observes_terminal) = terminal;
        ShownStanding {
            conditions: if self.judged { self.conditions().collect() } else { Vec::new() },
            fate: self.last.fate,
            error: self.last.setback(),
            counts,
            is_terminal: is_false(&self.ready) && reasons.contains(&&*self.ready.reason),
            observes_terminal,
            webhook: self.aspect.webhook(&self.ready),
        }
    }

    /// What all kinds show in `campanile get`.
    pub(crate) fn row(&self, key: &ObjectKey, suspended: bool, counts: Counts) -> ObjectRow {
        ObjectRow {
            namespace: key.namespace.to_string(),
            name: key.name.to_string(),
            suspended,
            conditions: self.conditions().map(|condition| Condition::clone(condition)).collect(),
            since: self.since,
            last_delivery: self.last.delivery,
            last_error: self.last.setback().map(str::to_owned),
            pending: counts.pending,
            dead_letters: counts.dead,
        }
    }
}
