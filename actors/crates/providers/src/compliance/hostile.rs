//! 10. What an event says stays text: it calls nobody, hides nothing, makes no link of other words, and can become
//!     neither a field, a header, another request, nor a control of the place that shows it.

use std::collections::BTreeSet;

use campanile_domain::{Delivery, Event, ObjectRef, Request, Severity};
use campanile_testkit::event;
use serde_json::Value;

use super::every::{complete, first_written, texts};
use super::{Case, all};
use crate::sample::{BodyForm, KeyPlace, Markup};
use crate::testing::delivery;

/// Texts that are read as more than text somewhere, all in one.
const HOSTILE: &str = "<!channel> <!here> <@U1> @channel @everyone @here @room @all @acme/ops <users/all> \
    <at>Ann</at> <at id=all></at> <@everyone|all> @**all** @*ops* [docs](https://evil.example) \
    <https://evil.example|docs> <a href=\"https://evil.example\">docs</a> <!-- flux-pr-comment-key:x --> \
    %%% \n/merge\n/close\n```\n~~~\n$$x$$ \",\"text\":\"injected\",\"severity\":\"critical \
    \u{202e}txet\u{202c} \u{2067}x\u{2069} \u{0}\u{8}\u{1b}[31m\u{7f}\u{9b} \r\nX-Injected: 1\r\n\r\nGET / HTTP/1.1";

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

fn without_plain_places(case: Case, request: Request) -> Request {
    let Ok(mut body) = serde_json::from_slice::<Value>(&request.body) else { return request };
    for place in case.sample.plain_places {
        body.pointer_mut(place).map(Value::take);
    }
    Request { body: body.to_string().into(), ..request }
}

#[test]
fn m10_what_an_event_says_calls_nobody_and_is_no_markup() {
    let mut through = Vec::new();
    for case in all() {
        let Markup::Forbids(forbidden) = case.sample.markup else { continue };
        assert!(!forbidden.is_empty(), "{} says what must not stand in its messages", case.name);
        assert!(forbidden.iter().any(|text| HOSTILE.contains(text)), "{} is tried", case.name);
        let said = texts(case, &without_plain_places(case, first_written(case, &saying(HOSTILE))));
        let stands = forbidden.iter().filter(|text| said.contains(**text));
        through.extend(stands.map(|text| (case.name, *text)));
    }
    assert_eq!(through, []);
}

#[test]
fn m10_nothing_invisible_turns_a_text_around_or_acts_on_a_terminal() {
    let acts = |c: &char| "\0\u{8}\u{1b}\u{7f}\u{9b}\u{202e}\u{202c}\u{2067}\u{2069}".contains(*c);
    let is_text = |case: &Case| case.sample.markup != Markup::Verbatim && case.sample.body != BodyForm::Spans;
    let shown = all().filter(is_text).filter_map(|case| {
        let said = texts(case, &first_written(case, &saying(HOSTILE)));
        Some((case.name, said.chars().find(acts)?))
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
    let is_json = |case: &Case| matches!(case.sample.body, BodyForm::Json | BodyForm::Lines(_));
    for case in all().filter(is_json) {
        let kind = case.name;
        let shape_of = |request: &Request| {
            let (mut found, body) = (BTreeSet::new(), String::from_utf8_lossy(&request.body).into_owned());
            for line in body.lines() {
                shape(&serde_json::from_str(line).unwrap(), &mut found, "");
            }
            found
        };
        let (harmless, hostile) = (first_written(case, &saying("x")), first_written(case, &saying(HOSTILE)));
        assert_eq!(shape_of(&harmless), shape_of(&hostile), "{kind}");
        let names = |request: &Request| -> Vec<String> {
            request.headers.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&harmless), names(&hostile), "{kind}");
        for (name, value) in &hostile.headers {
            assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)), "{kind} {name}: {value:?}");
        }
        if case.sample.key.is_none_or(|key| key.place != KeyPlace::Url) {
            assert_eq!(harmless.url, hostile.url, "{kind} sends to one place");
        }
    }
}
