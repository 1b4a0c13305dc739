//! 14. The smallest events make whole messages: no text is empty where a destination demands a character. A place that may be
//!     empty stands in the type's sample.

use campanile_domain::{Delivery, Event, Severity};
use campanile_testkit::{event, noon};
use serde_json::Value;
use url::form_urlencoded;

use super::every::{complete, nameless, written_by};
use super::{Case, all};
use crate::sample::{BodyForm, Markup};
use crate::testing::delivery;

/// Events that say as little as intake takes: nothing at all, only what they are about, facts without a value or a name.
fn smallest() -> Vec<Delivery> {
    let bare =
        |severity: Severity| Event { involved_object: event().involved_object, severity, ..Event::default() };
    let empty = [("empty", ""), ("", "nameless"), ("", "")];
    // Git hosts show two severities and no others.
    let mut all = vec![delivery(Event { severity: Severity::Info, ..Event::default() }, &[])];
    for severity in [Severity::Info, Severity::Error] {
        all.push(delivery(bare(severity.clone()), &[]));
        all.extend(empty.map(|fact| delivery(bare(severity.clone()), &[fact])));
    }
    all.into_iter().map(complete).collect()
}

/// The pointers to empty texts, with `*` for the places in a list.
fn blanks(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.is_empty() => found.push(path.to_owned()),
        Value::Array(items) => items.iter().for_each(|item| blanks(item, &format!("{path}/*"), found)),
        Value::Object(fields) => {
            for (key, field) in fields {
                if key.is_empty() {
                    found.push(format!("{path}/"));
                }
                blanks(field, &format!("{path}/{key}"), found);
            }
        }
        _ => {}
    }
}

fn blanks_of(case: Case, delivery: &Delivery) -> Vec<String> {
    // Without a user's name the controller's would do, if there were one.
    let body = written_by(case, &nameless(case), delivery, noon()).remove(0).body;
    let mut found = Vec::new();
    match case.sample.body {
        BodyForm::Form(_) => {
            let empty = form_urlencoded::parse(&body).filter(|(_, text)| text.is_empty());
            found.extend(empty.map(|(name, _)| name.into_owned()));
        }
        BodyForm::Json | BodyForm::Lines(_) => {
            let text = String::from_utf8_lossy(&body);
            text.lines().for_each(|line| blanks(&serde_json::from_str(line).unwrap(), "", &mut found));
        }
        BodyForm::Spans => {}
    }
    let may_be_empty = |place: &str| {
        let is_below = |known: &&str| {
            place.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        case.sample.may_be_empty.iter().any(is_below)
    };
    found.retain(|place| !may_be_empty(place));
    found
}

#[test]
fn m14_i16_9_the_smallest_events_leave_nothing_empty_that_must_not_be() {
    let mut found = Vec::new();
    for case in all().filter(|case| case.sample.markup != Markup::Verbatim) {
        for delivery in smallest() {
            found
                .extend(blanks_of(case, &delivery).into_iter().map(|place| format!("{} {place}", case.name)));
        }
    }
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{found:#?}");
}
