//! Which comments are whose, as far as this process wrote or found them.
//!
//! In memory only: after a restart, or when a Provider changes, a comment is looked for once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Comments that are remembered; beyond them the oldest is forgotten, which costs one search.
const MOST: usize = 1024;

/// The change request, and the marker of the comment.
type Place = (u64, String);

/// The memory of one Provider.
#[derive(Default)]
pub(super) struct CommentMemory(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    ids: HashMap<Place, u64>,
    /// The same places, the oldest first.
    order: VecDeque<Place>,
}

impl CommentMemory {
    /// Number of the comment at `number` with `marker`.
    pub(super) fn get(&self, number: u64, marker: &str) -> Option<u64> {
        self.lock().ids.get(&(number, marker.to_owned())).copied()
    }

    pub(super) fn remember(&self, number: u64, marker: &str, id: u64) {
        let mut inner = self.lock();
        let place = (number, marker.to_owned());
        if inner.ids.insert(place.clone(), id).is_none() {
            inner.order.push_back(place);
        }
        while inner.order.len() > MOST {
            if let Some(oldest) = inner.order.pop_front() {
                inner.ids.remove(&oldest);
            }
        }
    }

    pub(super) fn forget(&self, number: u64, marker: &str) {
        let mut inner = self.lock();
        let place = (number, marker.to_owned());
        if inner.ids.remove(&place).is_some() {
            inner.order.retain(|other| *other != place);
        }
    }

    /// A panic elsewhere leaves a place too many or too few, which costs a search.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_known_by_change_request_and_marker_until_it_is_forgotten() {
        let known = CommentMemory::default();
        known.remember(1, "a", 10);
        known.remember(2, "a", 20);
        known.remember(1, "a", 11);
        assert_eq!((known.get(1, "a"), known.get(2, "a"), known.get(1, "b")), (Some(11), Some(20), None));
        known.forget(1, "a");
        assert_eq!((known.get(1, "a"), known.get(2, "a")), (None, Some(20)));
    }

    #[test]
    fn the_memory_is_bounded_and_the_oldest_goes_first() {
        let known = CommentMemory::default();
        for number in 0..=u64::try_from(MOST).unwrap() {
            known.remember(number, "m", number);
        }
        assert_eq!((known.get(0, "m"), known.get(1, "m")), (None, Some(1)));
        known.forget(1, "m");
        known.remember(1, "m", 7);
        let inner = known.lock();
        assert_eq!((inner.ids.len(), inner.order.len()), (MOST, MOST));
    }
}
