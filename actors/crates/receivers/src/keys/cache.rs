//! Which keys are still good, and when an issuer may be asked again. Pure: the caller fetches, and says how it went.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{KeyError, KeySet, KeySource};

/// Sources that are remembered; beyond that the one that was asked first goes.
const MOST_SOURCES: usize = 256;

/// For how long keys are used without a question.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// For how long keys are used while the issuer cannot be asked. A key that was withdrawn is taken no longer than that.
const STALE: SignedDuration = SignedDuration::from_hours(1);

/// How long a source is left alone after a question: tokens that name keys which nobody has must not make many.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// The plan for a token's keys: use them, or ask first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlan {
    /// The kept keys can be used.
    Use(Arc<KeySet>),
    /// Fetch them, and say how it went with [`KeyCache::fetched`].
    Fetch,
    /// They could not be had a moment ago.
    Failed(KeyError),
}

struct Entry {
    keys: Option<(Arc<KeySet>, Timestamp)>,
    /// When the source was last asked, and what became of it if that was nothing.
    asked: Timestamp,
    error: Option<KeyError>,
}

/// The keys of all issuers.
#[derive(Default)]
pub struct KeyCache {
    entries: HashMap<KeySource, Entry>,
}

impl KeyCache {
    /// The plan for a token that says it was signed with this key. One whose key is not known may be newer than what
    /// is kept, so its issuer is asked, every 10 s at most.
    pub fn plan(&self, source: &KeySource, key_id: Option<&str>, now: Timestamp) -> KeyPlan {
        let Some(entry) = self.entries.get(source) else { return KeyPlan::Fetch };
        let may_ask = now.duration_since(entry.asked) >= PAUSE;
        match &entry.keys {
            Some((keys, since)) => {
                let age = now.duration_since(*since);
                let is_known = key_id.is_none_or(|id| keys.has(id));
                match (age < FRESH && is_known, may_ask) {
                    (true, _) => KeyPlan::Use(keys.clone()),
                    (false, true) => KeyPlan::Fetch,
                    (false, false) if age < STALE => KeyPlan::Use(keys.clone()),
                    (false, false) => entry.error.clone().map_or(KeyPlan::Fetch, KeyPlan::Failed),
                }
            }
            None if may_ask => KeyPlan::Fetch,
            None => entry.error.clone().map_or(KeyPlan::Fetch, KeyPlan::Failed),
        }
    }

    /// Notes what became of a fetch, and says what those who wait for it get: keys that are not too old where there are
    /// no new ones.
    ///
    /// # Errors
    /// Why there are none.
    pub fn fetched(
        &mut self,
        source: &KeySource,
        result: Result<KeySet, KeyError>,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, KeyError> {
        let before = self.entries.remove(source).and_then(|entry| entry.keys);
        let (keys, error) = match result {
            Ok(keys) => (Some((Arc::new(keys), now)), None),
            Err(error) => (before.filter(|(_, since)| now.duration_since(*since) < STALE), Some(error)),
        };
        self.make_room();
        let answer = keys.as_ref().map(|(keys, _)| keys.clone()).ok_or_else(|| error.clone());
        self.entries.insert(source.clone(), Entry { keys, asked: now, error });
        answer.map_err(|error| error.unwrap_or_else(|| KeyError::Fetch("it has no keys".to_owned())))
    }

    fn make_room(&mut self) {
        if self.entries.len() >= MOST_SOURCES {
            let oldest =
                self.entries.iter().min_by_key(|(_, entry)| entry.asked).map(|(source, _)| source.clone());
            oldest.map(|source| self.entries.remove(&source));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(id: &str) -> KeySet {
        let document = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"{id}","x":"AA"}}]}}"#);
        KeySet::parse(document.as_bytes(), Vec::new()).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn source(name: &str) -> KeySource {
        KeySource::Issuer(name.to_owned())
    }

    #[test]
    fn a_key_that_is_not_known_is_asked_for_but_not_more_often_than_every_ten_seconds() {
        let mut cache = KeyCache::default();
        assert_eq!(cache.plan(&source("a"), Some("1"), at(0)), KeyPlan::Fetch);
        let first = cache.fetched(&source("a"), Ok(keys("1")), at(0)).unwrap();
        assert_eq!(cache.plan(&source("a"), Some("1"), at(299)), KeyPlan::Use(first.clone()));
        assert_eq!(cache.plan(&source("a"), Some("2"), at(9)), KeyPlan::Use(first));
        assert_eq!(cache.plan(&source("a"), Some("2"), at(10)), KeyPlan::Fetch);
        let second = cache.fetched(&source("a"), Ok(keys("2")), at(10)).unwrap();
        assert_eq!(cache.plan(&source("a"), Some("2"), at(11)), KeyPlan::Use(second));
        assert_eq!(cache.plan(&source("a"), Some("2"), at(310)), KeyPlan::Fetch);
    }

    #[test]
    fn an_issuer_that_is_away_is_left_alone_for_a_moment_and_its_keys_count_for_an_hour() {
        let mut cache = KeyCache::default();
        let away = || Err(KeyError::Fetch("connection refused".to_owned()));
        assert!(cache.fetched(&source("a"), away(), at(0)).is_err());
        assert!(matches!(cache.plan(&source("a"), Some("1"), at(9)), KeyPlan::Failed(_)));
        assert_eq!(cache.plan(&source("a"), Some("1"), at(10)), KeyPlan::Fetch);
        cache.fetched(&source("a"), Ok(keys("1")), at(10)).unwrap();
        assert!(cache.fetched(&source("a"), away(), at(400)).is_ok());
        assert!(matches!(cache.plan(&source("a"), Some("1"), at(401)), KeyPlan::Use(_)));
        assert!(cache.fetched(&source("a"), away(), at(3_610)).is_err());
    }

    #[test]
    fn the_oldest_source_goes_where_there_are_too_many() {
        let mut cache = KeyCache::default();
        for number in 0..=MOST_SOURCES {
            let second = i64::try_from(number).unwrap();
            cache.fetched(&source(&number.to_string()), Ok(keys("1")), at(second)).unwrap();
        }
        assert_eq!(cache.entries.len(), MOST_SOURCES);
        assert!(!cache.entries.contains_key(&source("0")));
    }
}
