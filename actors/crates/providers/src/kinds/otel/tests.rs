use super::*;
use crate::testing::{
    Secrets, answer, credentials, delivery, error, failed, header, info, request, spec, verdict,
};
use campanile_domain::{Delivery, Event, FailureClass, NewDelivery, ObjectRef, ProviderSpec};
use campanile_testkit::{event, noon};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::collections::BTreeMap;
use std::time::Duration;

const ADDRESS: &str = "https://collector.example:4318/otlp/v1/traces";

fn at(address: &str, secrets: &Secrets) -> Result<crate::BuiltProvider, ConfigError> {
    secrets.build(&ProviderSpec { address: address.into(), ..spec("otel") })
}

/// An example with the Alert of the contract's.
fn of_the_contract(example: Delivery) -> Delivery {
    let mut plan = NewDelivery { ..example.plan };
    plan.alert.uid = "a1e4f3c2-0000-4000-8000-000000000001".into();
    Delivery { plan, ..example }
}

/// What a collector reads of the request for `delivery`.
fn exported(delivery: &Delivery) -> ExportTraceServiceRequest {
    let request = request(&at(ADDRESS, &credentials(&[])).unwrap(), delivery);
    prost::Message::decode(request.body).unwrap()
}

fn span(delivery: &Delivery) -> Span {
    let mut resources = exported(delivery).resource_spans;
    let mut scopes = resources.pop().unwrap().scope_spans;
    let mut spans = scopes.pop().unwrap().spans;
    assert!(
        resources.is_empty() && scopes.is_empty() && spans.len() == 1,
        "one resource, one scope, one span"
    );
    spans.pop().unwrap()
}

fn texts(pairs: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |pair: KeyValue| match pair.value.unwrap().value {
        Some(Value::StringValue(text)) => (pair.key, text),
        other => panic!("no text: {other:?}"),
    };
    pairs.into_iter().map(text).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn s23_22_an_event_is_one_span_of_the_alerts_service() {
    let resource = exported(&of_the_contract(error())).resource_spans.pop().unwrap();
    assert_eq!(resource.schema_url, "https://opentelemetry.io/schemas/1.34.0");
    assert_eq!(resource.scope_spans[0].scope.as_ref().unwrap().name, "flux:notification-controller");
    let expected = [
        ("service.name", "apps/on-call"),
        ("service.namespace", "apps"),
        ("service.instance.id", "a1e4f3c2-0000-4000-8000-000000000001"),
    ];
    assert_eq!(
        texts(resource.resource.unwrap().attributes),
        expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    );
}

#[test]
fn s23_22_the_contracts_examples() {
    let failed = span(&of_the_contract(error()));
    assert_eq!(hex(&failed.trace_id), "5883a75dbe1564aea2032b0c26c9cbeb");
    assert_eq!((failed.name.as_str(), failed.kind, failed.flags), ("Kustomization: apps/podinfo", 1, 0x301));
    assert!(failed.parent_span_id.is_empty() && failed.span_id.len() == 8);
    let status = failed.status.unwrap();
    assert_eq!(
        (status.code, status.message.as_str()),
        (2, "Deployment/apps/podinfo: timeout <30s>\nsee logs")
    );
    let expected = [
        ("object.uid", "7d0cdc51-ddcf-4743-b223-83ca5c699632"),
        ("object.kind", "Kustomization"),
        ("object.name", "podinfo"),
        ("object.namespace", "apps"),
        ("cluster", "prod-eu"),
        ("revision", "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738"),
        ("summary", "podinfo impacted"),
    ];
    let keys: Vec<&str> = failed.attributes.iter().map(|pair| pair.key.as_str()).collect();
    assert_eq!(keys, expected.map(|(key, _)| key), "the object comes first");
    assert_eq!(
        texts(failed.attributes),
        expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    );

    let done = span(&of_the_contract(info()));
    assert_eq!(hex(&done.trace_id), "5883a75dbe1564aea2032b0c26c9cbeb", "one revision, one trace");
    let status = done.status.unwrap();
    assert_eq!((status.code, status.message.as_str()), (1, ""));
}

#[test]
fn s23_22_a_span_lasts_from_the_event_to_its_sending() {
    let early = Event { timestamp: "2026-08-07T10:16:00.987654321Z".parse().ok(), ..event() };
    let sent = span(&delivery(early, &[]));
    assert_eq!(sent.start_time_unix_nano, 1_786_097_760_987_654_321);
    assert_eq!(sent.end_time_unix_nano, 1_786_104_000_000_000_000, "noon");
    let future = Event { timestamp: Some(noon() + Duration::from_secs(60)), ..event() };
    let sent = span(&delivery(future, &[]));
    assert_eq!(sent.start_time_unix_nano, sent.end_time_unix_nano, "the clocks disagree");
    assert_eq!(span(&delivery(Event::default(), &[])).start_time_unix_nano, 1_786_104_000_000_000_000);
}

#[test]
fn s23_22_the_trace_is_that_of_the_revision() {
    let trace = |metadata: &[(&str, &str)]| hex(&span(&delivery(event(), metadata)).trace_id);
    let of = |revision: &str| {
        let name = format!("3f0f8a1e-0000-4000-8000-000000000001:{revision}");
        hex(&aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name.as_bytes()).as_ref()[..16])
    };
    assert_eq!(
        trace(&[("app-version", "6.3.5"), ("oci-digest", "sha256:2e"), ("revision", "x")]),
        of("6.3.5@sha256:2e")
    );
    assert_eq!(trace(&[("app-version", "6.3.5"), ("revision", "x")]), of("x"));
    assert_eq!(trace(&[]), of("unknown"));
}

#[test]
fn a_repeated_delivery_is_the_same_span_and_another_one_is_not() {
    let id = |delivery: &Delivery| span(delivery).span_id;
    let again = Delivery { attempts: 3, ..info() };
    assert_eq!(id(&again), id(&info()));
    let other = Delivery { id: campanile_domain::DeliveryId::numbered(2), ..info() };
    assert_ne!(id(&other), id(&info()));
    let later = Delivery { accepted_at: noon() + Duration::from_secs(1), ..info() };
    assert_ne!(id(&later), id(&info()), "numbers may begin anew");
}

#[test]
fn s23_22_metadata_wins_over_the_object_and_128_attributes_are_kept() {
    let found = texts(span(&delivery(event(), &[("object.name", "mine"), ("", "")])).attributes);
    assert_eq!((found["object.name"].as_str(), found[""].as_str(), found.len()), ("mine", "", 5));
    let many: Vec<(String, String)> = (0..200).map(|n| (format!("key-{n:03}"), "v".into())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let kept = span(&delivery(event(), &many)).attributes;
    assert_eq!((kept.len(), kept[127].key.as_str()), (128, "key-123"));
}

#[test]
fn s23_22_a_helm_repository_is_skipped() {
    let object = ObjectRef { kind: "HelmRepository".into(), ..event().involved_object };
    let skipped = delivery(Event { involved_object: object, ..event() }, &[]);
    let endpoint = at(ADDRESS, &credentials(&[])).unwrap();
    let step = endpoint.provider.begin(&skipped).unwrap().next(None, noon());
    assert_eq!(step, Step::Done(Verdict::Skipped));
}

#[test]
fn s23_22_where_it_is_sent() {
    for (address, url) in [
        ("https://h:4318", "https://h:4318/v1/traces"),
        ("http://h?x=1", "http://h/v1/traces"),
        ("http://h/", "http://h/"),
        ("http://h/otlp/v1/traces?x=1", "http://h/otlp/v1/traces"),
    ] {
        let request = request(&at(address, &credentials(&[])).unwrap(), &info());
        assert_eq!((request.method, request.url.as_str()), (Method::Post, url));
        assert_eq!(header(&request, "content-type"), Some("application/x-protobuf"));
    }
}

#[test]
fn s23_22_credentials_are_sent_unless_the_headers_have_them() {
    let authorization = |data: &[(&str, &[u8])]| {
        let request = request(&at(ADDRESS, &credentials(data)).unwrap(), &info());
        assert!(
            request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization")).count() < 2
        );
        header(&request, "authorization").map(str::to_owned)
    };
    let is = |value: &str| Some(value.to_owned());
    assert_eq!(authorization(&[("token", b"otel-token\n")]), is("Bearer otel-token"));
    assert_eq!(authorization(&[("username", b"user"), ("password", b"pass")]), is("Basic dXNlcjpwYXNz"));
    assert_eq!(
        authorization(&[("token", b"t"), ("username", b"user"), ("password", b"pass")]),
        is("Basic dXNlcjp0")
    );
    assert_eq!(authorization(&[("username", b"user")]), None);
    assert_eq!(authorization(&[]), None);
    assert_eq!(authorization(&[("token", b"t"), ("headers", b"authorization: mine")]), is("mine"));
    assert_eq!(authorization(&[("token", b"t"), ("headers", b"X-Tenant: blue")]), is("Bearer t"));
}

#[test]
fn s23_22_refusals() {
    let refusal = |address: &str| at(address, &credentials(&[])).unwrap_err().to_string();
    assert!(refusal("").starts_with("invalid OTLP endpoint ''"));
    assert!(refusal("collector:4317").starts_with("invalid OTLP endpoint *****"));
    let with_tls = |address: &str| {
        let spec =
            ProviderSpec { address: address.into(), cert_secret_ref: Some("tls".into()), ..spec("otel") };
        credentials(&[]).with("tls", &[("ca.crt", b"CA")]).build(&spec).map(|it| it.connection.tls.is_some())
    };
    assert_eq!(with_tls("https://h"), Ok(true));
    let error = with_tls("http://h").unwrap_err().to_string();
    assert!(error.starts_with("insecure HTTP endpoint cannot use TLS client configuration"), "{error}");
}

fn protobuf(status: u16, message: &impl prost::Message) -> campanile_domain::Response {
    let empty = answer(status, &[("content-type", "application/x-protobuf")], "");
    campanile_domain::Response { body: message.encode_to_vec().into(), ..empty }
}

#[test]
fn s23_22_the_answer_counts() {
    use FailureClass as C;
    let endpoint = at(ADDRESS, &credentials(&[])).unwrap();
    assert_eq!(verdict(&endpoint, answer(200, &[], "{}")), Verdict::Delivered);
    for (status, class) in
        [(400, C::Rejected), (401, C::Credentials), (404, C::Gone), (502, C::Server), (504, C::Server)]
    {
        assert_eq!(failed(verdict(&endpoint, answer(status, &[], ""))), (None, class), "{status}");
    }
    let throttled = answer(429, &[("retry-after", "7")], "");
    assert_eq!(failed(verdict(&endpoint, throttled)), (Some(Duration::from_secs(7)), C::Throttled));
}

#[test]
fn a_span_that_is_refused_in_part_is_given_up_with_the_collectors_words() {
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceResponse,
    };
    let endpoint = at(ADDRESS, &credentials(&[("token", b"otel-token")])).unwrap();
    let partial = |rejected_spans| ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess {
            rejected_spans,
            error_message: "no otel-token".into(),
        }),
    };
    assert_eq!(verdict(&endpoint, protobuf(200, &ExportTraceServiceResponse::default())), Verdict::Delivered);
    assert_eq!(verdict(&endpoint, protobuf(200, &partial(0))), Verdict::Delivered, "a warning only");
    let Verdict::Failed(failure) = verdict(&endpoint, protobuf(200, &partial(1))) else {
        panic!("it is refused")
    };
    assert_eq!(failure.class, FailureClass::Rejected);
    assert_eq!(failure.message, "the collector refuses this span: no *****");
    let status = proto::RpcStatus { message: "bad data".into() };
    let Verdict::Failed(failure) = verdict(&endpoint, protobuf(400, &status)) else {
        panic!("it is refused")
    };
    assert!(failure.message.ends_with(": bad data"), "{failure}");
}

#[test]
fn s22_nothing_shows_a_login() {
    let data: &[(&str, &[u8])] =
        &[("token", b"secret-token"), ("username", b"user"), ("headers", b"X-Key: header-secret")];
    let endpoint = at("https://h/path-key/v1/traces", &credentials(data)).unwrap();
    let sent = request(&endpoint, &info());
    let quoted = format!("{:?} {}", sent.headers, sent.url);
    let text = format!("{endpoint:?} {:?} {sent:?}", verdict(&endpoint, answer(400, &[], &quoted)));
    for secret in ["secret-token", "dXNlcjpzZWNyZXQtdG9rZW4=", "header-secret", "path-key"] {
        assert!(quoted.contains(secret) || secret == "secret-token", "{quoted}");
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}
