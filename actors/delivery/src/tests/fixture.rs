//! A dispatcher with a scripted destination and a watcher that only remembers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, ResponseFuture};
use campanile_domain::{
    Event, Failure, Installation, NewDelivery, ObjectKey, ObjectRef, ProviderSpec, Secret, Severity,
};
use campanile_outbox::{
    Acceptance, Append, Bounds, Browse, BrowseFilter, DeliveryView, MemoryOutbox, Planned, Scheduler,
};
use campanile_protocol::{
    Announce, Backlog, Change, Changes, DeliveryOutcome, ProviderState, ReadSecrets, Report, SecretError,
    Secrets, Unusable,
};
use campanile_supervision::{Clock, GetSnapshot, Link};
use campanile_testkit::{Ward, event, new_delivery};
use jiff::Timestamp;
use tracing::Span;

pub(super) use super::scripted::{Answer, ScriptedCarrier};
use crate::{
    DeliveryConfig, DeliverySnapshot, Dispatcher, DispatcherParts, Drain, ProviderSnapshot, RetryError,
    RetryNow, SendTest, TestError, Tested, wake_up,
};

/// How long the API server takes for a Secret whose name begins with `slow`.
pub(super) const SLOW: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Memory {
    secrets: BTreeMap<ObjectKey, Arc<Secret>>,
    states: BTreeMap<ObjectKey, ProviderState>,
    last_error: Option<String>,
    announced: Vec<Announce>,
    unusable: Vec<ObjectKey>,
    backlogs: Vec<Backlog>,
}

/// Answers with the secrets it was given and remembers reports.
struct FakeWatcher(Rc<RefCell<Memory>>);

impl Actor for FakeWatcher {
    type Context = Context<Self>;
}

impl Handler<ReadSecrets> for FakeWatcher {
    type Result = ResponseFuture<Secrets>;

    fn handle(&mut self, ReadSecrets(keys): ReadSecrets, _: &mut Self::Context) -> Self::Result {
        let memory = self.0.borrow();
        let is_slow = keys.iter().any(|key| key.name.starts_with("slow"));
        let find = |key: ObjectKey| {
            let found = memory.secrets.get(&key).cloned().ok_or_else(|| SecretError::NotFound(key.clone()));
            (key, found)
        };
        let secrets = keys.into_iter().map(find).collect::<Secrets>();
        Box::pin(async move {
            if is_slow {
                tokio::time::sleep(SLOW).await;
            }
            secrets
        })
    }
}

impl Handler<Report> for FakeWatcher {
    type Result = ();

    fn handle(&mut self, report: Report, _: &mut Self::Context) {
        let mut memory = self.0.borrow_mut();
        match report {
            Report::Provider(state) => {
                memory.states.insert(state.provider.clone(), state);
            }
            Report::Delivery(report) => {
                if let DeliveryOutcome::Delayed(failure) | DeliveryOutcome::Dead(failure) = report.outcome {
                    memory.last_error = Some(failure.message);
                }
            }
            Report::Backlog(backlog) => memory.backlogs.push((*backlog).clone()),
        }
    }
}

impl Handler<Announce> for FakeWatcher {
    type Result = ();

    fn handle(&mut self, announce: Announce, _: &mut Self::Context) {
        self.0.borrow_mut().announced.push(announce);
    }
}

/// The router's part.
impl Handler<Unusable> for FakeWatcher {
    type Result = ();

    fn handle(&mut self, Unusable(unusable): Unusable, _: &mut Self::Context) {
        self.0.borrow_mut().unusable = unusable.keys().cloned().collect();
    }
}

/// Ends the dispatcher, which otherwise lives as long as the process.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct End;

impl Handler<End> for Dispatcher {
    type Result = ();

    fn handle(&mut self, _: End, ctx: &mut Self::Context) {
        actix::ActorContext::stop(ctx);
    }
}

pub(super) struct Fixture {
    pub(super) outbox: MemoryOutbox,
    pub(super) carrier: ScriptedCarrier,
    dispatcher: Addr<Dispatcher>,
    memory: Rc<RefCell<Memory>>,
    clock: Arc<dyn Clock>,
    _watcher: Addr<FakeWatcher>,
}

impl Fixture {
    pub(super) fn start(ward: &Ward) -> Self {
        Self::start_with(ward, MemoryOutbox::new(Bounds::default()))
    }

    /// A dispatcher that finds an outbox, as after a restart of the process.
    pub(super) fn start_with(ward: &Ward, outbox: MemoryOutbox) -> Self {
        let carrier = ScriptedCarrier::new();
        let memory = Rc::<RefCell<Memory>>::default();
        let watcher = FakeWatcher(memory.clone()).start();
        let (secrets, reports) = (Link::new(), Link::new());
        secrets.point_at(&watcher);
        reports.point_at(&watcher);
        let (announces, unusable) = (Link::new(), Link::new());
        announces.point_at(&watcher);
        unusable.point_at(&watcher);
        let dispatcher = Dispatcher::new(DispatcherParts {
            outbox: Arc::new(outbox.clone()),
            clients: Arc::new(carrier.clone()),
            environment: Arc::default(),
            installation: Installation::new(&"0".repeat(32)).unwrap(),
            config: DeliveryConfig::default(),
            clock: ward.clock.clone(),
            resync: Link::new(),
            secrets,
            reports,
            announces,
            unusable,
            threads: Vec::new(),
            guard: ward.guard("dispatcher"),
        })
        .start();
        let work = Link::new();
        work.point_at(&dispatcher);
        outbox.listen(wake_up(work));
        Self { outbox, carrier, dispatcher, memory, clock: ward.clock.clone(), _watcher: watcher }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The initial batch.
    pub(super) async fn providers(&self, specs: impl IntoIterator<Item = ProviderSpec>) {
        let providers = specs.into_iter().map(|spec| Change::Applied(Arc::new(spec))).collect();
        self.dispatcher.send(Changes { initial: true, providers, ..Changes::default() }).await.unwrap();
    }

    pub(super) async fn change(&self, providers: impl IntoIterator<Item = Change<ProviderSpec>>) {
        let providers = providers.into_iter().collect();
        self.dispatcher.send(Changes { providers, ..Changes::default() }).await.unwrap();
    }

    pub(super) fn secret(&self, name: &str, data: &[(&str, &str)]) {
        let key = ObjectKey::new("apps", name);
        let data = data.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect();
        self.memory
            .borrow_mut()
            .secrets
            .insert(key.clone(), Arc::new(Secret { key, type_name: String::new(), data }));
    }

    pub(super) async fn secret_changed(&self, name: &str) {
        let secrets = vec![ObjectKey::new("apps", name)];
        self.dispatcher.send(Changes { secrets, ..Changes::default() }).await.unwrap();
    }

    pub(super) async fn append(&self, message: &str, deliveries: impl IntoIterator<Item = NewDelivery>) {
        let event = Arc::new(Event { message: message.to_owned(), ..event() });
        self.store(event, deliveries.into_iter().collect()).await;
    }

    async fn store(&self, event: Arc<Event>, deliveries: Vec<NewDelivery>) {
        let (stored, answer) = tokio::sync::oneshot::channel();
        let entry = Append::new(event, self.now(), Planned::Deliveries(deliveries), &Span::none());
        self.outbox.append(entry, Box::new(move |result| drop(stored.send(result))));
        answer.await.unwrap().unwrap();
    }

    /// Appends an event that makes a commit status of that severity and waits until it is settled.
    pub(super) async fn status(&self, severity: Severity, n: usize) {
        self.statuses(severity, n, &[new_delivery().provider]).await;
    }

    /// The same for several Alerts, each with its Provider.
    pub(super) async fn statuses(&self, severity: Severity, n: usize, providers: &[ObjectKey]) {
        let delivery = |provider: &ObjectKey| NewDelivery {
            provider: provider.clone(),
            metadata: BTreeMap::from([("revision".into(), format!("main@sha1:{}", "5".repeat(40)))]),
            commit_status: Some("kustomization/podinfo/0c9c2e41".into()),
            lane: "status".into(),
            newest_only: true,
            ..new_delivery()
        };
        let event = Arc::new(Event { severity, message: format!("status {n}"), ..event() });
        self.store(event, providers.iter().map(delivery).collect()).await;
        self.until(|f| f.outbox.stats().total.pending == 0).await;
    }

    /// Appends an event about an object of that namespace that makes the commit status `name`, and waits until it is settled.
    pub(super) async fn status_of(&self, namespace: &str, name: &str, severity: Severity) {
        let involved_object = ObjectRef { namespace: namespace.into(), ..event().involved_object };
        let delivery = NewDelivery {
            metadata: BTreeMap::from([("revision".into(), format!("main@sha1:{}", "5".repeat(40)))]),
            commit_status: Some(name.into()),
            lane: "status".into(),
            newest_only: true,
            ..new_delivery()
        };
        self.store(Arc::new(Event { severity, involved_object, ..event() }), vec![delivery]).await;
        self.until(|f| f.outbox.stats().total.pending == 0).await;
    }

    /// What the owner of the usual Provider is told beside its conditions.
    pub(super) fn remark(&self) -> Option<String> {
        self.state(|state| state.remark.clone()).flatten()
    }

    /// Deliveries that are not dead.
    pub(super) fn pending(&self) -> u64 {
        let total = self.outbox.stats().total;
        total.pending + total.parked
    }

    fn state<T>(&self, read: impl FnOnce(&ProviderState) -> T) -> Option<T> {
        self.memory.borrow().states.get(&campanile_testkit::provider().key).map(read)
    }

    pub(super) fn delivering(&self) -> bool {
        self.state(|state| state.delivering.is_ok()).unwrap_or(true)
    }

    pub(super) fn ready(&self) -> Result<(), Failure> {
        self.state(|state| state.ready.clone()).unwrap_or(Ok(()))
    }

    pub(super) fn last_error(&self) -> Option<String> {
        self.memory.borrow().last_error.clone()
    }

    /// What the owners of objects were told.
    pub(super) fn announced(&self) -> Vec<Announce> {
        self.memory.borrow().announced.clone()
    }

    /// What was said of the backlog, in order.
    pub(super) fn backlogs(&self) -> Vec<Backlog> {
        self.memory.borrow().backlogs.clone()
    }

    /// Providers of which the router knows that they do not resolve.
    pub(super) fn unusable(&self) -> Vec<ObjectKey> {
        self.memory.borrow().unusable.clone()
    }

    pub(super) async fn dead(&self) -> Vec<DeliveryView> {
        self.outbox.list(BrowseFilter { dead: true, ..BrowseFilter::default() }).await.unwrap()
    }

    pub(super) async fn snapshot(&self) -> DeliverySnapshot {
        self.dispatcher.send(GetSnapshot::new()).await.unwrap()
    }

    pub(super) async fn provider_snapshots(&self) -> Vec<ProviderSnapshot> {
        self.dispatcher.send(GetSnapshot::new()).await.unwrap()
    }

    /// Lets virtual time pass until `condition` holds.
    pub(super) async fn until(&self, condition: impl Fn(&Self) -> bool) {
        for _ in 0..400_000 {
            if condition(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it never happened; sent: {:?}, stats: {:?}", self.carrier.bodies(), self.outbox.stats());
    }

    pub(super) async fn until_actors(&self, count: usize) {
        for _ in 0..100_000 {
            if self.snapshot().await.actors == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("there are never {count} actors: {:?}", self.snapshot().await);
    }

    pub(super) async fn test(&self, test: SendTest) -> Result<Tested, TestError> {
        self.dispatcher.send(test).await.unwrap()
    }

    pub(super) async fn retry_now(&self, provider: &ObjectKey) -> Result<(), RetryError> {
        self.dispatcher.send(RetryNow(provider.clone())).await.unwrap()
    }

    /// Says that the annotation of a Provider asks for a retry.
    pub(super) async fn requested(&self, provider: &ObjectKey) {
        let requested = vec![provider.clone()];
        self.dispatcher.send(Changes { requested, ..Changes::default() }).await.unwrap();
    }

    pub(super) async fn drain(&self) {
        self.dispatcher.send(Drain(Duration::from_secs(10))).await.unwrap();
    }

    /// Ends the dispatcher; the test system then demands that it is gone.
    pub(super) async fn end(self) {
        self.drain().await;
        self.dispatcher.send(End).await.unwrap();
    }
}
