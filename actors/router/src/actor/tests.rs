//! The actor over the outbox's model.

mod announcing;
mod backlog;
mod elsewhere;
mod routing;
mod turns;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix::{Addr, Message};
use campanile_domain::{Alert, Event, EventSource, ObjectKey, ObjectRef};
use campanile_outbox::{Bounds, Browse, BrowseFilter, DeliveryView, MemoryOutbox};
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

/// Remembers what the owners of Alerts are told.
#[derive(Default)]
struct Owner(Arc<Mutex<Vec<Announce>>>);

impl Actor for Owner {
    type Context = Context<Self>;
}

impl Handler<Announce> for Owner {
    type Result = ();

    fn handle(&mut self, announce: Announce, _: &mut Self::Context) {
        self.0.lock().unwrap().push(announce);
    }
}

/// Labels of which nothing is known until they are filled; then every object has none. Or there are no objects.
#[derive(Default)]
struct Cache(AtomicUsize);

impl Cache {
    fn fill(&self) {
        self.0.store(1, Ordering::Relaxed);
    }

    fn lose(&self) {
        self.0.store(2, Ordering::Relaxed);
    }
}

impl LabelLookup for Cache {
    fn labels(&self, _: &ObjectRef) -> Labels {
        match self.0.load(Ordering::Relaxed) {
            0 => Labels::NotYet,
            1 => Labels::Found(Arc::default()),
            _ => Labels::Absent,
        }
    }
}

struct Rig {
    router: Addr<RouterActor>,
    outbox: MemoryOutbox,
    labels: Arc<Cache>,
    suspects: Suspects,
    asked: Arc<AtomicUsize>,
    told: Arc<Mutex<Vec<Announce>>>,
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
        let (labels, suspects) = (Arc::new(Cache::default()), Suspects::default());
        let asked = Arc::<AtomicUsize>::default();
        let watcher = Link::new();
        watcher.point_at(&Watcher(asked.clone()).start());
        let (told, announces) = (Arc::<Mutex<Vec<Announce>>>::default(), Link::new());
        announces.point_at(&Owner(told.clone()).start());
        let parts = RouterParts {
            outbox: Arc::new(outbox.clone()),
            labels: labels.clone(),
            config: RouterConfig::default(),
            clock: ward.clock.clone(),
            watcher,
            announces,
            suspects: suspects.clone(),
            guard: ward.guard("router"),
        };
        Self { router: RouterActor::new(parts).start(), outbox, labels, suspects, asked, told }
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
        self.router.send(GetSnapshot::new()).await.unwrap()
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
        self.router.do_send(Submit {
            event: Arc::new(event),
            peer: None,
            accepted_at: noon(),
            reply,
            span: tracing::Span::none(),
        });
        answer
    }

    async fn deliveries(&self) -> Vec<DeliveryView> {
        self.outbox.list(BrowseFilter::default()).await.unwrap()
    }

    /// The events with deliveries, by reason, in the order of their deliveries.
    async fn delivered(&self) -> Vec<String> {
        self.deliveries().await.into_iter().map(|view| view.reason).collect()
    }

    /// What the owners of Alerts were told, as reason and message, sorted, with how often; waits until there is so much.
    async fn told(&self, most: usize) -> Vec<(String, u32)> {
        self.until(async || self.told.lock().unwrap().len() >= most).await;
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        let mut told: Vec<_> =
            told.into_iter().map(|one| (format!("{}: {}", one.reason, one.message), one.count)).collect();
        told.sort();
        told
    }

    /// Waits until nothing waits for its plan, also what other threads match in their own time.
    async fn settle(&self) {
        while self.unplanned() > 0 {
            self.snapshot().await;
            tokio::task::yield_now().await;
        }
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
