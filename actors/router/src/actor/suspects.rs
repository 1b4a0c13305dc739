//! Events that panic the router, or keep it busy until the process is ended: one that does so again and again is set aside, so
//! that it does not stop the others.
//!
//! Either may be the router's fault as well as the event's, so the router is built anew after a panic, and the process is
//! started anew after a stall. What is remembered of the events at hand outlives both: it is on disk.

mod memory;

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use campanile_domain::Event;

/// An event that panicked or stalled the router so often is set aside.
const POISON_AFTER: u32 = 3;

/// Events that are remembered; beyond it the one that was first is forgotten.
const MOST: usize = 256;

/// The events that panicked or stalled a router. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Suspects(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// How many there are, so that an event costs nothing as long as there are none.
    known: AtomicUsize,
    counts: Mutex<VecDeque<(u64, u32)>>,
    /// The event that is being planned.
    current: Mutex<Option<Arc<Event>>>,
    /// Where they are kept; none in tests and where nothing is to be kept.
    file: Option<PathBuf>,
}

impl Suspects {
    /// Those that an earlier process of this version left in the state folder, which must exist.
    pub fn open(folder: &std::path::Path) -> Self {
        let file = memory::file(folder);
        let counts = memory::read(&file);
        Self(Arc::new(Shared {
            known: AtomicUsize::new(counts.len()),
            counts: Mutex::new(counts),
            current: Mutex::default(),
            file: Some(file),
        }))
    }

    /// Whether the event is not to be planned any more.
    pub(super) fn is_poison(&self, event: &Event) -> bool {
        self.0.known.load(Relaxed) > 0
            && self.counts().iter().any(|(known, times)| *known == mark(event) && *times >= POISON_AFTER)
    }

    /// Watches over the planning of an event until the end of the guard, which counts a panic.
    pub(super) fn watch(&self, event: &Arc<Event>) -> Watch {
        *self.current() = Some(event.clone());
        Watch { suspects: self.clone() }
    }

    /// Counts a panic against an event.
    pub(super) fn panicked(&self, event: &Event) {
        self.count(event, "an event panicked the router");
    }

    /// Counts a stall, if an event is being planned: its planning did not end. To be called from another thread, before the
    /// process is ended.
    pub fn stalled(&self) {
        let current = self.current().clone();
        if let Some(event) = current {
            self.count(&event, "the planning of an event did not end");
        }
    }

    fn count(&self, event: &Event, what: &str) {
        let (mark, mut counts) = (mark(event), self.counts());
        let times = match counts.iter_mut().find(|(known, _)| *known == mark) {
            Some((_, times)) => {
                *times = times.saturating_add(1);
                *times
            }
            None => {
                if counts.len() >= MOST {
                    counts.pop_front();
                }
                counts.push_back((mark, 1));
                1
            }
        };
        self.0.known.store(counts.len(), Relaxed);
        let object = event.involved_object.path();
        tracing::error!(%object, reason = event.reason, times, "{what}");
        if let Some(file) = &self.0.file
            && let Err(error) = memory::write(file, &counts)
        {
            tracing::error!(%error, file = %file.display(), "failed to remember an event that may be poison");
        }
    }

    fn counts(&self) -> MutexGuard<'_, VecDeque<(u64, u32)>> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Event>>> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same for each repetition of an event, whenever it happened.
fn mark(event: &Event) -> u64 {
    let Event { involved_object, severity, message, reason, metadata, .. } = event;
    let mut hasher = DefaultHasher::new();
    (involved_object, severity, message, reason, metadata).hash(&mut hasher);
    hasher.finish()
}

/// The guard that [`Suspects::watch`] gives.
pub(super) struct Watch {
    suspects: Suspects,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let event = self.suspects.current().take();
        if let (Some(event), true) = (event, std::thread::panicking()) {
            self.suspects.panicked(&event);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use campanile_testkit::event;

    use super::*;

    fn panic_on(suspects: &Suspects, event: &Event) {
        let event = Arc::new(event.clone());
        let planning = AssertUnwindSafe(|| {
            let _watch = suspects.watch(&event);
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
        drop(suspects.watch(&Arc::new(good.clone())));
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
        assert_eq!(suspects.counts().len(), MOST);
    }

    #[test]
    fn issue_15_a_stall_counts_like_a_panic_and_is_remembered_on_disk() {
        let folder = std::env::temp_dir().join(format!("campanile-suspects-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (bad, good) = (event(), Event { message: "another".into(), ..event() });
        for start in 0..3 {
            let suspects = Suspects::open(&folder);
            assert!(!suspects.is_poison(&bad), "after {start} stalls");
            suspects.stalled();
            let watch = suspects.watch(&Arc::new(bad.clone()));
            suspects.stalled();
            drop(watch);
            suspects.stalled();
        }
        let suspects = Suspects::open(&folder);
        assert!(suspects.is_poison(&bad) && !suspects.is_poison(&good));
        std::fs::write(memory::file(&folder), "another version\n1 3\n").unwrap();
        assert!(!Suspects::open(&folder).is_poison(&bad), "a new version may have mended it");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
