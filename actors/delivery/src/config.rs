//! The numbers of delivery, each with its bound.

use std::time::Duration;

use campanile_supervision::{Backoff, RestartPolicy};

/// The bounds and times by which deliveries are tried.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryConfig {
    /// Most exchanges under way at once for one Provider. Four build a backlog, 64 gain nothing (measured).
    pub in_flight: usize,
    /// Pauses between the tries of one round; a round lasts as long as the Provider's `spec.timeout`.
    pub quick: Backoff,
    /// The pauses between rounds of attempts.
    pub slow: Backoff,
    /// Failures in a row, without a success between them, after which a Provider is only probed.
    pub outage_after: u32,
    /// Refusals in a row, of at least two objects and without a success between them, after which a Provider is only probed.
    pub refused_after: u32,
    /// Pauses between probes of a Provider in an outage.
    pub probe: Backoff,
    /// How long a parked Provider waits if nobody mends it.
    pub parked: Duration,
    /// The longest pause that a destination may ask for with `Retry-After`.
    pub longest_pause: Duration,
    /// A message that was accepted longer ago belongs to a backlog, which goes out at the rate that its host publishes.
    pub backlog_after: Duration,
    /// A provider actor without work ends after this time.
    pub idle: Duration,
    /// How long a Provider must be gone before its waiting deliveries become dead letters: a manifest that is being
    /// rewritten may be empty for a moment.
    pub deletion_grace: Duration,
    /// How often expired deliveries are looked for.
    pub sweep: Duration,
    /// How often outcomes are reported to the watcher at most.
    pub report: Duration,
    /// Restarts of a provider actor.
    pub restart: RestartPolicy,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self {
            in_flight: 16,
            quick: Backoff { floor: Duration::from_millis(500), base: secs(2), ceiling: secs(30) },
            slow: Backoff { floor: secs(15), base: secs(30), ceiling: secs(600) },
            outage_after: 8,
            refused_after: 5,
            probe: Backoff { floor: secs(1), base: secs(2), ceiling: secs(60) },
            parked: secs(600),
            longest_pause: secs(3600),
            backlog_after: secs(10),
            idle: secs(60),
            deletion_grace: secs(10),
            sweep: secs(5),
            report: Duration::from_millis(500),
            restart: RestartPolicy::default(),
        }
    }
}
