//! `otel` to a receiver that decodes what it gets with OpenTelemetry's own types (contract, providers 23.22).

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message;
use serde_json::json;

use crate::support::{Arrival, Reply, Sink, Site, event, everything_from, provider, secret};

fn decoded(arrival: &Arrival) -> ExportTraceServiceRequest {
    assert_eq!(arrival.path, "/v1/traces");
    assert_eq!(arrival.header("content-type"), Some("application/x-protobuf"));
    ExportTraceServiceRequest::decode(arrival.body.as_slice()).expect("it is an export of traces")
}

fn only_span(export: &ExportTraceServiceRequest) -> &Span {
    let [resource] = &export.resource_spans[..] else { panic!("one resource") };
    let [scope] = &resource.scope_spans[..] else { panic!("one scope") };
    let [span] = &scope.spans[..] else { panic!("one span") };
    span
}

fn attribute<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Any::StringValue(text) => Some(text),
        _ => None,
    }
}

#[test]
fn s23_22_a_collector_gets_spans_that_say_what_happened() {
    let sink = Sink::start();
    let spec = json!({ "address": sink.url(""), "secretRef": { "name": "collector" } });
    let site = Site::with(&[
        provider("traces", "otel", spec),
        everything_from("traces"),
        secret("collector", json!({ "token": "t0ken", "headers": "X-Scope-OrgID: blue\n" })),
    ]);
    let instance = site.start(&[]);
    let mut failure = event("web", "it fails");
    failure["severity"] = "error".into();
    // The collector is busy at first: the same span must come again.
    sink.script([Reply::status(503)]);
    instance.accept(&failure);
    sink.wait_for(2);
    instance.accept(&event("web", "it works"));
    let arrivals = sink.wait_for(3);
    assert_eq!(arrivals[0].header("authorization"), Some("Bearer t0ken"));
    assert_eq!(arrivals[0].header("x-scope-orgid"), Some("blue"));
    let exports: Vec<ExportTraceServiceRequest> = arrivals.iter().map(decoded).collect();
    let resource = exports[0].resource_spans[0].resource.as_ref().expect("it says where it is from");
    assert_eq!(attribute(&resource.attributes, "service.name"), Some("apps/all-to-traces"));
    let [first, again, after] = [0, 1, 2].map(|number| only_span(&exports[number]));
    assert_eq!(first.name, "Kustomization: apps/web");
    let status = first.status.as_ref().expect("it has a status");
    assert_eq!((status.code(), status.message.as_str()), (StatusCode::Error, "it fails"));
    assert_eq!(after.status.as_ref().map(Status::code), Some(StatusCode::Ok));
    assert_eq!(attribute(&first.attributes, "object.name"), Some("web"));
    assert_eq!(
        attribute(&first.attributes, "revision"),
        Some("main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738")
    );
    assert!(first.start_time_unix_nano > 0 && first.end_time_unix_nano >= first.start_time_unix_nano);
    assert_eq!((first.trace_id.len(), first.span_id.len()), (16, 8));
    assert_eq!(
        (&first.trace_id, &first.span_id),
        (&again.trace_id, &again.span_id),
        "a repeated span is the same"
    );
    assert_eq!(first.trace_id, after.trace_id, "one revision is one trace");
    assert_ne!(first.span_id, after.span_id);
}
