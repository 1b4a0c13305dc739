//! Random histories: the store and the model must agree on all that can be seen after every step.

use std::sync::Arc;

use campanile_domain::{DeliveryId, Failure, FailureClass, NewDelivery, ObjectKey};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::prop_oneof;
use proptest::test_runner::{Config, TestRunner};

use super::harness::{Harness, OutboxKind, appended, at, entry, of_lane, refused, wait};
use crate::{Append, Bounds, BrowseFilter, DeliveryView, EventId, Outbox, Planned, Settlement};

/// Histories that are tried unless the environment asks for another number.
const CASES: u32 = 32;

/// Bounds so tight that every history meets them.
const TIGHT: Bounds = Bounds {
    records: 20,
    bytes: 16_000,
    records_per_provider: 8,
    bytes_per_provider: 7000,
    dead_letters: 5,
    dead_letter_bytes: 6000,
    retention: std::time::Duration::from_secs(90),
    cache_bytes: 6000,
    reserve_bytes: 0,
};

/// A delivery to plan: provider, one of [`LANES`], and the deadline's distance from now.
type Plan = (usize, usize, i64);

/// Names and kinds of lanes.
const LANES: [(&str, bool); 4] = [("a", false), ("b", false), ("a", true), ("c", true)];

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<Plan>),
    AppendUnplanned,
    Plan(usize, Vec<Plan>),
    SetAside(usize),
    Take(usize, usize),
    Settle(usize, Ending),
    Wake(usize),
    DeadLetterAll(usize),
    Expire,
    Prune,
    Redrive(Vec<usize>),
    Remember(usize, u8, Option<u8>),
    Recall(usize),
    Pass(i64),
    Crash,
    Reopen,
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Done,
    Release,
    RetryIn(i64),
    ParkFor(i64),
    Dead,
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    vec((0..3_usize, 0..LANES.len(), 0..120_i64), 0..4)
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        3 => proptest::strategy::Just(Ending::Done),
        1 => proptest::strategy::Just(Ending::Release),
        2 => (-5..40_i64).prop_map(Ending::RetryIn),
        2 => (0..80_i64).prop_map(Ending::ParkFor),
        2 => proptest::strategy::Just(Ending::Dead),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let provider = || 0..3_usize;
    prop_oneof![
        8 => plans().prop_map(Step::Append),
        1 => proptest::strategy::Just(Step::AppendUnplanned),
        1 => (any::<usize>(), plans()).prop_map(|(which, plans)| Step::Plan(which, plans)),
        1 => any::<usize>().prop_map(Step::SetAside),
        8 => (provider(), 0..4_usize).prop_map(|(provider, limit)| Step::Take(provider, limit)),
        9 => (any::<usize>(), ending()).prop_map(|(which, ending)| Step::Settle(which, ending)),
        1 => provider().prop_map(Step::Wake),
        1 => provider().prop_map(Step::DeadLetterAll),
        1 => proptest::strategy::Just(Step::Expire),
        1 => proptest::strategy::Just(Step::Prune),
        2 => vec(any::<usize>(), 1..4).prop_map(Step::Redrive),
        3 => (provider(), 0..4_u8, any::<Option<u8>>()).prop_map(|(to, place, look)| Step::Remember(to, place, look)),
        2 => provider().prop_map(Step::Recall),
        3 => (0..50_i64).prop_map(Step::Pass),
        1 => proptest::strategy::Just(Step::Crash),
        1 => proptest::strategy::Just(Step::Reopen),
    ]
}

fn provider(number: usize) -> ObjectKey {
    let (namespace, name) = [("apps", "chat"), ("apps", "pager"), ("web", "git")][number];
    ObjectKey::new(namespace, name)
}

/// Both outboxes and what connects them: the same delivery has another number in each.
struct Pair {
    model: Harness,
    store: Harness,
    leased: Vec<(DeliveryId, DeliveryId)>,
    now: i64,
    events: u32,
}

impl Pair {
    fn new(kind: OutboxKind) -> Self {
        let (model, store) = (Harness::bounded(OutboxKind::Model, TIGHT), Harness::bounded(kind, TIGHT));
        Self { model, store, leased: Vec::new(), now: 0, events: 0 }
    }

    fn time(&self) -> Timestamp {
        at(self.now)
    }

    fn deliveries(&self, plans: &[Plan]) -> Vec<NewDelivery> {
        let plan = |(to, lane, seconds): &Plan| NewDelivery {
            provider: provider(*to),
            deadline: at(self.now + seconds),
            newest_only: LANES[*lane].1,
            ..of_lane(LANES[*lane].0)
        };
        plans.iter().map(plan).collect()
    }

    /// Does the same with both, and has them agree on the answer.
    fn both<T: PartialEq + std::fmt::Debug>(&self, act: impl Fn(&dyn Outbox) -> T) -> T {
        let (expected, found) = (act(self.model.outbox()), act(self.store.outbox()));
        assert_eq!(found, expected);
        expected
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Append(plans) => self.append(Planned::Deliveries(self.deliveries(plans))),
            Step::AppendUnplanned => self.append(Planned::Later),
            Step::Plan(which, plans) => self.plan(*which, plans),
            Step::SetAside(which) => self.set_aside(*which),
            Step::Take(number, limit) => self.take(*number, *limit),
            Step::Settle(which, ending) => self.settle(*which, *ending),
            Step::Wake(number) => self.both(|outbox| outbox.wake(&provider(*number))),
            Step::DeadLetterAll(number) => {
                let failure = Failure::new(FailureClass::ProviderDeleted, "find the provider");
                self.both(|outbox| outbox.dead_letter_all(&provider(*number), &failure, self.time()));
            }
            Step::Expire => {
                self.both(|outbox| outbox.expire(self.time()));
            }
            Step::Prune => self.both(|outbox| outbox.prune(self.time())),
            Step::Redrive(which) => self.redrive(which),
            Step::Remember(number, place, look) => self.both(|outbox| {
                // Nobody waits: what follows must see it all the same.
                drop(outbox.remember(&provider(*number), (*place).into(), look.map(Into::into)));
            }),
            Step::Recall(number) => {
                drop(self.both(|outbox| wait(outbox.recall(&provider(*number)))));
            }
            Step::Pass(seconds) => self.now += seconds,
            Step::Crash => {
                // What is not on disk may be handed out again: wait until all is.
                self.store.flush();
                self.model.crash();
                self.store.crash();
                self.leased.clear();
            }
            Step::Reopen => {
                self.model.reopen();
                self.store.reopen();
                self.leased.clear();
            }
        }
    }

    fn append(&mut self, plan: Planned) {
        self.events += 1;
        let text = format!("{} {}", self.events, "x".repeat(self.events as usize * 37 % 1500));
        let mut entry = Append { plan, accepted_at: self.time(), ..entry(&text, Vec::new()) };
        let object = &mut Arc::make_mut(&mut entry.event).involved_object;
        object.namespace = format!("of-{}", self.events % 3);
        drop(self.both(|outbox| wait(appended(outbox, entry.clone()))));
    }

    /// The numbers of what waits for its plan, in the model and in the store.
    fn unplanned(&self) -> (Vec<EventId>, Vec<EventId>) {
        let waiting = |outbox: &dyn Outbox| {
            wait(outbox.unplanned(100)).unwrap().into_iter().map(|event| event.id).collect()
        };
        (waiting(self.model.outbox()), waiting(self.store.outbox()))
    }

    fn set_aside(&self, which: usize) {
        let (expected, found) = self.unplanned();
        if !expected.is_empty() {
            let which = which % expected.len();
            let answer = wait(self.model.outbox().set_aside(expected[which]));
            assert_eq!(wait(self.store.outbox().set_aside(found[which])), answer);
        }
    }

    fn plan(&self, which: usize, plans: &[Plan]) {
        let (expected, found) = self.unplanned();
        if !expected.is_empty() {
            let deliveries = self.deliveries(plans);
            let which = which % expected.len();
            let answer = wait(self.model.outbox().plan(expected[which], deliveries.clone()));
            assert_eq!(wait(self.store.outbox().plan(found[which], deliveries)), answer);
        }
    }

    fn take(&mut self, number: usize, limit: usize) {
        let take = |outbox: &dyn Outbox| wait(outbox.take(&provider(number), limit, self.time())).unwrap();
        let (expected, found) = (take(self.model.outbox()), take(self.store.outbox()));
        assert_eq!(found.len(), expected.len());
        for (expected, found) in expected.into_iter().zip(found) {
            self.leased.push((expected.delivery.id, found.delivery.id));
            let mut found = found.delivery;
            found.id = expected.delivery.id;
            assert_eq!(found, expected.delivery);
        }
    }

    fn settle(&mut self, which: usize, ending: Ending) {
        if self.leased.is_empty() {
            return;
        }
        let (expected, found) = self.leased.swap_remove(which % self.leased.len());
        let settlement = match ending {
            Ending::Done => Settlement::Done,
            Ending::Release => Settlement::Release,
            Ending::RetryIn(seconds) => Settlement::RetryAt(at(self.now + seconds), refused()),
            Ending::ParkFor(seconds) => Settlement::Parked(at(self.now + seconds), refused()),
            Ending::Dead => Settlement::Dead(refused()),
        };
        self.model.outbox().settle(expected, settlement.clone(), self.time());
        // Nobody waits for the disk: what follows must see it all the same.
        self.store.outbox().settle(found, settlement, self.time());
    }

    fn redrive(&self, which: &[usize]) {
        let dead = self.views(BrowseFilter { dead: true, ..BrowseFilter::default() });
        if !dead.is_empty() {
            let chosen = which.iter().map(|which| &dead[which % dead.len()]);
            let (expected, found): (Vec<_>, Vec<_>) = chosen.map(|(view, id)| (view.id, *id)).unzip();
            let answer = wait(self.model.outbox().redrive(expected, at(self.now + 60)));
            assert_eq!(wait(self.store.outbox().redrive(found, at(self.now + 60))), answer);
        }
    }

    /// What both list, with the store's number of each.
    fn views(&self, selection: BrowseFilter) -> Vec<(DeliveryView, DeliveryId)> {
        let expected = wait(self.model.outbox().list(selection.clone())).unwrap();
        let found = wait(self.store.outbox().list(selection)).unwrap();
        assert!(found.is_sorted_by_key(|view| view.id.0.number()));
        let ids: Vec<_> = found.iter().map(|view| view.id).collect();
        let renumbered = found.into_iter().zip(&expected);
        let found: Vec<_> = renumbered.map(|(view, other)| DeliveryView { id: other.id, ..view }).collect();
        assert_eq!(ids.len(), expected.len());
        assert_eq!(found, expected);
        expected.into_iter().zip(ids).collect()
    }

    fn agree(&self) {
        self.both(|outbox| outbox.stats());
        self.both(|outbox| outbox.take_overflowed());
        self.both(|outbox| outbox.providers_with_work());
        self.both(|outbox| {
            let unplanned = wait(outbox.unplanned(100)).unwrap();
            unplanned.into_iter().map(|event| (event.event, event.accepted_at)).collect::<Vec<_>>()
        });
        for number in 0..3 {
            // A time that has passed may be told as any time that has.
            self.both(|outbox| outbox.next_due(&provider(number)).map(|due| due.max(self.time())));
        }
        self.views(BrowseFilter::default());
        self.views(BrowseFilter { dead: true, ..BrowseFilter::default() });
    }
}

#[test]
fn the_store_agrees_with_the_model_over_random_histories() {
    agrees_with_the_model(OutboxKind::Sqlite);
}

#[test]
fn the_board_agrees_with_the_model_over_random_histories() {
    agrees_with_the_model(OutboxKind::Memory);
}

fn agrees_with_the_model(kind: OutboxKind) {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = Config { cases: asked.unwrap_or(CASES), failure_persistence: None, ..Config::default() };
    let history = vec(step(), 1..120);
    let outcome = TestRunner::new(config).run(&history, |steps| {
        let mut pair = Pair::new(kind);
        for step in &steps {
            pair.run(step);
            pair.agree();
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
