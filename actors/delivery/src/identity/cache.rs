//! The cache of clouds' tokens for all Providers, and the counts that metrics show (contract, providers 20).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use campanile_domain::{ObjectKey, Proxy};
use campanile_providers::identity::Annotations;
use campanile_providers::{Cloud, Freshness, TokenStore};
use parking_lot::Mutex;
use serde::Serialize;

/// Providers whose use of the cache is counted; that of more is not.
const MOST_PROVIDERS: usize = 1024;

/// The key of a token: what it is good for, and the way on which it is obtained.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct CacheKey {
    pub(super) cloud: Cloud,
    /// None is the controller itself.
    pub(super) account: Option<ObjectKey>,
    /// What the account says about tokens: another one after any change.
    pub(super) annotations: Arc<Annotations>,
    pub(super) proxy: Option<Proxy>,
    /// What tells the Secret's credential from others, where there is one.
    pub(super) credential: Option<[u8; 32]>,
}

/// The use of the cache by one Provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CacheUse {
    /// Namespace and name of the Provider.
    pub provider: ObjectKey,
    /// Tokens that were found in the cache.
    pub hits: u64,
    /// Tokens that had to be obtained.
    pub misses: u64,
}

/// The snapshot of the cache of tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenCacheSnapshot {
    /// The number of tokens in the cache.
    pub items: u64,
    /// Tokens that made room for others.
    pub evictions: u64,
    /// Tokens that were found or obtained.
    pub successes: u64,
    /// Tokens that could not be obtained.
    pub failures: u64,
    /// The uses of the cache by Provider.
    pub uses: Vec<CacheUse>,
}

/// The tokens of all Providers, and the counts of their use.
pub(super) struct TokenCache {
    pub(super) tokens: TokenStore<CacheKey>,
    uses: Mutex<BTreeMap<ObjectKey, (u64, u64)>>,
    successes: AtomicU64,
    failures: AtomicU64,
}

impl TokenCache {
    /// A cache of `size` tokens, each kept for `age` at most.
    pub(super) fn new(size: usize, age: Duration) -> Self {
        Self {
            tokens: TokenStore::new(size, Freshness::FourFifths(age)),
            uses: Mutex::default(),
            successes: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
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
            items: self.tokens.count() as u64,
            evictions: self.tokens.evictions(),
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
