use campanile_testkit::noon;

use super::*;

fn announce(message: &str) -> Announce {
    Announce {
        alert: AlertRef { key: ObjectKey::new("apps", "on-call"), uid: "u".into() },
        warning: true,
        reason: "InvalidConfig".into(),
        message: message.into(),
        annotations: [("key".to_owned(), "value".to_owned())].into(),
    }
}

fn at(seconds: u64) -> Timestamp {
    noon() + Duration::from_secs(seconds)
}

fn post(announcer: &mut Announcer, now: Timestamp, outcome: Posted) -> Vec<Posting> {
    let postings = announcer.take(now, 8);
    postings.iter().for_each(|posting| announcer.posted(posting, outcome, now, 1.0));
    postings
}

#[test]
fn an_event_is_posted_at_once_and_its_repetitions_are_counted() {
    let mut announcer = Announcer::default();
    announcer.note(announce("x"), at(0));
    let first = post(&mut announcer, at(0), Posted::Done).remove(0);
    assert!(first.is_new && first.name.starts_with("on-call."));
    assert_eq!((&first.body["type"], &first.body["count"]), (&json!("Warning"), &json!(1)));
    assert_eq!(first.body["metadata"]["annotations"], json!({"key": "value"}));
    assert_eq!(first.body["firstTimestamp"], "2026-08-07T12:00:00Z");
    for second in 1..5 {
        announcer.note(announce("x"), at(second));
    }
    assert_eq!(announcer.take(at(9), 8), []);
    let again = post(&mut announcer, at(10), Posted::Done).remove(0);
    assert_eq!((again.is_new, again.name), (false, first.name));
    assert_eq!(again.body, json!({"count": 5, "lastTimestamp": "2026-08-07T12:00:04Z"}));
    assert_eq!(announcer.take(at(60), 8), []);
}

#[test]
fn an_event_that_ran_out_is_made_anew_and_a_failure_is_tried_again() {
    let mut announcer = Announcer::default();
    announcer.note(announce("x"), at(0));
    post(&mut announcer, at(0), Posted::Failed);
    assert_eq!(announcer.take(at(0), 8), []);
    assert!(post(&mut announcer, at(1), Posted::Done)[0].is_new);
    announcer.note(announce("x"), at(2));
    assert!(!post(&mut announcer, at(20), Posted::Forgotten)[0].is_new);
    assert!(post(&mut announcer, at(20), Posted::Done)[0].is_new);
}

#[test]
fn what_is_counted_while_a_posting_is_under_way_is_written_later() {
    let mut announcer = Announcer::default();
    announcer.note(announce("x"), at(0));
    let posting = announcer.take(at(0), 8).remove(0);
    announcer.note(announce("x"), at(1));
    assert_eq!(announcer.take(at(1), 8), []);
    announcer.posted(&posting, Posted::Done, at(1), 0.0);
    assert_eq!(announcer.take(at(11), 8)[0].body["count"], 2);
}

#[test]
fn the_memory_is_bounded_and_gives_up_what_is_written() {
    let mut announcer = Announcer::default();
    for number in 0..MOST {
        announcer.note(announce(&number.to_string()), at(0));
    }
    announcer.note(announce("one too many"), at(1));
    assert_eq!((announcer.entries.len(), announcer.overflowed), (MOST, 1));
    post(&mut announcer, at(1), Posted::Done);
    announcer.note(announce("there is room"), at(2));
    assert_eq!((announcer.entries.len(), announcer.overflowed), (MOST, 0));
    assert_eq!(
        announcer
            .take(at(2), MOST)
            .iter()
            .filter(|posting| posting.body["message"] == "there is room")
            .count(),
        1
    );
}

#[test]
fn a_long_message_is_cut_between_characters() {
    let mut announcer = Announcer::default();
    announcer.note(announce(&"ä".repeat(1000)), at(0));
    let posting = announcer.take(at(0), 8).remove(0);
    assert_eq!(posting.body["message"].as_str().unwrap().len(), LONGEST_MESSAGE);
}
