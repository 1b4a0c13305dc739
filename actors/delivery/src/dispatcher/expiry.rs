//! Deliveries whose deadline passed: one message says how many.

use std::collections::BTreeMap;

use campanile_domain::ObjectKey;
use campanile_protocol::{Announce, Subject, reason};
use jiff::{SignedDuration, Timestamp};

use super::Dispatcher;

/// The shortest time between two messages about one Provider; what passes its deadline meanwhile is in the next.
const PAUSE: SignedDuration = SignedDuration::from_secs(60);

/// What was not told yet, by Provider, and when something was last told. Bounded by the Providers that the outbox knows.
#[derive(Default)]
pub(super) struct Expiry(BTreeMap<ObjectKey, (usize, Option<Timestamp>)>);

impl Expiry {
    fn note(&mut self, provider: ObjectKey, deliveries: usize) {
        self.0.entry(provider).or_default().0 += deliveries;
    }

    /// What is to be told now.
    fn take(&mut self, now: Timestamp) -> Vec<(ObjectKey, usize)> {
        let calm = |told: &Option<Timestamp>| told.is_none_or(|told| now >= told + PAUSE);
        self.0.retain(|_, (deliveries, told)| *deliveries > 0 || !calm(told));
        let due = self.0.iter_mut().filter(|(_, (deliveries, told))| *deliveries > 0 && calm(told));
        due.map(|(provider, (deliveries, told))| {
            *told = Some(now);
            (provider.clone(), std::mem::take(deliveries))
        })
        .collect()
    }
}

impl Dispatcher {
    /// Gives up what is too old, and says how much that was.
    pub(super) fn expire(&mut self) {
        let now = self.shared.clock.now();
        for (provider, deliveries) in self.shared.outbox.expire(now) {
            self.expiry.note(provider, deliveries);
        }
        for (provider, deliveries) in self.expiry.take(now) {
            tracing::error!(%provider, deliveries, "deliveries passed their deadline and are dead letters");
            let (verb, pronoun) =
                if deliveries == 1 { ("notification", "it") } else { ("notifications", "them") };
            let message = format!(
                "{deliveries} {verb} passed the deadline without getting through; once the destination works, put {pronoun} \
                 back with: campanile redrive --provider {provider}"
            );
            let on = Subject::Provider(provider);
            self.announces.hint(Announce::warning(on, reason::NOTIFICATIONS_EXPIRED, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use campanile_testkit::noon;

    use super::*;

    #[test]
    fn what_expires_within_a_minute_is_told_together() {
        let (mut expiry, chat) = (Expiry::default(), ObjectKey::new("apps", "chat"));
        let at = |seconds| noon() + SignedDuration::from_secs(seconds);
        expiry.note(chat.clone(), 2);
        assert_eq!(expiry.take(at(0)), [(chat.clone(), 2)]);
        for second in [5, 10, 59] {
            expiry.note(chat.clone(), 1);
            assert_eq!(expiry.take(at(second)), []);
        }
        assert_eq!(expiry.take(at(60)), [(chat, 3)]);
        assert_eq!(expiry.take(at(119)), []);
        assert_eq!((expiry.take(at(120)), expiry.0.len()), (Vec::new(), 0));
    }
}
