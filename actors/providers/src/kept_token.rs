//! A token that is obtained on first use and kept for all exchanges of a Provider: at most one, in memory only.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A token is not used in the last minutes of its life, so that no request carries one that ends on its way.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// A token of limited life. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) value: String,
    /// None if nobody said: then it serves one exchange.
    pub(crate) ends: Option<Timestamp>,
}

/// The place of the token. Whoever finds it empty obtains one and keeps it here.
#[derive(Default)]
pub(crate) struct KeptToken(Mutex<Option<Token>>);

impl KeptToken {
    /// The token, while it may be used.
    pub(crate) fn usable(&self, now: Timestamp) -> Option<Token> {
        let margin = SignedDuration::try_from(MARGIN).unwrap_or_default();
        let usable = |token: &&Token| token.ends.is_some_and(|ends| ends.duration_since(now) > margin);
        self.lock().as_ref().filter(usable).cloned()
    }

    pub(crate) fn keep(&self, token: &Token) {
        *self.lock() = Some(token.clone());
    }

    /// Forgets `token`, unless there is a newer one.
    pub(crate) fn forget(&self, token: &Token) {
        let mut kept = self.lock();
        if kept.as_ref() == Some(token) {
            *kept = None;
        }
    }

    /// A panic elsewhere leaves a whole token or none.
    fn lock(&self) -> MutexGuard<'_, Option<Token>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use campanile_testkit::noon;

    fn token(value: &str, ends: Option<Duration>) -> Token {
        Token { value: value.into(), ends: ends.map(|life| noon() + life) }
    }

    #[test]
    fn s20_a_token_is_used_until_shortly_before_its_end() {
        let kept = KeptToken::default();
        let hour = token("a", Some(Duration::from_secs(3600)));
        kept.keep(&hour);
        assert!(kept.usable(noon() + Duration::from_secs(3299)) == Some(hour));
        assert!(kept.usable(noon() + Duration::from_secs(3300)).is_none());
        kept.keep(&token("b", None));
        assert!(kept.usable(noon()).is_none(), "whose life is unknown serves once");
    }

    #[test]
    fn only_the_token_that_is_meant_is_forgotten() {
        let kept = KeptToken::default();
        let newer = token("newer", Some(Duration::from_secs(3600)));
        kept.keep(&newer);
        kept.forget(&token("older", Some(Duration::from_secs(3600))));
        assert!(kept.usable(noon()).as_ref() == Some(&newer));
        kept.forget(&newer);
        assert!(kept.usable(noon()).is_none());
    }
}
