//! The span that stands for an event.

use aws_lc_rs::digest::{SHA256, digest};
use campanile_domain::{Notification, ObjectRef};
use jiff::Timestamp;

use super::proto::{
    AnyValue, ExportRequest, InstrumentationScope, KeyValue, Resource, ResourceSpans, ScopeSpans, Span,
    Status,
};

const SCHEMA: &str = "https://opentelemetry.io/schemas/1.34.0";
const SCOPE: &str = "flux:notification-controller";

/// Attributes of a span; what is beyond is left out, as OpenTelemetry's libraries do (SDK, span limits).
const MOST_ATTRIBUTES: usize = 128;

/// The value of `SpanKind` for internal spans.
const INTERNAL: i32 = 1;
/// The values of `StatusCode` for ok and error.
const OK: i32 = 1;
const ERROR: i32 = 2;

/// Sampled; whether the parent is remote is known; it is (`SpanFlags`).
const FLAGS: u32 = 0x301;

/// The request that exports one span, which has no end yet.
pub(super) fn export(notification: &Notification<'_>) -> ExportRequest {
    let alert = notification.alert();
    let (namespace, name) = (alert.key.namespace.to_string(), alert.key.to_string());
    let resource = Resource {
        attributes: vec![
            pair("service.name", name),
            pair("service.namespace", namespace),
            pair("service.instance.id", alert.uid.clone()),
        ],
    };
    let scope = InstrumentationScope { name: SCOPE.to_owned() };
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans: vec![span(notification)] }];
    let spans = ResourceSpans { resource: Some(resource), scope_spans, schema_url: SCHEMA.to_owned() };
    ExportRequest { resource_spans: vec![spans] }
}

impl ExportRequest {
    /// Lets the spans end at `end`; none ends before it starts.
    pub(super) fn end(&mut self, end: Timestamp) {
        let spans = self.resource_spans.iter_mut().flat_map(|resource| &mut resource.scope_spans);
        for span in spans.flat_map(|scope| &mut scope.spans) {
            span.end_time_unix_nano = nanoseconds(end).max(span.start_time_unix_nano);
        }
    }
}

fn span(notification: &Notification<'_>) -> Span {
    let status = if notification.is_error() {
        Status { code: ERROR, message: notification.text().to_owned() }
    } else {
        Status { code: OK, message: String::new() }
    };
    Span {
        trace_id: trace_id(notification),
        span_id: span_id(notification),
        name: notification.title_as(ObjectRef::span_name),
        kind: INTERNAL,
        start_time_unix_nano: nanoseconds(notification.happened_at()),
        end_time_unix_nano: 0,
        attributes: attributes(notification),
        status: Some(status),
        flags: FLAGS,
    }
}

/// The object, and all metadata, which may replace what is said of the object.
fn attributes(notification: &Notification<'_>) -> Vec<KeyValue> {
    let object = notification.object();
    let of_object = [
        ("object.uid", object.uid.as_str()),
        ("object.kind", &object.kind),
        ("object.name", &object.name),
        ("object.namespace", &object.namespace),
    ];
    let kept = of_object.into_iter().filter(|(key, _)| notification.fact(key).is_none());
    let all = kept.chain(notification.facts().map(|fact| (fact.key, fact.value)));
    all.take(MOST_ATTRIBUTES).map(|(key, value)| pair(key, value.to_owned())).collect()
}

/// All events of an Alert about one revision are of one trace.
fn trace_id(notification: &Notification<'_>) -> Vec<u8> {
    let name = format!("{}:{}", notification.alert().uid, revision(notification));
    hash(&name, 16)
}

fn revision(notification: &Notification<'_>) -> String {
    match (notification.fact("app-version"), notification.fact("oci-digest")) {
        (Some(version), Some(digest)) => format!("{version}@{digest}"),
        _ => notification.revision().unwrap_or("unknown").to_owned(),
    }
}

/// The same at every try.
fn span_id(notification: &Notification<'_>) -> Vec<u8> {
    hash(&notification.identity(), 8)
}

fn hash(text: &str, length: usize) -> Vec<u8> {
    digest(&SHA256, text.as_bytes()).as_ref().iter().take(length).copied().collect()
}

fn pair(key: &str, value: String) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { string_value: Some(value) }) }
}

/// Since 1970; what is before is that year's beginning.
fn nanoseconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_nanosecond()).unwrap_or(0)
}
