//! The limits that the types keep to, and where they are published: what [`limits`](super::limits) measures, and what
//! `docs/providers/README.md` shows.

use campanile_domain::Request;
use serde_json::Value;

use super::every::{json, line};

/// One limit of one type.
pub(super) struct Limit {
    /// The type.
    pub(super) kind: &'static str,
    /// Of what.
    pub(super) what: &'static str,
    /// So many at most.
    pub(super) most: usize,
    /// Of these; empty where `what` are the things that are counted.
    pub(super) unit: &'static str,
    /// The documentation's name and section, linked.
    pub(super) source: &'static str,
    measure: Measure,
}

/// How many there are.
enum Measure {
    /// Characters of the text at this place in the body.
    Text(&'static str),
    /// Bytes of the body.
    Body,
    Own(fn(&Request) -> usize),
}

impl Limit {
    /// How many there are in `request`.
    pub(super) fn measure(&self, request: &Request) -> usize {
        match self.measure {
            Measure::Text(place) => characters_at(request, place),
            Measure::Body => request.body.len(),
            Measure::Own(measure) => measure(request),
        }
    }
}

const fn text(
    kind: &'static str,
    what: &'static str,
    place: &'static str,
    most: usize,
    source: &'static str,
) -> Limit {
    Limit { kind, what, most, unit: "characters", source, measure: Measure::Text(place) }
}

const fn body(kind: &'static str, what: &'static str, most: usize, source: &'static str) -> Limit {
    Limit { kind, what, most, unit: "bytes", source, measure: Measure::Body }
}

const fn own(
    kind: &'static str,
    what: &'static str,
    most: usize,
    unit: &'static str,
    source: &'static str,
    measure: fn(&Request) -> usize,
) -> Limit {
    Limit { kind, what, most, unit, source, measure: Measure::Own(measure) }
}

/// The documentation has none.
const OURS: &str = "not found in the documentation; chosen here";
/// The documentation has none either.
const REFUSED: &str = "not found in the documentation; what the API says when it refuses more";
const EMBEDS: &str = "[Message resource, Embed Limits](https://discord.com/developers/docs/resources/message#embed-object-embed-limits)";
const OPSGENIE: &str = "[Alert API, Create Alert](https://docs.opsgenie.com/docs/alert-api#create-alert)";
const DATADOG: &str =
    "[Events API, Post an event](https://docs.datadoghq.com/api/latest/events/#post-an-event)";
const SENTRY: &str =
    "[Data Handling, Variable Size](https://develop.sentry.dev/sdk/data-handling/#variable-size)";
const DISPATCH: &str = "[Create a repository dispatch event](https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event)";
const DATADOG_TITLE: &str = "[Datadog's libraries for API v1](https://github.com/DataDog/datadog-api-client-python), `Event.title`; the page of the API has none";
const SLACK: &str = "[`chat.postMessage`, Truncating content](https://docs.slack.dev/reference/methods/chat.postMessage#truncating), for `text`; for attachments not found";
const WEBHOOK: &str = "[Webhook resource, Create Webhook](https://discord.com/developers/docs/resources/webhook#create-webhook)";
const TEAMS: &str = "[Create Incoming Webhooks](https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook)";
const CHAT: &str = "[`spaces.messages.create`](https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create)";
const CARDS: &str = "[`CardSection.addWidget`](https://developers.google.com/apps-script/reference/card-service/card-section)";
const WEBEX: &str = "[Create a Message](https://developer.webex.com/docs/api/v1/messages/create-a-message)";
const BOTS: &str = "[Bot API, `sendMessage`](https://core.telegram.org/bots/api#sendmessage)";
const LARK: &str =
    "[Custom bot usage guide](https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot)";
const MATRIX: &str =
    "[Client-Server API, Size limits](https://spec.matrix.org/latest/client-server-api/#size-limits)";
const GRAFANA: &str = "[Configure Grafana, `tags_length`](https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/#tags_length)";
const ALERTS: &str =
    "[Send an Alert Event](https://developer.pagerduty.com/docs/events-api-v2/trigger-events/)";
const EVENTS: &str = "[Events API v2 Overview, Size Limits](https://developer.pagerduty.com/docs/events-api-v2/overview/#size-limits)";
const TAGS: &str =
    "[Getting Started with Tags](https://docs.datadoghq.com/getting_started/tagging/#define-tags)";
const ZULIP: &str =
    "[REST API, `max_message_length`](https://zulip.com/api/register-queue), as it is shipped";
const ENVELOPES: &str = "[Envelopes, Size Limits](https://develop.sentry.dev/sdk/envelopes/#size-limits)";
const PUBSUB: &str =
    "[Quotas and limits, Resource limits](https://cloud.google.com/pubsub/quotas#resource_limits)";
const EVENT_HUBS: &str =
    "[Quotas and limits](https://learn.microsoft.com/azure/event-hubs/event-hubs-quotas), smallest tier";
const COLLECTOR: &str = "[OpenTelemetry Collector, HTTP server settings, `max_request_body_size`](https://github.com/open-telemetry/opentelemetry-collector/blob/main/config/confighttp/README.md), as it is shipped";
const COMMITS: &str = "[Commits API, Set commit pipeline status](https://docs.gitlab.com/api/commits/)";
const NOTES: &str = "[Notes API](https://docs.gitlab.com/api/notes/)";

/// All of them. Each type's own file cites them too, with what it makes of them.
pub(super) static LIMITS: &[Limit] = &[
    text("slack", "text", "/attachments/0/text", 40_000, SLACK),
    text("discord", "description of the embed", "/attachments/0/text", 4_096, EMBEDS),
    own("discord", "embed in all", 6_000, "characters", EMBEDS, |request| {
        texts(&json(request)["attachments"])
    }),
    own("discord", "fields", 25, "", EMBEDS, |request| {
        json(request)["attachments"][0]["fields"].as_array().unwrap().len()
    }),
    text("discord", "name of the sender", "/username", 80, WEBHOOK),
    body("msteams", "request", 28_000, TEAMS),
    own("rocket", "texts", 48_600, "characters", OURS, |request| texts(&json(request)["attachments"])),
    body("googlechat", "message with its card", 32_000, CHAT),
    own("googlechat", "widgets of a section", 100, "", CARDS, widgets),
    own("webex", "message", 7_439, "bytes", WEBEX, |request| {
        json(request)["markdown"].as_str().unwrap().len()
    }),
    text("telegram", "text", "/text", 4_096, BOTS),
    body("lark", "request", 20_000, LARK),
    body("matrix", "event", 65_536, MATRIX),
    text("opsgenie", "message", "/message", 130, OPSGENIE),
    text("opsgenie", "description", "/description", 15_000, OPSGENIE),
    own("opsgenie", "details", 8_000, "characters", OPSGENIE, |request| pairs(&json(request)["details"])),
    text("alertmanager", "message", "/0/annotations/message", 40_000, OURS),
    own("grafana", "tags", 500, "bytes", GRAFANA, |request| json(request)["tags"].to_string().len()),
    text("pagerduty", "summary", "/payload/summary", 1_024, ALERTS),
    text("pagerduty", "key", "/dedup_key", 255, ALERTS),
    body("pagerduty", "event", 512_000, EVENTS),
    text("datadog", "title", "/title", 100, DATADOG_TITLE),
    text("datadog", "text", "/text", 4_000, DATADOG),
    own("datadog", "tag", 200, "characters", TAGS, |request| longest_of(&json(request)["tags"])),
    own("datadog", "tags", 100, "", OURS, |request| json(request)["tags"].as_array().unwrap().len()),
    own("zulip", "message", 10_000, "characters", ZULIP, |request| form(request, "content").chars().count()),
    text("zoom", "text", "/content/body/0/text", 4_096, OURS),
    own("sentry", "message", 8_192, "characters", SENTRY, |request| longest_in(&line(request, 2)["message"])),
    own("sentry", "context", 8_192, "bytes", SENTRY, |request| {
        line(request, 2)["contexts"]["metadata"].to_string().len()
    }),
    own("sentry", "pairs of the context", 50, "", SENTRY, |request| {
        line(request, 2)["contexts"]["metadata"].as_object().unwrap().len()
    }),
    body("sentry", "event", 1_000_000, ENVELOPES),
    text("incident.io", "description", "/description", 40_000, OURS),
    body("googlepubsub", "request", 10_000_000, PUBSUB),
    body("azureeventhub", "event", 256 * 1024, EVENT_HUBS),
    body("otel", "request", 20 << 20, COLLECTOR),
    text("githubdispatch", "name of the event", "/event_type", 100, DISPATCH),
    own("githubdispatch", "payload", 64_000, "bytes", DISPATCH, |request| {
        json(request)["client_payload"].to_string().len()
    }),
    own("githubdispatch", "properties of the payload", 10, "", DISPATCH, |request| {
        json(request)["client_payload"].as_object().unwrap().len()
    }),
    text("github", "description", "/description", 140, REFUSED),
    text("github", "name", "/context", 255, OURS),
    text("gitlab", "description", "/description", 255, COMMITS),
    text("gitlab", "name", "/name", 255, OURS),
    text("gitea", "description", "/description", 255, OURS),
    text("gitea", "name", "/context", 255, OURS),
    text("bitbucket", "description", "/description", 255, OURS),
    text("bitbucket", "name", "/name", 255, OURS),
    text("bitbucket", "key", "/key", 40, REFUSED),
    text("bitbucketserver", "description", "/description", 255, OURS),
    text("bitbucketserver", "name", "/name", 255, OURS),
    text("bitbucketserver", "key", "/key", 40, OURS),
    text("azuredevops", "description", "/description", 255, OURS),
    text("azuredevops", "name", "/context/name", 255, OURS),
    text("githubpullrequestcomment", "comment", "/body", 65_536, REFUSED),
    text("gitlabmergerequestcomment", "note", "/body", 1_000_000, NOTES),
    text("giteapullrequestcomment", "comment", "/body", 65_536, OURS),
];

fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

fn characters_at(request: &Request, place: &str) -> usize {
    let json = json(request);
    let value = json.pointer(place).unwrap_or_else(|| panic!("{place} in {json}"));
    longest_in(value)
}

fn longest_in(value: &Value) -> usize {
    utf16(value.as_str().unwrap())
}

fn longest_of(list: &Value) -> usize {
    list.as_array().unwrap().iter().map(longest_in).max().unwrap()
}

/// All texts below `value` together.
fn texts(value: &Value) -> usize {
    match value {
        Value::String(text) => utf16(text),
        Value::Array(items) => items.iter().map(texts).sum(),
        Value::Object(fields) => fields.values().map(texts).sum(),
        _ => 0,
    }
}

/// The fields of `value` with their names.
fn pairs(value: &Value) -> usize {
    value.as_object().unwrap().iter().map(|(name, value)| utf16(name) + longest_in(value)).sum()
}

fn form(request: &Request, name: &str) -> String {
    let pairs = url::form_urlencoded::parse(&request.body);
    pairs.into_owned().find(|(key, _)| key == name).map(|(_, value)| value).unwrap()
}

fn widgets(request: &Request) -> usize {
    let json = json(request);
    let sections = json["cards"][0]["sections"].as_array().unwrap();
    sections.iter().map(|section| section["widgets"].as_array().unwrap().len()).max().unwrap()
}
