//! The time of a notification, as destinations want it.

use campanile_domain::Notification;

/// When it happened, as RFC 3339 in UTC, in whole seconds (contract, providers 12).
pub(crate) fn rfc3339(notification: &Notification<'_>) -> String {
    notification.happened_at().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::delivery;
    use campanile_domain::Event;
    use campanile_testkit::event;

    #[test]
    fn a_time_has_whole_seconds_and_an_event_without_one_has_that_of_its_acceptance() {
        let at = |time: &str| {
            let event = Event { timestamp: time.parse().ok(), ..event() };
            rfc3339(&Notification::of(&delivery(event, &[])))
        };
        assert_eq!(at("2026-08-07T12:15:30.999+02:00"), "2026-08-07T10:15:30Z");
        assert_eq!(at(""), "2026-08-07T12:00:00Z");
    }
}
