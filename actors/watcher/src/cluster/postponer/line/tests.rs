use campanile_testkit::noon;

use super::*;

fn of(namespace: &str, name: &str) -> PostponedReconcile {
    PostponedReconcile {
        resource: format!("GitRepository/{namespace}/{name}"),
        receiver: ObjectKey::new(namespace, "hook"),
        accepted_at: noon(),
        request: "{}".to_owned(),
    }
}

fn put(line: &mut PostponedQueue, number: i64, one: PostponedReconcile) -> Vec<i64> {
    put_until(line, number, one, None)
}

/// Puts one off until then; none if it waits for the API server.
fn put_until(
    line: &mut PostponedQueue,
    number: i64,
    one: PostponedReconcile,
    due: Option<Timestamp>,
) -> Vec<i64> {
    let fresh = line.admit(vec![one], noon()).unwrap();
    let numbers = fresh.iter().map(|_| number).collect();
    line.stored(numbers, fresh, due, at(0, 0.5))
}

fn at(seconds: i64, random: f64) -> Moment {
    Moment { now: later(seconds), random }
}

fn away() -> RetryResult {
    RetryResult::Away("it is away".to_owned())
}

const DONE: RetryResult = RetryResult::Done { resources: 1 };

fn later(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

fn numbers(round: &[ReconcileAttempt]) -> Vec<i64> {
    round.iter().map(|one| one.number).collect()
}

#[test]
fn issue_20_what_was_tried_longest_ago_comes_next_and_a_silent_server_is_only_probed() {
    let mut line = PostponedQueue::default();
    (1..=100).for_each(|number| drop(put(&mut line, number, of("apps", &number.to_string()))));
    assert!(line.take(noon()).is_empty(), "it was tried just now");
    let first = line.take(later(10));
    assert_eq!(numbers(&first), (1..=8).collect::<Vec<_>>());
    assert!(line.take(later(10)).is_empty(), "one round at a time");
    first.iter().for_each(|one| assert!(!line.ended(one.number, away())));
    line.round_ended(at(10, 1.0));
    assert!(line.take(later(13)).is_empty(), "a pause of 4 s");
    let second = line.take(later(15));
    assert_eq!(numbers(&second), (9..=16).collect::<Vec<_>>());
    assert!(line.ended(9, DONE));
    (10..=16).for_each(|number| assert!(!line.ended(number, away())));
    line.round_ended(at(15, 1.0));
    let third = line.take(later(15));
    assert_eq!(numbers(&third), (17..=48).collect::<Vec<_>>(), "an answer ends the pause");
}

#[test]
fn issue_20_a_newer_request_outlives_the_try_of_an_older_one() {
    let mut line = PostponedQueue::default();
    put(&mut line, 1, of("apps", "a"));
    assert_eq!(numbers(&line.take(later(60))), [1]);
    assert_eq!(put(&mut line, 2, of("apps", "a")), [1], "its patch may have been sent before");
    assert!(!line.ended(1, DONE));
    line.round_ended(at(60, 0.0));
    assert_eq!(numbers(&line.take(later(60))), [2]);
    assert!(line.ended(2, DONE));
    assert_eq!((line.snapshot().waiting, line.snapshot().bytes), (0, 0));
}

#[test]
fn issue_20_no_more_wait_than_may_in_all_and_of_one_namespace() {
    let mut line = PostponedQueue::default();
    let mut number = 0;
    let mut fill = |line: &mut PostponedQueue, namespace: &str, count: usize| {
        for name in 0..count {
            number += 1;
            put(line, number, of(namespace, &name.to_string()));
        }
    };
    fill(&mut line, "a", MOST_OF_NAMESPACE.count);
    let more = |line: &mut PostponedQueue, namespace: &str| line.admit(vec![of(namespace, "more")], noon());
    assert!(matches!(more(&mut line, "a"), Err(PostponeRefusal::Full(_))));
    for namespace in ["b", "c", "d"] {
        fill(&mut line, namespace, MOST_OF_NAMESPACE.count);
    }
    assert_eq!(line.snapshot().waiting, MOST.count);
    assert!(matches!(more(&mut line, "e"), Err(PostponeRefusal::Full(_))));
    let again = line.admit(vec![of("a", "0")], later(3600)).unwrap();
    assert_eq!(again.len(), 1, "what has a place keeps it");
    line.not_stored(&again);
    let round = line.take(later(3600));
    assert!(line.ended(round[0].number, DONE));
    assert_eq!(more(&mut line, "e").unwrap().len(), 1);
}

#[test]
fn issue_20_bytes_are_bounded_too() {
    let mut line = PostponedQueue::default();
    let large = |name: &str| PostponedReconcile { request: "x".repeat(1 << 20), ..of("a", name) };
    (0..7).for_each(|number| drop(put(&mut line, number, large(&number.to_string()))));
    assert!(matches!(line.admit(vec![large("more")], noon()), Err(PostponeRefusal::Full(_))));
    assert!(line.admit(vec![of("a", "small")], noon()).is_ok());
}

#[test]
fn issue_20_counts_are_told_once_and_again_to_who_knows_nothing() {
    let mut line = PostponedQueue::default();
    put(&mut line, 1, of("apps", "a"));
    assert_eq!(line.news(false)[0].waiting, 1);
    assert!(line.news(false).is_empty());
    assert_eq!(line.news(true)[0].waiting, 1);
    assert_eq!(line.expire(later(24 * 3600)).len(), 1);
    let counts = line.news(false);
    assert_eq!((counts[0].waiting, counts[0].expired), (0, 1));
}

#[test]
fn issue_20_what_is_put_off_comes_in_its_time_and_nobody_is_told_that_it_waits() {
    let mut line = PostponedQueue::default();
    put_until(&mut line, 1, of("apps", "a"), Some(later(2)));
    put_until(&mut line, 2, of("apps", "b"), Some(later(1)));
    assert_eq!(line.next_due(), Some(later(1)));
    assert!(line.take(noon()).is_empty());
    assert_eq!(numbers(&line.take(later(1))), [2]);
    assert_eq!(line.next_due(), None, "a round is under way");
    assert!(line.ended(2, DONE));
    line.round_ended(at(1, 0.5));
    assert_eq!(line.admit(vec![of("apps", "a")], noon()), Ok(vec![]), "it waits as one with the first");
    assert_eq!((line.snapshot().waiting, line.snapshot().put_off), (0, 2));
    assert!(line.news(true).iter().all(|counts| counts.waiting == 0));
    assert_eq!(numbers(&line.take(later(2))), [1]);
    assert!(!line.ended(1, away()));
    line.round_ended(at(2, 0.5));
    assert_eq!((line.snapshot().waiting, line.snapshot().postponed), (1, 1), "now it waits for the server");
    assert_eq!(line.news(false)[0].waiting, 1);
    assert_eq!(numbers(&line.take(later(60))), [1]);
    assert!(line.ended(1, DONE));
    assert_eq!((line.snapshot().waiting, line.snapshot().bytes), (0, 0));
}

#[test]
fn issue_20_what_is_put_off_waits_for_a_server_that_is_away_as_all_do() {
    let mut line = PostponedQueue::default();
    put(&mut line, 1, of("apps", "a"));
    put_until(&mut line, 2, of("apps", "b"), Some(noon()));
    assert!(line.take(noon()).is_empty(), "a pause");
    assert!(line.next_due().is_some_and(|due| due > noon()), "it is not looked at in vain");
    assert_eq!(numbers(&line.take(later(5))), [1, 2]);
}
