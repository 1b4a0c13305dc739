//! The rate state of one provider: how many exchanges may start now, and when to look again.
//!
//! Pure: time comes as an argument. It is kept in memory only, so a restart begins with an open gate.

use std::time::Duration;

use campanile_domain::{Disposition, Failure, Verdict};
use jiff::Timestamp;

use crate::DeliveryConfig;

/// Whether exchanges may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// So many may be under way at once.
    Open(usize),
    /// None before that time.
    ClosedUntil(Timestamp),
}

/// What a verdict changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing that concerns the whole provider.
    None,
    /// It delivers again: what waits for a retry or a human is due now.
    Recovered,
    /// It stopped delivering.
    Stopped(Failure),
}

/// The rate state.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Failures in a row.
    failures: u32,
    /// Whether only one exchange at a time is let through, to see whether the destination works again.
    probing: bool,
    closed_until: Option<Timestamp>,
    /// Why the provider does not deliver.
    stopped: Option<Failure>,
}

impl Pace {
    /// Whether exchanges may start at `now`.
    pub(crate) fn gate(&self, config: &DeliveryConfig, now: Timestamp) -> Gate {
        match self.closed_until {
            Some(until) if now < until => Gate::ClosedUntil(until),
            _ if self.probing => Gate::Open(1),
            _ => Gate::Open(config.in_flight),
        }
    }

    /// Why the provider does not deliver, if it does not.
    pub(crate) fn stopped(&self) -> Option<&Failure> {
        self.stopped.as_ref()
    }

    /// Whether the provider is being probed: then the next record is tried whatever its own time.
    pub(crate) fn probing(&self) -> bool {
        self.probing
    }

    /// Takes note of a verdict at `now`; `random` is drawn evenly from 0 to 1.
    pub(crate) fn note(
        &mut self,
        config: &DeliveryConfig,
        verdict: &Verdict,
        now: Timestamp,
        random: f64,
    ) -> Turn {
        match verdict {
            Verdict::Delivered | Verdict::Skipped => self.alive(),
            Verdict::RetryAfter(pause, failure) => {
                self.close(now, (*pause).min(config.longest_pause));
                self.failed(config, failure, now, random)
            }
            Verdict::Failed(failure) => match failure.class.disposition() {
                Disposition::Dead => self.alive(),
                Disposition::Retry => self.failed(config, failure, now, random),
                Disposition::Park => self.park(config, failure, now),
            },
        }
    }

    /// The destination answered about this message, so it is there.
    fn alive(&mut self) -> Turn {
        self.failures = 0;
        self.probing = false;
        if self.stopped.take().is_some() {
            self.closed_until = None;
            return Turn::Recovered;
        }
        Turn::None
    }

    fn failed(&mut self, config: &DeliveryConfig, failure: &Failure, now: Timestamp, random: f64) -> Turn {
        self.failures = self.failures.saturating_add(1);
        if self.failures < config.outage_after {
            return Turn::None;
        }
        self.probing = true;
        self.close(now, config.probe.pause(self.failures - config.outage_after + 1, random));
        self.stop(failure)
    }

    fn park(&mut self, config: &DeliveryConfig, failure: &Failure, now: Timestamp) -> Turn {
        self.probing = true;
        self.close(now, config.parked);
        self.stop(failure)
    }

    fn stop(&mut self, failure: &Failure) -> Turn {
        let news = self.stopped.as_ref() != Some(failure);
        self.stopped = Some(failure.clone());
        if news { Turn::Stopped(failure.clone()) } else { Turn::None }
    }

    /// Pauses only grow: a short one does not open a gate that a longer one closed.
    fn close(&mut self, now: Timestamp, pause: Duration) {
        let until = now + pause;
        self.closed_until = Some(self.closed_until.map_or(until, |closed| closed.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use campanile_domain::FailureClass;
    use campanile_testkit::noon;

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn failed(class: FailureClass) -> Verdict {
        Verdict::Failed(Failure::new(class, "no"))
    }

    #[test]
    fn retry_after_stops_the_whole_provider_until_then() {
        let (config, mut pace) = (DeliveryConfig::default(), Pace::default());
        let verdict = Verdict::RetryAfter(secs(30), Failure::new(FailureClass::Throttled, "429"));
        assert_eq!(pace.note(&config, &verdict, noon(), 0.5), Turn::None);
        assert_eq!(pace.gate(&config, noon() + secs(29)), Gate::ClosedUntil(noon() + secs(30)));
        assert_eq!(pace.gate(&config, noon() + secs(30)), Gate::Open(config.in_flight));
    }

    #[test]
    fn a_refused_token_parks_the_provider_and_one_success_reopens_it() {
        let (config, mut pace) = (DeliveryConfig::default(), Pace::default());
        let turn = pace.note(&config, &failed(FailureClass::Credentials), noon(), 0.5);
        assert!(matches!(turn, Turn::Stopped(failure) if failure.class == FailureClass::Credentials));
        assert_eq!(pace.gate(&config, noon()), Gate::ClosedUntil(noon() + config.parked));
        let later = noon() + config.parked;
        assert_eq!(pace.gate(&config, later), Gate::Open(1));
        assert_eq!(pace.note(&config, &Verdict::Delivered, later, 0.5), Turn::Recovered);
        assert_eq!(pace.gate(&config, later), Gate::Open(config.in_flight));
    }

    #[test]
    fn failures_in_a_row_are_an_outage_and_scattered_ones_are_not() {
        let (config, mut pace) = (DeliveryConfig::default(), Pace::default());
        for _ in 0..100 {
            for _ in 1..config.outage_after {
                assert_eq!(pace.note(&config, &failed(FailureClass::Server), noon(), 1.0), Turn::None);
            }
            assert_eq!(pace.note(&config, &Verdict::Delivered, noon(), 1.0), Turn::None);
        }
        for _ in 1..config.outage_after {
            pace.note(&config, &failed(FailureClass::Server), noon(), 1.0);
        }
        let turn = pace.note(&config, &failed(FailureClass::Server), noon(), 1.0);
        assert!(matches!(turn, Turn::Stopped(_)));
        assert_eq!(pace.gate(&config, noon()), Gate::ClosedUntil(noon() + secs(2)));
        assert_eq!(pace.gate(&config, noon() + secs(2)), Gate::Open(1));
        let again = pace.note(&config, &failed(FailureClass::Server), noon() + secs(2), 1.0);
        assert_eq!(again, Turn::None, "the same failure is no news");
        assert_eq!(pace.gate(&config, noon() + secs(2)), Gate::ClosedUntil(noon() + secs(6)));
    }

    #[test]
    fn a_rejected_message_says_that_the_destination_is_alive() {
        let (config, mut pace) = (DeliveryConfig::default(), Pace::default());
        pace.note(&config, &failed(FailureClass::Credentials), noon(), 0.5);
        assert_eq!(pace.note(&config, &failed(FailureClass::Rejected), noon(), 0.5), Turn::Recovered);
    }
}
