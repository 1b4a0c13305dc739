use super::*;
use crate::drive::{Observed, unasked};
use campanile_domain::FailureClass;
use campanile_testkit::noon;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn failed(class: FailureClass) -> Conclusion {
    answered(Verdict::Failed(Failure::new(class, "no")))
}

fn answered(verdict: Verdict) -> Conclusion {
    (verdict, Observed { answered: true, ..Observed::default() })
}

fn open() -> (DeliveryConfig, Pace) {
    (DeliveryConfig::default(), Pace::new(None, None, None))
}

#[test]
fn retry_after_stops_the_whole_provider_until_then() {
    let (config, mut pace) = open();
    let verdict = answered(Verdict::RetryAfter(secs(30), Failure::new(FailureClass::Throttled, "429")));
    assert_eq!(pace.note(&config, &verdict, noon(), 0.5), Turn::None);
    assert_eq!(pace.gate(&config, 0, noon() + secs(29)), Gate::ClosedUntil(noon() + secs(30)));
    assert_eq!(pace.gate(&config, 0, noon() + secs(30)), Gate::Open(config.in_flight));
}

#[test]
fn a_refused_token_parks_the_provider_and_one_success_reopens_it() {
    let (config, mut pace) = open();
    let turn = pace.note(&config, &failed(FailureClass::Credentials), noon(), 0.5);
    assert!(matches!(turn, Turn::Stopped(failure) if failure.class == FailureClass::Credentials));
    assert_eq!(pace.gate(&config, 0, noon()), Gate::ClosedUntil(noon() + config.parked));
    let later = noon() + config.parked;
    assert_eq!(pace.gate(&config, 0, later), Gate::Open(1));
    assert_eq!(pace.note(&config, &answered(Verdict::Delivered), later, 0.5), Turn::Recovered);
    assert_eq!(pace.gate(&config, 0, later), Gate::Open(config.in_flight));
}

#[test]
fn failures_in_a_row_are_an_outage_and_scattered_ones_are_not() {
    let (config, mut pace) = open();
    for _ in 0..100 {
        for _ in 1..config.outage_after {
            assert_eq!(pace.note(&config, &failed(FailureClass::Server), noon(), 1.0), Turn::None);
        }
        assert_eq!(pace.note(&config, &answered(Verdict::Delivered), noon(), 1.0), Turn::None);
    }
    for _ in 1..config.outage_after {
        pace.note(&config, &failed(FailureClass::Server), noon(), 1.0);
    }
    let turn = pace.note(&config, &failed(FailureClass::Server), noon(), 1.0);
    assert!(matches!(turn, Turn::Stopped(_)));
    assert_eq!(pace.gate(&config, 0, noon()), Gate::ClosedUntil(noon() + secs(2)));
    assert_eq!(pace.gate(&config, 0, noon() + secs(2)), Gate::Open(1));
    let again = pace.note(&config, &failed(FailureClass::Server), noon() + secs(2), 1.0);
    assert_eq!(again, Turn::None, "the same failure is no news");
    assert_eq!(pace.gate(&config, 0, noon() + secs(2)), Gate::ClosedUntil(noon() + secs(6)));
}

#[test]
fn a_rejected_message_says_that_the_destination_is_alive() {
    let (config, mut pace) = open();
    pace.note(&config, &failed(FailureClass::Credentials), noon(), 0.5);
    assert_eq!(pace.note(&config, &failed(FailureClass::Rejected), noon(), 0.5), Turn::Recovered);
}

#[test]
fn a_pause_that_the_destination_named_outlasts_a_success_that_was_under_way() {
    let (config, mut pace) = open();
    let throttled = Verdict::RetryAfter(secs(60), Failure::new(FailureClass::Throttled, "429"));
    for _ in 0..config.outage_after {
        pace.note(&config, &answered(throttled.clone()), noon(), 1.0);
    }
    assert_eq!(pace.note(&config, &answered(Verdict::Delivered), noon(), 1.0), Turn::Recovered);
    assert_eq!(pace.gate(&config, 0, noon() + secs(59)), Gate::ClosedUntil(noon() + secs(60)));
    assert_eq!(pace.gate(&config, 0, noon() + secs(60)), Gate::Open(config.in_flight));
}

#[test]
fn a_success_that_was_the_last_of_its_quota_stops_the_provider_until_the_next() {
    let (config, mut pace) = open();
    let last =
        (Verdict::Delivered, Observed { quota: Some(secs(45)), answered: true, ..Observed::default() });
    assert_eq!(pace.note(&config, &last, noon(), 0.5), Turn::None);
    assert!(pace.is_held(noon() + secs(44)) && !pace.is_held(noon() + secs(45)));
    assert_eq!(pace.gate(&config, 0, noon()), Gate::ClosedUntil(noon() + secs(45)));
    let endless = (
        Verdict::Delivered,
        Observed { quota: Some(secs(1_000_000)), answered: true, ..Observed::default() },
    );
    pace.note(&config, &endless, noon(), 0.5);
    assert_eq!(pace.gate(&config, 0, noon()), Gate::ClosedUntil(noon() + config.longest_pause));
}

#[test]
fn what_is_concluded_without_asking_the_destination_does_not_end_an_outage() {
    let (config, mut pace) = open();
    pace.note(&config, &failed(FailureClass::Credentials), noon(), 0.5);
    assert_eq!(pace.note(&config, &unasked(Verdict::Skipped), noon(), 0.5), Turn::None);
    let unrendered = Verdict::Failed(Failure::new(FailureClass::Render, "no"));
    assert_eq!(pace.note(&config, &unasked(unrendered), noon(), 0.5), Turn::None);
    assert!(pace.stopped().is_some() && pace.probing());
}

#[test]
fn what_is_under_way_takes_its_room() {
    let (config, mut pace) = open();
    assert_eq!(pace.gate(&config, 6, noon()), Gate::Open(config.in_flight - 6));
    assert_eq!(pace.gate(&config, 99, noon()), Gate::Open(0));
    pace.park(&config, &Failure::new(FailureClass::Config, "no"), noon());
    assert_eq!(pace.gate(&config, 1, noon() + config.parked), Gate::Open(0), "one probe at a time");
}

#[test]
fn after_a_stop_old_messages_go_out_at_the_rate_of_the_host() {
    let config = DeliveryConfig::default();
    let mut pace = Pace::new(Some(Rate { messages: 1, per: secs(10) }), None, None);
    pace.started(&config, 1, noon(), noon());
    assert_eq!(pace.gate(&config, 0, noon()), Gate::Open(config.in_flight), "fresh ones go at once");
    pace.note(&config, &failed(FailureClass::Credentials), noon(), 0.5);
    let later = noon() + config.parked;
    pace.note(&config, &answered(Verdict::Delivered), later, 0.5);
    assert_eq!(pace.gate(&config, 0, later), Gate::Open(1));
    assert!(!pace.started(&config, 1, noon(), later));
    assert_eq!(pace.gate(&config, 0, later), Gate::ClosedUntil(later + secs(11)));
    assert!(pace.started(&config, 1, later, later + secs(5)), "the end of the backlog");
    assert_eq!(pace.gate(&config, 0, later + secs(11)), Gate::Open(config.in_flight));
}

#[test]
fn i16_6_a_destination_that_refuses_everything_is_probed_at_the_pace_of_an_outage() {
    let (config, mut pace) = open();
    let refused = || Verdict::Failed(Failure::new(FailureClass::Rejected, "no"));
    let refuses_all = (refused(), Observed { answered: true, refuses_all: true, ..Observed::default() });
    let turn = pace.note(&config, &refuses_all, noon(), 1.0);
    assert!(matches!(turn, Turn::Stopped(failure) if failure.class == FailureClass::Rejected));
    assert_eq!(pace.gate(&config, 0, noon()), Gate::ClosedUntil(noon() + secs(2)));
    assert_eq!(pace.gate(&config, 0, noon() + secs(2)), Gate::Open(1));
    assert_eq!(pace.note(&config, &refuses_all, noon() + secs(2), 1.0), Turn::None, "no news");
    assert_eq!(pace.gate(&config, 0, noon() + secs(2)), Gate::ClosedUntil(noon() + secs(6)));
    assert_eq!(pace.note(&config, &answered(Verdict::Delivered), noon() + secs(6), 1.0), Turn::Recovered);
    assert_eq!(pace.gate(&config, 0, noon() + secs(6)), Gate::Open(config.in_flight));
}

#[test]
fn i16_6_what_was_stopped_stays_so_for_the_next_actor_until_a_success() {
    let config = DeliveryConfig::default();
    let mut pace = Pace::new(None, None, Some(Failure::new(FailureClass::Rejected, "no")));
    assert_eq!(pace.gate(&config, 0, noon()), Gate::Open(1));
    assert_eq!(pace.note(&config, &answered(Verdict::Delivered), noon(), 1.0), Turn::Recovered);
}
