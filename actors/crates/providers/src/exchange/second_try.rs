//! Something else to post where the destination does not take the first thing: a plainer message.

use bytes::Bytes;
use campanile_domain::{Request, Response};
use jiff::Timestamp;

use crate::{Exchange, Step};

/// Whether an answer says that the second message is to be tried.
pub(crate) type IsFor = fn(&Response) -> bool;

/// Makes a plainer message of the one that got this answer; none where it would be the same, or the answer is about something else.
pub(crate) type Plainer = fn(&[u8], &Response) -> Option<Bytes>;

/// Posts, and posts something else if the answer asks for it.
pub(crate) struct SecondTry {
    post: Box<dyn Exchange>,
    second: Option<Box<dyn Exchange>>,
    is_for: IsFor,
}

impl SecondTry {
    /// Posts `first`, and `second` if `is_for` holds for the answer.
    pub(crate) fn boxed(
        first: Box<dyn Exchange>,
        second: Box<dyn Exchange>,
        is_for: IsFor,
    ) -> Box<dyn Exchange> {
        Box::new(Self { post: first, second: Some(second), is_for })
    }
}

impl Exchange for SecondTry {
    fn next(&mut self, response: Option<Response>, now: Timestamp) -> Step {
        let is_asked_for = response.as_ref().is_some_and(self.is_for);
        if let Some(second) = self.second.take_if(|_| is_asked_for) {
            self.post = second;
            return self.post.next(None, now);
        }
        self.post.next(response, now)
    }
}

/// Posts, and posts once more what is made of the first message where the answer asks for it. Nothing is rendered before.
pub(crate) struct Amended {
    post: Box<dyn Exchange>,
    /// What was sent, until a second message was or cannot be.
    sent: Option<Request>,
    plainer: Plainer,
}

impl Amended {
    /// Carries `post` out, and what `plainer` makes of its message.
    pub(crate) fn boxed(post: Box<dyn Exchange>, plainer: Plainer) -> Box<dyn Exchange> {
        Box::new(Self { post, sent: None, plainer })
    }
}

impl Exchange for Amended {
    fn next(&mut self, response: Option<Response>, now: Timestamp) -> Step {
        if let (Some(response), Some(sent)) = (&response, self.sent.take())
            && let Some(body) = (self.plainer)(&sent.body, response)
        {
            return Step::Send(Request { body, ..sent });
        }
        let is_first = response.is_none();
        let step = self.post.next(response, now);
        if let (Step::Send(request), true) = (&step, is_first) {
            self.sent = Some(request.clone());
        }
        step
    }
}
