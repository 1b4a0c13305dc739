//! The recording client of a test notification: passes everything on and keeps the destination's last answer.

use std::cell::{Cell, RefCell};

use campanile_domain::{Masker, Publication, Request, Response, Verdict};
use campanile_providers::{AccessToken, Identity};
use campanile_transport::BodyUse;

use super::{DestinationAnswer, Tested};
use crate::{Carrier, Obtaining, ProviderClient, Publishing, Sending, TokenSource};

/// How much of a destination's answer is shown, in bytes.
const QUOTED: usize = 1024;

/// Wraps the client of a Provider for one exchange.
pub(super) struct Recorder {
    client: ProviderClient,
    /// The credentials of requests. A token may have been obtained on the way, so that no masker knows it.
    credentials: RefCell<Vec<String>>,
    last: RefCell<Option<Response>>,
    /// The number of requests and publications sent.
    requests: Cell<usize>,
}

impl Recorder {
    pub(super) fn new(client: ProviderClient) -> Self {
        Self { client, credentials: RefCell::default(), last: RefCell::default(), requests: Cell::default() }
    }

    /// The result of the exchange, everything secret masked.
    pub(super) fn tested(self, verdict: Verdict, masker: &Masker) -> Tested {
        let masker = &masker.with(self.credentials.take());
        let answer = self.last.into_inner().map(|response| DestinationAnswer {
            status: response.status,
            excerpt: excerpt(response.quotable(), masker),
        });
        Tested { verdict, answer, requests: self.requests.get() }
    }

    fn count(&self) {
        self.requests.set(self.requests.get() + 1);
        self.last.take();
    }
}

impl Carrier for Recorder {
    fn send<'a>(&'a self, request: &'a Request, wanted: BodyUse) -> Sending<'a> {
        self.count();
        self.credentials.borrow_mut().extend(request.credentials());
        Box::pin(async move {
            let answer = self.client.carrier.send(request, wanted).await?;
            let mut kept = answer.clone();
            if issues_credentials(&request.url) {
                kept.body.clear();
            }
            self.last.replace(Some(kept));
            Ok(answer)
        })
    }

    fn publish<'a>(&'a self, publication: &'a Publication) -> Publishing<'a> {
        self.count();
        self.client.carrier.publish(publication)
    }
}

impl TokenSource for Recorder {
    fn token<'a>(&'a self, identity: &'a Identity) -> Obtaining<'a> {
        Box::pin(async move {
            let obtained = self.client.tokens.token(identity).await?;
            self.credentials.borrow_mut().push(obtained.token.value.clone());
            Ok(obtained)
        })
    }

    fn forget(&self, identity: &Identity, token: &AccessToken) {
        self.client.tokens.forget(identity, token);
    }
}

/// Whether the answer may hold a fresh token, which no masker knows.
fn issues_credentials(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    ["token", "tokens"].iter().any(|end| path.trim_end_matches('/').ends_with(end))
}

/// The beginning of `body` on one line. Secrets go before white space does and once more afterwards, and before the
/// cut: in halves they would no longer be recognised.
fn excerpt(body: &[u8], masker: &Masker) -> String {
    let text = masker.mask(&String::from_utf8_lossy(body));
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = masker.mask(&words.collect::<Vec<_>>().join(" "));
    if line.len() > QUOTED {
        line.truncate(line.floor_char_boundary(QUOTED));
        line.push('…');
    }
    line
}
