//! Messages for NATS servers (NATS client protocol, docs.nats.io/reference/reference-protocols/nats-protocol).
//!
//! One connection per client is kept. What waits while it is busy goes out together with the next turn, with one request
//! for an acknowledgement behind it: a message counts as taken only when the server has answered that (`PING`, `PONG`),
//! for it complains about a message before it does. A kept connection that turns out to be dead is replaced at once and
//! without report, so a server may see a message twice.
//!
//! Only an explicit proxy is used: NATS servers are rarely where the environment's proxies for the web lead.

mod error;
mod protocol;
mod session;
mod websocket;
mod wire;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_rt::time::{Instant, timeout};
use bytes::Bytes;
use campanile_domain::{NatsServer, NatsServers, Publication};
use tokio::sync::{Mutex, oneshot};

use crate::connector::ConnectionPlan;
use crate::peer::Peer;
use crate::{Endpoint, TransportError};
pub use error::NatsError;
use session::Session;

/// The connection to NATS of one client.
pub(crate) struct NatsClient {
    plan: Rc<ConnectionPlan>,
    /// Messages that wait for their turn; as many as the client has callers.
    waiting: RefCell<Vec<Waiting>>,
    session: Mutex<Option<Session>>,
    /// Which server took the last connection: a dead one in front of it is not tried anew each time.
    preferred: Cell<usize>,
    /// The server that was asked last.
    peer: Peer,
}

struct Waiting {
    publication: Publication,
    outcome: oneshot::Sender<Result<(), Arc<TransportError>>>,
}

impl NatsClient {
    pub(crate) fn new(plan: Rc<ConnectionPlan>) -> Self {
        let (waiting, session, peer) = (RefCell::default(), Mutex::default(), Peer::default());
        Self { plan, waiting, session, preferred: Cell::new(0), peer }
    }

    /// What stands for the servers of `publication` in errors that are none of a single one's.
    pub(crate) fn endpoint(publication: &Publication) -> Endpoint {
        publication.servers.servers.first().map_or_else(|| Endpoint::new("", 0), endpoint)
    }

    /// `failure` of publishing to `at` as it may be told.
    pub(crate) fn told(&self, failure: TransportError, at: &Endpoint) -> TransportError {
        self.peer.told(failure, at)
    }

    /// Publishes, and waits for the server's word that it has the message. Each attempt to connect is bounded by its share of
    /// `patience`; the whole is bounded by the caller.
    pub(crate) async fn publish(
        &self,
        publication: &Publication,
        patience: Duration,
    ) -> Result<(), Arc<TransportError>> {
        let (outcome, mut settled) = oneshot::channel();
        self.waiting.borrow_mut().push(Waiting { publication: publication.clone(), outcome });
        loop {
            tokio::select! {
                biased;
                outcome = &mut settled => {
                    // Whoever had it in hand was cancelled in the middle.
                    let lost = || TransportError::Closed { at: Self::endpoint(publication), source: None };
                    return outcome.unwrap_or_else(|_| Err(Arc::new(lost())));
                }
                mut session = self.session.lock() => {
                    let (group, messages) = self.next_group();
                    if let Some(first) = group.first() {
                        let servers = first.publication.servers.clone();
                        let outcome = self.hand_over(&mut session, &servers, &messages, patience).await;
                        let at = Self::endpoint(&first.publication);
                        settle(group, outcome.map_err(|failure| self.told(failure, &at)));
                    }
                }
            }
        }
    }

    /// Messages for the same servers, at most [`Limits::sockets`](crate::Limits::sockets), those of callers that went away
    /// left out.
    fn next_group(&self) -> (Vec<Waiting>, Vec<Message>) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.retain(|message| !message.outcome.is_closed());
        let servers = waiting.first().map(|first| first.publication.servers.clone());
        let same = |message: &&Waiting| Some(&message.publication.servers) == servers.as_ref();
        let count = waiting.iter().take(self.plan.limits.sockets.max(1)).take_while(same).count();
        let group: Vec<Waiting> = waiting.drain(..count).collect();
        let messages = group.iter().map(|message| Message::of(&message.publication)).collect();
        (group, messages)
    }

    async fn hand_over(
        &self,
        kept: &mut Option<Session>,
        servers: &Arc<NatsServers>,
        messages: &[Message],
        patience: Duration,
    ) -> Outcome {
        // Taken out, so that a session that is dropped in the middle is not used again.
        let usable = kept.take().filter(|session| session.serves(servers, &self.plan.limits));
        if let Some(session) = usable {
            let outcome = publish_on(session, messages, kept).await;
            if kept.is_some() {
                return outcome;
            }
        }
        publish_on(self.connect(servers, patience).await?, messages, kept).await
    }

    /// A session with the first server that gives one; the failure of the last one if none does.
    async fn connect(
        &self,
        servers: &Arc<NatsServers>,
        patience: Duration,
    ) -> Result<Session, TransportError> {
        let (all, until) = (&servers.servers, Instant::now() + patience);
        let mut failure = TransportError::Closed { at: Endpoint::new("", 0), source: None };
        for turn in 0..all.len() {
            let number = (self.preferred.get() + turn) % all.len();
            let Some(server) = all.get(number) else { continue };
            let left = until.saturating_duration_since(Instant::now());
            let share = u32::try_from(all.len() - turn).map_or(left, |turns| left / turns);
            match timeout(share, Session::open(&self.plan, servers, server, &self.peer)).await {
                Ok(Ok(session)) => {
                    self.preferred.set(number);
                    return Ok(session);
                }
                Ok(Err(error)) => failure = error,
                Err(_) => failure = TransportError::ConnectTimeout { at: endpoint(server) },
            }
        }
        Err(failure)
    }
}

/// Publishes, and keeps the session if it can go on.
async fn publish_on(mut session: Session, messages: &[Message], kept: &mut Option<Session>) -> Outcome {
    let outcome = session.publish(messages).await;
    if !outcome.as_ref().is_err_and(TransportError::ends_session) {
        *kept = Some(session);
    }
    outcome
}

/// The message that a session publishes.
struct Message {
    subject: Arc<str>,
    payload: Bytes,
}

impl Message {
    fn of(publication: &Publication) -> Self {
        Self { subject: publication.subject.clone(), payload: publication.payload.clone() }
    }
}

/// The outcome of a group of messages, which share their fate.
type Outcome = Result<(), TransportError>;

impl TransportError {
    /// Whether the session cannot go on after it.
    fn ends_session(&self) -> bool {
        !matches!(self, Self::Nats { source: NatsError::Permission(_) | NatsError::TooLong { .. }, .. })
    }
}

fn settle(group: Vec<Waiting>, outcome: Outcome) {
    let outcome = outcome.map_err(Arc::new);
    for message in group {
        // A caller that went away does not need to know.
        drop(message.outcome.send(outcome.clone()));
    }
}

fn endpoint(server: &NatsServer) -> Endpoint {
    Endpoint::new(&server.host, server.port)
}
