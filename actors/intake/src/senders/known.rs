//! Tokens of which it is known whose they are. They are kept as hashes, for a while and up to a number.

use std::collections::HashMap;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use tokio::time::Instant;

use super::verdict::{Sender, SenderVerdict};

/// How long a sender is believed without another review, and so how long a token is good that was taken back.
const FRESH: Duration = Duration::from_secs(60);

/// How long it is believed while the API server cannot be asked.
const STALE: Duration = Duration::from_secs(600);

/// How long a token is refused without another review.
const REFUSED: Duration = Duration::from_secs(10);

/// Senders that are remembered: an entry takes about 150 bytes.
const MOST_SENDERS: usize = 4096;

/// Refused tokens that are remembered. They take no room from senders.
const MOST_REFUSED: usize = 1024;

/// The hash that a token is kept as: SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(hash)
    }
}

/// The table of what reviews found. Of a full table the namespace that has most tokens in it loses its oldest.
#[derive(Debug, Default)]
pub(super) struct KnownTokens {
    senders: HashMap<TokenHash, (Sender, Instant)>,
    refused: HashMap<TokenHash, (SenderVerdict, Instant)>,
}

impl KnownTokens {
    pub(super) fn len(&self) -> usize {
        self.senders.len()
    }

    /// What counts without another review.
    pub(super) fn fresh(&self, hash: &TokenHash, now: Instant) -> Option<Result<Sender, SenderVerdict>> {
        if let Some((sender, at)) = self.senders.get(hash) {
            return is_within(*at, now, FRESH).then(|| Ok(sender.clone()));
        }
        let (verdict, at) = self.refused.get(hash)?;
        is_within(*at, now, REFUSED).then_some(Err(*verdict))
    }

    /// What counts while there can be no review.
    pub(super) fn stale(&self, hash: &TokenHash, now: Instant) -> Option<Sender> {
        let (sender, at) = self.senders.get(hash)?;
        is_within(*at, now, STALE).then(|| sender.clone())
    }

    /// Remembers what a review found.
    pub(super) fn found(&mut self, hash: TokenHash, found: Result<Sender, SenderVerdict>, now: Instant) {
        self.senders.remove(&hash);
        self.refused.remove(&hash);
        match found {
            Ok(sender) => {
                self.make_room_for_sender(now);
                self.senders.insert(hash, (sender, now));
            }
            Err(verdict) => {
                self.make_room_for_refused(now);
                self.refused.insert(hash, (verdict, now));
            }
        }
    }

    fn make_room_for_sender(&mut self, now: Instant) {
        if self.senders.len() < MOST_SENDERS {
            return;
        }
        self.senders.retain(|_, (_, at)| is_within(*at, now, STALE));
        if self.senders.len() < MOST_SENDERS {
            return;
        }
        let namespace = |sender: &Sender| sender.account().map(|account| account.namespace.clone());
        let mut counts = HashMap::new();
        for (sender, _) in self.senders.values() {
            *counts.entry(namespace(sender)).or_insert(0_usize) += 1;
        }
        let largest = counts.into_iter().max_by_key(|(_, count)| *count).and_then(|(name, _)| name);
        let of_largest = self.senders.iter().filter(|(_, (sender, _))| namespace(sender) == largest);
        let oldest = of_largest.min_by_key(|(_, (_, at))| *at).map(|(hash, _)| *hash);
        oldest.map(|hash| self.senders.remove(&hash));
    }

    fn make_room_for_refused(&mut self, now: Instant) {
        if self.refused.len() < MOST_REFUSED {
            return;
        }
        self.refused.retain(|_, (_, at)| is_within(*at, now, REFUSED));
        if self.refused.len() >= MOST_REFUSED {
            let oldest = self.refused.iter().min_by_key(|(_, (_, at))| *at).map(|(hash, _)| *hash);
            oldest.map(|hash| self.refused.remove(&hash));
        }
    }
}

fn is_within(at: Instant, now: Instant, span: Duration) -> bool {
    now.saturating_duration_since(at) < span
}

#[cfg(test)]
mod tests {
    use campanile_domain::ObjectKey;

    use super::*;

    fn account(namespace: &str) -> Sender {
        Sender::Account(ObjectKey::new(namespace, "web"))
    }

    #[test]
    fn issue_17_what_is_known_of_a_token_counts_for_a_minute_and_longer_without_an_api_server() {
        let (mut known, start) = (KnownTokens::default(), Instant::now());
        let (good, bad) = (TokenHash::of("good"), TokenHash::of("bad"));
        known.found(good, Ok(account("apps")), start);
        known.found(bad, Err(SenderVerdict::WrongToken), start);
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(known.fresh(&good, at(59)), Some(Ok(account("apps"))));
        assert_eq!(known.fresh(&good, at(60)), None);
        assert_eq!(known.stale(&good, at(599)), Some(account("apps")));
        assert_eq!(known.stale(&good, at(600)), None);
        assert_eq!(known.fresh(&bad, at(9)), Some(Err(SenderVerdict::WrongToken)));
        assert_eq!((known.fresh(&bad, at(10)), known.stale(&bad, at(1))), (None, None));
        // A token that was taken back is not believed any more, whatever happens to the API server.
        known.found(good, Err(SenderVerdict::WrongToken), at(70));
        assert_eq!(
            (known.fresh(&good, at(70)), known.stale(&good, at(71))),
            (Some(Err(SenderVerdict::WrongToken)), None)
        );
    }

    #[test]
    fn issue_17_tokens_of_one_namespace_and_wrong_ones_drive_out_nobody_else() {
        let (mut known, start) = (KnownTokens::default(), Instant::now());
        let other = TokenHash::of("other");
        known.found(other, Ok(account("other")), start);
        for number in 0..2 * MOST_SENDERS {
            let now = start + Duration::from_millis(u64::try_from(number).unwrap());
            known.found(TokenHash::of(&format!("good {number}")), Ok(account("apps")), now);
            known.found(TokenHash::of(&format!("bad {number}")), Err(SenderVerdict::WrongToken), now);
        }
        let end = start + Duration::from_secs(10);
        assert_eq!((known.len(), known.refused.len()), (MOST_SENDERS, MOST_REFUSED));
        assert_eq!(known.fresh(&other, end), Some(Ok(account("other"))));
        assert_eq!(known.fresh(&TokenHash::of("good 0"), end), None, "its own oldest is gone");
    }
}
