//! The HTTP side of webhooks: one handler for every path and method (contract, receivers 4.1).

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use actix_http::body::BoxBody;
use actix_http::{Request, RequestHead, Response};
use actix_web::dev::{Payload, Server};

use super::answer::{WebhookOutcome, response};
use super::pipeline::{WebhookPipeline, take_in};
use super::target::RequestTarget;
use crate::body::{self, ReadError};
use crate::connections::Connections;
use crate::shell::{EventListener, Shell, keep_unread, peer};

/// Starts the HTTP server on `listeners`.
pub(super) fn start(state: &Arc<WebhookPipeline>, listeners: Vec<EventListener>) -> io::Result<Server> {
    let shell = Shell {
        config: &state.config,
        connections: Connections::new(state.config.connection_limits()),
        watchdog: state.watchdog.clone(),
        thread: "webhooks",
    };
    let state = state.clone();
    shell.start(listeners, move |request| serve(state.clone(), request))
}

async fn serve(state: Arc<WebhookPipeline>, mut request: Request) -> Result<Response<BoxBody>, Infallible> {
    let open = state.meter.open(request.path(), request.method());
    let mut payload = request.take_payload();
    let (outcome, location) = match RequestTarget::of(request.uri()) {
        RequestTarget::Redirect(location) => (WebhookOutcome::Redirected, Some(location)),
        RequestTarget::Elsewhere => (WebhookOutcome::Elsewhere, None),
        RequestTarget::Hook(target) => (answer(&state, target, request.head(), &mut payload).await, None),
    };
    open.answered(outcome);
    let mut response = response(outcome, location);
    if outcome.leaves_body_unread() {
        keep_unread(&mut response, payload);
    }
    Ok(response)
}

async fn answer(
    state: &WebhookPipeline,
    target: &str,
    head: &RequestHead,
    payload: &mut Payload,
) -> WebhookOutcome {
    let config = &state.config;
    let mut hold = state.bodies.hold(peer(head));
    let read = body::read(payload, body::declared(head), config.body_limit, config.read_timeout, &mut hold);
    let body = match read.await {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, "reading the request body failed");
            return match error {
                ReadError::TooLarge { .. } => WebhookOutcome::TooLarge,
                ReadError::Crowded => WebhookOutcome::Overloaded,
                ReadError::BrokenOff | ReadError::Slow { .. } | ReadError::Trickling => {
                    WebhookOutcome::Unreadable
                }
            };
        }
    };
    let fields =
        head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    take_in(state, target, fields.collect(), body).await
}
