//! `opsgenie`: an alert of Opsgenie (contract, providers 23.15).
//!
//! The payload is the contract's within Opsgenie's limits. The alias tells alerts apart, so a repeated delivery only counts
//! one up. Message and description may hold HTML there, so HTML in foreign text is escaped.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use campanile_domain::{Failure, FailureClass, Masker, Notification, ObjectRef, Response, Verdict};
use jiff::Timestamp;
use serde::Serialize;

use crate::authorization::{self, token};
use crate::encoding::hash::sha256;
use crate::judgement::with_pause;
use crate::refusal::{Refusal, SEEN, judge_with};
use crate::render::markup::{html, plain};
use crate::render::{MessageLimits, Style, characters};
use crate::sample::{KeyPlace, KeyScope, Limit, Markup, Measure, RepeatKey, Sample};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// The limits of an alert's fields, in characters (Alert API, "Create Alert",
/// <https://docs.opsgenie.com/docs/alert-api#create-alert>).
const MESSAGE: usize = 130;
const DESCRIPTION: usize = 15_000;
const DETAILS: usize = 8_000;

/// The longest severity that is told.
const SEVERITY: usize = 100;

const IN_DETAILS: MessageLimits = MessageLimits {
    total: DETAILS - SEVERITY - "severity".len(),
    text: 0,
    share: 0,
    count: 200,
    key: 200,
    value: 4_000,
    // Opsgenie does not say whether it counts what stands between keys and values in JSON.
    overhead: "\"\":\"\",".len(),
};

const STYLE: Style = Style { escape: html, width: characters };
const PLAIN: Style = Style { escape: plain, width: characters };

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("Opsgenie hook URL")?;
    let key = token(settings, "empty Opsgenie apikey/token")?;
    Ok(Box::new(Opsgenie {
        authorization: format!("GenieKey {key}"),
        target: WebhookTarget { url, judge, masker: settings.masker.clone() },
        provider_uid: settings.provider_uid.clone(),
    }))
}

struct Opsgenie {
    target: WebhookTarget,
    authorization: String,
    provider_uid: String,
}

#[derive(Serialize)]
struct Alert<'a> {
    message: String,
    alias: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: Cow<'a, str>,
    details: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

impl Provider for Opsgenie {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let mut headers = json_headers(1);
        headers.push(authorization::header(self.authorization.clone()));
        Ok(self.target.post(headers, json_body(&self.alert(notification))?))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

impl Opsgenie {
    fn alert<'a>(&self, notification: &'a Notification<'_>) -> Alert<'a> {
        let (object, reason) = (notification.object().path(), notification.reason());
        let alias = format!("{}/{object}/{reason}", self.provider_uid);
        let entries = PLAIN.entries(notification.facts(), &IN_DETAILS);
        let mut details: BTreeMap<_, _> = entries.into_iter().collect();
        details.insert(Cow::Borrowed("severity"), PLAIN.fit(notification.severity().as_str(), SEVERITY));
        Alert {
            message: STYLE.fit_owned(notification.title_as(kind_and_name), MESSAGE),
            alias: sha256(alias.as_bytes()),
            description: STYLE.fit(notification.text(), DESCRIPTION),
            details,
        }
    }
}

fn kind_and_name(object: &ObjectRef) -> String {
    format!("{}/{}", object.kind, object.name)
}

const RESPONSE: &str = "[REST API, Response Codes](https://docs.opsgenie.com/docs/response)";

/// What is about the key or the account, and not about the alert.
const REFUSALS: &[Refusal] = &[
    Refusal::means(
        FailureClass::Credentials,
        "this is no API key; put the key of an API integration into key 'token' of the Secret",
        SEEN,
    )
    .on(422)
    .says(&["key format is not valid"]),
    Refusal::means(
        FailureClass::Credentials,
        "the API key is not valid, or its integration is switched off; renew key 'token' of the Secret",
        RESPONSE,
    )
    .on(401),
    Refusal::means(
        FailureClass::Credentials,
        "the account's plan does not allow this; change the plan",
        RESPONSE,
    )
    .on(402),
    Refusal::means(
        FailureClass::Credentials,
        "the API key may not create alerts; put the key of an API integration into key 'token' of the Secret",
        RESPONSE,
    )
    .on(403)
    .at("/code", &["40301", "40302"]),
];

/// As everywhere, but what is said of the key counts, and the pause of a rate limit is its period, unless the answer says more (API rate limiting).
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    with_pause(judge_with(REFUSALS, response, now, masker), period(response))
}

fn period(response: &Response) -> Option<Duration> {
    if response.header("retry-after").is_some() {
        return None;
    }
    let seconds = response.header("x-ratelimit-period-in-sec")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

const CREATE_ALERT: &str = "[Alert API, Create Alert](https://docs.opsgenie.com/docs/alert-api#create-alert)";

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    plain_places: &["/details"],
    refusals: REFUSALS,
    may_be_empty: &["/details"],
    key: Some(RepeatKey { place: KeyPlace::Body("/alias"), scope: KeyScope::Object }),
    ..Sample::webhook(
        Markup::Forbids(&["<a href"]),
        &[
            Limit::text("message", "/message", 130, CREATE_ALERT),
            Limit::text("description", "/description", 15_000, CREATE_ALERT),
            Limit::of("details", Measure::Pairs("/details"), 8_000, "characters", CREATE_ALERT),
        ],
    )
};
