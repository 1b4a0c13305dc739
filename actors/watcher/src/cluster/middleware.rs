//! Request middleware of a client: one `tower` layer for all that counts requests or holds them back.
//!
//! `tower`'s `MapFuture` would do, if it saw the request: what is counted is the method, and what waits is known by its
//! address.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Method, Request, Response, Uri};
use tower::{Layer, Service};

/// A middleware of requests. Copies share what they know.
pub(super) trait RequestMiddleware: Clone {
    /// Wraps the answer to a request for `uri`: nothing is sent before `answer` is polled.
    fn wrap<R, E>(
        &self,
        method: Method,
        uri: &Uri,
        answer: impl Future<Output = Result<Response<R>, E>> + Send + 'static,
    ) -> impl Future<Output = Result<Response<R>, E>> + Send + 'static;
}

/// The layer of a [`RequestMiddleware`].
#[derive(Clone, Debug)]
pub(super) struct MiddlewareLayer<A>(pub(super) A);

impl<S, A: RequestMiddleware> Layer<S> for MiddlewareLayer<A> {
    type Service = MiddlewareService<S, A>;

    fn layer(&self, inner: S) -> Self::Service {
        MiddlewareService { inner, middleware: self.0.clone() }
    }
}

/// A client with a middleware.
#[derive(Debug)]
pub(super) struct MiddlewareService<S, A> {
    inner: S,
    middleware: A,
}

impl<S, A, B, R> Service<Request<B>> for MiddlewareService<S, A>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    A: RequestMiddleware,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let answer = self.inner.call(request);
        Box::pin(self.middleware.wrap(method, &uri, answer))
    }
}
