//! `opsgenie`: an alert of Opsgenie (contract, providers 23.15).
//!
//! The payload is the contract's within Opsgenie's limits. The alias tells alerts apart, so a repeated delivery only counts
//! one up. Message and description may hold HTML there, so HTML in foreign text is escaped.

mod answer;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use campanile_domain::{Delivery, Failure};
use serde::Serialize;

use crate::authorization::{self, token};
use crate::encoding::hash::sha256;
use crate::render::cut::markup::{html, plain};
use crate::render::cut::{Limits, Style, characters};
use crate::sample::{KeyPlace, KeyScope, Limit, Markup, Measure, RepeatKey, Sample};
use crate::webhook::{Target, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// The limits of an alert's fields, in characters (Alert API, "Create Alert",
/// <https://docs.opsgenie.com/docs/alert-api#create-alert>).
const MESSAGE: usize = 130;
const DESCRIPTION: usize = 15_000;
const DETAILS: usize = 8_000;

/// The longest severity that is told.
const SEVERITY: usize = 100;

const IN_DETAILS: Limits = Limits {
    total: DETAILS - SEVERITY - "severity".len(),
    text: 0,
    share: 0,
    count: 200,
    key: 200,
    value: 4_000,
    // Opsgenie does not say whether it counts what stands between keys and values in JSON.
    overhead: "\"\":\"\",".len(),
};

const STYLE: Style = Style { defuse: html, width: characters };
const PLAIN: Style = Style { defuse: plain, width: characters };

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("Opsgenie hook URL")?;
    let key = token(settings, "empty Opsgenie apikey/token")?;
    Ok(Box::new(Opsgenie {
        authorization: format!("GenieKey {key}"),
        target: Target { url, judge: answer::judge, masker: settings.masker.clone() },
        provider_uid: settings.provider_uid.clone(),
    }))
}

struct Opsgenie {
    target: Target,
    authorization: String,
    provider_uid: String,
}

#[derive(Serialize)]
struct Alert<'a> {
    message: String,
    alias: String,
    description: Cow<'a, str>,
    details: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

impl Provider for Opsgenie {
    fn exchange(&self, delivery: &Delivery) -> Result<Box<dyn Exchange>, Failure> {
        let mut headers = json_headers(1);
        headers.push(authorization::header(self.authorization.clone()));
        Ok(self.target.post(headers, json_body(&self.alert(delivery))?))
    }
}

impl Opsgenie {
    fn alert<'a>(&self, delivery: &'a Delivery) -> Alert<'a> {
        let event = &*delivery.event;
        let object = &event.involved_object;
        let alias = format!("{}/{}/{}", self.provider_uid, object.path(), event.reason);
        let entries = PLAIN.entries(delivery.plan.metadata.iter(), &IN_DETAILS);
        let mut details: BTreeMap<_, _> = entries.into_iter().collect();
        details.insert(Cow::Borrowed("severity"), PLAIN.fit(event.severity.as_str(), SEVERITY));
        Alert {
            message: STYLE.fit_owned(format!("{}/{}", object.kind, object.name), MESSAGE),
            alias: sha256(alias.as_bytes()),
            description: STYLE.fit(&event.message, DESCRIPTION),
            details,
        }
    }
}

const CREATE_ALERT: &str = "[Alert API, Create Alert](https://docs.opsgenie.com/docs/alert-api#create-alert)";

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    plain_places: &["/details"],
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
