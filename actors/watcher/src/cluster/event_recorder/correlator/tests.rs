use campanile_domain::ObjectKey;
use campanile_protocol::Subject;
use campanile_testkit::noon;
use serde_json::json;

use super::*;
use crate::cluster::event_recorder::entry::LONGEST_MESSAGE;

fn of(alert: &str, message: &str) -> Announce {
    let on = Subject::Alert(ObjectKey::new("apps", alert));
    let annotations = [("key".to_owned(), "value".to_owned()), ("no key".to_owned(), "x".to_owned())];
    Announce { annotations: annotations.into(), ..Announce::warning(on, "InvalidConfig", message) }
}

impl EventCorrelator {
    fn noted(&mut self, announce: Announce, now: Timestamp) {
        self.note(announce, "u", now);
    }
}

fn announce(message: &str) -> Announce {
    of("on-call", message)
}

fn at(seconds: u64) -> Timestamp {
    noon() + Duration::from_secs(seconds)
}

fn post(announcer: &mut EventCorrelator, now: Timestamp, outcome: PostResult) -> Vec<Posting> {
    let postings = announcer.take(now, 8);
    postings.iter().for_each(|posting| announcer.posted(posting, outcome, now, 1.0));
    postings
}

#[test]
fn an_event_is_posted_at_once_and_its_repetitions_are_counted() {
    let mut announcer = EventCorrelator::default();
    announcer.noted(announce("x"), at(0));
    let first = post(&mut announcer, at(0), PostResult::Done).remove(0);
    assert!(first.is_new && first.name.starts_with("on-call."));
    assert_eq!((&first.body["type"], &first.body["count"]), (&json!("Warning"), &json!(1)));
    assert_eq!(first.body["metadata"]["annotations"], json!({"key": "value"}));
    assert_eq!(first.body["firstTimestamp"], "2026-08-07T12:00:00Z");
    for second in 1..5 {
        announcer.noted(announce("x"), at(second));
    }
    assert_eq!(announcer.take(at(9), 8), []);
    let again = post(&mut announcer, at(10), PostResult::Done).remove(0);
    assert_eq!((again.is_new, again.name), (false, first.name));
    assert_eq!(again.body, json!({"count": 5, "lastTimestamp": "2026-08-07T12:00:04Z"}));
    assert_eq!(announcer.take(at(60), 8), []);
}

#[test]
fn an_event_that_ran_out_is_made_anew_and_a_failure_is_tried_again() {
    let mut announcer = EventCorrelator::default();
    announcer.noted(announce("x"), at(0));
    post(&mut announcer, at(0), PostResult::Failed);
    assert_eq!(announcer.take(at(0), 8), []);
    assert!(post(&mut announcer, at(1), PostResult::Done)[0].is_new);
    announcer.noted(announce("x"), at(2));
    assert!(!post(&mut announcer, at(20), PostResult::Forgotten)[0].is_new);
    assert!(post(&mut announcer, at(20), PostResult::Done)[0].is_new);
}

#[test]
fn what_is_counted_while_a_posting_is_under_way_is_written_later() {
    let mut announcer = EventCorrelator::default();
    announcer.noted(announce("x"), at(0));
    let posting = announcer.take(at(0), 8).remove(0);
    announcer.noted(announce("x"), at(1));
    assert_eq!(announcer.take(at(1), 8), []);
    announcer.posted(&posting, PostResult::Done, at(1), 0.0);
    assert_eq!(announcer.take(at(11), 8)[0].body["count"], 2);
}

#[test]
fn the_memory_is_bounded_and_gives_up_what_is_written() {
    let mut announcer = EventCorrelator::default();
    for number in 0..MOST {
        announcer.noted(of(&number.to_string(), "x"), at(0));
    }
    announcer.noted(of("one too many", "x"), at(1));
    assert_eq!((announcer.entries.len(), announcer.overflowed), (MOST, 1));
    post(&mut announcer, at(1), PostResult::Done);
    announcer.noted(of("late", "there is room"), at(2));
    assert_eq!((announcer.entries.len(), announcer.overflowed), (MOST, 0));
    assert_eq!((announcer.groups.len(), announcer.groups.values().sum::<u32>()), (MOST, MOST as u32));
}

#[test]
fn what_differs_too_often_is_combined_and_shows_the_newest() {
    let mut announcer = EventCorrelator::default();
    for number in 0..1000 {
        announcer.noted(announce(&number.to_string()), at(number / 100));
    }
    assert_eq!(announcer.entries.len() as u32, DISTINCT + 1);
    let posted: Vec<Posting> = [at(9), at(10)].into_iter().flat_map(|now| announcer.take(now, 16)).collect();
    assert_eq!(posted.len() as u32, DISTINCT + 1);
    posted.iter().for_each(|posting| announcer.posted(posting, PostResult::Done, at(10), 1.0));
    let combined = posted.iter().find(|posting| posting.body["count"] != 1).unwrap();
    assert_eq!(combined.body["count"], 990);
    assert_eq!(combined.body["message"], "(combined from similar events): 999");
    announcer.noted(announce("and another"), at(11));
    let again = announcer.take(at(20), 16).remove(0);
    assert_eq!((again.name.as_str(), again.is_new), (combined.name.as_str(), false));
    assert_eq!(again.body["message"], "(combined from similar events): and another");
    announcer.noted(of("another", "0"), at(11));
    assert!(announcer.take(at(21), 16)[0].body["message"] == "0", "another Alert has its own");
}

#[test]
fn a_storm_costs_few_requests() {
    let mut announcer = EventCorrelator::default();
    let mut requests = 0;
    for second in 0..600 {
        for number in 0..100 {
            let message = format!("failed to send notification for Kustomization/apps/{second}-{number}");
            announcer.noted(of(&format!("alert-{}", number % 4), &message), at(second));
        }
        let most = post(&mut announcer, at(second), PostResult::Done).len();
        assert!(most as u32 <= PER_SECOND);
        requests += most;
    }
    // 4 Alerts with 11 Events each; those that go on are counted after 10, 20, 40, 80, 160 and 320 seconds.
    assert_eq!(requests, 4 * 11 + 4 * 5, "for 60,000 announcements");
}

#[test]
fn what_was_not_seen_for_a_while_is_a_new_event() {
    let mut announcer = EventCorrelator::default();
    announcer.noted(announce("x"), at(0));
    let first = post(&mut announcer, at(0), PostResult::Done).remove(0);
    announcer.take(at(QUIET.as_secs()), 8);
    assert!(announcer.entries.is_empty() && announcer.groups.is_empty());
    announcer.noted(announce("x"), at(QUIET.as_secs()));
    let second = post(&mut announcer, at(QUIET.as_secs()), PostResult::Done).remove(0);
    assert!(second.is_new && second.name != first.name);
}

#[test]
fn an_event_that_is_refused_is_not_sent_again() {
    let mut announcer = EventCorrelator::default();
    announcer.noted(announce("x"), at(0));
    post(&mut announcer, at(0), PostResult::Refused);
    assert_eq!(announcer.take(at(60), 8), []);
}

#[test]
fn a_long_message_is_cut_between_characters() {
    let mut announcer = EventCorrelator::default();
    announcer.noted(announce(&"ä".repeat(1000)), at(0));
    let posting = announcer.take(at(0), 8).remove(0);
    assert_eq!(posting.body["message"].as_str().unwrap().len(), LONGEST_MESSAGE);
}

#[test]
fn issue_17_a_flood_of_one_namespace_hides_nothing_that_others_say() {
    let mut announcer = EventCorrelator::default();
    let flood = |number: usize| {
        let on = Subject::Alert(ObjectKey::new("flood", format!("alert-{number}")));
        Announce::warning(on, "InvalidConfig", "x")
    };
    for number in 0..10 * MOST {
        announcer.noted(flood(number), at(0));
    }
    for number in 0..50 {
        announcer.noted(of(&format!("sound-{number}"), "x"), at(1));
        announcer.noted(flood(number + 20 * MOST), at(1));
    }
    let mut heard = 0;
    for second in 1..=11 {
        let postings = post(&mut announcer, at(second), PostResult::Done);
        heard += postings.iter().filter(|posting| posting.namespace == "apps").count();
    }
    assert!(
        heard >= 44,
        "every second turn is theirs, {heard} of 50 after eleven seconds of eight writes each"
    );
    assert!(announcer.overflowed > 0 && announcer.entries.len() <= MOST);
}

#[test]
fn issue_17_who_has_most_pushes_nobody_out() {
    let mut announcer = EventCorrelator::default();
    for number in 0..MOST {
        announcer.noted(of(&number.to_string(), "x"), at(0));
    }
    let good = Announce { warning: false, ..of("good", "x") };
    announcer.noted(good, at(1));
    let on = Subject::Alert(ObjectKey::new("small", "alert"));
    announcer
        .noted(Announce { warning: false, ..Announce::warning(on.clone(), "Ready", "good news") }, at(1));
    assert_eq!(announcer.overflowed, 2, "good news push out no warning");
    announcer.noted(Announce::warning(on, "InvalidConfig", "x"), at(1));
    assert_eq!(
        (announcer.entries.len(), announcer.overflowed),
        (MOST, 3),
        "one of those that have most is counted"
    );
    let namespaces: Vec<String> =
        announcer.take(at(2), 2).into_iter().map(|posting| posting.namespace).collect();
    assert!(namespaces.contains(&"small".to_owned()));
}
