//! The event's own JSON (contract, providers 12; flux-2.10, section 2), whole or as long as a destination takes.

use std::collections::BTreeMap;

use bytes::Bytes;
use campanile_domain::{Event, EventJson, Fact, Failure, FailureClass, Notification};

use crate::render::markup::plain;
use crate::render::{MessageLimits, Style, json_bytes};
use crate::webhook::{json_body, rendered};

const STYLE: Style = Style { escape: plain, width: json_bytes };

/// What metadata may take of a text that is too long, in parts of it; its longest values are cut.
const SHARE_OF_METADATA: usize = 2;

/// The longest value of metadata where all of it is too long, in bytes.
const LONGEST_VALUE: usize = 1_000;

/// The newest event of `notification` as JSON, its unknown fields included.
///
/// # Errors
/// A [`Failure`] of this delivery alone if it cannot be written as JSON.
pub(crate) fn whole(notification: &Notification<'_>) -> Result<Bytes, Failure> {
    rendered(notification.event_json().to_wire_json())
}

/// The newest event of `notification` as JSON without its unknown fields.
///
/// # Errors
/// As [`whole`].
pub(crate) fn known(notification: &Notification<'_>) -> Result<Bytes, Failure> {
    json_body(&notification.event_json())
}

/// The newest event of `notification` as JSON of at most `longest` bytes. Where it is longer, its unknown fields are left out, since
/// they cannot be cut; for the rest see [`known_fitting`].
///
/// # Errors
/// As [`known_fitting`].
pub(crate) fn fitting(notification: &Notification<'_>, longest: usize) -> Result<Bytes, Failure> {
    let whole = whole(notification)?;
    if whole.len() <= longest { Ok(whole) } else { known_fitting(notification, longest) }
}

/// The newest event of `notification` as JSON of at most `longest` bytes, without its unknown fields. Where it is longer, its
/// message is cut, and where that is not enough, its metadata too.
///
/// # Errors
/// A [`Failure`] of this delivery alone if it is too long even so, which takes names beyond those of Kubernetes.
pub(crate) fn known_fitting(notification: &Notification<'_>, longest: usize) -> Result<Bytes, Failure> {
    let known = known(notification)?;
    if known.len() <= longest {
        return Ok(known);
    }
    let EventJson { event, metadata } = notification.event_json();
    let measured: usize = notification.facts().map(entry_width).sum();
    let most = longest / SHARE_OF_METADATA;
    let shortened = (measured > most).then(|| shortened(notification, most));
    let metadata = shortened.as_ref().unwrap_or(metadata);
    let bare = Event { message: String::new(), ..event.clone() };
    let rest = json_body(&EventJson { event: &bare, metadata })?.len();
    let room = longest.checked_sub(rest).ok_or_else(|| {
        let text =
            format!("the event takes {rest} bytes without its message, the destination takes {longest}");
        Failure::new(FailureClass::Render, text)
    })?;
    let message = STYLE.fit(&event.message, room).into_owned();
    json_body(&EventJson { event: &Event { message, ..bare }, metadata })
}

/// What a fact takes in JSON.
fn entry_width(fact: Fact<'_>) -> usize {
    STYLE.measure(fact.key) + STYLE.measure(fact.value) + "\"\":\"\",".len()
}

/// The facts within `most` bytes: long values are cut, and what does not fit then is left out and counted.
fn shortened(notification: &Notification<'_>, most: usize) -> BTreeMap<String, String> {
    let limits = MessageLimits {
        total: most,
        text: 0,
        share: 0,
        count: notification.facts().count(),
        key: LONGEST_VALUE,
        value: LONGEST_VALUE,
        overhead: "\"\":\"\",".len(),
    };
    let entries = STYLE.entries(notification.facts(), &limits);
    entries.into_iter().map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{delivery, info};
    use campanile_domain::Delivery;
    use campanile_testkit::event;

    fn fitted(delivery: &Delivery, longest: usize) -> Result<Bytes, Failure> {
        fitting(&Notification::of(delivery), longest)
    }

    #[test]
    fn s12_what_fits_is_the_event_as_it_is() {
        let whole = fitted(&info(), usize::MAX).unwrap();
        assert!(whole.starts_with(br#"{"involvedObject":{"kind":"Kustomization""#));
        assert_eq!(fitted(&info(), whole.len()).unwrap(), whole);
    }

    #[test]
    fn s24_a_long_message_is_cut_to_the_limit_and_says_so() {
        let long = delivery(Event { message: "timeout <30s>; ".repeat(1000), ..event() }, &[("k", "v")]);
        let body = fitted(&long, 5000).unwrap();
        assert!((4500..=5000).contains(&body.len()), "{}", body.len());
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert!(json["message"].as_str().unwrap().ends_with("more characters)"));
        assert_eq!(json["metadata"]["k"], "v");
    }

    #[test]
    fn s24_metadata_is_cut_where_the_message_is_not_to_blame() {
        let value = "v".repeat(5000);
        let entries: Vec<(String, &str)> = (0..100).map(|n| (format!("k{n:03}"), value.as_str())).collect();
        let entries: Vec<(&str, &str)> = entries.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        let body = fitted(&delivery(event(), &entries), 9000).unwrap();
        assert!(body.len() <= 9000, "{}", body.len());
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(json["message"], event().message);
        assert!(json["metadata"]["k000"].as_str().unwrap().ends_with("more characters)"));
        assert!(json["metadata"]["…"].as_str().unwrap().ends_with("more left out"));
    }

    #[test]
    fn t07_unknown_fields_that_do_not_fit_are_left_out_before_the_message_is_cut() {
        let posted = format!(r#"{{"message":"short","action":"Apply","traceId":"{}"}}"#, "x".repeat(5000));
        let event = Event::decode(posted.as_bytes()).unwrap().event;
        let delivery = delivery(event, &[]);
        let whole = fitted(&delivery, 6000).unwrap();
        assert!(whole.ends_with(b"xxx\"}"), "{whole:?}");
        let without = fitted(&delivery, whole.len() - 1).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&without).unwrap();
        assert_eq!((&json["message"], &json["action"]), (&"short".into(), &"Apply".into()));
        assert!(json.get("traceId").is_none());
    }

    #[test]
    fn what_does_not_fit_without_message_and_metadata_fails_alone() {
        let reporting_controller = "c".repeat(5000);
        let failure = fitted(&delivery(Event { reporting_controller, ..event() }, &[]), 5000).unwrap_err();
        assert_eq!(failure.class, FailureClass::Render);
    }
}
