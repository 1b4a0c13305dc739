//! The duplicate window: which events were accepted lately (contract, control plane 4.7).
//!
//! One window serves all HTTP workers and outlives restarts of the intake actor. A key is *claimed* when its event
//! passes, and counts only once the event is stored: the [`Ticket`] confirms it, or frees it when dropped. A duplicate
//! of a pending event waits for that. The window is in memory only; after a restart of the process it is empty.
//!
//! It keeps at most [`Window::MOST_KEYS`] keys; beyond that, those go whose last accepted event is the oldest.

mod bucket;
mod ticket;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use campanile_supervision::SharedClock;
use dashmap::{DashMap, Entry};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::key::DuplicateKey;
use bucket::{Take, WindowEntry};
pub(crate) use ticket::Ticket;

/// The window is swept part by part, so that no event waits for a sweep of all keys.
const PARTS: usize = 16;

/// The number of locks of each part.
const SHARDS: usize = 4;

/// A shard's table of 32,768 places takes 28,672 keys before it doubles; this leaves room for uneven shards, so that a
/// full window takes about 60 bytes a key.
const KEYS_PER_PART: usize = SHARDS * 27_000;

/// A full part gives up one in this many of its keys at once.
const EVICTED_SHARE: usize = 16;

/// So many keys are looked at to tell which are old.
const SAMPLE: usize = 1024;

/// Duplicates wait on one of so many bells, chosen by the key.
const BELLS: usize = 256;

/// The interval that stands in for one that is zero or negative.
const DEGENERATE: Duration = Duration::from_secs(1);

/// How often the window is swept in the degenerate case.
const DEGENERATE_SWEEP: Duration = Duration::from_hours(6);

/// The duplicate window: keys of events of late.
pub struct Window {
    /// In microseconds, at least one.
    interval: i64,
    sweep_every: Duration,
    clock: SharedClock,
    parts: Box<[Part]>,
    next_sweep: AtomicUsize,
    bells: Box<[Notify]>,
    keys_per_part: usize,
}

struct Part {
    buckets: DashMap<DuplicateKey, WindowEntry>,
    /// Follows the map's own count, which would take every lock to read.
    keys: AtomicUsize,
}

/// The result of a claim.
#[derive(Debug)]
pub(crate) enum Claim {
    /// Not seen in this slot: store it, then confirm the ticket.
    New(Ticket),
    /// Accepted and stored before. `reset` is when the key is free again.
    Duplicate {
        /// The begin of the next slot.
        reset: Timestamp,
    },
}

impl Window {
    /// No more keys than this are kept; an entry takes 48 bytes and its share of the table.
    pub const MOST_KEYS: usize = PARTS * KEYS_PER_PART;

    /// An empty window with slots of `interval`; zero and negative ones count as a second.
    pub fn new(interval: SignedDuration, clock: SharedClock) -> Self {
        Self::bounded(interval, clock, KEYS_PER_PART)
    }

    fn bounded(interval: SignedDuration, clock: SharedClock, keys_per_part: usize) -> Self {
        let positive = Duration::try_from(interval).ok().filter(|interval| !interval.is_zero());
        let length = positive.unwrap_or(DEGENERATE);
        let part = |_| Part { buckets: DashMap::with_shard_amount(SHARDS), keys: AtomicUsize::new(0) };
        Self {
            interval: i64::try_from(length.as_micros()).unwrap_or(i64::MAX).max(1),
            sweep_every: positive.unwrap_or(DEGENERATE_SWEEP),
            clock,
            parts: (0..PARTS).map(part).collect(),
            next_sweep: AtomicUsize::new(0),
            bells: (0..BELLS).map(|_| Notify::new()).collect(),
            keys_per_part,
        }
    }

    /// The number of keys that are kept.
    pub fn keys(&self) -> usize {
        self.parts.iter().map(|part| part.keys.load(Ordering::Relaxed)).sum()
    }

    /// The pause between two calls of [`Window::sweep`], so that every key is looked at once an interval.
    pub fn sweep_pause(&self) -> Duration {
        (self.sweep_every / u32::try_from(PARTS).unwrap_or(1)).max(Duration::from_millis(10))
    }

    /// Drops the keys of the next part whose last accepted event lies more than two intervals back.
    pub fn sweep(&self) {
        let turn = self.next_sweep.fetch_add(1, Ordering::Relaxed) % PARTS;
        let longest = i64::try_from(self.sweep_every.as_micros()).unwrap_or(i64::MAX).saturating_mul(2);
        let now = self.now();
        let part = &self.parts[turn];
        part.retain(|bucket| now.saturating_sub(bucket.last_use(self.interval)) <= longest);
        if part.buckets.capacity() / 4 > part.buckets.len() {
            part.buckets.shrink_to_fit();
        }
    }

    /// Claims `key`, waiting for the result of a claim that is pending.
    pub(crate) async fn claim(self: &Arc<Self>, key: DuplicateKey) -> Claim {
        loop {
            // Listens before it looks, so that a settlement in between is not missed.
            let settled = self.bell(&key).notified();
            match self.take(key) {
                Take::Claimed { slot, reset } => {
                    return Claim::New(Ticket::new(self.clone(), key, slot, time(reset)));
                }
                Take::Spent { reset } => return Claim::Duplicate { reset: time(reset) },
                Take::Pending => settled.await,
            }
        }
    }

    fn take(&self, key: DuplicateKey) -> Take {
        let now = self.now();
        let part = self.part(&key);
        let take = match part.buckets.entry(key) {
            Entry::Occupied(mut entry) => return entry.get_mut().take(now, self.interval),
            Entry::Vacant(entry) => {
                let mut bucket = WindowEntry::new(now);
                let take = bucket.take(now, self.interval);
                entry.insert(bucket);
                take
            }
        };
        if part.keys.fetch_add(1, Ordering::Relaxed) >= self.keys_per_part {
            self.evict(part);
        }
        take
    }

    /// Makes room in a full part: drops its oldest keys, as many as the share says at most.
    fn evict(&self, part: &Part) {
        let age = |bucket: &WindowEntry| bucket.last_use(self.interval);
        let settled = part.buckets.iter().filter(|bucket| !bucket.is_pending());
        let mut sample: Vec<i64> = settled.take(SAMPLE).map(|bucket| age(bucket.value())).collect();
        if sample.is_empty() {
            return;
        }
        // The last of the oldest share. One more would be looked at and stay, and be the same one every time.
        let last = (sample.len() / EVICTED_SHARE).saturating_sub(1);
        let (_, &mut youngest_to_go, _) = sample.select_nth_unstable(last);
        let mut room = (self.keys_per_part / EVICTED_SHARE).max(1);
        part.retain(|bucket| {
            let stays = room == 0 || age(bucket) > youngest_to_go;
            room -= usize::from(!stays);
            stays
        });
        part.buckets.shrink_to_fit();
    }

    fn confirm(&self, key: &DuplicateKey, slot: u32) {
        if let Some(mut bucket) = self.part(key).buckets.get_mut(key) {
            bucket.confirm(slot);
        }
        self.bell(key).notify_waiters();
    }

    fn release(&self, key: &DuplicateKey) {
        let part = self.part(key);
        if part.buckets.remove_if_mut(key, |_, bucket| bucket.release()).is_some() {
            part.keys.fetch_sub(1, Ordering::Relaxed);
        }
        self.bell(key).notify_waiters();
    }

    fn now(&self) -> i64 {
        self.clock.now().as_microsecond()
    }

    fn part(&self, key: &DuplicateKey) -> &Part {
        &self.parts[usize::from(key[0]) % PARTS]
    }

    fn bell(&self, key: &DuplicateKey) -> &Notify {
        &self.bells[usize::from(key[1]) % BELLS]
    }
}

impl Part {
    /// Drops what `keep` does not keep; a pending bucket always stays.
    fn retain(&self, mut keep: impl FnMut(&WindowEntry) -> bool) {
        let mut gone = 0;
        self.buckets.retain(|_, bucket| {
            let stays = bucket.is_pending() || keep(bucket);
            gone += usize::from(!stays);
            stays
        });
        self.keys.fetch_sub(gone, Ordering::Relaxed);
    }
}

fn time(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::MAX)
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window").field("interval_us", &self.interval).field("keys", &self.keys()).finish()
    }
}

#[cfg(test)]
mod tests;
