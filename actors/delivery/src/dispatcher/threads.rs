//! The threads that provider actors live on: the dispatcher's own, and those that it was given beside it.

use std::cell::Cell;
use std::rc::Rc;

use actix::ArbiterHandle;

/// The delivery threads with the number of provider actors on each.
pub(super) struct Threads(Vec<Thread>);

struct Thread {
    /// None is the dispatcher's own.
    arbiter: Option<ArbiterHandle>,
    actors: Rc<Cell<usize>>,
}

/// One actor's place on a thread, until it is dropped.
pub(super) struct ThreadSeat {
    arbiter: Option<ArbiterHandle>,
    actors: Rc<Cell<usize>>,
}

impl Threads {
    pub(super) fn new(others: Vec<ArbiterHandle>) -> Self {
        let arbiters = std::iter::once(None).chain(others.into_iter().map(Some));
        Self(arbiters.map(|arbiter| Thread { arbiter, actors: Rc::default() }).collect())
    }

    /// A place on the thread with the fewest actors.
    pub(super) fn place(&self) -> ThreadSeat {
        let emptiest = self.0.iter().min_by_key(|thread| thread.actors.get());
        let (arbiter, actors) =
            emptiest.map(|thread| (thread.arbiter.clone(), thread.actors.clone())).unwrap_or_default();
        actors.set(actors.get() + 1);
        ThreadSeat { arbiter, actors }
    }

    /// How many threads there are, the dispatcher's own included.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

impl ThreadSeat {
    /// The arbiter to start in; none is the current one.
    pub(super) fn arbiter(&self) -> Option<&ArbiterHandle> {
        self.arbiter.as_ref()
    }
}

impl Drop for ThreadSeat {
    fn drop(&mut self) {
        self.actors.set(self.actors.get().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_are_spread_evenly_and_a_place_is_free_again_after_its_actor() {
        actix_rt::System::new().block_on(async {
            let arbiter = actix::Arbiter::new();
            let threads = Threads::new(vec![arbiter.handle()]);
            assert_eq!(threads.count(), 2);
            let mut places: Vec<ThreadSeat> = (0..4).map(|_| threads.place()).collect();
            let is_own = |place: &ThreadSeat| place.arbiter().is_none();
            assert_eq!(places.iter().map(is_own).collect::<Vec<_>>(), [true, false, true, false]);
            places.retain(is_own);
            assert!(!is_own(&threads.place()), "two are gone from the other thread");
            arbiter.stop();
        });
    }
}
