//! The numbers of delivery, each with its bound.

use std::time::Duration;

use campanile_supervision::{Backoff, RestartPolicy};

use crate::probes::ProbeRule;

/// The bounds and times by which deliveries are tried.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryConfig {
    /// Most exchanges under way at once for one Provider. Four build a backlog, 64 gain nothing (measured).
    pub in_flight: usize,
    /// Pauses between the tries of one round; a round lasts as long as the Provider's `spec.timeout`.
    pub quick: Backoff,
    /// The pauses between rounds of attempts.
    pub slow: Backoff,
    /// Failures in a row, without a success between them, after which a Provider is only probed, and said not to deliver.
    pub outage_after: u32,
    /// So few failures in a row are enough for probes if they took [`few_for`](Self::few_for): what waits is little, and
    /// would sit in its own pauses when the destination is back.
    pub few: u32,
    /// How long a few failures in a row must have taken.
    pub few_for: Duration,
    /// Refusals in a row, of at least two objects and without a success between them, after which a Provider is only probed.
    pub refused_after: u32,
    /// When a Provider in an outage is probed.
    pub probe: ProbeRule,
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
            few: 3,
            few_for: secs(2),
            refused_after: 5,
            probe: ProbeRule {
                shortest: secs(2),
                young: secs(60),
                longest: secs(60),
                spacing: Duration::from_millis(20),
            },
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
