//! The counts of each Provider's attempts by outcome, for metrics: atomics only where deliveries end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use actix::Message;
use campanile_domain::{FailureClass, ObjectKey, ProviderType};
use campanile_outbox::Settlement;

/// Upper bounds in seconds of the buckets for the time from acceptance to delivery; one more bucket has none.
pub const WAIT_BOUNDS: [f64; 16] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0];

const CLASSES: usize = FailureClass::ALL.len();
/// The labels of outcomes that are no success.
const SETBACKS: [&str; 3] = ["retry", "parked", "dead"];

/// The outcomes of attempts of one Provider's deliveries, since the start of the dispatcher.
#[derive(Debug, Default)]
pub struct AttemptTally {
    delivered: AtomicU64,
    setbacks: [[AtomicU64; CLASSES]; SETBACKS.len()],
    waits: [AtomicU64; WAIT_BOUNDS.len() + 1],
    waited_micros: AtomicU64,
}

impl AttemptTally {
    /// Counts the outcome of an attempt; `waited` is the time since the event was accepted.
    pub(crate) fn settled(&self, settlement: &Settlement, waited: Duration) {
        let (setback, failure) = match settlement {
            Settlement::Done => return self.delivered_after(waited),
            Settlement::RetryAt(_, failure) => (0, failure),
            Settlement::Parked(_, failure) => (1, failure),
            Settlement::Dead(failure) => (2, failure),
            Settlement::Release => return,
        };
        let class = FailureClass::ALL.iter().position(|class| *class == failure.class);
        if let Some(class) = class {
            self.setbacks[setback][class].fetch_add(1, Relaxed);
        }
    }

    fn delivered_after(&self, waited: Duration) {
        self.delivered.fetch_add(1, Relaxed);
        let fits = |bound: &f64| waited.as_secs_f64() <= *bound;
        let bucket = WAIT_BOUNDS.iter().position(fits).unwrap_or(WAIT_BOUNDS.len());
        self.waits[bucket].fetch_add(1, Relaxed);
        self.waited_micros.fetch_add(u64::try_from(waited.as_micros()).unwrap_or(0), Relaxed);
    }

    /// Result, failure class (empty for what arrived) and count, only what occurred.
    pub fn results(&self) -> Vec<(&'static str, &'static str, u64)> {
        let delivered = [("delivered", "", self.delivered.load(Relaxed))];
        let setbacks = SETBACKS.iter().zip(&self.setbacks).flat_map(|(result, classes)| {
            let counts = FailureClass::ALL.iter().zip(classes);
            counts.map(|(class, count)| (*result, class.label(), count.load(Relaxed)))
        });
        delivered.into_iter().chain(setbacks).filter(|(.., count)| *count > 0).collect()
    }

    /// Deliveries per bucket of [`WAIT_BOUNDS`], each only in its own, and the sum of all times in seconds.
    pub fn waits(&self) -> ([u64; WAIT_BOUNDS.len() + 1], f64) {
        let seconds = Duration::from_micros(self.waited_micros.load(Relaxed)).as_secs_f64();
        (self.waits.each_ref().map(|count| count.load(Relaxed)), seconds)
    }

    fn add(&self, other: &Self) {
        let pairs = self.setbacks.iter().flatten().zip(other.setbacks.iter().flatten());
        let pairs = pairs.chain(self.waits.iter().zip(&other.waits));
        let sums = [(&self.delivered, &other.delivered), (&self.waited_micros, &other.waited_micros)];
        for (sum, part) in pairs.chain(sums) {
            sum.fetch_add(part.load(Relaxed), Relaxed);
        }
    }
}

/// One Provider's tally, or of a type those of all Providers that are gone.
#[derive(Clone, Debug)]
pub struct TallyRow {
    /// None for those that are gone.
    pub provider: Option<ObjectKey>,
    /// The type of the Provider.
    pub kind: ProviderType,
    /// The counts; they go on changing.
    pub tally: Arc<AttemptTally>,
}

/// Asks the dispatcher for the tallies of all Providers that had work.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Vec<TallyRow>")]
pub struct GetTallies;

/// All tallies, in the hands of the dispatcher; bounded by the Providers.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    live: BTreeMap<ObjectKey, (ProviderType, Arc<AttemptTally>)>,
    /// By name of the type.
    gone: BTreeMap<&'static str, (ProviderType, Arc<AttemptTally>)>,
}

impl Tallies {
    /// The tally of a Provider, a new one if its type has changed.
    pub(crate) fn of(&mut self, provider: &ObjectKey, kind: ProviderType) -> Arc<AttemptTally> {
        if self.live.get(provider).is_some_and(|(known, _)| *known != kind) {
            self.forget(provider);
        }
        self.live.entry(provider.clone()).or_insert_with(|| (kind, Arc::default())).1.clone()
    }

    /// The Provider is gone: what it counted stays in the sums of its type.
    pub(crate) fn forget(&mut self, provider: &ObjectKey) {
        if let Some((kind, tally)) = self.live.remove(provider) {
            self.gone.entry(kind.name()).or_insert_with(|| (kind, Arc::default())).1.add(&tally);
        }
    }

    pub(crate) fn rows(&self) -> Vec<TallyRow> {
        let row = |provider, (kind, tally): &(ProviderType, Arc<AttemptTally>)| TallyRow {
            provider,
            kind: *kind,
            tally: tally.clone(),
        };
        let live = self.live.iter().map(|(key, counted)| row(Some(key.clone()), counted));
        live.chain(self.gone.values().map(|counted| row(None, counted))).collect()
    }
}

#[cfg(test)]
mod tests {
    use campanile_domain::Failure;

    use super::*;

    #[test]
    fn what_a_provider_counted_outlives_it_in_the_sums_of_its_type() {
        let mut tallies = Tallies::default();
        let (chat, slack) = (ObjectKey::new("apps", "chat"), ProviderType::named("slack").unwrap());
        let tally = tallies.of(&chat, slack);
        tally.settled(&Settlement::Done, Duration::from_millis(7));
        tally.settled(&Settlement::Done, Duration::from_secs(7200));
        tally
            .settled(&Settlement::Dead(Failure::new(FailureClass::Rejected, "no")), Duration::from_millis(1));
        tally.settled(&Settlement::Release, Duration::ZERO);
        let expected = [("delivered", "", 2), ("dead", "rejected", 1)];
        assert_eq!(tallies.of(&chat, slack).results(), expected);
        let (waits, seconds) = tally.waits();
        assert_eq!((waits[1], waits[WAIT_BOUNDS.len()], seconds.round()), (1, 1, 7200.0));
        let discord = ProviderType::named("discord").unwrap();
        assert!(tallies.of(&chat, discord).results().is_empty(), "another type counts anew");
        tallies.forget(&chat);
        let rows = tallies.rows();
        let shown: Vec<_> = rows.iter().map(|row| (&row.provider, row.kind.name())).collect();
        assert_eq!(shown, [(&None, "discord"), (&None, "slack")]);
        assert_eq!(rows[1].tally.results(), expected);
    }

    #[test]
    fn every_class_of_failure_is_counted() {
        let tally = AttemptTally::default();
        for class in FailureClass::ALL {
            tally.settled(&Settlement::Dead(Failure::new(class, "x")), Duration::ZERO);
        }
        assert_eq!(tally.results().len(), FailureClass::ALL.len());
    }
}
