//! The HTTP side of events: one handler for every path and method (contract, control plane 4.1, 4.2).

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::sync::Arc;

use actix_http::body::BoxBody;
use actix_http::{Request, RequestHead, Response};
use actix_web::dev::{Payload, Server};
use actix_web::http::Method;
use actix_web::http::header::HeaderName;
use campanile_domain::{Event, HOPS_HEADER, MOST_UNKNOWN_BYTES, Received};
use campanile_protocol::log_event;

use crate::answer::{Answer, RequestOutcome};
use crate::budget::Hold;
use crate::guarded::HasCertificate;
use crate::meter::RequestEnding;
use crate::origin::is_foreign;
use crate::pipeline::{EventPipeline, take_in};
use crate::shell::{EventListener, Shell, keep_unread, peer};
use crate::{body, path};

const HOPS: HeaderName = HeaderName::from_static(HOPS_HEADER);

/// Starts the HTTP server on `listeners`.
pub(crate) fn start(state: &Arc<EventPipeline>, listeners: Vec<EventListener>) -> io::Result<Server> {
    let shell = Shell {
        config: &state.config,
        connections: state.connections.clone(),
        watchdog: state.watchdog.clone(),
        thread: "intake",
    };
    let state = state.clone();
    shell.start(listeners, move |request| serve(state.clone(), request))
}

async fn serve(state: Arc<EventPipeline>, mut request: Request) -> Result<Response<BoxBody>, Infallible> {
    let open = state.meter.open(request.path(), request.method());
    let mut payload = request.take_payload();
    let has_certificate = request.conn_data::<HasCertificate>().is_some_and(|has| has.0);
    let answer = answer(&state, request.head(), has_certificate, &mut payload).await;
    let outcome = answer.outcome();
    open.answered(outcome);
    let mut response = answer.into_response();
    if leaves_body_unread(outcome) {
        keep_unread(&mut response, payload);
    }
    Ok(response)
}

fn leaves_body_unread(outcome: RequestOutcome) -> bool {
    matches!(
        outcome,
        RequestOutcome::Redirected
            | RequestOutcome::Unreadable
            | RequestOutcome::TooLarge
            | RequestOutcome::Overloaded
            | RequestOutcome::Foreign
            | RequestOutcome::Unauthenticated
            | RequestOutcome::Forbidden
            | RequestOutcome::NotReviewed
    )
}

async fn answer(
    state: &EventPipeline,
    head: &RequestHead,
    has_certificate: bool,
    payload: &mut Payload,
) -> Answer {
    if head.method != Method::CONNECT
        && let Some(location) = path::redirect(&head.uri)
    {
        return Answer::Redirected(location);
    }
    if is_foreign(&head.headers) {
        tracing::debug!("refused an event that a page of another place posts from a browser");
        return Answer::Refused(RequestOutcome::Foreign);
    }
    if head.method == Method::CONNECT {
        // Its body would be whatever comes on the connection, without an end.
        return Answer::Refused(RequestOutcome::Unreadable);
    }
    match read_as(state, head, has_certificate, payload).await {
        Ok((event, hold)) => take_in(state, event, hold).await,
        Err(cause) => Answer::Refused(cause),
    }
}

/// Reads an event of somebody who may post it.
async fn read_as(
    state: &EventPipeline,
    head: &RequestHead,
    has_certificate: bool,
    payload: &mut Payload,
) -> Result<(Event, Hold), RequestOutcome> {
    let Some(senders) = &state.senders else { return read_event(state, head, payload).await };
    let sender = senders.meet(head, has_certificate).await?;
    let (event, hold) = read_event(state, head, payload).await?;
    sender.speak_of(&event.involved_object)?;
    Ok((event, hold))
}

async fn read_event(
    state: &EventPipeline,
    head: &RequestHead,
    payload: &mut Payload,
) -> Result<(Event, Hold), RequestOutcome> {
    let config = &state.config;
    let mut hold = state.bodies.hold(peer(head));
    let read =
        body::read(payload, body::declared(head), config.body_limit, config.read_timeout, &mut hold).await;
    let body = read.map_err(|error| {
        let outcome = error.outcome();
        tracing::error!(client = %Client(head), status = outcome.status().as_u16(), %error, "reading the request body failed");
        outcome
    })?;
    let Received { mut event, dropped_fields } = Event::decode(&body).map_err(|error| {
        let outcome = RequestOutcome::Malformed;
        tracing::error!(client = %Client(head), status = outcome.status().as_u16(), %error, "decoding the request body failed");
        outcome
    })?;
    if dropped_fields {
        note_dropped_fields(state, &event);
    }
    if let Some(installation) = &config.installation {
        let headers = head.headers.get_all(HOPS).map(|value| value.to_str().unwrap_or_default());
        let hops = installation.judge(headers).map_err(|error| {
            log_event!(WARN, &event.involved_object, %error, "refusing a forwarded event");
            RequestOutcome::Looped
        })?;
        event.set_hops(hops);
    }
    Ok((event, hold))
}

/// The address that a request came from; a proxy's, where one is in between.
struct Client<'a>(&'a RequestHead);

impl fmt::Display for Client<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.peer_addr {
            Some(address) => address.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

/// Counts it, and says it of the first event: what follows is in the counter.
fn note_dropped_fields(state: &EventPipeline, event: &Event) {
    if state.meter.drop_fields() {
        log_event!(
            WARN,
            &event.involved_object,
            most_bytes = MOST_UNKNOWN_BYTES,
            "dropping the unknown fields of an event, they take too many bytes; have its sender write less beside the fields of \
             events; said once, campanile_unknown_fields_dropped_total counts further ones"
        );
    }
}
