use campanile_testkit::noon;

use super::*;

fn id(name: &str) -> Id {
    (Kind::Alert, ObjectKey::new("apps", name))
}

fn at(seconds: u64) -> Timestamp {
    noon() + Duration::from_secs(seconds)
}

fn written(queue: &mut WriteQueue, id: &Id, now: Timestamp) {
    queue.sent(id, 1, now);
    queue.landed(id.clone(), now);
}

#[test]
fn a_condition_is_written_at_once_and_the_rest_waits_for_its_time() {
    let (mut queue, id) = (WriteQueue::default(), id("a"));
    written(&mut queue, &id, at(0));
    assert_eq!(queue.admit(&id, Difference::Condition, 2, at(1)), Admission::Now);
    assert_eq!(queue.admit(&id, Difference::Flipped, 2, at(1)), Admission::At(at(10)));
    assert_eq!(queue.admit(&id, Difference::Flipped, 2, at(10)), Admission::Now);
    assert_eq!(queue.admit(&id, Difference::Stale, 2, at(10)), Admission::At(at(300)));
    assert_eq!(queue.admit(&id, Difference::Stale, 2, at(300)), Admission::Now);
    assert_eq!(queue.admit(&id, Difference::None, 2, at(300)), Admission::Never);
}

#[test]
fn what_was_written_and_is_taken_out_again_is_not_insisted_on() {
    let (mut queue, id) = (WriteQueue::default(), id("a"));
    written(&mut queue, &id, at(0));
    assert_eq!(queue.admit(&id, Difference::Condition, 1, at(1)), Admission::At(at(300)));
    assert_eq!(queue.admit(&id, Difference::Flipped, 1, at(20)), Admission::At(at(300)));
    assert_eq!(queue.admit(&id, Difference::Condition, 1, at(300)), Admission::Now);
}

#[test]
fn what_stands_in_the_way_of_nothing_any_more_is_forgotten() {
    let mut queue = WriteQueue::default();
    assert_eq!(queue.take_due(at(0), 8), []);
    for number in 0..1000 {
        written(&mut queue, &id(&number.to_string()), at(0));
    }
    assert_eq!(queue.take_due(at(299), 2000).len(), 1000);
    assert_eq!((queue.written.len(), queue.due.capacity()), (1000, 0));
    assert_eq!(queue.take_due(at(301), 8), []);
    assert_eq!((queue.written.len(), queue.written.capacity()), (0, 0));
}

#[test]
fn only_ten_objects_are_written_in_a_second_unless_conditions_change() {
    let mut queue = WriteQueue::default();
    let admit = |queue: &mut WriteQueue, difference, now| {
        let ids = (0..15).map(|n| id(&n.to_string()));
        ids.filter(|id| queue.admit(id, difference, 2, now) == Admission::Now).count()
    };
    assert_eq!(admit(&mut queue, Difference::Flipped, at(0)), 10);
    assert_eq!(admit(&mut queue, Difference::Flipped, at(0)), 0);
    assert_eq!(admit(&mut queue, Difference::Condition, at(0)), 15);
    assert_eq!(admit(&mut queue, Difference::Flipped, at(1)), 10);
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

fn facts(finalizers: &[&str], deleting: bool) -> Facts {
    let finalizers = finalizers.iter().map(|finalizer| (*finalizer).to_owned()).collect();
    Facts { uid: "u".into(), resource_version: "7".into(), deleting, finalizers, ..Facts::default() }
}

fn left(kind: Kind, suspended: bool, facts: &Facts) -> Option<Json> {
    without_finalizer(kind, suspended, facts).map(|patch| patch["metadata"]["finalizers"].clone())
}

#[test]
fn k01_k02_k04_k05_only_our_finalizer_goes_and_only_where_it_is() {
    assert_eq!(left(Kind::Alert, false, &facts(&["foo.bar", FINALIZER], false)), Some(json!(["foo.bar"])));
    assert_eq!(left(Kind::Alert, false, &facts(&["foo.bar"], false)), None);
    assert_eq!(left(Kind::Alert, false, &facts(&[], true)), None);
}

#[test]
fn k03_v07_a_suspended_alert_keeps_it_until_it_is_deleted() {
    assert_eq!(left(Kind::Alert, true, &facts(&[FINALIZER], false)), None);
    assert_eq!(left(Kind::Alert, true, &facts(&[FINALIZER], true)), Some(json!([])));
}

#[test]
fn k07_v07_a_provider_loses_it_at_once_suspended_or_not() {
    assert_eq!(left(Kind::Provider, true, &facts(&[FINALIZER], false)), Some(json!([])));
    assert_eq!(left(Kind::Provider, false, &facts(&[FINALIZER], true)), Some(json!([])));
}
