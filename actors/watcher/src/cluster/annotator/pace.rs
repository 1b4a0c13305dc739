//! The pace of one resource's annotations: at once as long as they are few, with a time between them where webhooks come in numbers.
//!
//! A controller that is asked twice within a second has nothing more to do at the second time, and each patch costs the API
//! server more than the webhook costs here.

use std::time::Duration;

use tokio::time::Instant;

/// The time between two annotations of a resource in the long run. The last of many webhooks is annotated within two seconds.
pub(super) const SPACING: Duration = Duration::from_millis(1_500);

/// The most annotations at once after a quiet time, which is as many spacings long.
const BURST: u32 = 20;

/// How long after its time one that was put off is waited for, before the next request is acted on at once.
const GRACE: Duration = Duration::from_secs(5);

/// What is known of a resource's annotations.
#[derive(Debug)]
pub(super) struct AnnotationPace {
    /// When the next would be made if all before kept the spacing.
    next: Instant,
    /// When the newest patch was sent.
    last: Option<Instant>,
    /// Until when the patch is waited for that was promised to those who were put off.
    promised: Option<Instant>,
}

impl AnnotationPace {
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now, last: None, promised: None }
    }

    /// How long a request that comes now is put off; none if it is acted on at once. While there is a crowd, the resource loses
    /// what it may do at once.
    pub(super) fn put_off(&mut self, now: Instant, is_crowded: bool) -> Option<Duration> {
        let credit = SPACING * (BURST - 1);
        if let Some(last) = self.last.filter(|last| is_crowded && now < *last + SPACING) {
            self.next = self.next.max(last + SPACING + credit);
        }
        let wait = self.next.saturating_duration_since(now).saturating_sub(credit);
        if wait.is_zero() && self.promised.is_none_or(|until| until <= now) {
            return None;
        }
        self.promised = Some(now + wait + GRACE);
        Some(wait)
    }

    /// A patch is sent, which does for all who were put off.
    pub(super) fn patched(&mut self, now: Instant) {
        self.next = self.next.max(now) + SPACING;
        (self.last, self.promised) = (Some(now), None);
    }

    /// Whether nothing of it matters any more.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.next <= now && self.promised.is_none_or(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn issue_20_a_quiet_resource_is_annotated_at_once_and_then_in_its_pace() {
        let start = Instant::now();
        let mut pace = AnnotationPace::new(start);
        for _ in 0..BURST {
            assert_eq!(pace.put_off(start, false), None);
            pace.patched(start);
        }
        assert_eq!(pace.put_off(after(start, 300), false), Some(Duration::from_millis(1_200)));
        assert_eq!(pace.put_off(after(start, 1_600), false), Some(Duration::ZERO), "its patch is promised");
        pace.patched(after(start, 1_600));
        assert_eq!(pace.put_off(after(start, 1_600), false), Some(Duration::from_millis(1_400)));
        assert!(!pace.is_over(after(start, 5_000)));
        assert!(pace.is_over(after(start, 60_000)));
        assert_eq!(pace.put_off(after(start, 60_000), false), None);
    }

    #[test]
    fn issue_20_in_a_crowd_a_resource_keeps_its_pace_from_its_second_time_on() {
        let start = Instant::now();
        let mut pace = AnnotationPace::new(start);
        assert_eq!(pace.put_off(start, true), None, "it was not annotated");
        pace.patched(start);
        assert_eq!(pace.put_off(after(start, 100), true), Some(Duration::from_millis(1_400)));
        pace.patched(after(start, 1_500));
        assert_eq!(
            pace.put_off(after(start, 1_510), false),
            Some(Duration::from_millis(1_490)),
            "nor afterwards"
        );
    }

    #[test]
    fn issue_20_a_promise_that_is_not_kept_ends() {
        let start = Instant::now();
        let mut pace = AnnotationPace::new(start);
        pace.patched(start);
        assert_eq!(pace.put_off(start, true), Some(SPACING));
        assert_eq!(pace.put_off(start + SPACING + GRACE, false), None);
    }
}
