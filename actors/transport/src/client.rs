//! One provider's HTTP client.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use actix_http::Method as HttpMethod;
use actix_http::body::None as NoBody;
use actix_rt::time::timeout;
use awc::error::SendRequestError;
use awc::http::StatusCode;
use awc::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, LOCATION};
use awc::http::uri::Authority;
use awc::{ClientResponse, FrozenClientRequest};
use bytes::Bytes;
use campanile_domain::{Method, ProxyScheme, Request, Response};

use crate::address::Address;
use crate::body::{Body, gunzip, read_capped};
use crate::connector::{DIALLED, Plan};
use crate::endpoint::is_secure;
use crate::failure::{is_dead_connection, of_body, of_request};
use crate::head::HeadTemplate;
use crate::limits::{Limits, MAX_AUTHORITIES, MAX_REDIRECTS};
use crate::pool::new_pool;
use crate::routes::proxy_authorization;
use crate::{AddressError, Endpoint, GarbledError, RedirectError, TransportError};

/// Bytes of a redirect's body that are read so that its connection can be used again.
const REDIRECT_BODY: usize = 2048;

/// A client with its own connections, made by [`Transport::client`](crate::Transport::client) for one provider. It
/// belongs to the arbiter it was made in. Idle connections are closed when it is dropped, which an owner does that has
/// no work for it.
pub struct Client {
    plan: Rc<Plan>,
    limits: Limits,
    timeout: Duration,
    pool: RefCell<awc::Client>,
    /// Hosts that `pool` may hold idle connections to.
    authorities: RefCell<Vec<String>>,
}

impl Client {
    pub(crate) fn new(plan: Plan, limits: Limits, timeout: Duration) -> Self {
        let plan = Rc::new(plan);
        let pool = RefCell::new(new_pool(&plan, &limits));
        Self { plan, limits, timeout, pool, authorities: RefCell::new(Vec::new()) }
    }

    /// Sends `request` and reads the answer, whatever its status: 307 and 308 are followed, other redirects are
    /// answers. Bounded by the connection's timeout from dialling to the last byte.
    ///
    /// A kept connection that turns out to be dead is replaced at once and without report. The destination may so see a
    /// request twice in the rare case that it died between reading it and answering.
    ///
    /// # Errors
    /// Why there was no answer; [`TransportError::class`] says of what kind that is.
    pub async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let address = Address::parse(&request.url)?;
        match timeout(self.timeout, self.follow(request, &address)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(TransportError::Timeout { at: address.endpoint(), limit: self.timeout }),
        }
    }

    async fn follow(&self, request: &Request, first: &Address) -> Result<Response, TransportError> {
        let mut template = HeadTemplate::new(&request.headers, first)?;
        let mut moved = None;
        for _ in 0..=MAX_REDIRECTS {
            let address = moved.as_ref().unwrap_or(first);
            let answer = self.exchange(request, address, &template).await?;
            let Some(next) = redirect(&answer, address)? else {
                return self.finish(answer, address.endpoint()).await;
            };
            // Its only purpose is reuse: a failure here says nothing about the request.
            drop(read_capped(answer, REDIRECT_BODY).await);
            if !first.trusts(&next) {
                template.drop_credentials();
            }
            moved = Some(next);
        }
        let source = RedirectError::TooMany { max: MAX_REDIRECTS };
        Err(TransportError::Redirect { from: first.endpoint(), source })
    }

    /// One request and the head of its answer.
    async fn exchange(
        &self,
        request: &Request,
        address: &Address,
        template: &HeadTemplate,
    ) -> Result<ClientResponse, TransportError> {
        let frozen = self.prepare(request.method, address, template)?;
        // Each failure takes a dead connection out of the pool, so more tries than sockets are never needed.
        for _ in 0..self.limits.sockets {
            match attempt(&frozen, request).await {
                (Err(error), true) if is_dead_connection(&error) => {}
                (outcome, _) => return outcome.map_err(|error| of_request(error, address.endpoint())),
            }
        }
        let (outcome, _) = attempt(&frozen, request).await;
        outcome.map_err(|error| of_request(error, address.endpoint()))
    }

    fn prepare(
        &self,
        method: Method,
        address: &Address,
        template: &HeadTemplate,
    ) -> Result<FrozenClientRequest, TransportError> {
        let forwarding = match self.plan.routes.proxy_for(address.uri())? {
            Some(proxy) if !is_secure(address.uri()) && proxy.scheme != ProxyScheme::Socks5 => Some(proxy),
            _ => None,
        };
        let headers = template.for_address(address, forwarding.and_then(proxy_authorization))?;
        let mut request = self.pool_for(address).request(http_method(method), address.uri());
        *request.headers_mut() = headers;
        let request = if forwarding.is_some() { request.force_close() } else { request };
        request.camel_case().no_decompress().freeze().map_err(|_| AddressError::Form.into())
    }

    /// The pool, emptied before it holds connections to too many hosts.
    fn pool_for(&self, address: &Address) -> awc::Client {
        let authority = address.uri().authority().map(Authority::as_str).unwrap_or_default();
        let mut authorities = self.authorities.borrow_mut();
        if !authorities.iter().any(|known| known == authority) {
            if authorities.len() >= MAX_AUTHORITIES {
                authorities.clear();
                self.pool.replace(new_pool(&self.plan, &self.limits));
            }
            authorities.push(authority.to_owned());
        }
        self.pool.borrow().clone()
    }

    async fn finish(&self, mut answer: ClientResponse, at: Endpoint) -> Result<Response, TransportError> {
        let cap = self.limits.body;
        let body = match read_capped(&mut answer, cap).await {
            Ok(body) => body,
            Err(error) => return Err(of_body(error, at)),
        };
        if is_short(&answer, &body) {
            return Err(TransportError::Closed { at, source: None });
        }
        let encoding = answer.headers().get(CONTENT_ENCODING);
        let bytes = if encoding.is_some_and(is_gzip) && !body.bytes.is_empty() {
            gunzip(&body, cap).map_err(|_| TransportError::Garbled { at, source: GarbledError::Body })?
        } else {
            body.bytes
        };
        Ok(Response { status: answer.status().as_u16(), headers: text_headers(&answer), body: bytes })
    }
}

/// Sends once; also says whether that was over a connection kept from before.
async fn attempt(
    frozen: &FrozenClientRequest,
    request: &Request,
) -> (Result<ClientResponse, SendRequestError>, bool) {
    let dialled = Rc::new(Cell::new(false));
    let sending = async {
        // A GET or DELETE without a body says nothing about its length; the others say zero.
        let bodiless = matches!(request.method, Method::Get | Method::Delete) && request.body.is_empty();
        if bodiless {
            frozen.send_body(NoBody::new()).await
        } else {
            frozen.send_body(Bytes::clone(&request.body)).await
        }
    };
    let outcome = DIALLED.scope(Rc::clone(&dialled), sending).await;
    (outcome, !dialled.get())
}

/// Where a 307 or 308 leads. Without a `Location` it is an answer like any other.
fn redirect(answer: &ClientResponse, from: &Address) -> Result<Option<Address>, TransportError> {
    if !matches!(answer.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
        return Ok(None);
    }
    let Some(location) = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    from.join(location)
        .map(Some)
        .map_err(|source| TransportError::Redirect { from: from.endpoint(), source: source.into() })
}

/// Whether the connection ended before the promised length, which awc passes over.
fn is_short(answer: &ClientResponse, body: &Body) -> bool {
    let promised = answer.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let promised = promised.and_then(|length| length.trim().parse::<usize>().ok());
    !body.cut && promised.is_some_and(|promised| body.bytes.len() < promised) && has_body(answer.status())
}

fn has_body(status: StatusCode) -> bool {
    !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

fn is_gzip(encoding: &HeaderValue) -> bool {
    encoding.as_bytes().eq_ignore_ascii_case(b"gzip")
}

fn text_headers(answer: &ClientResponse) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    answer
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)))
        .collect()
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
