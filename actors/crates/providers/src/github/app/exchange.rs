//! An exchange around another one: it gets a token where there is none, and puts it into every request.

use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::{Failure, FailureClass, Masker, Method, Request, Response, Verdict};
use jiff::Timestamp;
use serde::Deserialize;

use super::super::headers::headers;
use super::{GithubApp, Installation, jwt};
use crate::encoding::segment;
use crate::headers::is_value;
use crate::judgement::{classify, quote, verdict};
use crate::{AccessToken, Exchange, Step};

/// The request that was sent last.
enum Stage {
    /// No request was sent yet.
    Begun,
    /// The App's own name was asked for.
    Name,
    /// The organisation's installation was asked for.
    Organisation,
    /// The user's installation was asked for.
    User,
    /// A token was asked for.
    Token,
    /// A request of the inner exchange.
    Inner,
}

/// The exchange that [`GithubApp::authorize`] begins.
pub(super) struct AppExchange {
    app: Arc<GithubApp>,
    inner: Box<dyn Exchange>,
    /// Whether the App's own name must be known.
    named: bool,
    stage: Stage,
    /// The inner exchange's last request, without a token.
    request: Option<Request>,
    token: Option<AccessToken>,
    /// Whether the token was asked for by this exchange.
    fresh: bool,
    jwt: String,
}

#[derive(Deserialize)]
struct NameAnswer {
    slug: String,
}

#[derive(Deserialize)]
struct InstallationAnswer {
    id: u64,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: String,
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

impl AppExchange {
    pub(super) fn new(app: Arc<GithubApp>, inner: Box<dyn Exchange>, named: bool) -> Self {
        let (request, token, jwt) = (None, None, String::new());
        Self { app, inner, named, stage: Stage::Begun, request, token, fresh: false, jwt }
    }

    /// Goes on with what the inner exchange wants.
    fn go_on(&mut self, response: Option<Response>, now: Timestamp) -> Step {
        match self.inner.next(response, now) {
            Step::Done(verdict) => Step::Done(self.masked(verdict)),
            // GitHub is not on NATS: what is published does not need its token.
            publish @ Step::Publish(_) => publish,
            Step::Send(request) => {
                self.request = Some(request);
                if self.named && self.app.slug.get().is_none() {
                    self.ask_name(now)
                } else {
                    self.proceed(now)
                }
            }
        }
    }

    /// Sends the inner exchange's request, if need be with a new token.
    fn proceed(&mut self, now: Timestamp) -> Step {
        self.token = self.token.take().or_else(|| self.app.token.usable(&(), now));
        if self.token.is_some() { self.send() } else { self.log_in(now) }
    }

    /// Sends the inner exchange's request with the token.
    fn send(&mut self) -> Step {
        let (Some(request), Some(token)) = (&self.request, &self.token) else {
            return garbled("the exchange and its answers are out of step; start a new one");
        };
        self.stage = Stage::Inner;
        Step::Send(with_bearer(request.clone(), &token.value))
    }

    /// Renews the App's own token; says whether that was possible.
    fn sign(&mut self, now: Timestamp) -> bool {
        let jwt = jwt::sign(&self.app.key, &self.app.issuer, now);
        let is_signed = jwt.is_some();
        self.jwt = jwt.unwrap_or_default();
        is_signed
    }

    fn ask_name(&mut self, now: Timestamp) -> Step {
        if !self.sign(now) {
            return garbled(NOT_SIGNED);
        }
        self.stage = Stage::Name;
        self.ask(Method::Get, "app")
    }

    fn named(&mut self, response: &Response, now: Timestamp) -> Step {
        if classify(response).is_some() {
            return self.refused("could not get the name of the github app", response, now);
        }
        match serde_json::from_slice(&response.body) {
            Ok(NameAnswer { slug }) if !slug.is_empty() => {
                // Another exchange may have been first, with the same answer.
                self.app.slug.get_or_init(|| slug);
                self.proceed(now)
            }
            _ => garbled("could not get the name of the github app: the answer has no 'slug'"),
        }
    }

    fn log_in(&mut self, now: Timestamp) -> Step {
        if !self.sign(now) {
            return garbled(NOT_SIGNED);
        }
        match &self.app.installation {
            Installation::Number(id) => self.ask_token(*id),
            Installation::Owner(owner) => {
                self.stage = Stage::Organisation;
                let path = format!("orgs/{}/installation", segment(owner));
                self.ask(Method::Get, &path)
            }
        }
    }

    fn ask_user(&mut self, owner: &str) -> Step {
        self.stage = Stage::User;
        self.ask(Method::Get, &format!("users/{}/installation", segment(owner)))
    }

    fn ask_token(&mut self, installation: u64) -> Step {
        self.stage = Stage::Token;
        self.ask(Method::Post, &format!("app/installations/{installation}/access_tokens"))
    }

    fn ask(&self, method: Method, path: &str) -> Step {
        let url = format!("{}/{path}", self.app.base);
        let request = Request { method, url, headers: headers(), body: Bytes::new() };
        Step::Send(with_bearer(request, &self.jwt))
    }

    fn installation(&mut self, response: &Response, now: Timestamp) -> Step {
        if classify(response).is_some() {
            return self.refused("could not find the github app's installation", response, now);
        }
        match serde_json::from_slice(&response.body) {
            Ok(InstallationAnswer { id }) => self.ask_token(id),
            Err(_) => garbled("could not find the github app's installation: the answer has no 'id'"),
        }
    }

    fn obtained(&mut self, response: &Response, now: Timestamp) -> Step {
        if classify(response).is_some() {
            return self.refused("could not get a token for the github app", response, now);
        }
        // The body is not quoted: it may hold the token.
        match serde_json::from_slice(&response.body) {
            Ok(TokenAnswer { token, expires_at }) if !token.is_empty() && is_value(&token) => {
                let token = AccessToken::new(token, expires_at);
                self.app.token.keep((), &token, now);
                self.token = Some(token);
                self.fresh = true;
                self.send()
            }
            _ => garbled("could not get a token for the github app: the answer has no 'token'"),
        }
    }

    /// The verdict on an answer to the App itself. Whatever is refused here, only a human can mend.
    fn refused(&self, doing: &str, response: &Response, now: Timestamp) -> Step {
        let (class, remedy) = match classify(response) {
            Some(FailureClass::Rejected | FailureClass::Gone | FailureClass::Credentials) | None => {
                (FailureClass::Credentials, "check the App's keys in the Secret and that it is installed")
            }
            Some(class) => (class, "GitHub has a problem or wants a pause"),
        };
        let (status, quote) = (response.status, quote(response.quotable(), &self.masker()));
        let failure = Failure::new(class, format!("{doing}: github answered {status}, {remedy}: {quote}"));
        Step::Done(self.masked(verdict(response, now, failure)))
    }

    /// An answer to a request of the inner exchange.
    fn answered(&mut self, response: Response, now: Timestamp) -> Step {
        if response.status == 401
            && let Some(token) = &self.token
        {
            self.app.token.forget(&(), &token.value);
            if !self.fresh {
                self.token = None;
                return self.log_in(now);
            }
        }
        self.go_on(Some(response), now)
    }

    /// Blots the tokens out of what quotes a host.
    fn masked(&self, verdict: Verdict) -> Verdict {
        let mask = |failure: Failure| Failure::masked(failure.class, &failure.message, &self.masker());
        match verdict {
            Verdict::Failed(failure) => Verdict::Failed(mask(failure)),
            Verdict::RetryAfter(pause, failure) => Verdict::RetryAfter(pause, mask(failure)),
            Verdict::Delivered | Verdict::Skipped => verdict,
        }
    }

    fn masker(&self) -> Masker {
        let token = self.token.as_ref().map_or("", |token| &token.value);
        self.app.masker.with([token, &self.jwt])
    }
}

impl Exchange for AppExchange {
    fn next(&mut self, response: Option<Response>, now: Timestamp) -> Step {
        match (&self.stage, response) {
            (Stage::Begun, None) => self.go_on(None, now),
            (Stage::Inner, Some(response)) => self.answered(response, now),
            (Stage::Name, Some(response)) => self.named(&response, now),
            (Stage::Token, Some(response)) => self.obtained(&response, now),
            (Stage::User, Some(response)) => self.installation(&response, now),
            (Stage::Organisation, Some(response)) => match &self.app.clone().installation {
                // An owner that is no organisation may be a user.
                Installation::Owner(owner) if response.status == 404 => self.ask_user(owner),
                _ => self.installation(&response, now),
            },
            _ => garbled("the exchange and its answers are out of step; start a new one"),
        }
    }
}

const NOT_SIGNED: &str = "sign the github app's token: the system gave no random numbers";

fn with_bearer(mut request: Request, token: &str) -> Request {
    request.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
    request
}

fn garbled(text: &str) -> Step {
    Step::Done(Verdict::Failed(Failure::new(FailureClass::Garbled, text)))
}
