//! Working off a backlog below the rate that the host publishes.
//!
//! A bucket with one token that fills at the rate of the type. It holds only while a backlog is worked off: fresh messages
//! go out at once, and what is too many of them the host says itself.

use std::time::Duration;

use campanile_domain::Rate;
use jiff::Timestamp;

/// The bucket of one provider.
#[derive(Debug)]
pub(super) struct CatchUp {
    /// Time between two starts; none where the host publishes no limit.
    spacing: Option<Duration>,
    /// Whether there may be a backlog.
    active: bool,
    /// When the token is there again.
    next: Option<Timestamp>,
}

impl CatchUp {
    /// A full bucket. What waits at the beginning may be old, so it counts as a backlog until that is known.
    pub(super) fn new(rate: Option<Rate>) -> Self {
        Self { spacing: rate.map(Rate::spacing), active: true, next: None }
    }

    /// From now on there may be a backlog.
    pub(super) fn begin(&mut self) {
        self.active = true;
    }

    /// How many may start at once, of `room`.
    pub(super) fn room(&self, room: usize) -> usize {
        if self.holds() { room.min(1) } else { room }
    }

    /// When the next may start, if that is later than `now`.
    pub(super) fn wait(&self, now: Timestamp) -> Option<Timestamp> {
        self.next.filter(|next| self.holds() && *next > now)
    }

    /// `count` were started at `now`, the oldest of them from a backlog or not. True if the backlog has come to its end.
    pub(super) fn started(&mut self, count: usize, backlog: bool, now: Timestamp) -> bool {
        let Some(spacing) = self.spacing else { return false };
        if count == 0 {
            return false;
        }
        let starts = u32::try_from(count).unwrap_or(u32::MAX);
        self.next = Some(now + spacing.saturating_mul(starts));
        std::mem::replace(&mut self.active, backlog) && !backlog
    }

    fn holds(&self) -> bool {
        self.active && self.spacing.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use campanile_testkit::noon;

    const RATE: Rate = Rate { messages: 1, per: Duration::from_secs(10) };

    #[test]
    fn a_backlog_goes_out_one_by_one_and_fresh_messages_at_once() {
        let mut bucket = CatchUp::new(Some(RATE));
        assert_eq!((bucket.room(16), bucket.wait(noon())), (1, None));
        assert!(!bucket.started(1, true, noon()));
        let next = noon() + Duration::from_secs(11);
        assert_eq!(bucket.wait(noon()), Some(next));
        assert_eq!((bucket.wait(next), bucket.room(16)), (None, 1));
        assert!(bucket.started(1, false, next), "that was the last one of the backlog");
        assert_eq!((bucket.wait(next), bucket.room(16)), (None, 16));
    }

    #[test]
    fn what_was_started_before_the_backlog_was_noticed_counts() {
        let mut bucket = CatchUp::new(Some(RATE));
        bucket.started(1, false, noon());
        assert!(!bucket.started(5, true, noon()));
        assert_eq!(bucket.wait(noon()), Some(noon() + Duration::from_secs(55)));
    }

    #[test]
    fn without_a_published_limit_nothing_is_held_back() {
        let mut bucket = CatchUp::new(None);
        assert!(!bucket.started(16, true, noon()));
        assert_eq!((bucket.room(16), bucket.wait(noon())), (16, None));
    }
}
