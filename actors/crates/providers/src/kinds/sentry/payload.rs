//! Events and transactions (Sentry, "Event payloads"), in the order of the contract's examples. With the limits below each stays
//! far below the 1 MB of an item (Sentry, "Envelopes", size limits, <https://develop.sentry.dev/sdk/envelopes/#size-limits>).

use std::borrow::Cow;
use std::collections::BTreeMap;

use campanile_domain::{Notification, ObjectRef};
use jiff::Timestamp;
use serde::Serialize;

use super::Ids;
use crate::render::markup::plain;
use crate::render::{MarkupContext, MessageLimits, Style, characters, json_bytes, with_plain_keys};

/// The longest message, in characters (Sentry, "Data Handling", variable size,
/// <https://develop.sentry.dev/sdk/data-handling/#variable-size>); likewise the sizes below.
const MESSAGE: usize = 8192;
/// A tag's key, and its value. For keys that page says 32; Relay, which does the cutting, keeps 200 of them (`TagEntry`).
const TAG: usize = 200;
/// The name of a transaction.
const NAME: usize = 200;
/// The name of a server. None was found in the documentation; this is ours.
const SERVER: usize = 200;
/// A context, in bytes of JSON.
const CONTEXT: usize = 8192;
/// The most pairs in a mapping.
const PAIRS: usize = 50;

/// Tags that are not metadata.
const OWN_TAGS: usize = 6;

/// Metadata as a context. The message has a place of its own, here as below.
const IN_CONTEXT: MessageLimits = MessageLimits {
    total: CONTEXT - "{}".len(),
    text: 0,
    share: 0,
    count: PAIRS,
    key: TAG,
    value: 4096,
    overhead: "\"\":\"\",".len(),
};

/// The limits of metadata as tags.
const IN_TAGS: MessageLimits =
    MessageLimits { total: PAIRS * 2 * TAG, count: PAIRS - OWN_TAGS, value: TAG, overhead: 0, ..IN_CONTEXT };

const STYLE: Style = Style { escape: plain, width: characters };
const CONTEXT_STYLE: Style = Style { escape: plain, width: json_bytes };
const TAG_STYLE: Style = Style { escape: one_line, width: characters };

/// A tag cannot have a line break (Sentry, "Tags"); one that has is dropped.
fn one_line(position: &MarkupContext<'_>) -> Option<&'static str> {
    matches!(position.c, '\n' | '\r').then_some(" ")
}

type Pairs<'a> = BTreeMap<Cow<'a, str>, Cow<'a, str>>;

/// The payload of an error.
#[derive(Serialize)]
pub(super) struct SentryEvent<'a> {
    contexts: Contexts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    event_id: &'a str,
    level: &'static str,
    message: Cow<'a, str>,
    platform: &'static str,
    server_name: Cow<'a, str>,
    timestamp: Timestamp,
    transaction: String,
}

#[derive(Serialize)]
struct Contexts<'a> {
    metadata: Pairs<'a>,
}

/// The payload of everything else.
#[derive(Serialize)]
pub(super) struct Transaction<'a> {
    contexts: TraceContexts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    event_id: &'a str,
    level: &'static str,
    message: Cow<'a, str>,
    tags: Pairs<'a>,
    timestamp: Timestamp,
    start_timestamp: Timestamp,
    transaction: String,
    r#type: &'static str,
    spans: [Span<'a>; 1],
}

#[derive(Serialize)]
struct TraceContexts<'a> {
    trace: Trace<'a>,
}

#[derive(Serialize)]
struct Trace<'a> {
    op: &'static str,
    span_id: &'a str,
    trace_id: &'a str,
}

#[derive(Serialize)]
struct Span<'a> {
    trace_id: &'a str,
    span_id: &'a str,
    op: &'static str,
    tags: Pairs<'a>,
    start_timestamp: Timestamp,
    timestamp: Timestamp,
    origin: &'static str,
}

/// The Sentry event of an error.
pub(super) fn event<'a>(
    notification: &'a Notification<'_>,
    ids: &'a Ids,
    environment: Option<&'a str>,
) -> SentryEvent<'a> {
    let entries = CONTEXT_STYLE.entries(notification.facts(), &IN_CONTEXT);
    SentryEvent {
        contexts: Contexts { metadata: entries.into_iter().collect() },
        environment,
        event_id: &ids.event,
        level: "error",
        message: STYLE.fit(notification.text(), MESSAGE),
        platform: "other",
        server_name: STYLE.fit(notification.controller(), SERVER),
        timestamp: notification.happened_at(),
        transaction: name(notification),
    }
}

/// The transaction of what is no error.
pub(super) fn transaction<'a>(
    notification: &'a Notification<'_>,
    ids: &'a Ids,
    environment: Option<&'a str>,
) -> Transaction<'a> {
    let entries = with_plain_keys(TAG_STYLE.entries(notification.facts(), &IN_TAGS));
    let mut tags = own_tags(notification);
    tags.extend(entries);
    let time = notification.happened_at();
    let span = Span {
        trace_id: &ids.trace,
        span_id: &ids.span,
        op: "event",
        tags: tags.clone(),
        start_timestamp: time,
        timestamp: time,
        origin: "manual",
    };
    Transaction {
        contexts: TraceContexts { trace: Trace { op: "event", span_id: &ids.span, trace_id: &ids.trace } },
        environment,
        event_id: &ids.event,
        level: "info",
        message: STYLE.fit(notification.text(), MESSAGE),
        tags,
        timestamp: time,
        start_timestamp: time,
        transaction: name(notification),
        r#type: "transaction",
        spans: [span],
    }
}

fn name(notification: &Notification<'_>) -> String {
    STYLE.fit_owned(notification.title_as(ObjectRef::span_name), NAME)
}

fn own_tags<'a>(notification: &'a Notification<'_>) -> Pairs<'a> {
    let object = notification.object();
    let tags: [(&'static str, &str); OWN_TAGS] = [
        ("flux_involved_object_kind", &object.kind),
        ("flux_involved_object_namespace", &object.namespace),
        ("flux_involved_object_name", &object.name),
        ("flux_reporting_controller", notification.controller()),
        ("flux_reporting_instance", notification.controller_instance()),
        ("flux_reason", notification.reason()),
    ];
    tags.into_iter().map(|(key, value)| (Cow::Borrowed(key), TAG_STYLE.fit(value, TAG))).collect()
}
