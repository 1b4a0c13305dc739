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
    /// It was only probed, and delivers again: what waits for a retry or a human is due now.
    Resumed,
    /// The same, after it was said not to deliver.
    Recovered,
    /// The Provider stopped delivering, by this failure.
    Stopped(Failure),
}

/// The rate state of a Provider.
#[derive(Debug)]
pub(crate) struct Pace {
    /// The number of failures in a row.
    failures: u32,
    /// When the first of these was.
    failing_since: Option<Timestamp>,
    /// Whether exchanges are let through one by one, to see whether the destination works again.
    probing: bool,
    /// When the last exchange started.
    last_start: Option<Timestamp>,
    /// When it is this Provider's turn to probe, among all.
    turn: Option<Timestamp>,
    /// Only a human can help before then. A success opens the gate earlier.
    parked_until: Option<Timestamp>,
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
            failing_since: None,
            probing: stopped.is_some(),
            last_start: None,
            turn: None,
            parked_until: None,
            held_until,
            stopped,
            catch_up: CatchUp::new(rate),
        }
    }

    /// Whether exchanges may start at `now` beside the `in_flight` that are under way.
    pub(crate) fn gate(&self, config: &DeliveryConfig, in_flight: usize, now: Timestamp) -> Gate {
        let closed =
            [self.parked_until, self.held_until, self.catch_up.wait(now), self.turn, self.next_probe(config)];
        if let Some(until) = closed.into_iter().flatten().filter(|until| now < *until).max() {
            return Gate::ClosedUntil(until);
        }
        let room = config.in_flight.saturating_sub(in_flight);
        if !self.probing {
            return Gate::Open(self.catch_up.room(room));
        }
        // A probe that hangs must not be what the next one waits for, unless a human is waited for anyway.
        let most = if self.failing_since.is_some() { room } else { 1_usize.saturating_sub(in_flight) };
        Gate::Open(most.min(1))
    }

    /// When the next probe is due, whoever else probes; none if it is not probed.
    fn next_probe(&self, config: &DeliveryConfig) -> Option<Timestamp> {
        let last = self.last_start.filter(|_| self.probing)?;
        let outage = self.failing_since.map_or(Duration::ZERO, |since| length(since, last));
        Some(last + config.probe.pause(outage))
    }

    /// Whether it has to ask for its turn among all that probe.
    pub(crate) fn needs_turn(&self) -> bool {
        self.probing && self.turn.is_none()
    }

    /// Its turn is then.
    pub(crate) fn take_turn(&mut self, turn: Timestamp) {
        self.turn = Some(turn);
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
        if count > 0 {
            (self.last_start, self.turn) = (Some(now), None);
        }
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

    /// Whether the provider is being probed: then a delivery is tried whatever its own time.
    pub(crate) fn probing(&self) -> bool {
        self.probing
    }

    /// Takes note of what came of an exchange at `now`.
    pub(crate) fn note(
        &mut self,
        config: &DeliveryConfig,
        (verdict, observed): &Conclusion,
        now: Timestamp,
    ) -> Turn {
        if let Some(pause) = observed.quota {
            self.hold(config, now, pause);
        }
        match verdict {
            Verdict::Delivered | Verdict::Skipped => self.alive(observed.answered),
            Verdict::RetryAfter(pause, failure) => {
                self.hold(config, now, *pause);
                self.failed(config, failure, now)
            }
            Verdict::Failed(failure) if observed.refuses_all => {
                // As many as an outage needs, whatever came between.
                self.failures = self.failures.max(config.outage_after - 1);
                self.failed(config, failure, now)
            }
            Verdict::Failed(failure) => match failure.class.disposition() {
                Disposition::Dead => self.alive(observed.answered),
                Disposition::Retry => self.failed(config, failure, now),
                Disposition::Park => self.park(config, failure, now),
            },
        }
    }

    /// Stops the provider for a reason that lies with this machine.
    pub(crate) fn park(&mut self, config: &DeliveryConfig, failure: &Failure, now: Timestamp) -> Turn {
        self.probing = true;
        self.parked_until = later(self.parked_until, now + config.parked);
        self.stop(failure)
    }

    /// The destination said something about this message, so it is there. Without an answer nobody knows.
    fn alive(&mut self, answered: bool) -> Turn {
        if !answered {
            return Turn::None;
        }
        (self.failures, self.failing_since, self.turn, self.parked_until) = (0, None, None, None);
        let was_probing = std::mem::take(&mut self.probing);
        match self.stopped.take() {
            Some(_) => Turn::Recovered,
            None if was_probing => Turn::Resumed,
            None => Turn::None,
        }
    }

    fn failed(&mut self, config: &DeliveryConfig, failure: &Failure, now: Timestamp) -> Turn {
        self.failures = self.failures.saturating_add(1);
        let failing_for = length(*self.failing_since.get_or_insert(now), now);
        if self.failures >= config.outage_after {
            self.probing = true;
            return self.stop(failure);
        }
        if self.failures >= config.few && failing_for >= config.few_for {
            self.probing = true;
            self.catch_up.begin();
        }
        Turn::None
    }

    fn stop(&mut self, failure: &Failure) -> Turn {
        self.catch_up.begin();
        let news = self.stopped.as_ref() != Some(failure);
        self.stopped = Some(failure.clone());
        if news { Turn::Stopped(failure.clone()) } else { Turn::None }
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

fn length(since: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(since)).unwrap_or_default()
}
