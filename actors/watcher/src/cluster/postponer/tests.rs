//! The postponer with a watcher that answers as the test says, and a store in memory that outlives it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{ObjectKey, PostponedReconcile};
use campanile_protocol::{Annotated, EntryOutcome, PostponedCounts, ReconcileError, StoreReply};
use campanile_testkit::{Ward, noon, run};
use jiff::SignedDuration;
use parking_lot::Mutex;

use super::*;

/// What is stored, and what the watcher is asked and answers.
#[derive(Default)]
struct Desk {
    rows: Mutex<BTreeMap<i64, PostponedReconcile>>,
    broken: Mutex<bool>,
    outcome: Mutex<Option<EntryOutcome>>,
    asked: Mutex<Vec<String>>,
    reports: Mutex<BTreeMap<ObjectKey, PostponedCounts>>,
    /// How many reports were whole.
    whole: Mutex<u32>,
}

struct Store(Arc<Desk>);

impl PostponedStore for Store {
    fn all(&self) -> StoreReply<Vec<(i64, PostponedReconcile)>> {
        let all = self.0.rows.lock().clone().into_iter().collect();
        Box::pin(async { Ok(all) })
    }

    fn store(&self, reconciles: Vec<PostponedReconcile>) -> StoreReply<Vec<i64>> {
        if *self.0.broken.lock() {
            return Box::pin(async { Err("the disk has no space left".to_owned()) });
        }
        let mut rows = self.0.rows.lock();
        let numbers = reconciles.into_iter().map(|one| {
            let number = rows.last_key_value().map_or(1, |(last, _)| last + 1);
            rows.insert(number, one);
            number
        });
        let numbers = numbers.collect();
        Box::pin(async { Ok(numbers) })
    }

    fn remove(&self, numbers: Vec<i64>) {
        let mut rows = self.0.rows.lock();
        numbers.iter().for_each(|number| drop(rows.remove(number)));
    }
}

struct Watcher(Arc<Desk>);

impl Actor for Watcher {
    type Context = Context<Self>;
}

impl Handler<RequestReconciles> for Watcher {
    type Result = MessageResult<RequestReconciles>;

    fn handle(&mut self, request: RequestReconciles, _: &mut Self::Context) -> Self::Result {
        let entry = &request.selection.receiver().resources[0];
        self.0.asked.lock().push(entry.name.clone());
        let outcome = self.0.outcome.lock().clone();
        MessageResult(vec![outcome.unwrap_or(Ok(Annotated { annotated: 1, skipped: 0 }))])
    }
}

impl Handler<PostponedReport> for Watcher {
    type Result = ();

    fn handle(&mut self, report: PostponedReport, _: &mut Self::Context) {
        *self.0.whole.lock() += u32::from(report.is_whole);
        let mut reports = self.0.reports.lock();
        report.counts.into_iter().for_each(|counts| drop(reports.insert(counts.receiver.clone(), counts)));
    }
}

struct Rig {
    desk: Arc<Desk>,
    postponer: Addr<PostponerActor>,
    _watcher: Addr<Watcher>,
}

impl Rig {
    fn new(ward: &Ward) -> Self {
        Self::over(ward, Arc::default())
    }

    /// A postponer that starts over what an earlier one left.
    fn over(ward: &Ward, desk: Arc<Desk>) -> Self {
        let watcher = Watcher(desk.clone()).start();
        let (link, reports) = (Link::new(), Link::new());
        link.point_at(&watcher);
        reports.point_at(&watcher);
        let postponer = PostponerActor::new(PostponerParts {
            store: Arc::new(Store(desk.clone())),
            watcher: link,
            reports,
            clock: ward.clock.clone(),
            guard: ward.guard("postponer"),
        });
        Self { desk, postponer: postponer.start(), _watcher: watcher }
    }

    fn away(&self) {
        *self.desk.outcome.lock() = Some(Err(ReconcileError::Unavailable("it is away".to_owned())));
    }

    fn back(&self) {
        *self.desk.outcome.lock() = None;
    }

    async fn postpone(&self, all: Vec<PostponedReconcile>) -> Result<(), PostponeRefusal> {
        self.put_off(all, None).await
    }

    /// For this time; none if the API server is away.
    async fn put_off(
        &self,
        reconciles: Vec<PostponedReconcile>,
        after: Option<Duration>,
    ) -> Result<(), PostponeRefusal> {
        // The store is read by then.
        self.snapshot().await;
        tokio::task::yield_now().await;
        self.postponer.send(Postpone { reconciles, after }).await.unwrap()
    }

    async fn snapshot(&self) -> PostponerSnapshot {
        self.postponer.send(GetSnapshot::new()).await.unwrap()
    }

    fn stored(&self) -> Vec<String> {
        self.desk.rows.lock().values().map(|one| one.resource.clone()).collect()
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.desk.asked.lock())
    }
}

/// A resource of this name that waits since so many seconds after noon.
fn waiting(name: &str, seconds: i64) -> PostponedReconcile {
    PostponedReconcile {
        resource: format!("GitRepository/apps/{name}"),
        receiver: ObjectKey::new("apps", "hook"),
        accepted_at: noon() + SignedDuration::from_secs(seconds),
        request: format!(
            "{{\"uid\":\"u\",\"kind\":\"GitRepository\",\"namespace\":\"apps\",\"name\":\"{name}\"}}"
        ),
    }
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[test]
fn issue_20_what_waits_is_tried_with_growing_pauses_and_settled_when_it_is_annotated() {
    run(async |ward| {
        let rig = Rig::new(&ward);
        rig.away();
        assert_eq!(rig.postpone(vec![waiting("a", 0), waiting("b", 0)]).await, Ok(()));
        assert_eq!(rig.stored().len(), 2);
        pass(600).await;
        let tries = rig.asked().len();
        assert!(
            (2 * 20..=2 * 80).contains(&tries),
            "{tries} tries of two in ten minutes, 30 s apart at most"
        );
        let snapshot = rig.snapshot().await;
        assert_eq!((snapshot.waiting, snapshot.last_error.as_deref()), (2, Some("it is away")));
        let counts = rig.desk.reports.lock().values().next().cloned().unwrap();
        assert_eq!((counts.waiting, counts.expired, counts.failed), (2, 0, 0));
        rig.back();
        pass(32).await;
        assert_eq!(rig.asked(), ["a", "b"]);
        assert!(rig.stored().is_empty());
        let snapshot = rig.snapshot().await;
        assert_eq!((snapshot.waiting, snapshot.made, snapshot.resources, snapshot.bytes), (0, 2, 2, 0));
        assert_eq!(rig.desk.reports.lock().values().next().unwrap().waiting, 0);
    });
}

#[test]
fn issue_20_what_was_stored_is_tried_by_the_next_process_and_one_resource_once() {
    run(async |ward| {
        let desk = Arc::<Desk>::default();
        // Of the same name twice: a crash came before the older one was removed.
        let all = [waiting("a", 0), waiting("b", 0), waiting("a", 1)];
        *desk.rows.lock() = (1..).zip(all).collect();
        let rig = Rig::over(&ward, desk);
        pass(2).await;
        assert_eq!(*rig.desk.whole.lock(), 1, "what an earlier process left in a status may be over");
        let mut asked = rig.asked();
        asked.sort();
        assert_eq!(asked, ["a", "b"]);
        assert!(rig.stored().is_empty());
    });
}

#[test]
fn issue_20_many_requests_for_one_resource_wait_as_one() {
    run(async |ward| {
        let rig = Rig::new(&ward);
        rig.away();
        for second in 0..50 {
            assert_eq!(rig.postpone(vec![waiting("a", second)]).await, Ok(()));
        }
        assert_eq!(rig.stored().len(), 1);
        // One that comes much later has its 24 hours from then.
        pass(120).await;
        assert_eq!(rig.postpone(vec![waiting("a", 120)]).await, Ok(()));
        let rows: Vec<_> = rig.desk.rows.lock().values().cloned().collect();
        assert_eq!(rows, [waiting("a", 120)]);
        rig.asked();
        rig.back();
        pass(32).await;
        assert_eq!(rig.asked(), ["a"]);
    });
}

#[test]
fn issue_20_what_cannot_be_made_in_the_end_is_dropped_and_counted() {
    run(async |ward| {
        let rig = Rig::new(&ward);
        *rig.desk.outcome.lock() = Some(Err(ReconcileError::Refused("it is gone".to_owned())));
        let unreadable = PostponedReconcile { request: "{}".to_owned(), ..waiting("b", 0) };
        assert_eq!(rig.postpone(vec![waiting("a", 0), unreadable]).await, Ok(()));
        pass(5).await;
        assert!(rig.stored().is_empty());
        assert_eq!(rig.asked(), ["a"]);
        let snapshot = rig.snapshot().await;
        assert_eq!((snapshot.waiting, snapshot.failed, snapshot.made), (0, 2, 0));
        assert_eq!(rig.desk.reports.lock().values().next().unwrap().failed, 2);
    });
}

#[test]
fn issue_20_what_has_waited_for_24_hours_is_given_up_and_told() {
    run(async |ward| {
        let rig = Rig::new(&ward);
        rig.away();
        let day = 24 * 3600;
        assert_eq!(rig.postpone(vec![waiting("a", 60 - day), waiting("b", 300 - day)]).await, Ok(()));
        pass(50).await;
        assert_eq!(rig.stored().len(), 2);
        pass(60).await;
        assert_eq!(rig.stored(), ["GitRepository/apps/b"]);
        let snapshot = rig.snapshot().await;
        assert_eq!((snapshot.waiting, snapshot.expired), (1, 1));
        let counts = rig.desk.reports.lock().values().next().cloned().unwrap();
        assert_eq!((counts.waiting, counts.expired), (1, 1));
    });
}

#[test]
fn issue_20_what_the_disk_does_not_take_is_not_accepted_and_takes_no_room() {
    run(async |ward| {
        let rig = Rig::new(&ward);
        rig.away();
        *rig.desk.broken.lock() = true;
        let refused = rig.postpone(vec![waiting("a", 0)]).await;
        assert_eq!(refused, Err(PostponeRefusal::Store("the disk has no space left".to_owned())));
        let snapshot = rig.snapshot().await;
        assert_eq!((snapshot.waiting, snapshot.bytes, snapshot.postponed), (0, 0, 0));
    });
}

#[test]
fn issue_20_what_is_put_off_is_stored_and_made_in_its_time_once() {
    run(async |ward| {
        let rig = Rig::new(&ward);
        let moment = Some(Duration::from_millis(700));
        for second in 0..3 {
            assert_eq!(rig.put_off(vec![waiting("a", second)], moment).await, Ok(()));
        }
        assert_eq!(rig.stored().len(), 1, "a crash would lose nothing");
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert!(rig.asked().is_empty());
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(rig.asked(), ["a"]);
        assert!(rig.stored().is_empty());
        let snapshot = rig.snapshot().await;
        assert_eq!((snapshot.put_off, snapshot.postponed, snapshot.made), (1, 0, 1));
    });
}
