//! When the event of a delivery happened, as destinations want it.

use campanile_domain::Delivery;
use jiff::Timestamp;

/// When it happened, or else when it was accepted: retries must not make it later.
pub(crate) fn of(delivery: &Delivery) -> Timestamp {
    delivery.event.timestamp.unwrap_or(delivery.accepted_at)
}

/// [`of`] as RFC 3339 in UTC, in whole seconds (contract, providers 12).
pub(crate) fn rfc3339(delivery: &Delivery) -> String {
    of(delivery).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::delivery;
    use campanile_domain::Event;
    use campanile_testkit::event;

    #[test]
    fn a_time_has_whole_seconds_and_an_event_without_one_has_that_of_its_acceptance() {
        let at = |time: &str| delivery(Event { timestamp: time.parse().ok(), ..event() }, &[]);
        assert_eq!(rfc3339(&at("2026-08-07T12:15:30.999+02:00")), "2026-08-07T10:15:30Z");
        assert_eq!(rfc3339(&at("")), "2026-08-07T12:00:00Z");
    }
}
