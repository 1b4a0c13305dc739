//! Values for this crate's tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{
    Delivery, DeliveryId, Event, Failure, FailureClass, NewDelivery, Notification, ObjectKey, ProviderSpec,
    Request, Response, Secret, Severity, Verdict,
};
use campanile_testkit::{event, new_delivery, noon, provider};

use crate::{BuiltProvider, CommitStatus, ConfigError, Exchange, Provider, Settings, Step, build, resolve};

/// Secrets of namespace `apps` by name.
#[derive(Default)]
pub(crate) struct Secrets(BTreeMap<ObjectKey, Arc<Secret>>);

impl Secrets {
    pub(crate) fn with(self, name: &str, data: &[(&str, &[u8])]) -> Self {
        self.with_type(name, "Opaque", data)
    }

    pub(crate) fn with_type(mut self, name: &str, type_name: &str, data: &[(&str, &[u8])]) -> Self {
        let type_name = type_name.to_owned();
        let key = ObjectKey::new("apps", name);
        let data = data.iter().map(|(key, value)| ((*key).to_owned(), value.to_vec())).collect();
        self.0.insert(key.clone(), Arc::new(Secret { key, type_name, data }));
        self
    }

    pub(crate) fn resolve(&self, spec: &ProviderSpec) -> Result<Settings, ConfigError> {
        resolve(spec, &|key| self.0.get(key).cloned().ok_or_else(|| "not found".to_owned()))
    }

    pub(crate) fn build(&self, spec: &ProviderSpec) -> Result<BuiltProvider, ConfigError> {
        build(spec, self.resolve(spec)?)
    }
}

/// A Provider of type `kind` whose credentials are in Secret `apps/credentials`.
pub(crate) fn spec(kind: &str) -> ProviderSpec {
    ProviderSpec { type_name: kind.into(), secret_ref: Some("credentials".into()), ..provider() }
}

/// Secrets with `data` as the credentials of [`spec`].
pub(crate) fn credentials(data: &[(&str, &[u8])]) -> Secrets {
    Secrets::default().with("credentials", data)
}

/// Exchanges of a delivery as the driver begins them: with its notification.
impl dyn Provider + '_ {
    pub(crate) fn begin(&self, delivery: &Delivery) -> Result<Box<dyn Exchange>, Failure> {
        self.exchange(&Notification::of(delivery))
    }

    pub(crate) fn begin_to_write(&self, delivery: &Delivery) -> Result<Box<dyn Exchange>, Failure> {
        self.write(&Notification::of(delivery))
    }

    pub(crate) fn status_of(&self, delivery: &Delivery) -> Result<Option<CommitStatus>, Failure> {
        self.commit_status(&Notification::of(delivery))
    }
}

/// An answer of a destination.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Response { status, headers, body: body.to_owned().into(), is_quotable: true }
}

/// A delivery of `event` with `metadata`.
pub(crate) fn delivery(event: Event, metadata: &[(&str, &str)]) -> Delivery {
    let metadata = metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Delivery {
        id: DeliveryId::numbered(1),
        event: Arc::new(event),
        plan: NewDelivery { metadata, ..new_delivery() },
        accepted_at: noon(),
        attempts: 0,
    }
}

/// The contract's example metadata.
const METADATA: &[(&str, &str)] = &[
    ("cluster", "prod-eu"),
    ("revision", "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738"),
    ("summary", "podinfo impacted"),
];

/// A message of everything that one destination or another reads as markup, and a link.
pub(crate) const SPECIAL: &str = "*bold* _it_ [a](http://x.example/?q=1&r=2) `code` ~s~ <b>html</b> & \"double\" \\back\\ \
                                  100% {{ x }} #1 | a+b=c!\n- item\n> quote\n\ttab\u{1} grüße 🚀";

/// An error with [`SPECIAL`] as its message, and a metadata entry of the same kind that came with it.
pub(crate) fn special() -> Delivery {
    const VALUE: &str = "a:b, *c* <d> & [e](f)";
    let metadata = [("event.toolkit.fluxcd.io/odd".to_owned(), VALUE.to_owned())].into();
    let event = Event { message: SPECIAL.into(), metadata, severity: Severity::Error, ..event() };
    delivery(event, &[("odd", VALUE)])
}

/// An error with a message of `length` characters in words of ten bytes.
pub(crate) fn long(length: usize) -> Delivery {
    let message = "ÄÖ-words; ".chars().cycle().take(length).collect();
    delivery(Event { message, severity: Severity::Error, ..event() }, METADATA)
}

/// The body of the first request for `delivery`, as JSON.
pub(crate) fn json(endpoint: &BuiltProvider, delivery: &Delivery) -> serde_json::Value {
    serde_json::from_slice(&request(endpoint, delivery).body).unwrap()
}

/// What `endpoint` makes of `answer` to its only request for an info event.
pub(crate) fn verdict(endpoint: &BuiltProvider, answer: Response) -> Verdict {
    verdict_of(endpoint, &info(), answer)
}

/// What `endpoint` makes of `answer` to its only request for `delivery`.
pub(crate) fn verdict_of(endpoint: &BuiltProvider, delivery: &Delivery, answer: Response) -> Verdict {
    let mut exchange = endpoint.provider.begin(delivery).unwrap();
    assert!(matches!(exchange.next(None, noon()), Step::Send(_)), "it sends first");
    match exchange.next(Some(answer), noon()) {
        Step::Done(verdict) => verdict,
        other => panic!("it goes on: {other:?}"),
    }
}

/// The pause and the class of the failure in `verdict`.
pub(crate) fn failed(verdict: Verdict) -> (Option<Duration>, FailureClass) {
    match verdict {
        Verdict::RetryAfter(pause, failure) => (Some(pause), failure.class),
        Verdict::Failed(failure) => (None, failure.class),
        other => panic!("no failure: {other:?}"),
    }
}

/// The contract's example I.
pub(crate) fn info() -> Delivery {
    let event = Event {
        timestamp: "2026-08-07T10:15:30Z".parse().ok(),
        reporting_instance: "kustomize-controller-7c7b47f5f-8bhrp".into(),
        ..event()
    };
    delivery(event, METADATA)
}

/// The contract's example E.
pub(crate) fn error() -> Delivery {
    let event = Event {
        severity: Severity::Error,
        message: "Deployment/apps/podinfo: timeout <30s>\nsee logs".into(),
        reason: "HealthCheckFailed".into(),
        ..Event::clone(&info().event)
    };
    delivery(event, METADATA)
}

/// The first request for `delivery`.
pub(crate) fn request(endpoint: &BuiltProvider, delivery: &Delivery) -> Request {
    match endpoint.provider.begin(delivery).unwrap().next(None, noon()) {
        Step::Send(request) => request,
        other => panic!("nothing was sent: {other:?}"),
    }
}

/// What [`request`] would send or publish.
pub(crate) fn body(endpoint: &BuiltProvider, delivery: &Delivery) -> bytes::Bytes {
    match endpoint.provider.begin(delivery).unwrap().next(None, noon()) {
        Step::Send(request) => request.body,
        Step::Publish(publication) => publication.payload,
        Step::Done(verdict) => panic!("nothing was sent: {verdict:?}"),
    }
}

/// The value of the last header called `name`, which is the one that counts.
pub(crate) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let same = |found: &&(String, String)| found.0.eq_ignore_ascii_case(name);
    request.headers.iter().rev().find(same).map(|(_, value)| value.as_str())
}
