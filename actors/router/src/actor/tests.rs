use std::sync::atomic::{AtomicUsize, Ordering};

use actix::{Addr, Message};
use campanile_domain::{Alert, Event, EventSource, ObjectKey, ObjectRef};
use campanile_outbox::{Bounds, DeliveryView, MemoryOutbox, Selection};
use campanile_protocol::Labels;
use campanile_testkit::{Ward, alert, event, noon, provider, run, source};
use tokio::sync::oneshot;

use super::*;

/// Ends the actor: its ticks would keep it alive.
#[derive(Message)]
#[rtype(result = "()")]
struct Stop;

impl Handler<Stop> for RouterActor {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        actix::ActorContext::stop(ctx);
    }
}

/// Counts how often it is asked for everything.
#[derive(Default)]
struct Watcher(Arc<AtomicUsize>);

impl Actor for Watcher {
    type Context = Context<Self>;
}

impl Handler<Resync> for Watcher {
    type Result = ();

    fn handle(&mut self, _: Resync, _: &mut Self::Context) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Labels of which nothing is known until they are filled; then every object has none.
#[derive(Default)]
struct Cache(AtomicUsize);

impl Cache {
    fn fill(&self) {
        self.0.store(1, Ordering::Relaxed);
    }
}

impl LabelLookup for Cache {
    fn labels(&self, _: &ObjectRef) -> Labels {
        if self.0.load(Ordering::Relaxed) == 0 { Labels::NotYet } else { Labels::Found(Arc::default()) }
    }
}

struct Rig {
    router: Addr<RouterActor>,
    outbox: MemoryOutbox,
    labels: Arc<Cache>,
    asked: Arc<AtomicUsize>,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.router.do_send(Stop);
    }
}

impl Rig {
    fn new(ward: &Ward) -> Self {
        Self::over(ward, MemoryOutbox::new(Bounds::default()))
    }

    fn over(ward: &Ward, outbox: MemoryOutbox) -> Self {
        let labels = Arc::new(Cache::default());
        let asked = Arc::<AtomicUsize>::default();
        let watcher = Link::new();
        watcher.point_at(&Watcher(asked.clone()).start());
        let parts = RouterParts {
            outbox: Arc::new(outbox.clone()),
            labels: labels.clone(),
            config: RouterConfig::default(),
            clock: ward.clock.clone(),
            watcher,
            guard: ward.guard("router"),
        };
        Self { router: RouterActor::new(parts).start(), outbox, labels, asked }
    }

    /// A router that knows `alerts` and the usual Provider, and plans events as they come.
    async fn open(ward: &Ward, alerts: Vec<Alert>) -> Self {
        let rig = Self::new(ward);
        rig.load(alerts).await;
        rig.reach(RouterPhase::Open).await;
        rig
    }

    async fn load(&self, alerts: Vec<Alert>) {
        let providers = vec![Change::Applied(Arc::new(provider()))];
        self.change(Changes { initial: true, alerts: applied(alerts), providers, ..Changes::default() })
            .await;
    }

    async fn change(&self, changes: Changes) {
        self.router.send(changes).await.unwrap();
    }

    async fn snapshot(&self) -> RouterSnapshot {
        self.router.send(GetRouterSnapshot).await.unwrap()
    }

    async fn reach(&self, phase: RouterPhase) {
        self.until(async || self.snapshot().await.phase == phase).await;
    }

    /// Waits while other tasks run; time passes only when all are idle.
    async fn until(&self, condition: impl AsyncFn() -> bool) {
        for _ in 0..1000 {
            if condition().await {
                return;
            }
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        panic!("the condition never came true: {:?}", self.snapshot().await);
    }

    fn submit(&self, event: Event) -> oneshot::Receiver<Result<(), SubmitError>> {
        let (reply, answer) = oneshot::channel();
        self.router.do_send(Submit { event: Arc::new(event), accepted_at: noon(), reply });
        answer
    }

    async fn deliveries(&self) -> Vec<DeliveryView> {
        self.outbox.list(Selection::default()).await.unwrap()
    }

    /// The events with deliveries, by reason, in the order of their deliveries.
    async fn delivered(&self) -> Vec<String> {
        self.deliveries().await.into_iter().map(|view| view.reason).collect()
    }

    fn unplanned(&self) -> u64 {
        self.outbox.stats().unplanned
    }
}

fn applied(alerts: Vec<Alert>) -> Vec<Change<Alert>> {
    alerts.into_iter().map(|alert| Change::Applied(Arc::new(alert))).collect()
}

fn reason(reason: &str) -> Event {
    Event { reason: reason.into(), ..event() }
}

fn of_kind(kind: &str) -> Event {
    let involved_object = ObjectRef { kind: kind.into(), ..event().involved_object };
    Event { involved_object, ..reason(kind) }
}

/// An Alert that asks for labels.
fn labelled() -> Alert {
    let source = EventSource { match_labels: Some(Default::default()), ..source() };
    Alert { sources: vec![source], ..alert() }
}

#[test]
fn a_selected_event_is_answered_once_its_deliveries_are_stored() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![alert()]).await;
        rig.outbox.hold_appends(true);
        let mut answer = rig.submit(event());
        assert_eq!(rig.snapshot().await.deliveries, 1);
        assert!(answer.try_recv().is_err());
        rig.outbox.hold_appends(false);
        assert_eq!(answer.await.unwrap(), Ok(()));
        let deliveries = rig.deliveries().await;
        assert_eq!(deliveries.len(), 1);
        assert_eq!(deliveries[0].alert, alert().key);
        assert_eq!(deliveries[0].object, "Kustomization/apps/podinfo");
    });
}

#[test]
fn an_event_that_nobody_wants_is_answered_at_once_and_not_stored() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![alert()]).await;
        rig.outbox.fail_appends(Some(OutboxError::Closed));
        assert_eq!(rig.submit(of_kind("Bucket")).await.unwrap(), Ok(()));
        let missing = Alert { provider: ObjectKey::new("apps", "missing"), ..alert() };
        rig.change(Changes { alerts: applied(vec![missing]), ..Changes::default() }).await;
        assert_eq!(rig.submit(event()).await.unwrap(), Ok(()));
        assert!(rig.deliveries().await.is_empty());
        let snapshot = rig.snapshot().await;
        assert_eq!(snapshot.events, EventCounts { selected: 1, discarded: 1, deferred: 0 });
        assert_eq!(snapshot.drops.into_iter().collect::<Vec<_>>(), [("provider-missing", 1)]);
    });
}

#[test]
fn a_refusal_of_the_outbox_is_the_answer() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![alert()]).await;
        for (failure, expected) in [
            (OutboxError::Full("it is full"), SubmitError::Full),
            (OutboxError::Store("disk I/O error".into()), SubmitError::Store("disk I/O error".into())),
            (OutboxError::Closed, SubmitError::Unavailable),
        ] {
            rig.outbox.fail_appends(Some(failure));
            assert_eq!(rig.submit(event()).await.unwrap(), Err(expected));
        }
    });
}

#[test]
fn a_change_holds_from_the_next_event_on() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![]).await;
        rig.submit(reason("before")).await.unwrap().unwrap();
        rig.change(Changes { alerts: applied(vec![alert()]), ..Changes::default() }).await;
        rig.submit(reason("with")).await.unwrap().unwrap();
        rig.change(Changes { alerts: vec![Change::Deleted(alert().key)], ..Changes::default() }).await;
        rig.submit(reason("after")).await.unwrap().unwrap();
        assert_eq!(rig.delivered().await, ["with"]);
    });
}

#[test]
fn a_new_initial_batch_replaces_everything() {
    run(|ward| async move {
        let rig =
            Rig::open(&ward, vec![alert(), Alert { key: ObjectKey::new("apps", "gone"), ..alert() }]).await;
        rig.load(vec![alert()]).await;
        let snapshot = rig.snapshot().await;
        assert_eq!((snapshot.phase, snapshot.alerts, snapshot.providers), (RouterPhase::Open, 1, 1));
        rig.submit(event()).await.unwrap().unwrap();
        assert_eq!(rig.deliveries().await.len(), 1);
    });
}

#[test]
fn a_started_router_asks_for_everything_until_it_gets_it() {
    run(|ward| async move {
        let rig = Rig::new(&ward);
        rig.until(async || rig.asked.load(Ordering::Relaxed) >= 3).await;
        rig.load(vec![]).await;
        rig.reach(RouterPhase::Open).await;
        let asked = rig.asked.load(Ordering::Relaxed);
        tokio::time::advance(TICK * 3).await;
        rig.snapshot().await;
        assert_eq!(rig.asked.load(Ordering::Relaxed), asked);
    });
}

#[test]
fn events_before_the_first_batch_are_stored_and_planned_in_order_before_newer_ones() {
    run(|ward| async move {
        let rig = Rig::new(&ward);
        let old: Vec<String> = (0..backlog::BATCH * 2 + 9).map(|n| format!("old{n}")).collect();
        for name in &old {
            rig.submit(reason(name)).await.unwrap().unwrap();
        }
        assert_eq!((rig.unplanned(), rig.deliveries().await.len()), (old.len() as u64, 0));
        rig.router.do_send(Changes {
            initial: true,
            alerts: applied(vec![alert()]),
            providers: vec![Change::Applied(Arc::new(provider()))],
            ..Changes::default()
        });
        let newer: Vec<_> = (0..3).map(|n| rig.submit(reason(&format!("new{n}")))).collect();
        for answer in newer {
            answer.await.unwrap().unwrap();
        }
        rig.reach(RouterPhase::Open).await;
        let mut expected = old;
        expected.extend(["new0", "new1", "new2"].map(String::from));
        assert_eq!(rig.delivered().await, expected);
        assert_eq!(rig.unplanned(), 0);
    });
}

#[test]
fn the_handover_waits_for_appends_under_way_and_holds_what_comes_meanwhile() {
    run(|ward| async move {
        let rig = Rig::new(&ward);
        rig.outbox.hold_appends(true);
        let first = rig.submit(reason("first"));
        rig.load(vec![alert()]).await;
        rig.snapshot().await;
        let mut second = rig.submit(reason("second"));
        let given_up = rig.submit(reason("given up"));
        drop(given_up);
        assert_eq!(rig.snapshot().await.phase, RouterPhase::CatchingUp);
        assert!(second.try_recv().is_err());
        rig.outbox.hold_appends(false);
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
        assert_eq!(rig.delivered().await, ["first", "second"]);
    });
}

#[test]
fn an_event_that_waits_for_labels_is_planned_when_they_are_known() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![labelled()]).await;
        rig.submit(event()).await.unwrap().unwrap();
        assert_eq!((rig.unplanned(), rig.deliveries().await.len()), (1, 0));
        rig.change(Changes { labels: true, ..Changes::default() }).await;
        rig.until(async || rig.snapshot().await.waiting == 1).await;
        rig.labels.fill();
        rig.change(Changes { labels: true, ..Changes::default() }).await;
        rig.until(async || rig.unplanned() == 0).await;
        assert_eq!(rig.deliveries().await.len(), 1);
        rig.until(async || rig.snapshot().await.waiting == 0).await;
    });
}

#[test]
fn events_behind_those_that_wait_for_labels_are_planned() {
    run(|ward| async move {
        let rig = Rig::new(&ward);
        for _ in 0..backlog::BATCH + 5 {
            rig.submit(event()).await.unwrap().unwrap();
        }
        rig.submit(of_kind("Bucket")).await.unwrap().unwrap();
        let buckets = EventSource { kind: "Bucket".into(), ..source() };
        let buckets = Alert { key: ObjectKey::new("apps", "buckets"), sources: vec![buckets], ..alert() };
        rig.load(vec![labelled(), buckets]).await;
        rig.reach(RouterPhase::Open).await;
        assert_eq!(rig.delivered().await, ["Bucket"]);
        assert_eq!(rig.snapshot().await.waiting, backlog::BATCH + 5);
    });
}

#[test]
fn an_event_whose_alert_is_gone_is_no_longer_stored() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![labelled()]).await;
        rig.submit(event()).await.unwrap().unwrap();
        rig.change(Changes { alerts: vec![Change::Deleted(alert().key)], ..Changes::default() }).await;
        rig.until(async || rig.unplanned() == 0).await;
        assert!(rig.deliveries().await.is_empty());
    });
}

#[test]
fn a_restarted_router_plans_what_its_predecessor_stored() {
    run(|ward| async move {
        let first = Rig::new(&ward);
        first.submit(event()).await.unwrap().unwrap();
        let second = Rig::over(&ward, first.outbox.clone());
        drop(first);
        second.load(vec![alert()]).await;
        second.until(async || second.unplanned() == 0).await;
        assert_eq!(second.deliveries().await.len(), 1);
    });
}

#[test]
fn what_a_predecessor_stores_late_is_found_by_a_tick() {
    run(|ward| async move {
        let first = Rig::new(&ward);
        first.outbox.hold_appends(true);
        let late = first.submit(event());
        first.snapshot().await;
        let second = Rig::over(&ward, first.outbox.clone());
        drop(first);
        second.load(vec![alert()]).await;
        second.reach(RouterPhase::Open).await;
        second.outbox.hold_appends(false);
        late.await.unwrap().unwrap();
        second.until(async || second.unplanned() == 0).await;
        assert_eq!(second.deliveries().await.len(), 1);
    });
}

#[test]
fn a_snapshot_is_what_operators_read() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![Alert { exclusion: vec!["^x".into()], ..alert() }]).await;
        rig.submit(event()).await.unwrap().unwrap();
        let snapshot = serde_json::to_value(rig.snapshot().await).unwrap();
        let expected = serde_json::json!({
            "phase": "open", "loadedAt": noon().to_string(), "alerts": 1, "providers": 1, "patterns": 1,
            "events": {"selected": 1, "discarded": 0, "deferred": 0},
            "deliveries": 1, "drops": {}, "waiting": 0,
        });
        assert_eq!(snapshot, expected);
    });
}
