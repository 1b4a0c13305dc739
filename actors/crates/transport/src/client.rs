//! One provider's HTTP client.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_http::Method as HttpMethod;
use actix_http::body::None as NoBody;
use actix_rt::time::timeout;
use awc::FrozenClientRequest;
use awc::error::{ConnectError, SendRequestError};
use awc::http::StatusCode;
use bytes::Bytes;
use campanile_domain::{Method, Publication, Request, Response};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

use crate::address::RequestUrl;
use crate::answer::{AnswerHead, BodyUse, UnreadAnswer};
use crate::connector::ConnectionPlan;
use crate::failure::{is_dead_connection, of_request};
use crate::head::HeadTemplate;
use crate::limits::{MAX_REDIRECTS, REDIRECT_BODY, SPARE_PATIENCE};
use crate::nats::NatsClient;
use crate::pool::Pools;
use crate::routes::{forwards, proxy_authorization};
use crate::sockets::{Share, SocketPermit};
use crate::task_isolation::isolate_tasks;
use crate::trace::{TRACE, Trace};
use crate::{AddressError, Endpoint, Limits, RedirectError, TransportError};

/// A client with its own connections, made by [`Transport::client`](crate::Transport::client) for one provider. It
/// belongs to the arbiter it was made in. Idle connections are closed when it is dropped, which an owner does that has
/// no work for it.
pub struct Client {
    plan: Rc<ConnectionPlan>,
    timeout: Duration,
    pools: Pools,
    /// One permit for each request on the wire, [`Limits::sockets`](crate::Limits::sockets) in all.
    sockets: Semaphore,
    nats: NatsClient,
    share: Share,
    /// For the connection to NATS, which is kept as long as the client.
    nats_turn: OnceCell<SocketPermit>,
    /// The address of the last request, as it was given and as it was read.
    last: RefCell<Option<(String, Rc<RequestUrl>)>>,
}

impl Client {
    pub(crate) fn new(plan: ConnectionPlan, timeout: Duration, share: Share) -> Self {
        let plan = Rc::new(plan);
        let sockets = Semaphore::new(plan.limits.sockets.max(1));
        let (pools, nats) = (Pools::new(Rc::clone(&plan)), NatsClient::new(Rc::clone(&plan)));
        let (nats_turn, last) = (OnceCell::new(), RefCell::default());
        Self { pools, nats, plan, timeout, sockets, share, nats_turn, last }
    }

    /// Sends `request` and reads the answer, whatever its status: 307 and 308 are followed, other redirects are
    /// answers. Bounded by the connection's timeout from dialling to the last byte, once it is its turn to use a socket.
    ///
    /// The status of the answer counts whatever becomes of its body. Only a success whose body is `wanted` needs it as a
    /// whole; of other bodies there is what came in time and could be read.
    ///
    /// A kept connection that turns out to be dead is replaced at once and without report. The destination may so see a
    /// request twice in the rare case that it died between reading it and answering.
    ///
    /// # Errors
    /// Why there was no answer; [`TransportError::class`] says of what kind that is.
    pub async fn send(&self, request: &Request, wanted: BodyUse) -> Result<Response, TransportError> {
        let address = self.address(&request.url)?;
        let _turn = self.turn().await?;
        let trace = Rc::new(Trace::new(self.share.id()));
        let outcome = self.answer(request, wanted, &address, &trace).await;
        outcome.map_err(|error| told(error, &address, &trace))
    }

    /// The final answer, bounded in time, with what is wanted of its body.
    async fn answer(
        &self,
        request: &Request,
        wanted: BodyUse,
        address: &RequestUrl,
        trace: &Rc<Trace>,
    ) -> Result<Response, TransportError> {
        let late = || TransportError::Timeout { at: address.endpoint().clone(), limit: self.timeout };
        let begun = Instant::now();
        let (answer, at, _permit) = match timeout(self.timeout, self.follow(request, address, trace)).await {
            Ok(outcome) => outcome?,
            Err(_) => return Err(late()),
        };
        let needs_body = wanted == BodyUse::Body && answer.head.status.is_success();
        let left = self.timeout.saturating_sub(begun.elapsed());
        let is_spare = answer.head.status.is_success() && !needs_body;
        let patience = if is_spare { left.min(SPARE_PATIENCE) } else { left };
        let (response, fault) = answer.read(self.plan.limits.body, patience).await;
        match fault.filter(|_| needs_body) {
            Some(fault) => Err(fault.told(at).unwrap_or_else(late)),
            None => Ok(Response { is_quotable: !trace.peer.is_away(), ..response }),
        }
    }

    /// Publishes a message to NATS; when this returns, a server has said that it has it. Bounded by the connection's timeout
    /// from dialling to the server's answer. The connection is kept for the next message.
    ///
    /// # Errors
    /// Why no server has it, as far as is known: one that died may have passed it on.
    pub async fn publish(&self, publication: &Publication) -> Result<(), Arc<TransportError>> {
        self.nats_turn.get_or_try_init(|| self.turn()).await.map_err(Arc::new)?;
        match timeout(self.timeout, self.nats.publish(publication, self.timeout)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let at = NatsClient::endpoint(publication);
                let late = TransportError::Timeout { at: at.clone(), limit: self.timeout };
                Err(Arc::new(self.nats.told(late, &at)))
            }
        }
    }

    /// Waits until this client may use another socket.
    async fn turn(&self) -> Result<SocketPermit, TransportError> {
        let Limits { turn, total_sockets, .. } = self.plan.limits;
        let crowded = |_| TransportError::Crowded { limit: turn, most: total_sockets };
        timeout(turn, self.share.turn()).await.map_err(crowded)
    }

    /// Reads the address of a request, unless it is that of the last one: most providers have only one.
    fn address(&self, url: &str) -> Result<Rc<RequestUrl>, AddressError> {
        if let Some((last, address)) = &*self.last.borrow()
            && last == url
        {
            return Ok(Rc::clone(address));
        }
        let address = Rc::new(RequestUrl::parse(url)?);
        *self.last.borrow_mut() = Some((url.to_owned(), Rc::clone(&address)));
        Ok(address)
    }

    /// The final answer, who gave it, and the permit for its socket.
    async fn follow(
        &self,
        request: &Request,
        first: &RequestUrl,
        trace: &Rc<Trace>,
    ) -> Result<(UnreadAnswer, Endpoint, Option<SemaphorePermit<'_>>), TransportError> {
        let mut template = HeadTemplate::new(&request.headers, first);
        // The semaphore is never closed, so there is always a permit in the end.
        let permit = self.sockets.acquire().await.ok();
        let mut moved = None;
        for _ in 0..=MAX_REDIRECTS {
            let address = moved.as_ref().unwrap_or(first);
            let answer = self.exchange(request, address, &template, trace).await?;
            let refused = |source| TransportError::Redirect { from: first.endpoint().clone(), source };
            let Some(next) = redirect(&answer.head, address).map_err(refused)? else {
                return Ok((answer, address.endpoint().clone(), permit));
            };
            self.may_follow(first, address, &next).map_err(refused)?;
            // Its only purpose is reuse: a failure here says nothing about the request.
            answer.read(REDIRECT_BODY, SPARE_PATIENCE).await;
            trace.rest();
            if !first.trusts(&next) {
                template.drop_credentials();
            }
            trace.peer.set_away(next.endpoint() != first.endpoint());
            moved = Some(next);
        }
        let source = RedirectError::TooMany { max: MAX_REDIRECTS };
        Err(TransportError::Redirect { from: first.endpoint().clone(), source })
    }

    /// Whether a redirect from `here` to `next` may be followed by a request that was meant for `first`.
    fn may_follow(
        &self,
        first: &RequestUrl,
        here: &RequestUrl,
        next: &RequestUrl,
    ) -> Result<(), RedirectError> {
        if here.is_secure() && !next.is_secure() {
            return Err(RedirectError::Downgrade);
        }
        let leaves = first.endpoint().host() != next.endpoint().host();
        if leaves && self.plan.confidential { Err(RedirectError::Secret) } else { Ok(()) }
    }

    /// One request and the head of its answer.
    async fn exchange(
        &self,
        request: &Request,
        address: &RequestUrl,
        template: &HeadTemplate<'_>,
        trace: &Rc<Trace>,
    ) -> Result<UnreadAnswer, TransportError> {
        let frozen = self.prepare(request.method, address, template)?;
        // Each failure takes a dead connection out of the pool, so more tries than sockets are never needed.
        for _ in 0..self.plan.limits.sockets {
            match attempt(&frozen, request, trace).await {
                (Err(error), true) if is_dead_connection(&error) => {}
                (outcome, _) => {
                    return outcome.map_err(|error| of_request(error, address.endpoint().clone()));
                }
            }
        }
        let (outcome, _) = attempt(&frozen, request, trace).await;
        outcome.map_err(|error| of_request(error, address.endpoint().clone()))
    }

    fn prepare(
        &self,
        method: Method,
        address: &RequestUrl,
        template: &HeadTemplate<'_>,
    ) -> Result<FrozenClientRequest, TransportError> {
        let secure = address.is_secure();
        let proxy = self.plan.routes.proxy_for(address.endpoint(), secure)?;
        let forwarding = proxy.filter(|proxy| forwards(proxy, secure));
        let mut request = self.pools.for_address(address).request(http_method(method), address.uri());
        template.for_address(address, forwarding.and_then(proxy_authorization), request.headers_mut())?;
        let request = if forwarding.is_some() { request.force_close() } else { request };
        request.camel_case().no_decompress().freeze().map_err(|_| AddressError::Form.into())
    }
}

/// Sends once; also says whether that was over a connection kept from before.
async fn attempt(
    frozen: &FrozenClientRequest,
    request: &Request,
    trace: &Rc<Trace>,
) -> (Result<UnreadAnswer, SendRequestError>, bool) {
    trace.begin();
    let sending = async {
        // A GET or DELETE without a body says nothing about its length; the others say zero.
        let bodiless = matches!(request.method, Method::Get | Method::Delete) && request.body.is_empty();
        if bodiless {
            frozen.send_body(NoBody::new()).await
        } else {
            frozen.send_body(Bytes::clone(&request.body)).await
        }
    };
    let outcome = isolate_tasks(TRACE.scope(Rc::clone(trace), sending)).await.and_then(|body| {
        // awc has answered with the head that it was given in place of this one.
        let head = trace.take_head().ok_or(ConnectError::Disconnected)?;
        Ok(UnreadAnswer { head, body })
    });
    (outcome, !trace.has_dialled())
}

/// Where a 307 or 308 leads. Without a `Location` it is an answer like any other.
fn redirect(head: &AnswerHead, from: &RequestUrl) -> Result<Option<RequestUrl>, RedirectError> {
    if !matches!(head.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
        return Ok(None);
    }
    let location = head.field("location");
    Ok(location.map(|location| from.join(location)).transpose()?)
}

/// `failure` of a request that was meant for `first`, as it may be told. Nothing is said of where others redirected it to.
fn told(failure: TransportError, first: &RequestUrl, trace: &Trace) -> TransportError {
    let from = || first.endpoint().clone();
    match failure {
        TransportError::Redirect { .. } => failure,
        _ if !trace.peer.is_away() => trace.peer.told(failure, first.endpoint()),
        _ if failure.is_denied() => TransportError::Redirect { from: from(), source: RedirectError::Closed },
        _ => TransportError::Redirect { from: from(), source: RedirectError::Unanswered },
    }
}

fn http_method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::GET,
        Method::Post => HttpMethod::POST,
        Method::Put => HttpMethod::PUT,
        Method::Patch => HttpMethod::PATCH,
        Method::Delete => HttpMethod::DELETE,
    }
}
