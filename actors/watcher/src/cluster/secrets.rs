//! Secrets: read when they are asked for, kept in memory only, and only those that Providers name.
//!
//! A cached Secret is trusted while a watch of metadata tells of changes. Without that watch, and for Secrets that could
//! not be read, [`SecretCache::refresh`] reads again what is kept. A notice that comes while a Secret is being read
//! keeps the answer out of the cache, so nothing old is ever kept.

mod ask;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{ObjectKey, Secret, check_object_name};
use campanile_protocol::{SecretError, Secrets};
use futures_util::{StreamExt, stream};
use kube::Client;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::batch::{Batch, WatchStep};
use ask::ask;

/// The most reads under way at the same time for one question.
const CONCURRENT: usize = 16;

/// The most reads under way at the same time for all questions. A question of one namespace leaves room for others.
const ALTOGETHER: usize = 128;

/// How long all reads for one question may take; what is not there by then is unreadable for now.
const TOTAL_PATIENCE: Duration = Duration::from_secs(20);

/// That a Secret has this resource version now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretVersion {
    pub(crate) key: ObjectKey,
    pub(crate) version: String,
    /// Whether Receivers hear at once of a change.
    pub(crate) is_selected: bool,
}

#[derive(Clone)]
struct Entry {
    outcome: Result<Arc<Secret>, SecretError>,
    /// The resource version that was read; none if there was none to read.
    version: Option<String>,
}

#[derive(Default)]
struct State {
    client: Option<Client>,
    watched: bool,
    /// Those that an object names; no other is kept.
    named: HashSet<ObjectKey>,
    entries: HashMap<ObjectKey, Entry>,
    /// How many reads of each are under way.
    reading: HashMap<ObjectKey, u32>,
    /// The number of notices so far.
    now: u64,
    /// The last notice of each named Secret.
    noticed: HashMap<ObjectKey, u64>,
}

/// The Secrets of one watcher.
pub(crate) struct SecretCache {
    state: Mutex<State>,
    /// One permit for each read under way.
    reads: Semaphore,
}

impl Default for SecretCache {
    fn default() -> Self {
        Self { state: Mutex::default(), reads: Semaphore::new(ALTOGETHER) }
    }
}

impl SecretCache {
    pub(crate) fn connected(&self, client: Client) {
        self.state.lock().client = Some(client);
    }

    /// Says whether changes are noticed.
    pub(crate) fn set_watched(&self, watched: bool) {
        self.state.lock().watched = watched;
    }

    /// How many Secrets are kept.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().entries.values().filter(|entry| entry.outcome.is_ok()).count()
    }

    /// Says whether any object names a Secret; what nobody names any more is forgotten.
    pub(crate) fn set_named(&self, key: &ObjectKey, named: bool) {
        let mut state = self.state.lock();
        if named {
            state.named.insert(key.clone());
        } else if state.named.remove(key) {
            state.entries.remove(key);
            state.noticed.remove(key);
        }
    }

    /// Whether a Secret can be had, as far as it was read.
    pub(crate) fn known(&self, key: &ObjectKey) -> Result<(), SecretError> {
        check_name(key)?;
        let state = self.state.lock();
        state.entries.get(key).map_or(Ok(()), |entry| entry.outcome.clone().map(drop))
    }

    /// Takes notices in and tells which named Secrets are not what was read.
    pub(crate) fn noticed(&self, batch: Batch<SecretVersion>) -> Vec<ObjectKey> {
        let mut state = self.state.lock();
        let mut changed = BTreeSet::new();
        if batch.whole {
            changed.extend(state.unlisted(&batch.steps));
        }
        for step in batch.steps {
            let (key, version) = match step {
                WatchStep::Applied(notice) => (notice.key, Some(notice.version)),
                WatchStep::Deleted(key) => (key, None),
            };
            if state.named.contains(&key) && state.is_news(&key, version.as_deref()) {
                state.invalidate(&key);
                changed.insert(key);
            }
        }
        changed.into_iter().collect()
    }

    /// The Secrets; those that are not kept are read.
    pub(crate) async fn read(self: Arc<Self>, keys: Vec<ObjectKey>) -> Secrets {
        let mut secrets = Secrets::new();
        let mut wanted = Vec::new();
        for key in keys {
            match check_name(&key).err().map(Err).or_else(|| self.kept(&key)) {
                Some(outcome) => drop(secrets.insert(key, outcome)),
                None => wanted.push(key),
            }
        }
        secrets
            .extend(wanted.iter().map(|key| (key.clone(), Err(unreadable(key, "it was not read in time")))));
        let mut reads = stream::iter(wanted).map(|key| self.fetch(key)).buffer_unordered(CONCURRENT);
        let all = async {
            while let Some((key, entry)) = reads.next().await {
                secrets.insert(key, entry.outcome);
            }
        };
        // What is missing by then has its answer already.
        drop(tokio::time::timeout(TOTAL_PATIENCE, all).await);
        self.keep_unread(&secrets);
        secrets
    }

    /// Notes what could not be had, so that it is read again later.
    fn keep_unread(&self, secrets: &Secrets) {
        let mut state = self.state.lock();
        for (key, outcome) in secrets.iter().filter(|(_, outcome)| outcome.as_ref().is_err_and(is_passing)) {
            if state.named.contains(key) && !state.entries.contains_key(key) {
                state.entries.insert(key.clone(), Entry { outcome: outcome.clone(), version: None });
            }
        }
    }

    /// Reads again what may be out of date, and tells what is different now.
    pub(crate) async fn refresh(self: Arc<Self>) -> Vec<ObjectKey> {
        let doubtful = self.doubtful();
        let mut reads = stream::iter(doubtful)
            .map(|(key, old)| async {
                let (key, new) = self.fetch(key).await;
                (key, old, new)
            })
            .buffer_unordered(CONCURRENT);
        let mut changed = Vec::new();
        while let Some((key, old, new)) = reads.next().await {
            if old.version != new.version || old.outcome != new.outcome {
                changed.push(key);
            }
        }
        changed
    }

    fn doubtful(&self) -> Vec<(ObjectKey, Entry)> {
        let state = self.state.lock();
        let doubtful = |entry: &Entry| !state.watched || entry.outcome.as_ref().is_err_and(is_passing);
        let entries = state.entries.iter().filter(|(_, entry)| doubtful(entry));
        entries.map(|(key, entry)| (key.clone(), entry.clone())).collect()
    }

    fn kept(&self, key: &ObjectKey) -> Option<Result<Arc<Secret>, SecretError>> {
        let outcome = self.state.lock().entries.get(key)?.outcome.clone();
        (!outcome.as_ref().is_err_and(is_passing)).then_some(outcome)
    }

    async fn fetch(&self, key: ObjectKey) -> (ObjectKey, Entry) {
        // The semaphore is never closed.
        let _turn = self.reads.acquire().await.ok();
        let (client, begun) = {
            let mut state = self.state.lock();
            *state.reading.entry(key.clone()).or_default() += 1;
            (state.client.clone(), state.now)
        };
        let under_way = UnderWay { state: &self.state, key: key.clone() };
        let Some(client) = client else {
            let outcome = Err(unreadable(&key, "the API server was not reached yet"));
            return (key, Entry { outcome, version: None });
        };
        let entry = self.settle(&key, begun, ask(client, &key).await);
        drop(under_way);
        (key, entry)
    }

    /// Keeps what a read that began at `begun` brought, and returns what counts: while the API server cannot be asked,
    /// that is what was read before.
    fn settle(&self, key: &ObjectKey, begun: u64, read: Entry) -> Entry {
        let mut state = self.state.lock();
        let noticed = state.noticed.get(key).copied().unwrap_or_default();
        if !state.named.contains(key) || noticed > begun {
            return read;
        }
        let before = state.entries.get(key).filter(|before| before.outcome.is_ok());
        if let (Some(before), Err(error)) = (before, &read.outcome)
            && is_passing(error)
        {
            return before.clone();
        }
        state.entries.insert(key.clone(), read.clone());
        read
    }
}

/// A read that is under way. It is dropped before its end when patience is over.
struct UnderWay<'a> {
    state: &'a Mutex<State>,
    key: ObjectKey,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        let Some(reads) = state.reading.get_mut(&self.key) else { return };
        *reads = reads.saturating_sub(1);
        if *reads == 0 {
            state.reading.remove(&self.key);
        }
    }
}

impl State {
    /// Whether `version` is not the one that was read, or may not be the one that is being read. What nobody has read is
    /// no news.
    fn is_news(&self, key: &ObjectKey, version: Option<&str>) -> bool {
        self.reading.contains_key(key)
            || self.entries.get(key).is_some_and(|entry| entry.version.as_deref() != version)
    }

    fn invalidate(&mut self, key: &ObjectKey) {
        self.now += 1;
        self.noticed.insert(key.clone(), self.now);
        self.entries.remove(key);
    }

    /// Secrets that were read once and are not in the list.
    fn unlisted(&mut self, steps: &[WatchStep<SecretVersion>]) -> Vec<ObjectKey> {
        let listed: BTreeSet<&ObjectKey> = steps
            .iter()
            .filter_map(|step| match step {
                WatchStep::Applied(notice) => Some(&notice.key),
                WatchStep::Deleted(_) => None,
            })
            .collect();
        let there = |entry: &Entry| entry.version.is_some();
        let lost = self.entries.iter().filter(|(key, entry)| there(entry) && !listed.contains(key));
        let lost: Vec<ObjectKey> = lost.map(|(key, _)| key.clone()).collect();
        lost.iter().for_each(|key| self.invalidate(key));
        lost
    }
}

/// Only what names a Secret may become a part of a path.
fn check_name(key: &ObjectKey) -> Result<(), SecretError> {
    check_object_name(&key.name).map_err(|source| SecretError::Name { key: key.clone(), source })
}

/// Whether the Secret may be fine, and only could not be had.
fn is_passing(error: &SecretError) -> bool {
    matches!(error, SecretError::Unreadable { .. })
}

fn unreadable(key: &ObjectKey, cause: impl Into<String>) -> SecretError {
    SecretError::Unreadable { key: key.clone(), cause: cause.into() }
}

#[cfg(test)]
mod tests;
