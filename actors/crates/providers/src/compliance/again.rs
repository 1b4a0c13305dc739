//! 8. A delivery that is sent again is the same to the destination: the same request, but for the time of sending; and
//!    where the API takes a key, one that later tries, restarts and other processes compute alike.

use std::time::Duration;

use campanile_domain::{Delivery, Event, ObjectRef, Request, Severity};
use campanile_testkit::{event, noon};

use super::every::{complete, first_written, message, written};
use super::{Case, all};
use crate::sample::{BodyForm, KeyPlace, KeyScope, RepeatKey};
use crate::testing::{delivery, error, header, info};

/// The text by which the destination knows the message in `request` again.
fn key_text(key: RepeatKey, request: &Request) -> String {
    match key.place {
        KeyPlace::Body(pointer) => message(request).pointer(pointer).unwrap().to_string(),
        KeyPlace::Header(name) => header(request, name).unwrap().to_owned(),
        KeyPlace::Url => request.url.clone(),
        KeyPlace::Span => span(request),
    }
}

/// The types whose API takes a key (PagerDuty, Events API v2, `dedup_key`; Opsgenie, Alert API, `alias`; Matrix,
/// Client-Server API, "Transaction identifiers"; Alertmanager, labels; incident.io, alert events, `deduplication_key`;
/// Sentry, "Event payloads", `event_id`; OTLP, `span_id`).
fn keyed() -> impl Iterator<Item = (Case, RepeatKey)> {
    all().filter_map(|case| Some((case, case.sample.key?)))
}

fn span(request: &Request) -> String {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use prost::Message;
    let export = ExportTraceServiceRequest::decode(request.body.as_ref()).unwrap();
    let span = &export.resource_spans[0].scope_spans[0].spans[0];
    format!("{:?} {:?}", span.trace_id, span.span_id)
}

/// A request without what tells when it was sent.
fn timeless(case: Case, request: &Request) -> String {
    let body = match case.sample.body {
        BodyForm::Lines(_) => message(request).to_string(),
        BodyForm::Spans => span(request),
        BodyForm::Json | BodyForm::Form(_) => String::from_utf8_lossy(&request.body).into_owned(),
    };
    format!("{:?} {} {:?} {body}", request.method, request.url, header(request, "content-type"))
}

/// `delivery` as it is tried for the third time.
fn third(delivery: &Delivery) -> Delivery {
    Delivery { attempts: 2, ..delivery.clone() }
}

#[test]
fn m8_a_later_try_is_the_same_request() {
    let later = noon() + Duration::from_secs(3 * 3600);
    for case in all() {
        let kind = case.name;
        for delivery in [error(), info()].map(complete) {
            let first = written(case, &delivery, noon());
            // Another process, hours later.
            let again = written(case, &third(&delivery), later);
            let of = |requests: &[Request]| -> Vec<String> {
                requests.iter().map(|request| timeless(case, request)).collect()
            };
            assert!(!first.is_empty(), "{kind} writes something");
            assert_eq!(of(&first), of(&again), "{kind}");
        }
    }
}

/// An error about an object.
fn about(name: &str, message: &str, at: &str) -> Delivery {
    let involved_object =
        ObjectRef { name: name.into(), uid: format!("uid-of-{name}"), ..event().involved_object };
    let event = Event {
        involved_object,
        message: message.into(),
        severity: Severity::Error,
        timestamp: at.parse().ok(),
        ..event()
    };
    complete(delivery(event, &[]))
}

#[test]
fn m8_keys_tell_apart_what_is_not_the_same() {
    for (case, form) in keyed() {
        let (kind, is_of_delivery) = (case.name, form.scope == KeyScope::Delivery);
        let key = |delivery: &Delivery| key_text(form, &first_written(case, delivery));
        let first = about("web", "it fails", "2026-08-07T10:15:30Z");
        let mut later = about("web", "it still fails", "2026-08-07T11:15:30Z");
        later.id = campanile_domain::DeliveryId::numbered(2);
        let mut other = about("db", "it fails", "2026-08-07T10:15:30Z");
        other.id = campanile_domain::DeliveryId::numbered(3);
        assert_eq!(key(&first), key(&third(&first)), "{kind} knows a repeated delivery");
        assert_eq!(key(&first) != key(&later), is_of_delivery, "{kind}");
        assert_ne!(key(&first), key(&other), "{kind} tells objects apart");
    }
}

#[test]
fn m8_what_ends_an_incident_has_the_key_that_began_it() {
    let incidents = keyed().filter(|(_, key)| key.scope == KeyScope::Incident);
    for (case, key) in incidents {
        let of = |delivery| key_text(key, &first_written(case, &complete(delivery)));
        assert_eq!(of(error()), of(info()), "{}", case.name);
    }
}
