//! The conversation that delivers one notification, one request at a time, without sending anything itself.

pub(crate) mod second_try;

use std::sync::Arc;

use campanile_domain::{Failure, FailureClass, Masker, Publication, Request, Response, Verdict};
use jiff::Timestamp;

/// The next step of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this and come back with the response.
    Send(Request),
    /// Publish this on NATS. It is the last step: the server's word that it has the message is the verdict.
    Publish(Publication),
    /// The exchange is over with this verdict.
    Done(Verdict),
}

/// One try of one delivery. After a transport error the caller drops it and starts a new one for the next try.
pub trait Exchange: Send {
    /// The next step: at first without a response, then with the response to the last request. `now` is the time at
    /// which the response came; dates in headers are measured against it.
    fn next(&mut self, response: Option<Response>, now: Timestamp) -> Step;
}

/// The judgement of a type: a verdict from a response. The masker blots secrets out of what is quoted.
pub(crate) type Judge = fn(&Response, Timestamp, &Masker) -> Verdict;

/// Sends once and judges the answer: the exchange of all webhooks.
pub(crate) struct Post {
    request: Option<Request>,
    judge: Judge,
    masker: Arc<Masker>,
}

impl Post {
    pub(crate) fn new(request: Request, judge: Judge, masker: Arc<Masker>) -> Self {
        Self { request: Some(request), judge, masker }
    }
}

impl Exchange for Post {
    fn next(&mut self, response: Option<Response>, now: Timestamp) -> Step {
        match (response, self.request.take()) {
            (Some(response), _) => Step::Done((self.judge)(&response, now, &self.masker)),
            (None, Some(request)) => Step::Send(request),
            (None, None) => Step::Done(Verdict::Failed(Failure::new(
                FailureClass::Garbled,
                "the exchange had sent its request and got no response; start a new one",
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge;
    use crate::testing::answer;
    use campanile_domain::Method;
    use campanile_testkit::noon;

    #[test]
    fn a_post_sends_once_and_ends_with_a_verdict() {
        let request = Request {
            method: Method::Post,
            url: "http://127.0.0.1:9/".into(),
            headers: Vec::new(),
            body: "{}".into(),
        };
        let mut post = Post::new(request.clone(), judge, Arc::default());
        assert_eq!(post.next(None, noon()), Step::Send(request));
        assert_eq!(post.next(Some(answer(204, &[], "")), noon()), Step::Done(Verdict::Delivered));
        assert!(
            matches!(post.next(None, noon()), Step::Done(Verdict::Failed(_))),
            "it never sends a second time"
        );
    }
}
