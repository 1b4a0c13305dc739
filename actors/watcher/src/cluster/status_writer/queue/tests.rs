use campanile_domain::ObjectKey;
use campanile_testkit::noon;

use serde_json::Value as Json;

use super::*;
use crate::cluster::version::Served;

fn id(name: &str) -> Id {
    (Kind::Alert, ObjectKey::new("apps", name))
}

fn at(seconds: u64) -> Timestamp {
    noon() + Duration::from_secs(seconds)
}

/// Asks for a write of the status that stands for `mark`.
fn admit(queue: &mut WriteQueue, id: &Id, difference: Difference, mark: u64, now: Timestamp) -> Admission {
    let served = Served { version: campanile_crds::Version::V1beta3, has_status: true };
    let (part, base, patch) = (Part::Status, "7".to_owned(), Json::Null);
    queue.admit(
        &StatusPatch { id: id.clone(), served, part, difference, first: false, mark, base, patch },
        now,
    )
}

fn written(queue: &mut WriteQueue, id: &Id, now: Timestamp) {
    queue.sent(id, 1, now);
    queue.landed(id.clone(), now);
}

#[test]
fn a_condition_is_written_at_once_and_the_rest_waits_for_its_time() {
    let (mut queue, id) = (WriteQueue::default(), id("a"));
    written(&mut queue, &id, at(0));
    assert_eq!(admit(&mut queue, &id, Difference::Condition, 2, at(1)), Admission::Now);
    assert_eq!(admit(&mut queue, &id, Difference::Flipped, 2, at(1)), Admission::At(at(10)));
    assert_eq!(admit(&mut queue, &id, Difference::Flipped, 2, at(10)), Admission::Now);
    assert_eq!(admit(&mut queue, &id, Difference::Stale, 2, at(10)), Admission::At(at(300)));
    assert_eq!(admit(&mut queue, &id, Difference::Stale, 2, at(300)), Admission::Now);
}

#[test]
fn what_was_written_and_is_taken_out_again_is_not_insisted_on() {
    let (mut queue, id) = (WriteQueue::default(), id("a"));
    written(&mut queue, &id, at(0));
    assert_eq!(admit(&mut queue, &id, Difference::Condition, 1, at(1)), Admission::At(at(300)));
    assert_eq!(admit(&mut queue, &id, Difference::Flipped, 1, at(20)), Admission::At(at(300)));
    assert_eq!(admit(&mut queue, &id, Difference::Condition, 1, at(300)), Admission::Now);
}

#[test]
fn what_stands_in_the_way_of_nothing_any_more_is_forgotten() {
    let mut queue = WriteQueue::default();
    assert_eq!(queue.take_due(at(0), 8), []);
    for number in 0..1000 {
        written(&mut queue, &id(&number.to_string()), at(0));
    }
    assert_eq!(queue.take_due(at(299), 2000).len(), 1000);
    assert_eq!((queue.written.len(), queue.due.iter().count()), (1000, 0));
    assert_eq!(queue.take_due(at(301), 8), []);
    assert_eq!((queue.written.len(), queue.written.capacity()), (0, 0));
}

#[test]
fn only_ten_objects_are_written_in_a_second_unless_conditions_change() {
    let mut queue = WriteQueue::default();
    let admitted = |queue: &mut WriteQueue, difference, now| {
        let ids = (0..15).map(|n| id(&n.to_string()));
        ids.filter(|id| admit(queue, id, difference, 2, now) == Admission::Now).count()
    };
    assert_eq!(admitted(&mut queue, Difference::Flipped, at(0)), 10);
    assert_eq!(admitted(&mut queue, Difference::Flipped, at(0)), 0);
    assert_eq!(admitted(&mut queue, Difference::Condition, at(0)), 15);
    assert_eq!(admitted(&mut queue, Difference::Flipped, at(1)), 10);
}

/// Takes and writes as the status writer does, in steps of a quarter of a second. Returns in which second each was written.
fn write_all(queue: &mut WriteQueue, firsts: &dyn Fn(&Id) -> bool) -> Vec<(Id, u64)> {
    let mut written = Vec::new();
    for quarter in 0..2_400_u64 {
        let now = noon() + Duration::from_millis(250 * quarter);
        for id in queue.take_due(now, 32) {
            match admit(queue, &id, Difference::Condition, 1, now) {
                Admission::Now => written.push((id, quarter / 4)),
                Admission::At(later) if firsts(&id) => queue.mark_first(id, later),
                Admission::At(later) => queue.mark(id, later),
            }
        }
    }
    written
}

#[test]
fn issue_22_first_statuses_are_spread_over_ten_minutes_and_those_that_are_not_ready_come_first() {
    let mut queue = WriteQueue::default();
    let is_ready = |id: &Id| !id.1.name.ends_with('7');
    for number in 0..20_000 {
        let id = (Kind::Alert, ObjectKey::new(format!("team-{}", number % 7), number.to_string()));
        if is_ready(&id) { queue.mark_first(id, at(0)) } else { queue.mark(id, at(0)) }
    }
    let written = write_all(&mut queue, &is_ready);
    assert_eq!(written.len(), 20_000);
    assert!(written[..2_000].iter().all(|(id, _)| !is_ready(id)), "those that are not ready");
    for second in 0..500 {
        let count = written.iter().filter(|(_, at)| *at == second).count();
        assert_eq!(count, 40, "in second {second}");
    }
}

#[test]
fn issue_22_a_changed_condition_overtakes_first_statuses() {
    let mut queue = WriteQueue::default();
    for number in 0..1_000 {
        queue.mark_first(id(&number.to_string()), at(0));
    }
    let broken = id("500");
    queue.mark(broken.clone(), at(0));
    assert_eq!(queue.take_due(at(0), 1), [broken], "it is not ready any more");
    let first = write_all(&mut queue, &|_| true);
    assert_eq!(first.len(), 999, "each once");
}

#[test]
fn issue_22_outcomes_of_a_thousand_objects_are_written_ten_in_a_second_beside_changed_conditions() {
    let mut queue = WriteQueue::default();
    let admitted = |queue: &mut WriteQueue, difference, prefix: &str, now| {
        let ids = (0..1_000).map(|n| id(&format!("{prefix}-{n}")));
        ids.filter(|id| admit(queue, id, difference, 2, now) == Admission::Now).count()
    };
    for second in 0..5 {
        assert_eq!(admitted(&mut queue, Difference::Flipped, &format!("a{second}"), at(second)), 10);
        assert_eq!(admitted(&mut queue, Difference::Condition, &format!("b{second}"), at(second)), 40);
    }
}

#[test]
fn an_object_is_taken_once_and_not_while_it_is_being_written() {
    let (mut queue, id) = (WriteQueue::default(), id("a"));
    queue.mark(id.clone(), at(5));
    queue.mark(id.clone(), at(0));
    queue.mark(id.clone(), at(9));
    assert_eq!(queue.take_due(at(0), 8), std::slice::from_ref(&id));
    assert_eq!(queue.take_due(at(60), 8), []);
    queue.sent(&id, 1, at(60));
    queue.mark(id.clone(), at(60));
    assert_eq!(queue.take_due(at(60), 8), []);
    queue.landed(id.clone(), at(60));
    assert_eq!(queue.take_due(at(60), 8), [id]);
}

#[test]
fn a_failed_write_is_tried_again_with_growing_pauses() {
    let (mut queue, id) = (WriteQueue::default(), id("a"));
    queue.failed(id.clone(), at(0), 1.0);
    assert_eq!(queue.take_due(at(0), 8), []);
    assert_eq!(queue.take_due(at(1), 8), std::slice::from_ref(&id));
    queue.failed(id.clone(), at(1), 1.0);
    assert_eq!(queue.take_due(at(2), 8), []);
    assert_eq!(queue.take_due(at(3), 8), [id]);
}

#[test]
fn issue_17_namespaces_take_turns_at_the_budget_of_writes() {
    let mut queue = WriteQueue::default();
    let of = |namespace: &str, number: u32| (Kind::Alert, ObjectKey::new(namespace, number.to_string()));
    for number in 0..1000 {
        queue.mark(of("flood", number), at(0));
    }
    for number in 0..20 {
        queue.mark(of("sound", number), at(0));
    }
    let taken = queue.take_due(at(0), 8);
    assert_eq!(taken.iter().filter(|id| &*id.1.namespace == "sound").count(), 4);
    let mut left = 16;
    while left > 0 {
        let one = queue.take_due(at(1), 2);
        assert_eq!(one.iter().filter(|id| &*id.1.namespace == "sound").count(), 1, "every second turn");
        left -= 1;
    }
    assert!(
        queue.take_due(at(1), 8).iter().all(|id| &*id.1.namespace == "flood"),
        "what is free is anybody's"
    );
}
