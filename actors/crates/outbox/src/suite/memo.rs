//! Memos.

use campanile_domain::{Failure, FailureClass, ObjectKey};

use super::harness::{Harness, OutboxKind, at, chat, wait};
use crate::MEMO_BOUND;

fn recall(harness: &Harness) -> Vec<(u128, u128)> {
    wait(harness.outbox().recall(&chat())).unwrap()
}

/// Notes something and waits until it is durable.
fn remember(harness: &Harness, place: u128, look: Option<u128>) {
    wait(harness.outbox().remember(&chat(), place, look)).unwrap();
}

pub(super) fn a_memo_is_recalled_oldest_first(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    assert!(recall(&harness).is_empty());
    for (place, look) in [(u128::MAX, 7), (1, u128::MAX - 1), (0, 0)] {
        remember(&harness, place, Some(look));
    }
    let expected = [(u128::MAX, 7), (1, u128::MAX - 1), (0, 0)];
    for _ in 0..2 {
        assert_eq!(recall(&harness), expected);
        assert!(wait(harness.outbox().recall(&ObjectKey::new("apps", "other"))).unwrap().is_empty());
        harness.crash();
    }
    assert_eq!(harness.outbox().stats(), crate::Stats::default());
}

pub(super) fn what_is_remembered_again_is_the_newest(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    remember(&harness, 1, Some(10));
    remember(&harness, 2, Some(20));
    remember(&harness, 1, Some(11));
    harness.crash();
    assert_eq!(recall(&harness), [(2, 20), (1, 11)]);
}

pub(super) fn what_is_forgotten_is_gone(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    remember(&harness, 1, Some(10));
    remember(&harness, 2, Some(20));
    remember(&harness, 1, None);
    remember(&harness, 3, None);
    assert_eq!(recall(&harness), [(2, 20)]);
    harness.crash();
    assert_eq!(recall(&harness), [(2, 20)]);
}

pub(super) fn calls_take_effect_in_their_order_before_anybody_waits(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    let outbox = harness.outbox();
    for (place, look) in [(1, Some(10)), (2, Some(20)), (1, None), (2, Some(21)), (1, Some(11))] {
        drop(outbox.remember(&chat(), place, look));
    }
    assert_eq!(recall(&harness), [(2, 21), (1, 11)]);
    harness.reopen();
    assert_eq!(recall(&harness), [(2, 21), (1, 11)]);
}

pub(super) fn a_memo_is_bounded_and_its_oldest_entry_leaves_first(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    let other = ObjectKey::new("apps", "other");
    wait(harness.outbox().remember(&other, 1, Some(1))).unwrap();
    let surplus = 5;
    for place in 0..(MEMO_BOUND + surplus) as u128 {
        let reply = harness.outbox().remember(&chat(), place, Some(place));
        if place % 1000 == 999 {
            wait(reply).unwrap();
        }
        if place == 9000 {
            // Renewed, and so the newest for now.
            remember(&harness, 0, Some(0));
        }
    }
    harness.flush();
    for _ in 0..2 {
        let memo = recall(&harness);
        assert_eq!(memo.len(), MEMO_BOUND);
        assert_eq!(memo[0], (surplus as u128 + 1, surplus as u128 + 1));
        assert!(memo.contains(&(0, 0)));
        harness.crash();
    }
    assert_eq!(wait(harness.outbox().recall(&other)), Ok(vec![(1, 1)]));
}

pub(super) fn the_memo_of_a_deleted_provider_goes_with_it(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    let other = ObjectKey::new("apps", "other");
    remember(&harness, 1, Some(10));
    wait(harness.outbox().remember(&other, 1, Some(10))).unwrap();
    let dead_letter_all = |harness: &Harness, class| {
        harness.outbox().dead_letter_all(&chat(), &Failure::new(class, "find the provider"), at(0))
    };
    dead_letter_all(&harness, FailureClass::Config);
    assert_eq!(recall(&harness), [(1, 10)]);
    // It holds no delivery, and its memo goes all the same.
    assert_eq!(dead_letter_all(&harness, FailureClass::ProviderDeleted), 0);
    assert!(recall(&harness).is_empty());
    drop(harness.outbox().remember(&chat(), 2, Some(20)));
    harness.flush();
    harness.crash();
    assert_eq!(recall(&harness), [(2, 20)]);
    assert_eq!(wait(harness.outbox().recall(&other)), Ok(vec![(1, 10)]));
}
