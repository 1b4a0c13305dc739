//! Events that panic the router: one that does so again and again is set aside, so that it does not stop the others.
//!
//! A panic may be the router's fault as well as the event's, so the router is built anew after each. What is remembered of
//! the events at hand outlives it, as long as the process.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use campanile_domain::Event;

/// An event that panicked the router so often is set aside.
const POISON_AFTER: u32 = 3;

/// Events that are remembered; beyond it the one that panicked first is forgotten.
const MOST: usize = 256;

/// The events that panicked a router of this process. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Suspects(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// How many there are, so that an event costs nothing as long as there are none.
    known: AtomicUsize,
    panics: Mutex<VecDeque<(u64, u32)>>,
}

impl Suspects {
    /// Whether the event is not to be planned any more.
    pub(super) fn is_poison(&self, event: &Event) -> bool {
        self.0.known.load(Relaxed) > 0
            && self.panics().iter().any(|(known, times)| *known == mark(event) && *times >= POISON_AFTER)
    }

    /// Watches over the planning of an event until the end of the guard, which counts a panic.
    pub(super) fn watch<'e>(&self, event: &'e Event) -> Watch<'e> {
        Watch { event, suspects: self.clone() }
    }

    pub(super) fn panicked(&self, event: &Event) {
        let (mark, mut panics) = (mark(event), self.panics());
        let times = match panics.iter_mut().find(|(known, _)| *known == mark) {
            Some((_, times)) => {
                *times += 1;
                *times
            }
            None => {
                if panics.len() >= MOST {
                    panics.pop_front();
                }
                panics.push_back((mark, 1));
                1
            }
        };
        self.0.known.store(panics.len(), Relaxed);
        let object = event.involved_object.path();
        tracing::error!(%object, reason = event.reason, times, "an event panicked the router");
    }

    fn panics(&self) -> MutexGuard<'_, VecDeque<(u64, u32)>> {
        self.0.panics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same for each repetition of an event, whenever it happened.
fn mark(event: &Event) -> u64 {
    let Event { involved_object, severity, message, reason, metadata, .. } = event;
    let mut hasher = DefaultHasher::new();
    (involved_object, severity, message, reason, metadata).hash(&mut hasher);
    hasher.finish()
}

/// See [`Suspects::watch`].
pub(super) struct Watch<'e> {
    event: &'e Event,
    suspects: Suspects,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.suspects.panicked(self.event);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use campanile_testkit::event;

    use super::*;

    fn panic_on(suspects: &Suspects, event: &Event) {
        let planning = AssertUnwindSafe(|| {
            let _watch = suspects.watch(event);
            panic!("told to");
        });
        assert!(catch_unwind(planning).is_err());
    }

    #[test]
    fn the_third_panic_of_an_event_makes_it_poison_and_no_other() {
        let suspects = Suspects::default();
        let (bad, good) = (event(), Event { message: "another".into(), ..event() });
        for _ in 0..3 {
            assert!(!suspects.is_poison(&bad));
            panic_on(&suspects, &bad);
        }
        drop(suspects.watch(&good));
        let again = Event { timestamp: Some("2026-11-24T10:00:00Z".parse().unwrap()), ..bad };
        assert!(suspects.is_poison(&again), "at another time it is the same");
        assert!(!suspects.is_poison(&good));
    }

    #[test]
    fn no_more_are_remembered_than_the_bound() {
        let suspects = Suspects::default();
        for n in 0..MOST + 10 {
            suspects.panicked(&Event { message: n.to_string(), ..event() });
        }
        assert_eq!(suspects.panics().len(), MOST);
    }
}
