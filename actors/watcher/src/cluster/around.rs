//! What is done around each request of a client: one layer for all that counts requests or holds them back.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Method, Request, Response, Uri};
use tower::{Layer, Service};

/// Something done around requests. Copies share what they know.
pub(super) trait Around: Clone {
    /// The answer to a request for `uri`, when it is time for it: nothing is sent before `answer` is polled.
    fn around<R, E>(
        &self,
        method: Method,
        uri: &Uri,
        answer: impl Future<Output = Result<Response<R>, E>> + Send + 'static,
    ) -> impl Future<Output = Result<Response<R>, E>> + Send + 'static;
}

/// The layer of an [`Around`].
#[derive(Clone, Debug)]
pub(super) struct AroundLayer<A>(pub(super) A);

impl<S, A: Around> Layer<S> for AroundLayer<A> {
    type Service = Surrounded<S, A>;

    fn layer(&self, inner: S) -> Self::Service {
        Surrounded { inner, around: self.0.clone() }
    }
}

/// A client with something done around its requests.
#[derive(Debug)]
pub(super) struct Surrounded<S, A> {
    inner: S,
    around: A,
}

impl<S, A, B, R> Service<Request<B>> for Surrounded<S, A>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    A: Around,
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
        Box::pin(self.around.around(method, &uri, answer))
    }
}
