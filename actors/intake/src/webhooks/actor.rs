//! The actor that owns the webhook endpoint.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, MessageResult, ResponseFuture};
use actix_web::dev::{Server, ServerHandle};
use arc_swap::ArcSwap;
use campanile_protocol::{Changes, GetKeys, ReadSecrets, Resync, Submit, WebhookReport};
use campanile_supervision::{GetSnapshot, LifeGuard, Link, SharedClock, Watchdog, failpoint};
use serde::Serialize;
use tokio::time::MissedTickBehavior;

use super::act::{WebhookAction, WebhookActors};
use super::answer::WebhookOutcome;
use super::index::PathIndex;
use super::pipeline::WebhookPipeline;
use super::registry::Registry;
use super::serve;
use super::tally::WebhookTally;
use crate::StopAccepting;
use crate::budget::Budget;
use crate::config::IntakeConfig;
use crate::meter::{Meter, RequestSeries};
use crate::shell::EventListener;

/// Opens the sockets of the endpoint, or gives further handles of them. None at all ends the endpoint for good.
pub type OpenListeners = Box<dyn Fn() -> io::Result<Vec<EventListener>> + Send>;

/// The parts that a [`WebhookActor`] is built from.
pub struct WebhookParts {
    /// Asked for when the first Receiver is there.
    pub open: OpenListeners,
    /// Bounds and times; `workers`, `connections` and all others are of this endpoint alone.
    pub config: IntakeConfig,
    /// The link by which Secrets are read.
    pub secrets: Link<ReadSecrets>,
    /// Where keys of issuers are had.
    pub keys: Link<GetKeys>,
    /// What is done about verified requests.
    pub action: WebhookAction,
    /// The link to the router, which takes their events.
    pub router: Link<Submit>,
    /// Asked for the Receivers when the actor starts.
    pub watcher: Link<Resync>,
    /// Who shows what became of requests.
    pub reports: Link<WebhookReport>,
    /// The clock, which says when requests came.
    pub clock: SharedClock,
    /// Tells the supervisor when the actor ends.
    pub guard: LifeGuard<&'static str>,
    /// Listens to the threads of the HTTP workers, where somebody does.
    pub watchdog: Option<Watchdog>,
    /// Called if the sockets cannot be had.
    pub crashed: fn(),
}

/// Takes webhooks in over HTTP. It opens its endpoint with the first Receiver, and keeps it open.
///
/// It ends when its server ends unasked; whoever supervises it builds it anew.
pub struct WebhookActor {
    state: Arc<WebhookPipeline>,
    registry: Registry,
    open: OpenListeners,
    server: Option<ServerHandle>,
    /// Whether no more requests are accepted.
    is_stopped: bool,
    watcher: Link<Resync>,
    reports: Link<WebhookReport>,
    guard: LifeGuard<&'static str>,
    crashed: fn(),
}

/// The endpoint, as metrics, admin API and tests see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookSnapshot {
    /// Whether the endpoint is open.
    pub open: bool,
    /// The number of Receivers that are known.
    pub receivers: usize,
    /// The number of paths that answer.
    pub paths: usize,
    /// Requests that are not answered yet; all under `/hook/`.
    pub open_by_path: BTreeMap<String, u64>,
    /// Bytes of the bodies in flight.
    pub open_body_bytes: usize,
    /// Requests by method and outcome, with their durations.
    pub requests: Vec<RequestSeries<WebhookOutcome>>,
}

/// The server came to its end.
#[derive(Message)]
#[rtype(result = "()")]
struct ServerEnded(io::Result<()>);

/// Time to tell what became of requests.
#[derive(Message)]
#[rtype(result = "()")]
struct Tell;

/// How often that is told.
const TELL: Duration = Duration::from_secs(10);

/// The label of all requests in metrics. Paths are credentials, so they are never told apart there.
const HANDLER: &str = "/hook/";

impl WebhookActor {
    /// An actor that knows no Receiver yet.
    pub fn new(parts: WebhookParts) -> Self {
        let WebhookParts {
            open, config, secrets, keys, action, router, watcher, reports, clock, guard, ..
        } = parts;
        let state = WebhookPipeline {
            index: ArcSwap::from_pointee(PathIndex::default()),
            secrets,
            keys,
            act: WebhookActors { action, router, clock: clock.clone() },
            tally: WebhookTally::default(),
            clock,
            bodies: Budget::new(config.bodies_limit),
            meter: Meter::of(HANDLER),
            watchdog: parts.watchdog,
            config,
        };
        Self {
            state: Arc::new(state),
            registry: Registry::default(),
            open,
            server: None,
            is_stopped: false,
            watcher,
            reports,
            guard,
            crashed: parts.crashed,
        }
    }

    /// Opens the endpoint, if there is a Receiver and it is not open.
    fn open(&mut self, ctx: &Context<Self>) {
        if self.server.is_some() || self.is_stopped || self.registry.len() == 0 {
            return;
        }
        let started = (self.open)().and_then(|listeners| serve::start(&self.state, listeners));
        match started {
            Ok(server) => self.watch(server, ctx),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "Receiver server crashed");
                (self.crashed)();
            }
        }
    }

    fn watch(&mut self, server: Server, ctx: &Context<Self>) {
        self.server = Some(server.handle());
        // The task does not belong to the context: it would keep an actor alive that nobody knows any more.
        let actor = ctx.address().downgrade();
        actix_rt::spawn(async move {
            let result = server.await;
            if let Some(actor) = actor.upgrade() {
                actor.do_send(ServerEnded(result));
            }
        });
    }
}

impl Actor for WebhookActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.watcher.hint(Resync);
        let actor = ctx.address().downgrade();
        actix_rt::spawn(async move {
            let mut ticks = tokio::time::interval(TELL);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(actor) = actor.upgrade() else { return };
                actor.do_send(Tell);
            }
        });
    }
}

impl Handler<Changes> for WebhookActor {
    type Result = ();

    fn handle(&mut self, changes: Changes, ctx: &mut Self::Context) {
        if self.registry.apply(&changes) {
            self.state.index.store(Arc::new(self.registry.index()));
            self.open(ctx);
        }
        if changes.initial {
            self.state.tally.repeat();
        }
    }
}

impl Handler<Tell> for WebhookActor {
    type Result = ();

    fn handle(&mut self, _: Tell, _: &mut Self::Context) {
        let news = self.state.tally.news(|key| self.registry.contains(key));
        if !news.is_empty() {
            self.reports.hint(WebhookReport(news));
        }
    }
}

impl Handler<ServerEnded> for WebhookActor {
    type Result = ();

    fn handle(&mut self, ended: ServerEnded, ctx: &mut Self::Context) {
        // Taken by an ordered stop.
        if self.server.take().is_none() {
            return;
        }
        match ended.0 {
            Ok(()) => tracing::error!("Receiver server crashed"),
            Err(error) => tracing::error!(%error, "Receiver server crashed"),
        }
        self.guard.fail();
        ctx.stop();
    }
}

impl Handler<StopAccepting> for WebhookActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: StopAccepting, _: &mut Self::Context) -> Self::Result {
        self.is_stopped = true;
        let stopped = self.server.take().map(|server| server.stop(true));
        Box::pin(async move {
            if let Some(stopped) = stopped {
                stopped.await;
                tracing::info!("Receiver server stopped");
            }
        })
    }
}

impl Handler<GetSnapshot<WebhookSnapshot>> for WebhookActor {
    type Result = MessageResult<GetSnapshot<WebhookSnapshot>>;

    fn handle(&mut self, _: GetSnapshot<WebhookSnapshot>, _: &mut Self::Context) -> Self::Result {
        failpoint("webhook-actor", "snapshot");
        let WebhookPipeline { index, meter, bodies, .. } = &*self.state;
        MessageResult(WebhookSnapshot {
            open: self.server.is_some(),
            receivers: self.registry.len(),
            paths: index.load().routes.len(),
            open_by_path: meter.open_by_path(),
            open_body_bytes: bodies.used(),
            requests: meter.series(),
        })
    }
}

impl Drop for WebhookActor {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            drop(server.stop(true));
        }
    }
}
