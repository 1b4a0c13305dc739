//! One connection to a NATS server on which the client is logged in.

use std::io;
use std::sync::Arc;

use actix_rt::time::{Instant, timeout};
use campanile_domain::{NatsLogin, NatsScheme, NatsServer, NatsServers};
use campanile_tls::HandshakeStage;
use tokio_websockets::WebSocketStream;

use super::protocol::{Info, Said, log_in, publish};
use super::websocket::{self, UpgradeError};
use super::wire::{LONGEST_LINE, Silence, Wire};
use super::{Message, NatsError, Outcome, endpoint};
use crate::connector::ConnectionPlan;
use crate::limits::MAX_CONNECTION_AGE;
use crate::link::ByteStream;
use crate::peer::Peer;
use crate::routes::Routes;
use crate::tls::{failure, tls_cause};
use crate::{Endpoint, Limits, TransportError};

/// A connection that was let in.
pub(super) struct Session {
    servers: Arc<NatsServers>,
    at: Endpoint,
    wire: Wire,
    info: Info,
    opened: Instant,
    used: Instant,
}

impl Session {
    /// Connects to `server` and logs in. Dialling and TLS have their own bounds; the whole has its caller's.
    pub(super) async fn open(
        plan: &ConnectionPlan,
        servers: &Arc<NatsServers>,
        server: &NatsServer,
        peer: &Peer,
    ) -> Result<Self, TransportError> {
        let at = endpoint(server);
        let dialled = timeout(plan.limits.dial, dial(plan, &at, peer)).await;
        let link = dialled.unwrap_or_else(|_| Err(TransportError::ConnectTimeout { at: at.clone() }))?;
        let wire = match server.scheme {
            NatsScheme::Nats | NatsScheme::Tls => Wire::plain(link),
            NatsScheme::Ws => Wire::framed(upgraded(link, &at, &server.path).await?),
            NatsScheme::Wss => {
                let link = plan.secure(link, &at).await?;
                Wire::framed(upgraded(link, &at, &server.path).await?)
            }
        };
        let greeted = Greeted { plan, at, wire };
        let login = server.login.as_ref().unwrap_or(&servers.login);
        greeted.enter(servers, server.scheme, login).await
    }

    /// Whether it is fit for more messages to `servers`.
    pub(super) fn serves(&self, servers: &Arc<NatsServers>, limits: &Limits) -> bool {
        self.servers == *servers
            && self.used.elapsed() < limits.keep_alive
            && self.opened.elapsed() < MAX_CONNECTION_AGE
    }

    /// Hands `messages` over and waits for the server's word that it has read them.
    pub(super) async fn publish(&mut self, messages: &[Message]) -> Outcome {
        let lines = publish(messages, &self.info).map_err(|source| said(&self.at, source))?;
        self.wire.send(&lines).await.map_err(|error| closed(&self.at, error))?;
        let complaint = await_pong(&mut self.wire, &self.at, &mut self.info).await?;
        self.used = Instant::now();
        complaint.map_or(Ok(()), |source| Err(said(&self.at, source)))
    }
}

/// A way to `at`, through the Provider's proxy where it has one.
async fn dial(plan: &ConnectionPlan, at: &Endpoint, peer: &Peer) -> Result<ByteStream, TransportError> {
    let proxy = match &plan.routes {
        Routes::Explicit(proxy) => Some(proxy),
        Routes::Environment(_) => None,
    };
    // An HTTP proxy can only tunnel this, as it does what is secure.
    plan.reach(proxy, at, true, peer).await
}

async fn upgraded(
    link: ByteStream,
    at: &Endpoint,
    path: &str,
) -> Result<WebSocketStream<ByteStream>, TransportError> {
    match websocket::open(link, at, path, LONGEST_LINE).await {
        Ok(frames) => Ok(frames),
        Err(UpgradeError::Io(error)) => Err(closed(at, error)),
        Err(UpgradeError::Said(source)) => Err(said(at, source)),
    }
}

/// A connection before anything was said.
struct Greeted<'a> {
    plan: &'a ConnectionPlan,
    at: Endpoint,
    wire: Wire,
}

impl Greeted<'_> {
    async fn enter(
        mut self,
        servers: &Arc<NatsServers>,
        scheme: NatsScheme,
        login: &NatsLogin,
    ) -> Result<Session, TransportError> {
        let mut info = self.info().await?;
        let wants_tls = scheme == NatsScheme::Tls || (scheme == NatsScheme::Nats && info.tls_required);
        if wants_tls {
            if !info.tls_required && !info.tls_available {
                return Err(said(&self.at, NatsError::NoTls));
            }
            self = self.secured().await?;
        }
        let is_secure = wants_tls || scheme == NatsScheme::Wss;
        let lines = log_in(login, &info, is_secure).map_err(|source| said(&self.at, source))?;
        self.wire.send(&lines).await.map_err(|error| closed(&self.at, error))?;
        if let Some(complaint) = await_pong(&mut self.wire, &self.at, &mut info).await? {
            return Err(said(&self.at, complaint));
        }
        let now = Instant::now();
        Ok(Session { servers: servers.clone(), at: self.at, wire: self.wire, info, opened: now, used: now })
    }

    async fn info(&mut self) -> Result<Info, TransportError> {
        match next(&mut self.wire, &self.at).await? {
            Said::Info(info) => Ok(info),
            Said::Error(source) => Err(said(&self.at, source)),
            Said::Ping | Said::Pong | Said::Nothing => Err(said(&self.at, NatsError::Garbled)),
        }
    }

    async fn secured(self) -> Result<Self, TransportError> {
        let link = self.wire.into_link().map_err(|source| said(&self.at, source))?;
        // NATS is not among the protocols that the configuration offers for the web.
        let mut tls = self.plan.tls.as_ref().clone();
        tls.alpn_protocols.clear();
        let link = self.plan.secure_by(Arc::new(tls), link, &self.at).await?;
        Ok(Self { wire: Wire::plain(link), ..self })
    }
}

/// Reads up to the answer to a ping, and what the server complained about before it. Its own pings are answered, or it
/// would take this client for dead.
async fn await_pong(
    wire: &mut Wire,
    at: &Endpoint,
    info: &mut Info,
) -> Result<Option<NatsError>, TransportError> {
    let mut complaint = None;
    loop {
        match next(wire, at).await {
            Ok(Said::Pong) => return Ok(complaint),
            Ok(Said::Ping) => wire.send(b"PONG\r\n").await.map_err(|error| closed(at, error))?,
            Ok(Said::Info(news)) => *info = news,
            Ok(Said::Error(source)) => complaint = Some(source),
            Ok(Said::Nothing) => {}
            // It says why, then it hangs up.
            Err(error) => return Err(complaint.map_or(error, |source| said(at, source))),
        }
    }
}

async fn next(wire: &mut Wire, at: &Endpoint) -> Result<Said, TransportError> {
    let line = wire.line().await.map_err(|silence| match silence {
        Silence::Io(error) => closed(at, error),
        Silence::Closed => TransportError::Closed { at: at.clone(), source: None },
        Silence::Said(source) => said(at, source),
    })?;
    Said::read(&line).map_err(|source| said(at, source))
}

fn said(at: &Endpoint, source: NatsError) -> TransportError {
    TransportError::Nats { at: at.clone(), source }
}

fn closed(at: &Endpoint, error: io::Error) -> TransportError {
    match tls_cause(&error) {
        Some(cause) => failure(at, cause, HandshakeStage::Over),
        None => TransportError::Closed { at: at.clone(), source: Some(error) },
    }
}
