//! Postponed reconciles.

use campanile_domain::{ObjectKey, PostponedReconcile};

use super::harness::{Harness, OutboxKind, at, wait};

pub(crate) fn postponed(resource: &str, seconds: i64) -> PostponedReconcile {
    PostponedReconcile {
        resource: resource.to_owned(),
        receiver: ObjectKey::new("apps", "hook"),
        accepted_at: at(seconds),
        request: format!("{{\"name\":\"{resource}\"}}"),
    }
}

/// What is stored, in its order.
fn stored(harness: &Harness) -> Vec<PostponedReconcile> {
    wait(harness.outbox().reconciles()).unwrap().into_iter().map(|(_, reconcile)| reconcile).collect()
}

fn postpone(harness: &Harness, reconciles: &[PostponedReconcile]) -> Vec<i64> {
    wait(harness.outbox().postpone(reconciles.to_vec())).unwrap()
}

pub(super) fn issue_20_what_was_postponed_survives_a_crash_in_its_order(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    assert_eq!(stored(&harness), []);
    let all = [postponed("b", 0), postponed("a", 1), postponed("b", 2)];
    let numbers = postpone(&harness, &all[..2]);
    assert!(numbers[0] < numbers[1]);
    assert!(postpone(&harness, &all[2..])[0] > numbers[1]);
    for _ in 0..2 {
        assert_eq!(stored(&harness), all, "a name may come twice: which is enough says the caller");
        harness.crash();
    }
    assert_eq!(harness.outbox().stats(), crate::Stats::default(), "they are no deliveries");
}

pub(super) fn issue_20_what_is_settled_is_gone_at_once_and_for_good(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    let all = [postponed("a", 0), postponed("b", 1), postponed("c", 2)];
    let numbers = postpone(&harness, &all);
    drop(harness.outbox().settle_reconciles(vec![numbers[0]]));
    assert_eq!(stored(&harness), all[1..], "also before it is durable");
    wait(harness.outbox().settle_reconciles(vec![numbers[2], numbers[2], 12345])).unwrap();
    harness.crash();
    assert_eq!(stored(&harness), all[1..2]);
    let next = postpone(&harness, &all[..1])[0];
    assert!(next > numbers[1], "no number that is in use is given again");
    assert_eq!(stored(&harness), [all[1].clone(), all[0].clone()]);
}

pub(super) fn issue_20_a_closed_outbox_postpones_nothing(kind: OutboxKind) {
    let harness = Harness::new(kind);
    wait(harness.outbox().close()).unwrap();
    assert_eq!(wait(harness.outbox().postpone(vec![postponed("a", 0)])), Err(crate::OutboxError::Closed));
}
