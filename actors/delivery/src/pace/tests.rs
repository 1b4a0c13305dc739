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
    assert_eq!(pace.note(&config, &verdict, noon()), Turn::None);
    assert_eq!(pace.gate(&config, 0, noon() + secs(29)), Gate::ClosedUntil(noon() + secs(30)));
    assert_eq!(pace.gate(&config, 0, noon() + secs(30)), Gate::Open(config.in_flight));
}

#[test]
fn a_refused_token_parks_the_provider_and_one_success_reopens_it() {
    let (config, mut pace) = open();
    let turn = pace.note(&config, &failed(FailureClass::Credentials), noon());
    assert!(matches!(turn, Turn::Stopped(failure) if failure.class == FailureClass::Credentials));
    assert_eq!(pace.gate(&config, 0, noon()), Gate::ClosedUntil(noon() + config.parked));
    let later = noon() + config.parked;
    assert_eq!(pace.gate(&config, 0, later), Gate::Open(1));
    assert_eq!(pace.note(&config, &answered(Verdict::Delivered), later), Turn::Recovered);
    assert_eq!(pace.gate(&config, 0, later), Gate::Open(config.in_flight));
}

#[test]
fn failures_in_a_row_are_an_outage_and_scattered_ones_are_not() {
    let (config, mut pace) = open();
    for _ in 0..100 {
        for _ in 1..config.outage_after {
            assert_eq!(pace.note(&config, &failed(FailureClass::Server), noon()), Turn::None);
        }
        assert_eq!(pace.note(&config, &answered(Verdict::Delivered), noon()), Turn::None);
    }
    for _ in 1..config.outage_after {
        pace.note(&config, &failed(FailureClass::Server), noon());
    }
    pace.started(&config, 1, noon(), noon());
    let turn = pace.note(&config, &failed(FailureClass::Server), noon());
    assert!(matches!(turn, Turn::Stopped(_)));
    assert_eq!(pace.gate(&config, 0, noon()), Gate::ClosedUntil(noon() + secs(2)));
    assert_eq!(pace.gate(&config, 0, noon() + secs(2)), Gate::Open(1));
    pace.started(&config, 1, noon(), noon() + secs(2));
    let again = pace.note(&config, &failed(FailureClass::Server), noon() + secs(2));
    assert_eq!(again, Turn::None, "the same failure is no news");
    assert_eq!(pace.gate(&config, 0, noon() + secs(2)), Gate::ClosedUntil(noon() + secs(4)));
}

#[test]
fn issue_22_an_outage_is_probed_by_its_age_however_many_failed_at_its_beginning() {
    let (config, mut pace) = open();
    pace.started(&config, 16, noon(), noon());
    for _ in 0..16 {
        pace.note(&config, &failed(FailureClass::Connection), noon());
    }
    let mut starts = Vec::new();
    let mut now = noon();
    while now < noon() + secs(1_000) {
        now = match pace.gate(&config, 0, now) {
            Gate::ClosedUntil(until) => until,
            Gate::Open(room) => {
                assert_eq!(room, 1);
                pace.started(&config, 1, noon(), now);
                starts.push(now.duration_since(noon()).as_secs_f64());
                pace.note(&config, &failed(FailureClass::Connection), now);
                now
            }
        };
    }
    assert_eq!(starts[..30], std::array::from_fn::<f64, 30, _>(|n| 2.0 * (n + 1) as f64), "the first minute");
    for pair in starts[29..].windows(2) {
        let pause = (pair[0] / 10.0).min(60.0);
        assert!((pair[1] - pair[0] - pause).abs() < 0.001, "{pair:?}");
    }
}

#[test]
fn issue_22_a_few_failures_are_enough_for_probes_once_they_last_and_nobody_is_told_yet() {
    let (config, mut pace) = open();
    for _ in 0..config.few {
        assert_eq!(pace.note(&config, &failed(FailureClass::Server), noon()), Turn::None);
    }
    assert!(!pace.probing(), "a moment's failures say little");
    let later = noon() + config.few_for;
    assert_eq!(pace.note(&config, &failed(FailureClass::Server), later), Turn::None);
    assert!(pace.probing() && pace.stopped().is_none());
    assert_eq!(pace.note(&config, &answered(Verdict::Delivered), later), Turn::Resumed);
    assert!(!pace.probing());
}

#[test]
fn issue_22_a_probe_that_hangs_does_not_hold_the_next_one_up() {
    let (config, mut pace) = open();
    for _ in 0..config.outage_after {
        pace.note(&config, &failed(FailureClass::Timeout), noon());
    }
    assert_eq!(pace.gate(&config, 1, noon()), Gate::Open(1));
    assert_eq!(pace.gate(&config, config.in_flight, noon()), Gate::Open(0), "they take their room");
}

#[test]
fn issue_22_a_pause_that_the_destination_asked_for_outlasts_its_probes() {
    let (config, mut pace) = open();
    pace.started(&config, 1, noon(), noon());
    let throttled = Verdict::RetryAfter(secs(40), Failure::new(FailureClass::Throttled, "503"));
    for _ in 0..config.outage_after {
        pace.note(&config, &answered(throttled.clone()), noon());
    }
    assert_eq!(pace.gate(&config, 0, noon() + secs(2)), Gate::ClosedUntil(noon() + secs(40)));
    assert_eq!(pace.gate(&config, 0, noon() + secs(40)), Gate::Open(1));
}

#[test]
fn a_rejected_message_says_that_the_destination_is_alive() {
    let (config, mut pace) = open();
    pace.note(&config, &failed(FailureClass::Credentials), noon());
    assert_eq!(pace.note(&config, &failed(FailureClass::Rejected), noon()), Turn::Recovered);
}

#[test]
fn a_pause_that_the_destination_named_outlasts_a_success_that_was_under_way() {
    let (config, mut pace) = open();
    let throttled = Verdict::RetryAfter(secs(60), Failure::new(FailureClass::Throttled, "429"));
    for _ in 0..config.outage_after {
        pace.note(&config, &answered(throttled.clone()), noon());
    }
    assert_eq!(pace.note(&config, &answered(Verdict::Delivered), noon()), Turn::Recovered);
    assert_eq!(pace.gate(&config, 0, noon() + secs(59)), Gate::ClosedUntil(noon() + secs(60)));
    assert_eq!(pace.gate(&config, 0, noon() + secs(60)), Gate::Open(config.in_flight));
}

#[test]
fn a_success_that_was_the_last_of_its_quota_stops_the_provider_until_the_next() {
    let (config, mut pace) = open();
    let last =
        (Verdict::Delivered, Observed { quota: Some(secs(45)), answered: true, ..Observed::default() });
    assert_eq!(pace.note(&config, &last, noon()), Turn::None);
    assert!(pace.is_held(noon() + secs(44)) && !pace.is_held(noon() + secs(45)));
    assert_eq!(pace.gate(&config, 0, noon()), Gate::ClosedUntil(noon() + secs(45)));
    let endless = (
        Verdict::Delivered,
        Observed { quota: Some(secs(1_000_000)), answered: true, ..Observed::default() },
    );
    pace.note(&config, &endless, noon());
    assert_eq!(pace.gate(&config, 0, noon()), Gate::ClosedUntil(noon() + config.longest_pause));
}

#[test]
fn what_is_concluded_without_asking_the_destination_does_not_end_an_outage() {
    let (config, mut pace) = open();
    pace.note(&config, &failed(FailureClass::Credentials), noon());
    assert_eq!(pace.note(&config, &unasked(Verdict::Skipped), noon()), Turn::None);
    let unrendered = Verdict::Failed(Failure::new(FailureClass::Render, "no"));
    assert_eq!(pace.note(&config, &unasked(unrendered), noon()), Turn::None);
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
    pace.note(&config, &failed(FailureClass::Credentials), noon());
    let later = noon() + config.parked;
    pace.note(&config, &answered(Verdict::Delivered), later);
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
    pace.started(&config, 1, noon(), noon());
    let turn = pace.note(&config, &refuses_all, noon());
    assert!(matches!(turn, Turn::Stopped(failure) if failure.class == FailureClass::Rejected));
    assert_eq!(pace.gate(&config, 0, noon()), Gate::ClosedUntil(noon() + secs(2)));
    pace.started(&config, 1, noon(), noon() + secs(2));
    assert_eq!(pace.note(&config, &refuses_all, noon() + secs(2)), Turn::None, "no news");
    assert_eq!(pace.gate(&config, 0, noon() + secs(2)), Gate::ClosedUntil(noon() + secs(4)));
    assert_eq!(pace.note(&config, &answered(Verdict::Delivered), noon() + secs(4)), Turn::Recovered);
    assert_eq!(pace.gate(&config, 0, noon() + secs(4)), Gate::Open(config.in_flight));
}

#[test]
fn i16_6_what_was_stopped_stays_so_for_the_next_actor_until_a_success() {
    let config = DeliveryConfig::default();
    let mut pace = Pace::new(None, None, Some(Failure::new(FailureClass::Rejected, "no")));
    assert_eq!(pace.gate(&config, 0, noon()), Gate::Open(1));
    assert_eq!(pace.note(&config, &answered(Verdict::Delivered), noon()), Turn::Recovered);
}
