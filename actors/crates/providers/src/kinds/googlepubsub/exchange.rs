//! Getting a token where there is none, and publishing.

use std::sync::Arc;

use campanile_domain::{Failure, FailureClass, Masker, Request, Response, Verdict};
use jiff::Timestamp;

use super::answer::{self, Doing};
use super::{ServiceAccount, Topic};
use crate::{AccessToken, Exchange, Step};

/// The request that was sent last.
enum Stage {
    /// No request was sent yet.
    Begun,
    /// A token was asked for.
    Token,
    /// The message was sent last.
    Published,
}

/// One try to publish one message.
pub(super) struct PublishExchange {
    topic: Arc<Topic>,
    request: Request,
    stage: Stage,
    token: Option<AccessToken>,
    assertion: String,
}

impl PublishExchange {
    pub(super) fn new(topic: Arc<Topic>, request: Request) -> Self {
        Self { topic, request, stage: Stage::Begun, token: None, assertion: String::new() }
    }

    fn begin(&mut self, now: Timestamp) -> Step {
        let topic = self.topic.clone();
        let Some(account) = &topic.account else { return self.publish() };
        self.token = account.token.usable(&(), now);
        if self.token.is_some() { self.publish() } else { self.log_in(account, now) }
    }

    fn log_in(&mut self, account: &ServiceAccount, now: Timestamp) -> Step {
        let Some((request, assertion)) = account.request(now) else {
            return garbled("sign the service account's assertion: the system gave no random numbers");
        };
        self.assertion = assertion;
        self.stage = Stage::Token;
        Step::Send(request)
    }

    fn publish(&mut self) -> Step {
        self.stage = Stage::Published;
        let mut request = self.request.clone();
        if let Some(token) = &self.token {
            request.headers.push(("Authorization".to_owned(), format!("Bearer {}", token.value)));
        }
        Step::Send(request)
    }

    fn obtained(&mut self, response: &Response, now: Timestamp) -> Step {
        let topic = self.topic.clone();
        let Some(account) = &topic.account else { return over() };
        if !matches!(response.status, 200..=299) {
            return Step::Done(answer::failed(&Doing::LogIn, response, now, &self.masker()));
        }
        self.token = account.obtained(&response.body, now);
        match self.token {
            Some(_) => self.publish(),
            // The body is not quoted: it may hold the token.
            None => garbled("failed to get token: the answer of the service account's 'token_uri' has none"),
        }
    }

    fn published(&mut self, response: &Response, now: Timestamp) -> Step {
        let topic = self.topic.clone();
        if response.status == 401
            && let (Some(account), Some(token)) = (&topic.account, &self.token)
        {
            account.token.forget(&(), &token.value);
            // A kept token may have been withdrawn; one that was just given is not asked for again.
            if self.assertion.is_empty() {
                return self.log_in(account, now);
            }
        }
        let doing = Doing::Publish(&topic.name);
        Step::Done(match answer::is_published(response) {
            true => Verdict::Delivered,
            false => answer::failed(&doing, response, now, &self.masker()),
        })
    }

    fn masker(&self) -> Masker {
        let token = self.token.as_ref().map_or("", |token| &token.value);
        self.topic.masker.with([token, &self.assertion])
    }
}

impl Exchange for PublishExchange {
    fn next(&mut self, response: Option<Response>, now: Timestamp) -> Step {
        match (&self.stage, response) {
            (Stage::Begun, None) => self.begin(now),
            (Stage::Token, Some(response)) => self.obtained(&response, now),
            (Stage::Published, Some(response)) => self.published(&response, now),
            _ => over(),
        }
    }
}

fn over() -> Step {
    garbled("the exchange and its answers are out of step; start a new one")
}

fn garbled(text: &str) -> Step {
    Step::Done(Verdict::Failed(Failure::new(FailureClass::Garbled, text)))
}
