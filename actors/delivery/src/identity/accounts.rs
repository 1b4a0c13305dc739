//! Annotations of service accounts about tokens, as of a second ago at most: whoever changes an annotation gets what follows from it
//! with the next message (contract, flux-2.10 section 4, T10).
//!
//! A service account is read again only while messages go out in its name, and then once a second at most, whatever their
//! number. While the API server cannot be asked, what was read before counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::ObjectKey;
use campanile_providers::identity::Annotations;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

/// How long nothing is asked after an answer.
const FRESH: SignedDuration = SignedDuration::from_secs(1);

/// Service accounts that are remembered. Beyond it the one whose answer is oldest makes room.
const MOST: usize = 1024;

/// The annotations of service accounts that a token depends on.
#[derive(Default)]
pub(super) struct Accounts(Mutex<BTreeMap<ObjectKey, Known>>);

struct Known {
    annotations: Arc<Annotations>,
    read: Timestamp,
}

impl Accounts {
    /// What was read of `account` within the last second.
    pub(super) fn fresh(&self, account: &ObjectKey, now: Timestamp) -> Option<Arc<Annotations>> {
        let known = self.0.lock();
        let known = known.get(account)?;
        // A clock that was set back makes nothing fresh.
        let age = now.duration_since(known.read);
        (SignedDuration::ZERO <= age && age < FRESH).then(|| known.annotations.clone())
    }

    /// What was read of `account` last.
    pub(super) fn last(&self, account: &ObjectKey) -> Option<Arc<Annotations>> {
        self.0.lock().get(account).map(|known| known.annotations.clone())
    }

    /// Remembers what was read of `account` at `now`.
    pub(super) fn keep(
        &self,
        account: &ObjectKey,
        annotations: Annotations,
        now: Timestamp,
    ) -> Arc<Annotations> {
        let mut all = self.0.lock();
        if all.len() >= MOST && !all.contains_key(account) {
            let oldest = all.iter().min_by_key(|(_, known)| known.read).map(|(key, _)| key.clone());
            oldest.and_then(|key| all.remove(&key));
        }
        // One value for all tokens' keys, as long as nothing changes.
        let same = all.get(account).filter(|known| *known.annotations == annotations);
        let annotations = same.map_or_else(|| Arc::new(annotations), |known| known.annotations.clone());
        all.insert(account.clone(), Known { annotations: annotations.clone(), read: now });
        annotations
    }

    /// Forgets an account that is gone, or may not be read any more.
    pub(super) fn forget(&self, account: &ObjectKey) {
        self.0.lock().remove(account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotations(value: &str) -> Annotations {
        Annotations::from([("credential.auth.fluxcd.io/audiences".to_owned(), value.to_owned())])
    }

    #[test]
    fn t10_what_was_read_counts_for_a_second() {
        let (accounts, key, now) =
            (Accounts::default(), ObjectKey::new("apps", "flux"), Timestamp::UNIX_EPOCH);
        assert_eq!(accounts.fresh(&key, now), None);
        let first = accounts.keep(&key, annotations("a"), now);
        let after = |millis| now + SignedDuration::from_millis(millis);
        assert_eq!(accounts.fresh(&key, after(999)), Some(first.clone()));
        assert_eq!(accounts.fresh(&key, after(1000)), None);
        assert_eq!(accounts.fresh(&key, after(-1)), None);
        assert_eq!(accounts.last(&key), Some(first.clone()), "while nobody can be asked");
        assert!(Arc::ptr_eq(&first, &accounts.keep(&key, annotations("a"), after(1000))));
        let changed = accounts.keep(&key, annotations("b"), after(2000));
        assert_eq!(accounts.fresh(&key, after(2500)), Some(changed));
        accounts.forget(&key);
        assert_eq!(accounts.last(&key), None);
    }

    #[test]
    fn no_more_accounts_are_remembered_than_the_bound() {
        let accounts = Accounts::default();
        for number in 0..=MOST {
            let read = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(i64::try_from(number).unwrap());
            accounts.keep(&ObjectKey::new("apps", format!("a{number}")), annotations("a"), read);
        }
        assert_eq!(accounts.0.lock().len(), MOST);
        assert_eq!(accounts.last(&ObjectKey::new("apps", "a0")), None);
    }
}
