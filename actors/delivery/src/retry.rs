//! The settlement of an attempt, and the time of the next one: pure functions of the attempts so far.

use std::time::Duration;

use campanile_domain::{Disposition, Failure, FailureClass, Verdict};
use campanile_outbox::Settlement;
use jiff::Timestamp;

use crate::DeliveryConfig;

/// The facts about one finished attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// Attempts so far, this one included.
    pub(crate) attempts: u32,
    /// Length of a round: the Provider's `spec.timeout`.
    pub(crate) round: Duration,
    /// When the delivery is no longer worth sending.
    pub(crate) deadline: Timestamp,
    /// Whether a refusal waits for the Provider to be corrected, as all its messages are refused.
    pub(crate) waits: bool,
    /// The time at which the attempt ended.
    pub(crate) now: Timestamp,
    /// Drawn evenly from 0 to 1.
    pub(crate) random: f64,
}

/// The settlement of a delivery after an attempt.
pub(crate) fn settlement(config: &DeliveryConfig, verdict: &Verdict, attempt: Attempt) -> Settlement {
    match verdict {
        Verdict::Failed(failure) if attempt.waits => retry_at(attempt, last_or(config, attempt), failure),
        Verdict::Delivered | Verdict::Skipped => Settlement::Done,
        Verdict::RetryAfter(pause, failure) => {
            // A destination that says "at once" does not get a hot loop.
            retry_at(attempt, (*pause).clamp(config.quick.floor, config.longest_pause), failure)
        }
        Verdict::Failed(failure) => match failure.class.disposition() {
            Disposition::Retry => retry_at(attempt, last_or(config, attempt), failure),
            Disposition::Park => Settlement::Parked(attempt.now + config.parked, failure.clone()),
            Disposition::Dead => Settlement::Dead(failure.clone()),
        },
    }
}

/// A retry at or after the deadline would never happen: then the delivery is given up now.
fn retry_at(attempt: Attempt, pause: Duration, failure: &Failure) -> Settlement {
    let at = attempt.now + pause;
    if at < attempt.deadline {
        return Settlement::RetryAt(at, failure.clone());
    }
    let text = format!("gave up after {} attempts, at its deadline: {failure}", attempt.attempts);
    Settlement::Dead(Failure::new(FailureClass::Expired, text))
}

/// The pause before the next try. One that would end after the deadline ends shortly before it: what lives for minutes yet is not
/// given up because it was tried often, as the destination may be back until then.
fn last_or(config: &DeliveryConfig, attempt: Attempt) -> Duration {
    let pause = pause(config, attempt);
    let left = Duration::try_from(attempt.deadline.duration_since(attempt.now)).unwrap_or_default();
    if pause < left || left <= config.quick.base { pause } else { left - config.quick.base }
}

/// Quick pauses while they fit into the round, then slow ones.
fn pause(config: &DeliveryConfig, attempt: Attempt) -> Duration {
    let mut used = Duration::ZERO;
    for number in 1..=attempt.attempts.min(MOST_QUICK) {
        used += config.quick.longest(number);
        if used > attempt.round {
            let slow = attempt.attempts - number + 1;
            return config.slow.pause(slow, attempt.random);
        }
    }
    if attempt.attempts > MOST_QUICK {
        return config.slow.pause(attempt.attempts - MOST_QUICK, attempt.random);
    }
    config.quick.pause(attempt.attempts, attempt.random)
}

/// A very long `spec.timeout` does not make a round endless.
const MOST_QUICK: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: fn() -> DeliveryConfig = DeliveryConfig::default;

    fn attempt(attempts: u32, round: u64) -> Attempt {
        let now = Timestamp::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        Attempt {
            attempts,
            round: Duration::from_secs(round),
            deadline: now + Duration::from_secs(3600),
            waits: false,
            now,
            random: 1.0,
        }
    }

    fn pauses(round: u64) -> Vec<u64> {
        (1..=6).map(|attempts| pause(&CONFIG(), attempt(attempts, round)).as_secs()).collect()
    }

    fn failed(class: FailureClass) -> Verdict {
        Verdict::Failed(Failure::new(class, "no"))
    }

    #[test]
    fn quick_pauses_fill_the_round_and_slow_ones_follow() {
        assert_eq!(pauses(15), [2, 4, 8, 30, 60, 120]);
        assert_eq!(pauses(3), [2, 30, 60, 120, 240, 480]);
        assert_eq!(pauses(0), [30, 60, 120, 240, 480, 600]);
    }

    #[test]
    fn an_endless_timeout_does_not_make_an_endless_round() {
        let ninth = pause(&CONFIG(), attempt(9, 1_000_000));
        assert_eq!(ninth, CONFIG().slow.base);
    }

    #[test]
    fn the_class_decides() {
        let settle = |class| settlement(&CONFIG(), &failed(class), attempt(1, 15));
        assert!(matches!(settle(FailureClass::Server), Settlement::RetryAt(..)));
        assert!(matches!(settle(FailureClass::Credentials), Settlement::Parked(..)));
        assert!(matches!(settle(FailureClass::Rejected), Settlement::Dead(..)));
        assert_eq!(settlement(&CONFIG(), &Verdict::Delivered, attempt(1, 15)), Settlement::Done);
    }

    #[test]
    fn i16_6_a_refusal_waits_for_its_deadline_where_everything_is_refused() {
        let waiting = Attempt { waits: true, ..attempt(1, 15) };
        let settled = settlement(&CONFIG(), &failed(FailureClass::Rejected), waiting);
        assert!(matches!(settled, Settlement::RetryAt(..)), "{settled:?}");
        let late = Attempt { deadline: waiting.now, ..waiting };
        let settled = settlement(&CONFIG(), &failed(FailureClass::Rejected), late);
        assert!(matches!(&settled, Settlement::Dead(failure) if failure.class == FailureClass::Expired));
    }

    #[test]
    fn retry_after_is_honoured_up_to_the_bound() {
        let failure = Failure::new(FailureClass::Throttled, "slow down");
        let after = |secs| Verdict::RetryAfter(Duration::from_secs(secs), failure.clone());
        let now = attempt(1, 15).now;
        let expected = Settlement::RetryAt(now + Duration::from_secs(7), failure.clone());
        assert_eq!(settlement(&CONFIG(), &after(7), attempt(1, 15)), expected);
        let mut patient = attempt(1, 15);
        patient.deadline = now + Duration::from_secs(86_400);
        let capped = Settlement::RetryAt(now + CONFIG().longest_pause, failure.clone());
        assert_eq!(settlement(&CONFIG(), &after(1_000_000), patient), capped);
    }

    #[test]
    fn issue_22_a_delivery_is_given_up_at_its_deadline_however_often_it_was_tried() {
        let mut often = attempt(1_000, 15);
        often.deadline = often.now + Duration::from_secs(300);
        let settled = settlement(&CONFIG(), &failed(FailureClass::Server), often);
        let last = often.deadline - CONFIG().quick.base;
        assert!(matches!(settled, Settlement::RetryAt(at, _) if at == last), "{settled:?}");
        let settled = settlement(&CONFIG(), &failed(FailureClass::Server), Attempt { now: last, ..often });
        assert!(matches!(settled, Settlement::Dead(_)), "that was the last try: {settled:?}");
    }

    #[test]
    fn what_can_not_be_retried_before_its_deadline_is_given_up_now() {
        let mut late = attempt(3, 15);
        late.deadline = late.now + Duration::from_secs(1);
        let settled = settlement(&CONFIG(), &failed(FailureClass::Server), late);
        let Settlement::Dead(failure) = settled else { panic!("{settled:?}") };
        assert_eq!(failure.class, FailureClass::Expired);
        assert_eq!(failure.message, "gave up after 3 attempts, at its deadline: no");
    }
}
