//! Deliveries that were given up because they were too old or their queue was full: one message says how many.

use std::collections::BTreeMap;

use campanile_domain::ObjectKey;
use campanile_protocol::{Announce, Subject, reason};
use jiff::{SignedDuration, Timestamp};

use super::Dispatcher;

/// The shortest time between two messages about one Provider; what is given up meanwhile is in the next.
const PAUSE: SignedDuration = SignedDuration::from_secs(60);

/// The losses for one reason, by Provider. Bounded by the Providers that the outbox knows.
#[derive(Default)]
pub(super) struct Losses(BTreeMap<ObjectKey, Loss>);

#[derive(Default)]
struct Loss {
    /// What was not told yet.
    untold: usize,
    /// All since the last minute in which there was nothing to tell.
    total: usize,
    told: Option<Timestamp>,
}

impl Loss {
    fn may_be_told(&self, now: Timestamp) -> bool {
        self.told.is_none_or(|told| now >= told + PAUSE)
    }
}

/// The loss of a Provider that is to be told.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    provider: ObjectKey,
    /// The number of losses since the last message.
    fresh: usize,
    /// The number of losses in a row.
    total: usize,
}

impl Losses {
    fn note(&mut self, losses: BTreeMap<ObjectKey, usize>) {
        for (provider, deliveries) in losses {
            let loss = self.0.entry(provider).or_default();
            loss.untold += deliveries;
            loss.total += deliveries;
        }
    }

    /// What is to be told now.
    fn take(&mut self, now: Timestamp) -> Vec<Told> {
        self.0.retain(|_, loss| loss.untold > 0 || !loss.may_be_told(now));
        let due = self.0.iter_mut().filter(|(_, loss)| loss.untold > 0 && loss.may_be_told(now));
        due.map(|(provider, loss)| {
            loss.told = Some(now);
            Told { provider: provider.clone(), fresh: std::mem::take(&mut loss.untold), total: loss.total }
        })
        .collect()
    }
}

impl Dispatcher {
    /// Gives up what is too old, and says how much that was and how much was given up because a queue was full.
    pub(super) fn expire(&mut self) {
        let now = self.shared.clock.now();
        self.expired.note(self.shared.outbox.expire(now));
        for Told { provider, fresh, .. } in self.expired.take(now) {
            tracing::error!(%provider, deliveries = fresh, "deliveries passed their deadline and are dead letters");
            let what = "passed the deadline without getting through; once the destination works, put";
            self.say_lost(provider, reason::NOTIFICATIONS_EXPIRED, fresh, what);
        }
        self.overflowed.note(self.shared.outbox.take_overflowed());
        for Told { provider, fresh, total } in self.overflowed.take(now) {
            tracing::error!(%provider, deliveries = fresh, total, "the queue is full, its oldest deliveries are dead letters");
            let what = "gave way to newer ones because the queue is full; mend the destination, then put";
            self.say_lost(provider, reason::QUEUE_OVERFLOWED, total, what);
        }
    }

    fn say_lost(&self, provider: ObjectKey, reason: &'static str, deliveries: usize, what: &str) {
        let (noun, pronoun) =
            if deliveries == 1 { ("notification", "it") } else { ("notifications", "them") };
        let message = format!(
            "{deliveries} {noun} {what} {pronoun} back with: campanile redrive --provider {provider}"
        );
        self.announces.hint(Announce::warning(Subject::Provider(provider), reason, message));
    }
}

#[cfg(test)]
mod tests {
    use campanile_testkit::noon;

    use super::*;

    #[test]
    fn what_is_lost_within_a_minute_is_told_together() {
        let (mut losses, chat) = (Losses::default(), ObjectKey::new("apps", "chat"));
        let at = |seconds| noon() + SignedDuration::from_secs(seconds);
        let told = |fresh, total| [Told { provider: chat.clone(), fresh, total }];
        let lose =
            |losses: &mut Losses, deliveries| losses.note(BTreeMap::from([(chat.clone(), deliveries)]));
        lose(&mut losses, 2);
        assert_eq!(losses.take(at(0)), told(2, 2));
        for second in [5, 10, 59] {
            lose(&mut losses, 1);
            assert_eq!(losses.take(at(second)), []);
        }
        assert_eq!(losses.take(at(60)), told(3, 5));
        assert_eq!(losses.take(at(119)), []);
        assert_eq!((losses.take(at(120)), losses.0.len()), (Vec::new(), 0));
        lose(&mut losses, 1);
        assert_eq!(losses.take(at(200)), told(1, 1), "after a quiet minute it begins anew");
    }
}
