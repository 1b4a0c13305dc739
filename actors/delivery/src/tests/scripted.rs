//! A destination that does as it is told, with the tokens and the NATS server that belong to it.

use std::collections::VecDeque;
use std::future::ready;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_domain::{
    Connection, Failure, FailureClass, Method, ObjectKey, Publication, Request, Response,
};
use campanile_providers::{AccessToken, BuiltProvider, Identity};
use campanile_transport::BodyUse;

use crate::{
    Carrier, CheckConnection, Clients, Obtained, Obtaining, ProviderClient, Publishing, Sending, TokenSource,
};

#[derive(Clone, Debug)]
pub(super) enum Answer {
    Status(u16),
    RetryAfter(u64),
    Says(u16, &'static str),
    With(u16, &'static [(&'static str, &'static str)], &'static str),
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    status: u16,
    read_status: Option<u16>,
    delay: Duration,
    failure: Option<Failure>,
    panic_on: Option<String>,
    /// The number of a message that is answered with 500 whatever happens.
    failing: Option<usize>,
    hang_on: Option<String>,
    bodies: Vec<usize>,
    sizes: Vec<usize>,
    calls: Vec<Method>,
    times: Vec<tokio::time::Instant>,
    /// Subjects of NATS on which something was published.
    published: Vec<String>,
    /// The `Authorization` of each request that has one.
    authorizations: Vec<String>,
    /// How many tokens were given.
    tokens: usize,
    forgotten: bool,
}

/// A destination that does as it is told and remembers the number in each message it was sent.
#[derive(Clone)]
pub(super) struct ScriptedCarrier {
    script: Arc<Mutex<Script>>,
    at_once: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    hanging: Arc<AtomicUsize>,
    release: Arc<tokio::sync::Notify>,
}

impl ScriptedCarrier {
    pub(super) fn new() -> Self {
        let script = Script { status: 200, ..Script::default() };
        Self {
            script: Arc::new(Mutex::new(script)),
            at_once: Arc::default(),
            most: Arc::default(),
            hanging: Arc::default(),
            release: Arc::default(),
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.script.lock().unwrap())
    }

    pub(super) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.with(|script| script.answers.extend(answers));
    }

    /// Forgets what was to be answered, and takes these answers.
    pub(super) fn script_anew(&self, answers: impl IntoIterator<Item = Answer>) {
        self.with(|script| script.answers = answers.into_iter().collect());
    }

    /// The bytes of the bodies of all requests.
    pub(super) fn sizes(&self) -> Vec<usize> {
        self.with(|script| script.sizes.clone())
    }

    pub(super) fn status(&self, status: u16) {
        self.with(|script| script.status = status);
    }

    /// Reads are answered with this status instead.
    pub(super) fn read_status(&self, status: u16) {
        self.with(|script| script.read_status = Some(status));
    }

    pub(super) fn answer_after(&self, delay: Duration) {
        self.with(|script| script.delay = delay);
    }

    pub(super) fn fail(&self, failure: Failure) {
        self.with(|script| script.failure = Some(failure));
    }

    pub(super) fn panic_on(&self, text: &str) {
        self.with(|script| script.panic_on = Some(text.to_owned()));
    }

    /// The message of that number is answered with 500 whatever happens.
    pub(super) fn fail_message(&self, number: usize) {
        self.with(|script| script.failing = Some(number));
    }

    pub(super) fn hang_on(&self, path: &str) {
        self.with(|script| script.hang_on = Some(path.to_owned()));
    }

    pub(super) fn let_go(&self) {
        self.with(|script| script.hang_on = None);
        self.release.notify_waiters();
    }

    pub(super) fn hanging(&self) -> usize {
        self.hanging.load(Relaxed)
    }

    pub(super) fn bodies(&self) -> Vec<usize> {
        self.with(|script| script.bodies.clone())
    }

    /// How many requests read and how many wrote.
    pub(super) fn reads_and_writes(&self) -> (usize, usize) {
        let calls = self.with(|script| script.calls.clone());
        let reads = calls.iter().filter(|method| **method == Method::Get).count();
        (reads, calls.len() - reads)
    }

    /// The subjects of NATS on which something was published.
    pub(super) fn published(&self) -> Vec<String> {
        self.with(|script| script.published.clone())
    }

    /// The `Authorization` of each request that had one.
    pub(super) fn authorizations(&self) -> Vec<String> {
        self.with(|script| script.authorizations.clone())
    }

    /// When requests came, in their order.
    pub(super) fn times(&self) -> Vec<tokio::time::Instant> {
        self.with(|script| script.times.clone())
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.most.load(Relaxed)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Failure> {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let hangs =
            self.with(|script| script.hang_on.as_ref().is_some_and(|path| request.url.ends_with(path)));
        if hangs {
            self.hanging.fetch_add(1, Relaxed);
            self.release.notified().await;
            return Err(Failure::new(FailureClass::Timeout, "let go"));
        }
        if self.with(|script| script.panic_on.as_ref().is_some_and(|poison| text.contains(poison))) {
            panic!("told to");
        }
        self.most.fetch_max(self.at_once.fetch_add(1, Relaxed) + 1, Relaxed);
        let (answer, failure, delay) = self.with(|script| {
            script.bodies.extend(number(&text));
            script.sizes.push(text.len());
            script.calls.push(request.method);
            let authorization = request.headers.iter().find(|(name, _)| name == "Authorization");
            script.authorizations.extend(authorization.map(|(_, value)| value.clone()));
            script.times.push(tokio::time::Instant::now());
            let usual = script.read_status.filter(|_| request.method == Method::Get).unwrap_or(script.status);
            let fails = script.failing.is_some() && script.failing == number(&text);
            let usual = if fails { 500 } else { usual };
            let answer = script.answers.pop_front().unwrap_or(Answer::Status(usual));
            (answer, script.failure.clone(), script.delay)
        });
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.at_once.fetch_sub(1, Relaxed);
        if let Some(failure) = failure {
            return Err(failure);
        }
        let (status, headers, body) = match answer {
            Answer::Status(status) if request.method == Method::Get => (status, Vec::new(), "[]"),
            Answer::Status(status) => (status, Vec::new(), "{}"),
            Answer::RetryAfter(secs) => (429, vec![("retry-after".to_owned(), secs.to_string())], "{}"),
            Answer::Says(status, body) => (status, Vec::new(), body),
            Answer::With(status, headers, body) => {
                let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
                (status, headers.iter().map(text).collect(), body)
            }
        };
        Ok(Response { status, headers, body: body.into(), is_quotable: true })
    }
}

/// The number in a message; a commit status has none.
fn number(body: &str) -> Option<usize> {
    let digits = body.split("message ").nth(1)?;
    digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

impl Carrier for ScriptedCarrier {
    fn send<'a>(&'a self, request: &'a Request, _: BodyUse) -> Sending<'a> {
        Box::pin(self.answer(request))
    }

    fn publish<'a>(&'a self, publication: &'a Publication) -> Publishing<'a> {
        self.with(|script| script.published.push(publication.subject.to_string()));
        Box::pin(ready(Ok(())))
    }
}

/// Gives `token-1`, `token-2`, …: a new one whenever the last is forgotten.
impl TokenSource for ScriptedCarrier {
    fn token<'a>(&'a self, _: &'a Identity) -> Obtaining<'a> {
        let (number, is_new) = self.with(|script| {
            let is_new = std::mem::take(&mut script.forgotten) || script.tokens == 0;
            script.tokens += usize::from(is_new);
            (script.tokens, is_new)
        });
        let token = AccessToken::new(format!("secret-token-{number}"), None);
        Box::pin(ready(Ok(Obtained { token, is_new })))
    }

    fn forget(&self, _: &Identity, _: &AccessToken) {
        self.with(|script| script.forgotten = true);
    }
}

impl CheckConnection for ScriptedCarrier {
    fn check(&self, _: &Connection) -> Result<(), Failure> {
        Ok(())
    }
}

impl Clients for ScriptedCarrier {
    fn client(&self, _: &ObjectKey, _: &BuiltProvider) -> Result<ProviderClient, Failure> {
        Ok(ProviderClient { carrier: Rc::new(self.clone()), tokens: Rc::new(self.clone()) })
    }
}
