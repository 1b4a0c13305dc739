//! 8. A delivery that is sent again is the same to the destination: the same request, but for the time of sending; and
//!    where the API takes a key, one that later tries, restarts and other processes compute alike.

use std::time::Duration;

use campanile_domain::{Delivery, Event, ObjectRef, Request, Severity};
use campanile_testkit::{event, noon};

use super::every::{complete, endpoint, first_written, json, line, types, written};
use crate::testing::{delivery, error, header, info};

/// The text by which a destination knows a message again, and what it stands for.
struct Key {
    kind: &'static str,
    of: fn(&Request) -> String,
    /// Whether two events about one object share it: an incident is one, however often it is told.
    is_of_object: bool,
}

/// The types whose API takes a key (PagerDuty, Events API v2, `dedup_key`; Opsgenie, Alert API, `alias`; Matrix,
/// Client-Server API, "Transaction identifiers"; Alertmanager, labels; incident.io, alert events, `deduplication_key`;
/// Sentry, "Event payloads", `event_id`; OTLP, `span_id`).
const KEYS: &[Key] = &[
    Key { kind: "pagerduty", of: |request| text(request, "/dedup_key"), is_of_object: true },
    Key { kind: "opsgenie", of: |request| text(request, "/alias"), is_of_object: true },
    Key { kind: "incident.io", of: |request| text(request, "/deduplication_key"), is_of_object: true },
    Key { kind: "alertmanager", of: |request| text(request, "/0/labels"), is_of_object: true },
    Key { kind: "matrix", of: |request| request.url.clone(), is_of_object: false },
    Key { kind: "sentry", of: |request| line(request, 0)["event_id"].to_string(), is_of_object: false },
    Key { kind: "otel", of: span, is_of_object: false },
];

fn text(request: &Request, pointer: &str) -> String {
    json(request).pointer(pointer).unwrap().to_string()
}

fn span(request: &Request) -> String {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use prost::Message;
    let export = ExportTraceServiceRequest::decode(request.body.as_ref()).unwrap();
    let span = &export.resource_spans[0].scope_spans[0].spans[0];
    format!("{:?} {:?}", span.trace_id, span.span_id)
}

/// A request without what tells when it was sent.
fn timeless(kind: &str, request: &Request) -> String {
    let body = match kind {
        "sentry" => format!("{}{}", line(request, 0)["event_id"], line(request, 2)),
        "otel" => span(request),
        _ => String::from_utf8_lossy(&request.body).into_owned(),
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
    for kind in types() {
        for delivery in [error(), info()].map(complete) {
            let first = written(&endpoint(kind), &delivery, noon());
            // Another process, hours later.
            let again = written(&endpoint(kind), &third(&delivery), later);
            let of = |requests: &[Request]| -> Vec<String> {
                requests.iter().map(|request| timeless(kind, request)).collect()
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
    for Key { kind, of, is_of_object } in KEYS {
        let key = |delivery: &Delivery| of(&first_written(kind, delivery));
        let first = about("web", "it fails", "2026-08-07T10:15:30Z");
        let mut later = about("web", "it still fails", "2026-08-07T11:15:30Z");
        later.id = campanile_domain::DeliveryId(2);
        let mut other = about("db", "it fails", "2026-08-07T10:15:30Z");
        other.id = campanile_domain::DeliveryId(3);
        assert_eq!(key(&first), key(&third(&first)), "{kind} knows a repeated delivery");
        assert_eq!(key(&first) == key(&later), *is_of_object, "{kind}");
        assert_ne!(key(&first), key(&other), "{kind} tells objects apart");
    }
}

#[test]
fn m8_what_ends_an_incident_has_the_key_that_began_it() {
    for kind in ["pagerduty", "incident.io"] {
        let key = KEYS.iter().find(|key| key.kind == kind).unwrap();
        let of = |delivery| (key.of)(&first_written(kind, &complete(delivery)));
        assert_eq!(of(error()), of(info()), "{kind}");
    }
}
