//! Tokens of all Providers, the least recently used one given up first (contract, providers 20).

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use campanile_domain::{ObjectKey, Proxy};
use campanile_providers::Cloud;
use campanile_providers::identity::Granted;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;

/// A token is not kept for the last fifth of its life.
const SHARE: u32 = 5;

/// Providers whose use of the cache is counted; that of more is not.
const MOST_PROVIDERS: usize = 1024;

/// What a token is good for, and how it is had.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct CacheKey {
    pub(super) cloud: Cloud,
    /// None is the controller itself.
    pub(super) account: Option<ObjectKey>,
    pub(super) proxy: Option<Proxy>,
    /// What tells the Secret's credential from others, where there is one.
    pub(super) credential: Option<[u8; 32]>,
}

struct Entry {
    key: CacheKey,
    granted: Granted,
    until: Timestamp,
}

/// How one Provider uses the cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CacheUse {
    /// The Provider.
    pub provider: ObjectKey,
    /// Tokens that were there.
    pub hits: u64,
    /// Tokens that had to be obtained.
    pub misses: u64,
}

/// How the cache is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenCacheSnapshot {
    /// Tokens in it.
    pub items: u64,
    /// Tokens that made room for others.
    pub evictions: u64,
    /// Tokens that were found or obtained.
    pub successes: u64,
    /// Tokens that could not be obtained.
    pub failures: u64,
    /// By Provider.
    pub uses: Vec<CacheUse>,
}

/// The cache. Its size is its bound.
pub(super) struct TokenCache {
    size: usize,
    age: Duration,
    /// Most recently used last.
    entries: Mutex<VecDeque<Entry>>,
    uses: Mutex<BTreeMap<ObjectKey, (u64, u64)>>,
    evictions: AtomicU64,
    successes: AtomicU64,
    failures: AtomicU64,
}

impl TokenCache {
    pub(super) fn new(size: usize, age: Duration) -> Self {
        Self {
            size,
            age,
            entries: Mutex::default(),
            uses: Mutex::default(),
            evictions: AtomicU64::new(0),
            successes: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
    }

    /// The token, while it may be used.
    pub(super) fn usable(&self, key: &CacheKey, now: Timestamp) -> Option<Granted> {
        let mut entries = self.entries.lock();
        entries.retain(|entry| entry.until > now);
        let position = entries.iter().position(|entry| entry.key == *key)?;
        let entry = entries.remove(position)?;
        let granted = entry.granted.clone();
        entries.push_back(entry);
        Some(granted)
    }

    pub(super) fn keep(&self, key: CacheKey, granted: &Granted, now: Timestamp) {
        let Some(life) = granted.life.filter(|_| self.size > 0) else { return };
        let until = now + (life - life / SHARE).min(self.age);
        let mut entries = self.entries.lock();
        entries.retain(|entry| entry.key != key);
        while entries.len() >= self.size {
            entries.pop_front();
            self.evictions.fetch_add(1, Relaxed);
        }
        entries.push_back(Entry { key, granted: granted.clone(), until });
    }

    /// Forgets `token`, unless there is a newer one.
    pub(super) fn forget(&self, key: &CacheKey, token: &str) {
        self.entries.lock().retain(|entry| entry.key != *key || entry.granted.value != token);
    }

    /// Counts a look into the cache by `provider`.
    pub(super) fn count(&self, provider: &ObjectKey, hit: bool) {
        let mut uses = self.uses.lock();
        if uses.len() >= MOST_PROVIDERS && !uses.contains_key(provider) {
            return;
        }
        let (hits, misses) = uses.entry(provider.clone()).or_default();
        *(if hit { hits } else { misses }) += 1;
    }

    pub(super) fn count_outcome(&self, success: bool) {
        let counter = if success { &self.successes } else { &self.failures };
        counter.fetch_add(1, Relaxed);
    }

    pub(super) fn snapshot(&self) -> TokenCacheSnapshot {
        let uses = self.uses.lock();
        TokenCacheSnapshot {
            items: self.entries.lock().len() as u64,
            evictions: self.evictions.load(Relaxed),
            successes: self.successes.load(Relaxed),
            failures: self.failures.load(Relaxed),
            uses: uses
                .iter()
                .map(|(provider, (hits, misses))| CacheUse {
                    provider: provider.clone(),
                    hits: *hits,
                    misses: *misses,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use campanile_testkit::noon;

    fn key(account: &str) -> CacheKey {
        CacheKey {
            cloud: Cloud::Google,
            account: Some(ObjectKey::new("apps", account)),
            proxy: None,
            credential: None,
        }
    }

    fn value(kept: Option<Granted>) -> Option<String> {
        kept.map(|granted| granted.value)
    }

    fn token(value: &str, life: u64) -> Granted {
        Granted { value: value.into(), life: Some(Duration::from_secs(life)), quota_project: None }
    }

    #[test]
    fn s20_a_token_is_kept_for_four_fifths_of_its_life_and_an_hour_at_most() {
        let cache = TokenCache::new(2, Duration::from_secs(3600));
        cache.keep(key("a"), &token("short", 1000), noon());
        cache.keep(key("b"), &token("long", 86_400), noon());
        let at = |seconds| noon() + Duration::from_secs(seconds);
        assert_eq!(value(cache.usable(&key("a"), at(799))).as_deref(), Some("short"));
        assert_eq!(cache.usable(&key("a"), at(800)), None);
        assert_eq!(value(cache.usable(&key("b"), at(3599))).as_deref(), Some("long"));
        assert_eq!(cache.usable(&key("b"), at(3600)), None);
        assert_eq!(cache.snapshot().items, 0, "what has ended is not kept");
        cache.keep(key("a"), &Granted { life: None, ..token("t", 0) }, noon());
        assert_eq!(cache.usable(&key("a"), noon()), None, "a token whose life is unknown serves once");
    }

    #[test]
    fn s20_the_least_recently_used_makes_room() {
        let cache = TokenCache::new(2, Duration::from_secs(3600));
        cache.keep(key("a"), &token("a", 1000), noon());
        cache.keep(key("b"), &token("b", 1000), noon());
        assert!(cache.usable(&key("a"), noon()).is_some());
        cache.keep(key("c"), &token("c", 1000), noon());
        assert!(cache.usable(&key("a"), noon()).is_some() && cache.usable(&key("b"), noon()).is_none());
        assert_eq!((cache.snapshot().items, cache.snapshot().evictions), (2, 1));
    }

    #[test]
    fn s20_a_size_of_zero_keeps_nothing() {
        let cache = TokenCache::new(0, Duration::from_secs(3600));
        cache.keep(key("a"), &token("a", 1000), noon());
        assert_eq!(cache.usable(&key("a"), noon()), None);
    }

    #[test]
    fn only_the_token_that_is_meant_is_forgotten() {
        let cache = TokenCache::new(2, Duration::from_secs(3600));
        cache.keep(key("a"), &token("newer", 1000), noon());
        cache.forget(&key("a"), "older");
        assert!(cache.usable(&key("a"), noon()).is_some());
        cache.forget(&key("a"), "newer");
        assert!(cache.usable(&key("a"), noon()).is_none());
    }
}
