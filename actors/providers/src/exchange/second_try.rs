//! Something else to post where the destination does not take the first thing: a shorter message, or a plainer one.

use campanile_domain::Response;
use jiff::Timestamp;

use crate::{Exchange, Step};

/// Whether an answer says that the second message is to be tried.
pub(crate) type IsFor = fn(&Response) -> bool;

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
