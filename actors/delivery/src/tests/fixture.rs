//! A dispatcher with a scripted destination and a watcher that only remembers.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, MessageResult};
use campanile_domain::{
    Connection, Event, Failure, FailureClass, Method, NewDelivery, ObjectKey, ProviderSpec, Request,
    Response, Secret, Severity,
};
use campanile_outbox::{Append, Bounds, DeliveryView, MemoryOutbox, Outbox, Planned, Selection};
use campanile_protocol::{
    Announce, Backlog, Change, Changes, DeliveryResult, ProviderState, ReadSecrets, Report, SecretError,
    Secrets, Unusable,
};
use campanile_supervision::{Clock, Link};
use campanile_testkit::{Ward, event, new_delivery};
use jiff::Timestamp;

use crate::{
    Carrier, Carriers, DeliveryConfig, DeliverySnapshot, Dispatcher, DispatcherParts, Drain,
    GetDeliverySnapshot, SendTest, Sending, TestError, Tested, wake_up,
};

#[derive(Clone, Debug)]
pub(super) enum Answer {
    Status(u16),
    RetryAfter(u64),
    Says(u16, &'static str),
    With(u16, &'static [(&'static str, &'static str)], &'static str),
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    status: u16,
    read_status: Option<u16>,
    delay: Duration,
    failure: Option<Failure>,
    panic_on: Option<String>,
    hang_on: Option<String>,
    bodies: Vec<usize>,
    calls: Vec<Method>,
    times: Vec<tokio::time::Instant>,
}

/// A destination that does as it is told and remembers the number in each message it was sent.
#[derive(Clone)]
pub(super) struct ScriptedCarrier {
    script: Arc<Mutex<Script>>,
    at_once: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    hanging: Arc<AtomicUsize>,
    release: Arc<tokio::sync::Notify>,
}

impl ScriptedCarrier {
    fn new() -> Self {
        let script = Script { status: 200, ..Script::default() };
        Self {
            script: Arc::new(Mutex::new(script)),
            at_once: Arc::default(),
            most: Arc::default(),
            hanging: Arc::default(),
            release: Arc::default(),
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.script.lock().unwrap())
    }

    pub(super) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.with(|script| script.answers.extend(answers));
    }

    pub(super) fn status(&self, status: u16) {
        self.with(|script| script.status = status);
    }

    /// Reads are answered with this status instead.
    pub(super) fn read_status(&self, status: u16) {
        self.with(|script| script.read_status = Some(status));
    }

    pub(super) fn answer_after(&self, delay: Duration) {
        self.with(|script| script.delay = delay);
    }

    pub(super) fn fail(&self, failure: Failure) {
        self.with(|script| script.failure = Some(failure));
    }

    pub(super) fn panic_on(&self, text: &str) {
        self.with(|script| script.panic_on = Some(text.to_owned()));
    }

    pub(super) fn hang_on(&self, path: &str) {
        self.with(|script| script.hang_on = Some(path.to_owned()));
    }

    pub(super) fn let_go(&self) {
        self.with(|script| script.hang_on = None);
        self.release.notify_waiters();
    }

    pub(super) fn hanging(&self) -> usize {
        self.hanging.load(Relaxed)
    }

    pub(super) fn bodies(&self) -> Vec<usize> {
        self.with(|script| script.bodies.clone())
    }

    /// How many requests read and how many wrote.
    pub(super) fn reads_and_writes(&self) -> (usize, usize) {
        let calls = self.with(|script| script.calls.clone());
        let reads = calls.iter().filter(|method| **method == Method::Get).count();
        (reads, calls.len() - reads)
    }

    /// When requests came, in their order.
    pub(super) fn times(&self) -> Vec<tokio::time::Instant> {
        self.with(|script| script.times.clone())
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.most.load(Relaxed)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Failure> {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let hangs =
            self.with(|script| script.hang_on.as_ref().is_some_and(|path| request.url.ends_with(path)));
        if hangs {
            self.hanging.fetch_add(1, Relaxed);
            self.release.notified().await;
            return Err(Failure::new(FailureClass::Timeout, "let go"));
        }
        if self.with(|script| script.panic_on.as_ref().is_some_and(|poison| text.contains(poison))) {
            panic!("told to");
        }
        self.most.fetch_max(self.at_once.fetch_add(1, Relaxed) + 1, Relaxed);
        let (answer, failure, delay) = self.with(|script| {
            script.bodies.extend(number(&text));
            script.calls.push(request.method);
            script.times.push(tokio::time::Instant::now());
            let usual = script.read_status.filter(|_| request.method == Method::Get).unwrap_or(script.status);
            let answer = script.answers.pop_front().unwrap_or(Answer::Status(usual));
            (answer, script.failure.clone(), script.delay)
        });
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.at_once.fetch_sub(1, Relaxed);
        if let Some(failure) = failure {
            return Err(failure);
        }
        let (status, headers, body) = match answer {
            Answer::Status(status) if request.method == Method::Get => (status, Vec::new(), "[]"),
            Answer::Status(status) => (status, Vec::new(), "{}"),
            Answer::RetryAfter(secs) => (429, vec![("retry-after".to_owned(), secs.to_string())], "{}"),
            Answer::Says(status, body) => (status, Vec::new(), body),
            Answer::With(status, headers, body) => {
                let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
                (status, headers.iter().map(text).collect(), body)
            }
        };
        Ok(Response { status, headers, body: body.into() })
    }
}

/// The number in a message; a commit status has none.
fn number(body: &str) -> Option<usize> {
    let digits = body.split("message ").nth(1)?;
    digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

impl Carrier for ScriptedCarrier {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        Box::pin(self.answer(request))
    }
}

impl Carriers for ScriptedCarrier {
    fn check(&self, _: &Connection) -> Result<(), Failure> {
        Ok(())
    }

    fn carrier(&self, _: &Connection) -> Result<Rc<dyn Carrier>, Failure> {
        Ok(Rc::new(self.clone()))
    }
}

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
    type Result = MessageResult<ReadSecrets>;

    fn handle(&mut self, ReadSecrets(keys): ReadSecrets, _: &mut Self::Context) -> Self::Result {
        let memory = self.0.borrow();
        let find = |key: ObjectKey| {
            let found = memory.secrets.get(&key).cloned().ok_or_else(|| SecretError::NotFound(key.clone()));
            (key, found)
        };
        MessageResult(keys.into_iter().map(find).collect::<Secrets>())
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
            Report::Delivery(outcome) => {
                if let DeliveryResult::Delayed(failure) | DeliveryResult::Dead(failure) = outcome.result {
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
            carriers: Arc::new(carrier.clone()),
            surroundings: Arc::default(),
            config: DeliveryConfig::default(),
            clock: ward.clock.clone(),
            resync: Link::new(),
            secrets,
            reports,
            announces,
            unusable,
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
        let plan = Planned::Deliveries(deliveries.into_iter().collect());
        self.outbox.append(Append { event, accepted_at: self.now(), plan }).await.unwrap();
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
        let plan = Planned::Deliveries(providers.iter().map(delivery).collect());
        self.outbox.append(Append { event, accepted_at: self.now(), plan }).await.unwrap();
        self.until(|f| f.outbox.stats().total.pending == 0).await;
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
        self.outbox.list(Selection { dead: true, ..Selection::default() }).await.unwrap()
    }

    pub(super) async fn snapshot(&self) -> DeliverySnapshot {
        self.dispatcher.send(GetDeliverySnapshot).await.unwrap()
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

    pub(super) async fn drain(&self) {
        self.dispatcher.send(Drain(Duration::from_secs(10))).await.unwrap();
    }

    /// Ends the dispatcher; the test system then demands that it is gone.
    pub(super) async fn end(self) {
        self.drain().await;
        self.dispatcher.send(End).await.unwrap();
    }
}
