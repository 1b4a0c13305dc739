//! The built-in destination: a Git host below `/api/v1`, a webhook everywhere else. It tells what came.

use std::net::{SocketAddr, TcpListener};

use actix_web::dev::ServerHandle;
use actix_web::web::{Bytes, Data, PayloadConfig, to};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::{Context, Result};
use serde_json::Value;
use tokio::sync::mpsc;

use super::git_host::GitHost;

/// Arrivals that wait to be shown; beyond it the destination answers 503, and the router tries again.
const MOST_WAITING: usize = 1024;
/// Largest message it takes, in bytes.
const MOST_BYTES: usize = 4 << 20;

/// One message that arrived at the demo's destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivedMessage {
    /// Path and query it was posted to.
    pub path: String,
    /// The message, if it is JSON.
    pub body: Value,
}

/// A destination on a free loopback port.
pub struct DemoDestination {
    /// The loopback address on which it listens.
    pub address: SocketAddr,
    arrivals: mpsc::Receiver<ArrivedMessage>,
    handle: ServerHandle,
}

impl DemoDestination {
    /// Starts it inside the current actix system.
    ///
    /// # Errors
    /// If no loopback port can be had.
    pub fn start() -> Result<Self> {
        let listener =
            TcpListener::bind("127.0.0.1:0").context("open a loopback port for the destination")?;
        let address = listener.local_addr()?;
        let (sender, arrivals) = mpsc::channel(MOST_WAITING);
        let (sender, host) = (Data::new(sender), Data::new(GitHost::default()));
        let app = move || {
            let limit = PayloadConfig::new(MOST_BYTES);
            App::new()
                .app_data(sender.clone())
                .app_data(host.clone())
                .app_data(limit)
                .default_service(to(take))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run();
        let handle = server.handle();
        actix_rt::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the demo's destination failed");
            }
        });
        Ok(Self { address, arrivals, handle })
    }

    /// The next message that arrives.
    pub async fn next(&mut self) -> Option<ArrivedMessage> {
        self.arrivals.recv().await
    }

    /// A message that arrived already.
    pub fn waiting(&mut self) -> Option<ArrivedMessage> {
        self.arrivals.try_recv().ok()
    }

    /// Stops the server of the destination.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

async fn take(
    request: HttpRequest,
    body: Bytes,
    sender: Data<mpsc::Sender<ArrivedMessage>>,
    host: Data<GitHost>,
) -> HttpResponse {
    let method = request.method().as_str();
    if let Some(statuses) = host.list(method, request.path()) {
        return HttpResponse::Ok().json(statuses);
    }
    let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let shown = host.take(method, request.path(), &body);
    match (sender.try_send(ArrivedMessage { path, body }), shown) {
        (Ok(()), Some(status)) => HttpResponse::Created().json(status),
        (Ok(()), None) => HttpResponse::Ok().body("ok"),
        (Err(_), _) => HttpResponse::ServiceUnavailable().finish(),
    }
}
