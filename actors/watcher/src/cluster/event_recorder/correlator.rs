//! The correlator of Kubernetes Events: the same one again is counted instead of written anew. Pure.
//!
//! An Event is posted at once. Its count is brought up to date after [`PAUSE`](super::entry::PAUSE), and then ever more rarely, up to
//! [`LONGEST_PAUSE`]. An object has at most [`DISTINCT`] Events of one reason that differ; what comes beyond them is
//! counted in one more, which shows the newest message. At most [`PER_SECOND`] requests are made in a second, and at most
//! [`MOST`] Events are remembered. Namespaces take turns at requests, and where there is no room, the one that has most
//! gives it: an Event of it that is written is forgotten, else one that is not is counted, and said in the log once there
//! is room again. So nothing goes unsaid, and no storm of failures becomes one of requests or hides what others say.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use campanile_domain::check_label;
use campanile_protocol::Announce;
use jiff::Timestamp;

use super::entry::{EventSeries, Group, PostResult, Posting, SeriesKey};
use crate::EventRecorderSnapshot;
use crate::cluster::follow::RETRY;

/// The most Events that are remembered.
const MOST: usize = 1024;

/// How many may be remembered for one more that says something good.
const MOST_GOOD: usize = MOST / 2;

/// The most Events of one object and reason that differ, before further ones are combined.
const DISTINCT: u32 = 10;

/// The most requests in a second.
const PER_SECOND: u32 = 10;

/// The longest time that a count is out of date.
const LONGEST_PAUSE: Duration = Duration::from_secs(320);

/// An Event that was not seen for so long is forgotten; the next one is a new Event.
const QUIET: Duration = Duration::from_secs(600);

/// The Events that were announced lately.
pub(super) struct EventCorrelator {
    entries: HashMap<SeriesKey, EventSeries>,
    /// How many entries there are of each group.
    groups: HashMap<Group, u32>,
    /// How many found no room.
    overflowed: u64,
    named: u64,
    /// The second that is counted, and the requests in it.
    window: (i64, u32),
    /// The namespace that had the last turn.
    last_turn: Arc<str>,
}

impl Default for EventCorrelator {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            groups: HashMap::new(),
            overflowed: 0,
            named: 0,
            window: (0, 0),
            last_turn: "".into(),
        }
    }
}

impl EventCorrelator {
    /// Takes an announcement in; `uid` is the object's.
    pub(super) fn note(&mut self, mut announce: Announce, uid: &str, now: Timestamp) {
        announce.annotations.retain(|key, _| check_label(key, "").is_ok());
        let group = (announce.on.clone(), uid.to_owned(), announce.reason.to_string());
        let mut identity = SeriesKey::of(&announce, uid);
        if !self.entries.contains_key(&identity)
            && self.groups.get(&group).is_some_and(|held| *held >= DISTINCT)
        {
            identity = SeriesKey::combined(&announce, uid);
        }
        if let Some(entry) = self.entries.get_mut(&identity) {
            return entry.again(announce, now);
        }
        // Good news leave room for bad ones.
        let most = if announce.warning { MOST } else { MOST_GOOD };
        if self.entries.len() >= most && !self.make_room(&announce) {
            self.overflowed += u64::from(announce.count);
            return;
        }
        self.named += 1;
        // A name that no other process gives: the time and a number of our own.
        let name = format!("{}.{:x}{:x}", announce.on.key().name, now.as_nanosecond(), self.named);
        *self.groups.entry(group).or_default() += 1;
        self.entries.insert(identity, EventSeries::new(name, announce, now));
    }

    /// What is remembered, what is not written yet, and what found no room since there last was some.
    pub(super) fn snapshot(&self) -> EventRecorderSnapshot {
        EventRecorderSnapshot {
            remembered: self.entries.len(),
            unwritten: self.entries.values().filter(|entry| !entry.is_written()).count(),
            overflowed: self.overflowed,
        }
    }

    /// Forgets an Event of the namespace that has most: the one that is written and was last seen longest ago; for a
    /// warning of a namespace that has less, also one that is not written, which is counted. False if there is none.
    fn make_room(&mut self, newcomer: &Announce) -> bool {
        let namespace_of = |entry: &EventSeries| entry.announce.on.key().namespace.clone();
        let mut counts: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for entry in self.entries.values() {
            *counts.entry(namespace_of(entry)).or_default() += 1;
        }
        let own = counts.get(&newcomer.on.key().namespace).copied().unwrap_or(0);
        let Some((largest, most)) = counts.into_iter().max_by_key(|(_, count)| *count) else { return false };
        let may_push_out = newcomer.warning && own + 1 < most;
        let oldest = |wanted: fn(&EventSeries) -> bool| {
            let of_largest =
                self.entries.iter().filter(|(_, entry)| namespace_of(entry) == largest && wanted(entry));
            of_largest
                .min_by_key(|(_, entry)| entry.last)
                .map(|(identity, entry)| (identity.clone(), entry.count))
        };
        if let Some((written, _)) = oldest(EventSeries::is_written) {
            self.forget(&written);
            self.tell_overflow();
            return true;
        }
        let waiting = oldest(|entry| !entry.flying).filter(|_| may_push_out);
        let Some((waiting, count)) = waiting else { return self.forget_written() };
        self.forget(&waiting);
        self.overflowed += u64::from(count);
        true
    }

    /// Forgets the Event that was last seen longest ago of all that are written. False if there is none.
    fn forget_written(&mut self) -> bool {
        let written = self.entries.iter().filter(|(_, entry)| entry.is_written());
        let oldest = written.min_by_key(|(_, entry)| entry.last).map(|(identity, _)| identity.clone());
        let Some(oldest) = oldest else { return false };
        self.forget(&oldest);
        self.tell_overflow();
        true
    }

    fn tell_overflow(&mut self) {
        if self.overflowed > 0 {
            let events = std::mem::take(&mut self.overflowed);
            tracing::warn!(events, "kubernetes events were not written, there were too many different ones");
        }
    }

    fn forget(&mut self, identity: &SeriesKey) {
        if self.entries.remove(identity).is_none() {
            return;
        }
        let group = identity.group();
        if let Some(held) = self.groups.get_mut(&group) {
            *held -= 1;
            if *held == 0 {
                self.groups.remove(&group);
            }
        }
    }

    /// Forgets what was written and not seen for a while.
    fn forget_quiet(&mut self, now: Timestamp) {
        let quiet = |entry: &EventSeries| entry.is_written() && entry.last + QUIET <= now;
        let quiet: Vec<SeriesKey> = self
            .entries
            .iter()
            .filter(|(_, entry)| quiet(entry))
            .map(|(identity, _)| identity.clone())
            .collect();
        quiet.iter().for_each(|identity| self.forget(identity));
    }

    /// Takes what is to be written now, an Event of each namespace in turn.
    pub(super) fn take(&mut self, now: Timestamp, most: usize) -> Vec<Posting> {
        self.forget_quiet(now);
        if self.window.0 != now.as_second() {
            self.window = (now.as_second(), 0);
        }
        let left = PER_SECOND - self.window.1;
        let mut due: BTreeMap<Arc<str>, Vec<(&SeriesKey, &mut EventSeries)>> = BTreeMap::new();
        for (identity, entry) in self.entries.iter_mut().filter(|(_, entry)| entry.is_due(now)) {
            due.entry(entry.announce.on.key().namespace.clone()).or_default().push((identity, entry));
        }
        let mut postings = Vec::new();
        while postings.len() < most.min(left as usize) {
            let after = (Bound::Excluded(self.last_turn.clone()), Bound::Unbounded);
            let Some(namespace) = due.range(after).next().or(due.iter().next()).map(|(name, _)| name.clone())
            else {
                break;
            };
            let mut waiting = due.remove(&namespace).unwrap_or_default();
            if let Some((identity, entry)) = waiting.pop() {
                entry.flying = true;
                postings.push(entry.posting(identity));
            }
            if !waiting.is_empty() {
                due.insert(namespace.clone(), waiting);
            }
            self.last_turn = namespace;
        }
        self.window.1 += postings.len() as u32;
        postings
    }

    /// Notes what became of a posting; `random` is drawn evenly from 0 to 1.
    pub(super) fn posted(&mut self, posting: &Posting, outcome: PostResult, now: Timestamp, random: f64) {
        let Some(entry) = self.entries.get_mut(&posting.identity) else { return };
        entry.flying = false;
        match outcome {
            PostResult::Done => {
                entry.known = Some(posting.count);
                entry.failures = 0;
                entry.due = now + entry.pause;
                entry.pause = (entry.pause * 2).min(LONGEST_PAUSE);
            }
            PostResult::Forgotten => entry.known = None,
            PostResult::Refused => {
                let Announce { reason, message, .. } = &entry.announce;
                tracing::error!(object = %posting.object(), %reason, message, "the API server refuses a kubernetes event, it is only said here");
                entry.known = Some(entry.count);
            }
            PostResult::Failed => {
                entry.failures = entry.failures.saturating_add(1);
                entry.due = now + RETRY.pause(entry.failures, random);
            }
        }
    }
}

#[cfg(test)]
mod tests;
