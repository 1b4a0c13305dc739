//! Access tokens, and the one store that keeps them: in memory only, bounded, until some time before their end.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A token of limited life that lets requests in. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token, fit for a header.
    pub value: String,
    /// When it ends; none if nobody said: then it serves one exchange.
    pub ends: Option<Timestamp>,
    /// The project of Google that pays for its use; none if that is the token's own.
    pub quota_project: Option<String>,
}

impl AccessToken {
    /// A token whose use costs nobody else.
    pub fn new(value: String, ends: Option<Timestamp>) -> Self {
        Self { value, ends, quota_project: None }
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessToken(***** until {:?})", self.ends)
    }
}

/// The margin before its end at which a token is no longer used, so that no request carries one that ends on its way.
#[derive(Clone, Copy, Debug)]
pub enum Freshness {
    /// Until so long before its end.
    Margin(Duration),
    /// For four fifths of its life, and no longer than this (contract, providers 20).
    FourFifths(Duration),
}

impl Freshness {
    fn until(self, ends: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let life = ends.duration_since(now);
        let kept = match self {
            Self::Margin(margin) => life - SignedDuration::try_from(margin).ok()?,
            Self::FourFifths(longest) => (life - life / 5).min(SignedDuration::try_from(longest).ok()?),
        };
        now.checked_add(kept).ok()
    }
}

/// Keeps tokens by what they are good for. Beyond its size the one that was used longest ago makes room.
pub struct TokenStore<K> {
    size: usize,
    freshness: Freshness,
    /// The entries, the most recently used last.
    entries: Mutex<VecDeque<Entry<K>>>,
    evictions: AtomicU64,
}

struct Entry<K> {
    key: K,
    token: AccessToken,
    until: Timestamp,
}

/// The store of a Provider that is let in with one token at a time.
pub(crate) type OneToken = TokenStore<()>;

impl OneToken {
    /// A token is not used in the last five minutes of its life.
    pub(crate) fn with_usual_margin() -> Self {
        Self::new(1, Freshness::Margin(Duration::from_secs(5 * 60)))
    }
}

impl<K: PartialEq> TokenStore<K> {
    /// A store for `size` tokens; zero keeps none.
    pub fn new(size: usize, freshness: Freshness) -> Self {
        Self { size, freshness, entries: Mutex::default(), evictions: AtomicU64::new(0) }
    }

    /// The token for `key`, while it may be used.
    pub fn usable(&self, key: &K, now: Timestamp) -> Option<AccessToken> {
        let mut entries = self.lock();
        entries.retain(|entry| now < entry.until);
        let position = entries.iter().position(|entry| entry.key == *key)?;
        let entry = entries.remove(position)?;
        let token = entry.token.clone();
        entries.push_back(entry);
        Some(token)
    }

    /// Keeps `token` in place of the one for `key`, if its life is known.
    pub fn keep(&self, key: K, token: &AccessToken, now: Timestamp) {
        let mut entries = self.lock();
        entries.retain(|entry| entry.key != key);
        let until = token.ends.and_then(|ends| self.freshness.until(ends, now));
        let Some(until) = until.filter(|_| self.size > 0) else { return };
        while entries.len() >= self.size {
            entries.pop_front();
            self.evictions.fetch_add(1, Relaxed);
        }
        entries.push_back(Entry { key, token: token.clone(), until });
    }

    /// Forgets the token with this value, unless there is a newer one for `key`.
    pub fn forget(&self, key: &K, value: &str) {
        self.lock().retain(|entry| entry.key != *key || entry.token.value != value);
    }

    /// The number of tokens that are kept.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// The number of tokens that made room for others, since the start.
    pub fn evictions(&self) -> u64 {
        self.evictions.load(Relaxed)
    }

    /// A panic elsewhere leaves whole entries.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Entry<K>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use campanile_testkit::noon;

    const HOUR: Freshness = Freshness::FourFifths(Duration::from_secs(3600));

    fn at(seconds: u64) -> Timestamp {
        noon() + Duration::from_secs(seconds)
    }

    fn token(value: &str, life: u64) -> AccessToken {
        AccessToken::new(value.into(), Some(at(life)))
    }

    fn value<K: PartialEq>(store: &TokenStore<K>, key: &K, now: Timestamp) -> Option<String> {
        store.usable(key, now).map(|token| token.value)
    }

    #[test]
    fn s20_a_token_is_kept_for_four_fifths_of_its_life_and_an_hour_at_most() {
        let store = TokenStore::new(2, HOUR);
        store.keep("a", &token("short", 1000), noon());
        store.keep("b", &token("long", 86_400), noon());
        assert_eq!(value(&store, &"a", at(799)).as_deref(), Some("short"));
        assert_eq!(value(&store, &"a", at(800)), None);
        assert_eq!(value(&store, &"b", at(3599)).as_deref(), Some("long"));
        assert_eq!(value(&store, &"b", at(3600)), None);
        assert_eq!(store.count(), 0, "what has ended is not kept");
        store.keep("a", &AccessToken::new("t".into(), None), noon());
        assert_eq!(value(&store, &"a", noon()), None, "a token whose life is unknown serves once");
    }

    #[test]
    fn s20_one_token_is_used_until_shortly_before_its_end() {
        let store = OneToken::with_usual_margin();
        store.keep((), &token("a", 3600), noon());
        assert_eq!(value(&store, &(), at(3299)).as_deref(), Some("a"));
        assert_eq!(value(&store, &(), at(3300)), None);
        store.keep((), &token("b", 60), noon());
        assert_eq!(value(&store, &(), noon()), None, "one that lives too short serves once");
    }

    #[test]
    fn s20_the_least_recently_used_makes_room() {
        let store = TokenStore::new(2, HOUR);
        store.keep("a", &token("a", 1000), noon());
        store.keep("b", &token("b", 1000), noon());
        assert!(store.usable(&"a", noon()).is_some());
        store.keep("c", &token("c", 1000), noon());
        assert!(store.usable(&"a", noon()).is_some() && store.usable(&"b", noon()).is_none());
        assert_eq!((store.count(), store.evictions()), (2, 1));
    }

    #[test]
    fn s20_a_size_of_zero_keeps_nothing() {
        let store = TokenStore::new(0, HOUR);
        store.keep("a", &token("a", 1000), noon());
        assert_eq!(value(&store, &"a", noon()), None);
    }

    #[test]
    fn only_the_token_that_is_meant_is_forgotten() {
        let store = TokenStore::new(2, HOUR);
        store.keep("a", &token("newer", 1000), noon());
        store.forget(&"a", "older");
        assert!(store.usable(&"a", noon()).is_some());
        store.forget(&"a", "newer");
        assert!(store.usable(&"a", noon()).is_none());
    }
}
