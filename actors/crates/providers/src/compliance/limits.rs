//! 9. A message always fits, whatever the event holds: the destination's documented limits are kept, the cut says so, and
//!    what is sent is whole.

use campanile_domain::{Delivery, Event, ObjectRef, ProviderClass, Severity};
use campanile_testkit::event;

use super::every::{complete, first_written, message, texts};
use super::measure::measured;
use super::{Case, all};
use crate::testing::delivery;

/// Who takes an event whole: there is no destination whose limits one could know.
fn is_whole(case: &Case) -> bool {
    case.kind.class() == ProviderClass::Generic
}

/// Events that are long in one way or another: with words, without, in wide characters, in what has to be escaped, in
/// metadata, in names.
fn huge() -> Vec<Delivery> {
    let texts = [
        "resource is not ready; ".repeat(20_000),
        "x".repeat(300_000),
        "🚀ÄÖÜ".repeat(60_000),
        "*_`[]()<&\"\\\n".repeat(30_000),
        "&amp;<b>".repeat(40_000),
    ];
    let with = |message: &str, metadata: &[(&str, &str)]| {
        let event = Event { message: message.into(), severity: Severity::Error, ..event() };
        complete(delivery(event, metadata))
    };
    let mut all: Vec<Delivery> = texts.iter().map(|text| with(text, &[("summary", "s")])).collect();
    let keys: Vec<String> = (0..1500).map(|n| format!("key-{n:04}")).collect();
    for value in ["v".repeat(1_000), "ü<\"".repeat(300)] {
        let entries: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), value.as_str())).collect();
        all.push(with(&texts[0], &entries));
    }
    all.push(with("short", &[("long", &texts[2])]));
    let involved_object = ObjectRef {
        kind: "K".repeat(63),
        namespace: "n".repeat(63),
        name: "o".repeat(253),
        uid: "u".repeat(400),
        ..event().involved_object
    };
    let event = Event {
        involved_object,
        message: texts[3].clone(),
        reason: "AVeryLongReason".repeat(100),
        severity: Severity::Error,
        reporting_controller: "c".repeat(300),
        ..event()
    };
    let mut long_name = complete(delivery(event, &[("k", "v")]));
    long_name.plan.commit_status = Some("kustomization/".to_owned() + &"o".repeat(600));
    all.push(long_name);
    all
}

#[test]
fn m9_every_message_keeps_within_the_limits_of_its_destination() {
    let (huge, mut beyond) = (huge(), Vec::new());
    for case in all() {
        let limits = case.sample.limits;
        assert!(is_whole(&case) == limits.is_empty(), "{} has limits, or none", case.name);
        for (number, delivery) in huge.iter().enumerate() {
            let request = first_written(case, delivery);
            for limit in limits {
                let measured = measured(limit, &request);
                beyond.extend((measured > limit.most).then_some((case.name, limit.what, number, measured)));
            }
        }
    }
    assert_eq!(beyond, [], "type, what of it, number of the event, and what was measured");
}

#[test]
fn m9_a_cut_message_says_so() {
    let long = huge().into_iter().next().unwrap();
    for case in all().filter(|case| case.sample.says_cut && !is_whole(case)) {
        let said = texts(case, &first_written(case, &long)).replace('\\', "");
        assert!(said.contains("more characters"), "{} says that it was cut: {}", case.name, said.len());
    }
}

#[test]
fn m9_who_forwards_an_event_forwards_all_of_it() {
    for case in all().filter(is_whole) {
        for delivery in huge() {
            let sent = message(&first_written(case, &delivery));
            assert_eq!(sent["message"], delivery.event.message.as_str(), "{}", case.name);
            let metadata = sent["metadata"].as_object().unwrap();
            assert_eq!(metadata.len(), delivery.plan.metadata.len(), "{}", case.name);
        }
    }
}
