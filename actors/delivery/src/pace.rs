//! The rate state of one provider: how many exchanges may start now, and when to look again.
//!
//! Pure: time comes as an argument. It is kept in memory only, so a restart of the process begins with an open gate.

mod catch_up;
#[cfg(test)]
mod tests;

use std::time::Duration;

use campanile_domain::{Disposition, Failure, Rate, Verdict};
use jiff::Timestamp;

use crate::DeliveryConfig;
use crate::drive::Conclusion;
use catch_up::CatchUp;

/// The gate that exchanges pass before they start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// So many may start now.
    Open(usize),
    /// Closed: no exchange starts before that time.
    ClosedUntil(Timestamp),
}

/// The change that a verdict made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing that concerns the whole provider.
    None,
    /// It delivers again: what waits for a retry or a human is due now.
    Recovered,
    /// The Provider stopped delivering, by this failure.
    Stopped(Failure),
}

/// The rate state of a Provider.
#[derive(Debug)]
pub(crate) struct Pace {
    /// The number of failures in a row.
    failures: u32,
    /// Whether only one exchange at a time is let through, to see whether the destination works again.
    probing: bool,
    /// The next probe is due then. A success opens the gate earlier.
    backoff_until: Option<Timestamp>,
    /// The destination asked for a pause until then. Only another destination or an operator opens the gate earlier.
    held_until: Option<Timestamp>,
    /// Why the provider does not deliver.
    stopped: Option<Failure>,
    catch_up: CatchUp,
}

impl Pace {
    /// A gate for a type whose host publishes `rate`: open, unless the destination asked for a pause before.
    ///
    /// One that was `stopped` is probed.
    pub(crate) fn new(rate: Option<Rate>, held_until: Option<Timestamp>, stopped: Option<Failure>) -> Self {
        Self {
            failures: 0,
            probing: stopped.is_some(),
            backoff_until: None,
            held_until,
            stopped,
            catch_up: CatchUp::new(rate),
        }
    }

    /// Whether exchanges may start at `now` beside the `in_flight` that are under way.
    pub(crate) fn gate(&self, config: &DeliveryConfig, in_flight: usize, now: Timestamp) -> Gate {
        let closed = [self.backoff_until, self.held_until, self.catch_up.wait(now)];
        if let Some(until) = closed.into_iter().flatten().filter(|until| now < *until).max() {
            return Gate::ClosedUntil(until);
        }
        let most = if self.probing { 1 } else { config.in_flight };
        Gate::Open(self.catch_up.room(most.saturating_sub(in_flight)))
    }

    /// `count` exchanges were started at `now`, the oldest about an event that was accepted at `oldest`. True if a backlog
    /// has come to its end with them, so that more may start at once.
    pub(crate) fn started(
        &mut self,
        config: &DeliveryConfig,
        count: usize,
        oldest: Timestamp,
        now: Timestamp,
    ) -> bool {
        self.catch_up.started(count, oldest + config.backlog_after < now, now)
    }

    /// When the next of a backlog may start, if that is later than `now`.
    pub(crate) fn next_of_backlog(&self, now: Timestamp) -> Option<Timestamp> {
        self.catch_up.wait(now)
    }

    /// Whether the destination's own pause is still running, which only this state knows of.
    pub(crate) fn is_held(&self, now: Timestamp) -> bool {
        self.held_until.is_some_and(|until| now < until)
    }

    /// Ends the destination's own pause.
    pub(crate) fn end_hold(&mut self) {
        self.held_until = None;
    }

    /// Until when the destination's own pause runs, or ran.
    pub(crate) fn held_until(&self) -> Option<Timestamp> {
        self.held_until
    }

    /// Why the provider does not deliver, if it does not.
    pub(crate) fn stopped(&self) -> Option<&Failure> {
        self.stopped.as_ref()
    }

    /// Whether the provider is being probed: then the next record is tried whatever its own time.
    pub(crate) fn probing(&self) -> bool {
        self.probing
    }

    /// Takes note of what came of an exchange at `now`; `random` is drawn evenly from 0 to 1.
    pub(crate) fn note(
        &mut self,
        config: &DeliveryConfig,
        (verdict, observed): &Conclusion,
        now: Timestamp,
        random: f64,
    ) -> Turn {
        if let Some(pause) = observed.quota {
            self.hold(config, now, pause);
        }
        match verdict {
            Verdict::Delivered | Verdict::Skipped => self.alive(observed.answered),
            Verdict::RetryAfter(pause, failure) => {
                self.hold(config, now, *pause);
                self.failed(config, failure, now, random)
            }
            Verdict::Failed(failure) if observed.refuses_all => {
                // As many as an outage needs, whatever came between.
                self.failures = self.failures.max(config.outage_after - 1);
                self.failed(config, failure, now, random)
            }
            Verdict::Failed(failure) => match failure.class.disposition() {
                Disposition::Dead => self.alive(observed.answered),
                Disposition::Retry => self.failed(config, failure, now, random),
                Disposition::Park => self.park(config, failure, now),
            },
        }
    }

    /// Stops the provider for a reason that lies with this machine.
    pub(crate) fn park(&mut self, config: &DeliveryConfig, failure: &Failure, now: Timestamp) -> Turn {
        self.probing = true;
        self.back_off(now, config.parked);
        self.stop(failure)
    }

    /// The destination said something about this message, so it is there. Without an answer nobody knows.
    fn alive(&mut self, answered: bool) -> Turn {
        if !answered {
            return Turn::None;
        }
        self.failures = 0;
        self.probing = false;
        if self.stopped.take().is_some() {
            self.backoff_until = None;
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
        self.back_off(now, config.probe.pause(self.failures - config.outage_after + 1, random));
        self.stop(failure)
    }

    fn stop(&mut self, failure: &Failure) -> Turn {
        self.catch_up.begin();
        let news = self.stopped.as_ref() != Some(failure);
        self.stopped = Some(failure.clone());
        if news { Turn::Stopped(failure.clone()) } else { Turn::None }
    }

    fn back_off(&mut self, now: Timestamp, pause: Duration) {
        self.backoff_until = later(self.backoff_until, now + pause);
    }

    fn hold(&mut self, config: &DeliveryConfig, now: Timestamp, pause: Duration) {
        self.catch_up.begin();
        self.held_until = later(self.held_until, now + pause.min(config.longest_pause));
    }
}

/// Pauses only grow: a short one does not open a gate that a longer one closed.
fn later(before: Option<Timestamp>, until: Timestamp) -> Option<Timestamp> {
    Some(before.map_or(until, |before| before.max(until)))
}
