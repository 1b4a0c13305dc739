//! The actor that owns the HTTP server.

use std::collections::BTreeMap;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, MessageResult, ResponseFuture};
use actix_web::dev::{Server, ServerHandle};
use campanile_protocol::Submit;
use campanile_supervision::{GetSnapshot, LifeGuard, Link, SharedClock, Watchdog, failpoint};
use serde::Serialize;
use tokio::time::MissedTickBehavior;

use crate::answer::RequestOutcome;
use crate::budget::Budget;
use crate::config::IntakeConfig;
use crate::connections::Connections;
use crate::meter::{Meter, RequestSeries};
use crate::pipeline::EventPipeline;
use crate::senders::{SenderRules, Senders, SendersSnapshot};
use crate::server;
use crate::shell::EventListener;
use crate::window::Window;

/// What an [`IntakeActor`] is built from.
pub struct IntakeParts {
    /// The open sockets; a rebuilt actor gets clones of them.
    pub listeners: Vec<EventListener>,
    /// The bounds and times of requests.
    pub config: IntakeConfig,
    /// The link to the router, which takes events.
    pub router: Link<Submit>,
    /// The time at which events are accepted.
    pub clock: SharedClock,
    /// Tells the supervisor when the actor ends.
    pub guard: LifeGuard<&'static str>,
    /// The duplicate window, which outlives the actor.
    pub window: Arc<Window>,
    /// Listens to the threads of the HTTP workers, where somebody does.
    pub watchdog: Option<Watchdog>,
    /// Who may post; without them everybody.
    pub senders: Option<SenderRules>,
}

/// Takes events in over HTTP and hands them to the router. Answers 202 only once an event is stored.
///
/// It ends when its server ends unasked, or cannot start; whoever supervises it builds it anew. When it is dropped,
/// its server accepts no more and ends after the open requests.
pub struct IntakeActor {
    state: Arc<EventPipeline>,
    listeners: Vec<EventListener>,
    server: Option<ServerHandle>,
    guard: LifeGuard<&'static str>,
}

/// Asks the endpoint to accept no more connections. Answered when the open requests are through or their time is up;
/// the actor lives on to tell its numbers.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct StopAccepting;

/// The endpoint, as metrics, admin API and tests see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IntakeSnapshot {
    /// Events that were accepted: 202.
    pub accepted: u64,
    /// Events that were refused as duplicates: 429.
    pub duplicates: u64,
    /// Requests that were not taken, by cause; only causes that occurred.
    pub refused: BTreeMap<&'static str, u64>,
    /// Requests that are not answered yet.
    pub open_requests: u64,
    /// The same by path; all under `/` unless paths are counted.
    pub open_by_path: BTreeMap<String, u64>,
    /// Bytes of the bodies whose events are not stored yet.
    pub open_body_bytes: usize,
    /// The number of open connections.
    pub connections: usize,
    /// Whether further requests may have to be refused: connections or the bytes of bodies are used up but for a part.
    pub overloaded: bool,
    /// Events whose unknown fields were dropped, because they take too many bytes.
    pub dropped_fields: u64,
    /// Keys in the duplicate window.
    pub window_keys: usize,
    /// Requests by method and outcome, with their durations.
    pub requests: Vec<RequestSeries<RequestOutcome>>,
    /// What was found of senders; none where everybody may post.
    pub senders: Option<SendersSnapshot>,
}

/// The server came to its end.
#[derive(Message)]
#[rtype(result = "()")]
struct ServerEnded(io::Result<()>);

impl IntakeActor {
    /// An actor that starts its server when it is started.
    pub fn new(parts: IntakeParts) -> Self {
        let IntakeParts { listeners, config, router, clock, guard, window, watchdog, senders } = parts;
        let bodies = Budget::new(config.bodies_limit);
        let meter = if config.count_paths { Meter::telling_paths() } else { Meter::of("/") };
        let connections = Connections::new(config.connection_limits());
        let senders = senders.map(Senders::new);
        let state =
            EventPipeline { config, router, clock, window, bodies, connections, meter, senders, watchdog };
        Self { state: Arc::new(state), listeners, server: None, guard }
    }

    fn serve(&mut self, listeners: Vec<EventListener>, ctx: &Context<Self>) -> io::Result<()> {
        let server = server::start(&self.state, listeners)?;
        self.server = Some(server.handle());
        // Neither task nor timer belongs to the context: they would keep an actor alive that nobody knows any more.
        let (actor, window) = (ctx.address().downgrade(), self.state.window.clone());
        actix_rt::spawn(async move {
            let result = run_and_sweep(server, &window).await;
            if let Some(actor) = actor.upgrade() {
                actor.do_send(ServerEnded(result));
            }
        });
        Ok(())
    }
}

/// Waits for the server's end, and meanwhile sweeps the window.
async fn run_and_sweep(server: Server, window: &Window) -> io::Result<()> {
    let mut server = pin!(server);
    let mut ticks = tokio::time::interval(window.sweep_pause());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            result = &mut server => return result,
            _ = ticks.tick() => window.sweep(),
        }
    }
}

impl Actor for IntakeActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let listeners = std::mem::take(&mut self.listeners);
        if let Err(error) = self.serve(listeners, ctx) {
            tracing::error!(%error, "Event server crashed");
            self.guard.fail();
            ctx.stop();
        }
    }
}

impl Handler<ServerEnded> for IntakeActor {
    type Result = ();

    fn handle(&mut self, ended: ServerEnded, ctx: &mut Self::Context) {
        // Taken by an ordered stop.
        if self.server.take().is_none() {
            return;
        }
        match ended.0 {
            Ok(()) => tracing::error!("Event server crashed"),
            Err(error) => tracing::error!(%error, "Event server crashed"),
        }
        self.guard.fail();
        ctx.stop();
    }
}

impl Handler<StopAccepting> for IntakeActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: StopAccepting, _: &mut Self::Context) -> Self::Result {
        let stopped = self.server.take().map(|server| server.stop(true));
        Box::pin(async move {
            if let Some(stopped) = stopped {
                stopped.await;
                tracing::info!("Event server stopped");
            }
        })
    }
}

impl Handler<GetSnapshot<IntakeSnapshot>> for IntakeActor {
    type Result = MessageResult<GetSnapshot<IntakeSnapshot>>;

    fn handle(&mut self, _: GetSnapshot<IntakeSnapshot>, _: &mut Self::Context) -> Self::Result {
        failpoint("intake-actor", "snapshot");
        MessageResult(snapshot(&self.state))
    }
}

impl Drop for IntakeActor {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            drop(server.stop(true));
        }
    }
}

fn snapshot(state: &EventPipeline) -> IntakeSnapshot {
    let requests = state.meter.series();
    let (connections, most) = (state.connections.count(), state.config.connections);
    let mut counts = RequestOutcome::ALL.map(|_| 0);
    for series in &requests {
        counts[series.outcome as usize] += series.count();
    }
    let refused = |outcome: &&RequestOutcome| outcome.is_refusal() && counts[**outcome as usize] > 0;
    IntakeSnapshot {
        accepted: counts[RequestOutcome::Accepted as usize],
        duplicates: counts[RequestOutcome::Duplicate as usize],
        refused: RequestOutcome::ALL
            .iter()
            .filter(refused)
            .map(|outcome| (outcome.label(), counts[*outcome as usize]))
            .collect(),
        open_requests: state.meter.open_requests(),
        open_by_path: state.meter.open_by_path(),
        open_body_bytes: state.bodies.used(),
        connections,
        overloaded: state.bodies.is_tight() || connections >= most - most / 16,
        dropped_fields: state.meter.dropped_fields(),
        window_keys: state.window.keys(),
        requests,
        senders: state.senders.as_deref().map(Senders::snapshot),
    }
}
