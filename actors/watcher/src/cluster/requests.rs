//! Request counts: requests to the API server by method and outcome.
//!
//! A request counts when its answer begins, a watch too, and when it ends without one. What the client repeats by itself
//! after 429, 503 or 504 counts once, with the last answer.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use http::{Method, Response, StatusCode, Uri};
use parking_lot::Mutex;
use serde::Serialize;

use super::middleware::RequestMiddleware;

/// The code of a request that had no answer, as other controllers name it.
const NO_ANSWER: &str = "<error>";

/// The code of what comes beyond [`MOST_SERIES`].
const OTHER: &str = "other";

/// The most series: the methods that are used times the codes that an API server answers with are fewer.
const MOST_SERIES: usize = 128;

/// The number of requests with one outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestCount {
    /// Host and port of the API server.
    pub host: String,
    /// The method, for example `GET`.
    pub method: String,
    /// The status of the answer, or `<error>` if there was none.
    pub code: String,
    /// The number of such requests.
    pub count: u64,
}

/// The host, the method and the code of requests.
type Series = (Arc<str>, Method, String);

/// The requests of one process. Its copies count together, whatever client they belong to.
#[derive(Clone, Debug, Default)]
pub struct ApiRequests(Arc<Mutex<Vec<(Series, u64)>>>);

impl ApiRequests {
    /// All counts, in a fixed order.
    pub fn counts(&self) -> Vec<RequestCount> {
        let counts = self.0.lock();
        let sorted: BTreeMap<_, _> = counts
            .iter()
            .map(|((host, method, code), count)| ((host.as_ref(), method.as_str(), code.as_str()), *count))
            .collect();
        let counted = sorted.into_iter().map(|((host, method, code), count)| RequestCount {
            host: host.to_owned(),
            method: method.to_owned(),
            code: code.to_owned(),
            count,
        });
        counted.collect()
    }

    fn count(&self, host: &Arc<str>, method: &Method, status: Option<StatusCode>) {
        let code = status.as_ref().map_or(NO_ANSWER, StatusCode::as_str);
        let mut counts = self.0.lock();
        let is = |code: &str, known: &Series| known.0 == *host && known.1 == method && known.2 == code;
        let full = counts.len() >= MOST_SERIES;
        let code = if full && !counts.iter().any(|(known, _)| is(code, known)) { OTHER } else { code };
        match counts.iter_mut().find(|(known, _)| is(code, known)) {
            Some((_, count)) => *count += 1,
            None => counts.push(((host.clone(), method.clone(), code.to_owned()), 1)),
        }
    }
}

/// Counts what one client asks of `host`.
#[derive(Clone, Debug)]
pub(super) struct RequestCounter {
    requests: ApiRequests,
    host: Arc<str>,
}

impl RequestCounter {
    pub(super) fn new(requests: ApiRequests, host: &str) -> Self {
        Self { requests, host: host.into() }
    }
}

impl RequestMiddleware for RequestCounter {
    fn wrap<R, E>(
        &self,
        method: Method,
        _: &Uri,
        answer: impl Future<Output = Result<Response<R>, E>> + Send + 'static,
    ) -> impl Future<Output = Result<Response<R>, E>> + Send + 'static {
        let count = self.clone();
        async move {
            // From here on it is on its way.
            let mut under_way = UnderWay { count, method, status: None };
            let answer = answer.await;
            under_way.status = answer.as_ref().ok().map(Response::status);
            answer
        }
    }
}

/// A request that is under way. Whoever waits for it may lose patience, which ends it without an answer.
struct UnderWay {
    count: RequestCounter,
    method: Method,
    status: Option<StatusCode>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.count.requests.count(&self.count.host, &self.method, self.status);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{pending, ready};
    use std::task::{Context, Poll};

    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;
    use http::Request;
    use tower::{Layer, Service};

    use super::*;
    use crate::cluster::middleware::MiddlewareLayer;

    /// Answers with the status that is the path, or never.
    struct Server;

    impl Service<Request<()>> for Server {
        type Response = Response<()>;
        type Error = Infallible;
        type Future = BoxFuture<'static, Result<Response<()>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<()>) -> Self::Future {
            match request.uri().path().trim_start_matches('/').parse::<u16>() {
                Ok(status) => ready(Ok(Response::builder().status(status).body(()).unwrap())).boxed(),
                Err(_) => pending().boxed(),
            }
        }
    }

    fn ask(requests: &ApiRequests, method: &str, path: &str) {
        let mut client = MiddlewareLayer(RequestCounter::new(requests.clone(), "10.0.0.1:443")).layer(Server);
        let request = Request::builder().method(method).uri(path).body(()).unwrap();
        // What never answers is dropped here.
        drop(client.call(request).now_or_never());
    }

    fn shown(requests: &ApiRequests) -> Vec<String> {
        let counts = requests.counts().into_iter();
        counts.map(|one| format!("{} {} {} {}", one.host, one.method, one.code, one.count)).collect()
    }

    #[test]
    fn requests_are_counted_by_host_method_and_code_and_those_without_an_answer_too() {
        let requests = ApiRequests::default();
        for (method, path) in [("GET", "/200"), ("PATCH", "/409"), ("GET", "/200"), ("GET", "/silence")] {
            ask(&requests, method, path);
        }
        let expected = ["10.0.0.1:443 GET 200 2", "10.0.0.1:443 GET <error> 1", "10.0.0.1:443 PATCH 409 1"];
        assert_eq!(shown(&requests), expected);
    }

    #[test]
    fn however_many_codes_a_server_invents_the_series_are_bounded() {
        let requests = ApiRequests::default();
        (200..600).for_each(|code| ask(&requests, "GET", &format!("/{code}")));
        ask(&requests, "GET", "/200");
        let counts = requests.counts();
        assert_eq!(counts.len(), MOST_SERIES + 1);
        assert_eq!(counts.iter().map(|one| one.count).sum::<u64>(), 401);
        assert_eq!(counts[0].count, 2, "what was known before is told apart still");
    }
}
