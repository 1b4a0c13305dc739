//! `sentry`: errors as Sentry events, everything else as transactions (contract, providers 23.10).
//!
//! What is sent is the contract's, in an envelope. Its FIXes are taken: the answer counts, and severities beside `error`
//! and `info` are sent as transactions too. Ids are derived from the delivery, so that a repeated delivery is recognised
//! by Sentry. Sentry shows plain text; what passes its limits is cut here, since Sentry would drop a long tag.

mod dsn;
mod envelope;
mod ids;
mod payload;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use campanile_domain::{Failure, FailureClass, Masker, Method, Notification, Request, Response, Verdict};
use jiff::Timestamp;

use crate::exchange::{Judge, Post};
use crate::judgement::with_pause;
use crate::quota::sentry_pause;
use crate::refusal::{Refusal, judge_with};
use crate::sample::{BodyForm, KeyPlace, KeyScope, Limit, Markup, Measure, RepeatKey, Sample};
use crate::webhook::json_body;
use crate::{ConfigError, Environment, Exchange, Provider, Settings, Step};
use dsn::Dsn;
use envelope::Item;
use ids::Ids;

/// Name and version of this client, as Sentry asks for them.
const CLIENT: &str = concat!("campanile/", env!("CARGO_PKG_VERSION"));

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let dsn = Dsn::parse(&settings.address)?;
    let environment = environment_of(&settings.channel, &settings.environment);
    let masker = settings.masker.clone();
    Ok(Box::new(Sentry { dsn: Arc::new(dsn), environment, masker }))
}

fn environment_of(channel: &str, variables: &Environment) -> Option<String> {
    if channel.is_empty() { variables.sentry_environment.clone() } else { Some(channel.to_owned()) }
}

struct Sentry {
    dsn: Arc<Dsn>,
    environment: Option<String>,
    masker: Arc<Masker>,
}

impl Provider for Sentry {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let ids = Ids::of(notification);
        let environment = self.environment.as_deref();
        let (kind, payload, judge): (_, _, Judge) = if notification.is_error() {
            ("event", json_body(&payload::event(notification, &ids, environment))?, judge_event)
        } else {
            (
                "transaction",
                json_body(&payload::transaction(notification, &ids, environment))?,
                judge_transaction,
            )
        };
        Ok(Box::new(Sending {
            dsn: self.dsn.clone(),
            item: Item { event_id: ids.event, kind, payload },
            judge,
            masker: self.masker.clone(),
            post: None,
        }))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

/// Posts an envelope that tells the time at which it is sent: Sentry corrects the times in it by that of its arrival.
struct Sending {
    dsn: Arc<Dsn>,
    item: Item,
    judge: Judge,
    masker: Arc<Masker>,
    post: Option<Post>,
}

impl Exchange for Sending {
    fn next(&mut self, response: Option<Response>, now: Timestamp) -> Step {
        let (dsn, item, judge, masker) = (&self.dsn, &self.item, self.judge, &self.masker);
        let post = self.post.get_or_insert_with(|| Post::new(request(dsn, item, now), judge, masker.clone()));
        post.next(response, now)
    }
}

fn request(dsn: &Dsn, item: &Item, now: Timestamp) -> Request {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Request {
        method: Method::Post,
        url: dsn.envelope_url.clone(),
        headers: vec![
            header("Content-Type", "application/x-sentry-envelope"),
            header("X-Sentry-Auth", &dsn.authorization),
            header("User-Agent", CLIENT),
        ],
        body: item.envelope(&dsn.text, now),
    }
}

const RELAY: &str = "not found in the documentation; [what the server says](https://github.com/getsentry/relay/tree/master/relay-server/src)";

/// What is about the DSN and not about the event.
const REFUSALS: &[Refusal] = &[
    Refusal::means(
        FailureClass::Credentials,
        "the DSN's key is none of Sentry's; copy the DSN of the project again",
        RELAY,
    )
    .says(&["bad sentry dsn public key", "missing authorization information"]),
    Refusal::means(
        FailureClass::Gone,
        "the DSN's key and project do not belong together, or the project is not there; copy the DSN of the project again",
        RELAY,
    )
    .on(403)
    .says(&["with_reason: ProjectId"]),
    Refusal::means(
        FailureClass::Gone,
        "the project takes no events now; look after its state at Sentry, or copy the DSN of another project",
        RELAY,
    )
    .on(403)
    .says(&["with_reason: ProjectState"]),
];

/// As everywhere, for an event: its rate limit is that of the category `error`.
fn judge_event(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    judge("error", response, now, masker)
}

/// As everywhere, for a transaction.
fn judge_transaction(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    judge("transaction", response, now, masker)
}

/// What `X-Sentry-Rate-Limits` says comes before `Retry-After` (Sentry, "Rate limiting").
fn judge(category: &str, response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    with_pause(judge_with(REFUSALS, response, now, masker), sentry_pause(response, category))
}

const SIZES: &str =
    "[Data Handling, Variable Size](https://develop.sentry.dev/sdk/data-handling/#variable-size)";
const ENVELOPES: &str = "[Envelopes, Size Limits](https://develop.sentry.dev/sdk/envelopes/#size-limits)";

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    address: "{scheme}://public:{secret}@{host}/base/42",
    url: "{scheme}://{host}/base/api/42/envelope/",
    refusals: REFUSALS,
    may_be_empty: &["/message", "/server_name", "/tags", "/spans", "/contexts/metadata"],
    body: BodyForm::Lines(3),
    key: Some(RepeatKey { place: KeyPlace::Body("/event_id"), scope: KeyScope::Delivery }),
    ..Sample::webhook(
        Markup::Plain,
        &[
            Limit::text("message", "/message", 8_192, SIZES),
            Limit::of("context", Measure::Json("/contexts/metadata"), 8_192, "bytes", SIZES),
            Limit::of("pairs of the context", Measure::Items("/contexts/metadata"), 50, "", SIZES),
            Limit::body("event", 1_000_000, ENVELOPES),
        ],
    )
};
