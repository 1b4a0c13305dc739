//! 10. What an event says stays text: it calls nobody, hides nothing, makes no link of other words, and can become
//!     neither a field, a header, another request, nor a control of the place that shows it.

use std::collections::BTreeSet;

use campanile_domain::{Delivery, Event, ObjectRef, Request, Severity};
use campanile_testkit::event;
use serde_json::Value;

use super::every::{complete, first_written, types};
use crate::testing::delivery;

/// Texts that are read as more than text somewhere, all in one.
const HOSTILE: &str = "<!channel> <!here> <@U1> @channel @everyone @here @room @all @acme/ops <users/all> \
    <at>Ann</at> <at id=all></at> <@everyone|all> @**all** @*ops* [docs](https://evil.example) \
    <https://evil.example|docs> <a href=\"https://evil.example\">docs</a> <!-- flux-pr-comment-key:x --> \
    %%% \n/merge\n/close\n```\n~~~\n$$x$$ \",\"text\":\"injected\",\"severity\":\"critical \
    \u{202e}txet\u{202c} \u{2067}x\u{2069} \u{0}\u{8}\u{1b}[31m\u{7f}\u{9b} \r\nX-Injected: 1\r\n\r\nGET / HTTP/1.1";

/// What must not stand in a message of this type.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("slack", &["<!", "<@", "<#", "<https:"]),
    ("discord", &["@everyone", "@here", "](https:"]),
    ("msteams", &["<at>", "](https:"]),
    ("rocket", &["@all", "@here", "@channel", "](https:", "<https:"]),
    ("googlechat", &["<users/", "<a href", "<!"]),
    ("webex", &["<@", " <a href", "](https:"]),
    ("telegram", &["@channel", "@all", "](", "``"]),
    ("lark", &["<at ", "](https:", "<a href"]),
    ("matrix", &["@room"]),
    ("opsgenie", &["<a href"]),
    ("datadog", &[" @channel", " @all", "%%%"]),
    ("zulip", &["@**", "@*", "](https:", "```", "~~~", "$$"]),
    ("zoom", &["<!"]),
    ("incident.io", &["](https:", " <a href"]),
    ("githubpullrequestcomment", &[" @channel", " @acme/ops", "<!-- flux-pr-comment-key:x"]),
    ("giteapullrequestcomment", &[" @channel", " @acme/ops", "<!-- flux-pr-comment-key:x"]),
    (
        "gitlabmergerequestcomment",
        &[" @channel", " @acme/ops", "<!-- flux-pr-comment-key:x", "\n/merge", "\n/close"],
    ),
];

/// Places that show plain text, in which markup is none.
const PLAIN_PLACES: &[(&str, &str)] = &[
    ("discord", "/attachments/0/author_name"),
    ("discord", "/username"),
    ("slack", "/username"),
    ("rocket", "/username"),
    ("googlechat", "/cards/0/header"),
    ("lark", "/card/header"),
    ("opsgenie", "/details"),
    ("datadog", "/tags"),
    ("incident.io", "/title"),
    ("incident.io", "/metadata"),
];

/// Who forwards events as they are, so that controls and marks of direction go along as JSON.
const VERBATIM: &[&str] = &["generic", "generic-hmac", "googlepubsub", "githubdispatch", "azureeventhub"];

/// Whose destination's grammar takes no more than text.
const PLAIN: &[&str] = &[
    "alertmanager",
    "grafana",
    "pagerduty",
    "sentry",
    "otel",
    "github",
    "gitlab",
    "gitea",
    "bitbucket",
    "bitbucketserver",
    "azuredevops",
];

/// An error that says `text` in every place that its sender fills in.
fn saying(text: &str) -> Delivery {
    let involved_object =
        ObjectRef { name: format!("web{text}"), namespace: text.into(), ..event().involved_object };
    let metadata = [("event.toolkit.fluxcd.io/said".to_owned(), text.to_owned())].into();
    let event = Event {
        involved_object,
        message: text.into(),
        reason: format!("Failed{text}"),
        severity: Severity::Error,
        reporting_controller: format!("controller{text}"),
        metadata,
        ..event()
    };
    complete(delivery(event, &[("said", text)]))
}

fn without_plain_places(kind: &str, request: Request) -> Request {
    let Ok(mut body) = serde_json::from_slice::<Value>(&request.body) else { return request };
    for (_, place) in PLAIN_PLACES.iter().filter(|(name, _)| *name == kind) {
        body.pointer_mut(place).map(Value::take);
    }
    Request { body: body.to_string().into(), ..request }
}

/// All texts in a request's body, decoded.
fn texts(kind: &str, request: &Request) -> String {
    let body = String::from_utf8_lossy(&request.body);
    match kind {
        "zulip" => url::form_urlencoded::parse(&request.body).map(|(_, text)| text + "\n").collect(),
        "otel" => body.into_owned(),
        _ => body.lines().map(|line| flat(&serde_json::from_str(line).unwrap())).collect(),
    }
}

fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Array(items) => items.iter().map(flat).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, field)| format!("{key}\n{}", flat(field))).collect()
        }
        _ => String::new(),
    }
}

#[test]
fn m10_what_an_event_says_calls_nobody_and_is_no_markup() {
    let mut through = Vec::new();
    for kind in types() {
        let forbidden: Vec<&str> = FORBIDDEN
            .iter()
            .filter(|(name, _)| *name == kind)
            .flat_map(|(_, texts)| *texts)
            .copied()
            .collect();
        let is_text_only = PLAIN.contains(&kind) || VERBATIM.contains(&kind);
        assert!(is_text_only == forbidden.is_empty(), "{kind} says what must not stand in its messages");
        let said = texts(kind, &without_plain_places(kind, first_written(kind, &saying(HOSTILE))));
        through.extend(forbidden.into_iter().filter(|text| said.contains(text)).map(|text| (kind, text)));
    }
    assert_eq!(through, []);
}

#[test]
fn m10_nothing_invisible_turns_a_text_around_or_acts_on_a_terminal() {
    let acts = |c: &char| "\0\u{8}\u{1b}\u{7f}\u{9b}\u{202e}\u{202c}\u{2067}\u{2069}".contains(*c);
    let shown = types().filter(|kind| !VERBATIM.contains(kind) && *kind != "otel").filter_map(|kind| {
        let said = texts(kind, &first_written(kind, &saying(HOSTILE)));
        Some((kind, said.chars().find(acts)?))
    });
    assert_eq!(shown.collect::<Vec<_>>(), []);
}

/// Names of fields at every depth, those of metadata aside.
fn shape(value: &Value, into: &mut BTreeSet<String>, path: &str) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| shape(item, into, &format!("{path}[]"))),
        Value::Object(fields) => {
            for (key, field) in fields {
                into.insert(format!("{path}.{key}"));
                shape(field, into, &format!("{path}.{key}"));
            }
        }
        _ => {}
    }
}

#[test]
fn m10_what_an_event_says_becomes_no_field_header_or_other_place() {
    for kind in types().filter(|kind| !["zulip", "otel"].contains(kind)) {
        let shape_of = |request: &Request| {
            let (mut found, body) = (BTreeSet::new(), String::from_utf8_lossy(&request.body).into_owned());
            for line in body.lines() {
                shape(&serde_json::from_str(line).unwrap(), &mut found, "");
            }
            found
        };
        let (harmless, hostile) = (first_written(kind, &saying("x")), first_written(kind, &saying(HOSTILE)));
        assert_eq!(shape_of(&harmless), shape_of(&hostile), "{kind}");
        let names = |request: &Request| -> Vec<String> {
            request.headers.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&harmless), names(&hostile), "{kind}");
        for (name, value) in &hostile.headers {
            assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)), "{kind} {name}: {value:?}");
        }
        if kind != "matrix" {
            assert_eq!(harmless.url, hostile.url, "{kind} sends to one place");
        }
    }
}
