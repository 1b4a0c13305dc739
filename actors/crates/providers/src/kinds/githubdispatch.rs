//! `githubdispatch`: a `repository_dispatch` event, which starts GitHub's workflows (contract, providers 23.26).

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::{
    Failure, FailureClass, Masker, Method, Notification, ObjectRef, Request, Response, Verdict,
};
use jiff::Timestamp;

use crate::commit_status::{About, BodyRule, HostAnswer};
use crate::exchange::Post;
use crate::github::{Api, json};
use crate::render::event_body::known_fitting;
use crate::sample::{Limit, LoginForm, Markup, Measure, Sample};
use crate::text::limited;
use crate::{ConfigError, Exchange, Provider, Settings};

/// Longest name of an event, in characters (REST API, "Create a repository dispatch event", `event_type`,
/// <https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event>).
const LONGEST_TYPE: usize = 100;

/// Longest payload, in bytes: GitHub takes less than 64 KB and ten properties (the same page, `client_payload`). An event has ten
/// fields that are known, so that there is no room for unknown ones.
const LONGEST_PAYLOAD: usize = 64_000;

static ABOUT: About = About { thing: "event", place: "repository" };

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    Ok(Box::new(Dispatch { api: Api::new(settings)?, masker: settings.masker.clone() }))
}

struct Dispatch {
    api: Api,
    masker: Arc<Masker>,
}

impl Provider for Dispatch {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let payload = known_fitting(notification, LONGEST_PAYLOAD)?;
        let body = body(&event_type(notification.object()), &payload)?;
        let request: Request = self.api.request(Method::Post, "dispatches", Some(body));
        Ok(self.api.authorized(Box::new(Post::new(request, judge, self.masker.clone()))))
    }

    fn public_host(&self) -> bool {
        self.api.public_host()
    }
}

/// What workflows choose by. The names of Kubernetes objects can be longer than what GitHub takes.
fn event_type(object: &ObjectRef) -> String {
    let name = format!("{}/{}.{}", object.kind, object.name, object.namespace);
    limited(Cow::Owned(name), LONGEST_TYPE).into_owned()
}

/// The payload stays as it is rendered for all destinations, inside a body without HTML escapes.
fn body(event_type: &str, payload: &[u8]) -> Result<Bytes, Failure> {
    let event_type = json(&event_type)?;
    let parts: [&[u8]; 5] =
        [b"{\"event_type\":", event_type.trim_ascii_end(), b",\"client_payload\":", payload, b"}\n"];
    Ok(parts.concat().into())
}

fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let doing = "could not send github repository dispatch webhook";
    let answer = HostAnswer { doing, about: &ABOUT, response, now, masker };
    match response.status {
        200 | 201 | 203..=299 if BodyRule::JsonOrNothing.allows(response) => Verdict::Delivered,
        200..=299 => answer.garbled(),
        // Unlike a commit, the repository is the same for all deliveries.
        404 | 410 => answer.failed_as(FailureClass::Gone),
        _ => answer.failed(),
    }
}

const DISPATCH: &str = "[Create a repository dispatch event](https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event)";

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    logins: &[LoginForm::Token("{secret}"), LoginForm::App],
    taken: (204, ""),
    ..Sample::repository(
        Markup::Verbatim,
        &[
            Limit::text("name of the event", "/event_type", 100, DISPATCH),
            Limit::of("payload", Measure::Json("/client_payload"), 64_000, "bytes", DISPATCH),
            Limit::of("properties of the payload", Measure::Items("/client_payload"), 10, "", DISPATCH),
        ],
    )
};
