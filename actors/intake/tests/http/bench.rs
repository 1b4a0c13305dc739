//! An endpoint with a scripted router.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler};
use campanile_domain::{Event, EventJson, ObjectRef};
use campanile_intake::{IntakeActor, IntakeConfig, IntakeParts, IntakeSnapshot, SenderRules, Window, bind};
use campanile_protocol::{Submit, SubmitError, SubmitReply};
use campanile_supervision::{Clock, GetSnapshot, Link};
use campanile_testkit::{Ward, event, noon};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::client::{Client, Response};

/// No test waits longer for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A clock that stands still, so that dates in answers are known.
pub(crate) struct StillClock(pub(crate) Timestamp);

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// What the router does with an event.
#[derive(Clone, Debug)]
pub(crate) enum Script {
    Store,
    Refuse(SubmitError),
    Hold,
    Forget,
}

/// What the test and the router share.
#[derive(Default)]
pub(crate) struct RouterDesk {
    script: Mutex<Option<Script>>,
    seen: Mutex<Vec<Submitted>>,
    held: Mutex<Vec<SubmitReply>>,
    arrived: Notify,
}

#[derive(Clone, Debug)]
pub(crate) struct Submitted {
    pub(crate) event: Arc<Event>,
    pub(crate) accepted_at: Timestamp,
}

impl RouterDesk {
    pub(crate) fn plays(&self, script: Script) {
        *self.script.lock().unwrap() = Some(script);
    }

    pub(crate) fn seen(&self) -> Vec<Submitted> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until so many events have come in all.
    pub(crate) async fn has_seen(&self, count: usize) {
        let enough = async {
            loop {
                let arrived = self.arrived.notified();
                if self.seen.lock().unwrap().len() >= count {
                    return;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(PATIENCE, enough).await.expect("the events arrive");
    }

    /// Answers everything that is held.
    pub(crate) fn answer_held(&self, result: &Result<(), SubmitError>) {
        for reply in self.held.lock().unwrap().drain(..) {
            reply.send(result.clone()).ok();
        }
    }
}

struct FakeRouter(Arc<RouterDesk>);

impl Actor for FakeRouter {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(10_000);
    }
}

impl Handler<Submit> for FakeRouter {
    type Result = ();

    fn handle(&mut self, submit: Submit, _: &mut Self::Context) {
        let desk = &self.0;
        let Submit { event, accepted_at, reply, .. } = submit;
        desk.seen.lock().unwrap().push(Submitted { event, accepted_at });
        match desk.script.lock().unwrap().clone().unwrap_or(Script::Store) {
            Script::Store => drop(reply.send(Ok(()))),
            Script::Refuse(error) => drop(reply.send(Err(error))),
            Script::Hold => desk.held.lock().unwrap().push(reply),
            Script::Forget => drop(reply),
        }
        desk.arrived.notify_waiters();
    }
}

pub(crate) struct Bench {
    pub(crate) address: SocketAddr,
    pub(crate) intake: Addr<IntakeActor>,
    pub(crate) router: Arc<RouterDesk>,
    pub(crate) link: Link<Submit>,
    pub(crate) window: Arc<Window>,
}

impl Bench {
    pub(crate) fn start(ward: &Ward, config: IntakeConfig) -> Self {
        Self::start_for(ward, config, None)
    }

    /// One that takes events of these senders.
    pub(crate) fn start_for(ward: &Ward, config: IntakeConfig, senders: Option<SenderRules>) -> Self {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let clock = Arc::new(StillClock(noon()));
        let window = Arc::new(Window::new(SignedDuration::from_mins(5), clock.clone()));
        let (link, router) = (Link::new(), Arc::<RouterDesk>::default());
        link.point_at(&FakeRouter(router.clone()).start());
        let address = listener.local_addr().unwrap();
        let parts = IntakeParts {
            listeners: vec![listener.into()],
            config,
            router: link.clone(),
            clock,
            guard: ward.guard("intake"),
            window: window.clone(),
            watchdog: None,
            senders,
        };
        Self { address, intake: IntakeActor::new(parts).start(), router, link, window }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn exchange(&self, request: &[u8]) -> Response {
        let mut client = self.connect().await;
        client.send(request).await;
        client.response().await
    }

    pub(crate) async fn post(&self, event: &Event) -> Response {
        self.exchange(&post(event)).await
    }

    pub(crate) async fn snapshot(&self) -> IntakeSnapshot {
        self.intake.send(GetSnapshot::new()).await.unwrap()
    }

    /// Waits until the numbers are as wanted.
    pub(crate) async fn shows(&self, wanted: impl Fn(&IntakeSnapshot) -> bool) {
        let shown = async {
            while !wanted(&self.snapshot().await) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, shown).await.expect("the numbers become as wanted");
    }
}

/// Runs `test` with an endpoint of the default configuration.
pub(crate) fn run<F, Fut>(test: F)
where
    F: FnOnce(Bench) -> Fut,
    Fut: Future<Output = ()>,
{
    run_with(IntakeConfig::default(), test);
}

/// Runs `test` with an endpoint of this configuration, in real time.
pub(crate) fn run_with<F, Fut>(config: IntakeConfig, test: F)
where
    F: FnOnce(Bench) -> Fut,
    Fut: Future<Output = ()>,
{
    campanile_testkit::run(|ward| async move {
        tokio::time::resume();
        test(Bench::start(&ward, config)).await;
    });
}

/// The JSON of `event`, its metadata included.
pub(crate) fn json(event: &Event) -> Vec<u8> {
    EventJson { event, metadata: &event.metadata }.to_wire_json().unwrap()
}

/// A request that posts `event`.
pub(crate) fn post(event: &Event) -> Vec<u8> {
    request("POST", "/", &json(event))
}

pub(crate) fn request(method: &str, target: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("{method} {target} HTTP/1.1\r\nHost: events\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// An event about Kustomization `name`, with this message.
pub(crate) fn about(name: &str, message: &str) -> Event {
    let object = ObjectRef { name: name.into(), ..event().involved_object };
    Event { involved_object: object, message: message.into(), ..event() }
}
