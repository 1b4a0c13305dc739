//! A message that a destination finds too long, in whatever words, is tried once more, shorter.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::{Delivery, Event, NewDelivery, Response};

use crate::refusal::{beginning, contains};
use crate::render::markup::plain;
use crate::render::{Style, characters};

/// What APIs call it: Slack, Mattermost (`web.incoming_webhook.attachment.app_error`, "Maximum attachments length is 7900"),
/// Discord ("Must be 2000 or fewer in length."), Telegram ("message is too long"), Git hosts ("is too long (maximum is 65536
/// characters)"), proxies.
const WORDS: &[&str] = &[
    "too long",
    "too_long",
    "too large",
    "too_large",
    "too big",
    "maximum",
    "max length",
    "exceed",
    "or fewer",
    "at most",
    "size limit",
    "length limit",
    "payload limit",
    "payload_limit",
    "character limit",
];

/// The most characters of the text that is tried then: what the strictest chats take.
const TEXT: usize = 2_000;

/// The least, which has room for the mark of a cut.
const LEAST_TEXT: usize = 60;

/// The most characters of a fact's value.
const VALUE: usize = 120;

/// Facts that a destination may be found by; they are short.
const KEPT: &[&str] = &["change_request", "originRevision", "revision"];

const STYLE: Style = Style { escape: plain, width: characters };

/// Whether an answer says that the message has to be shorter.
pub(crate) fn is_said(response: &Response) -> bool {
    let says = |response| WORDS.iter().any(|word| contains(beginning(response), word));
    response.status == 413 || matches!(response.status, 400 | 422 | 500) && says(response)
}

/// `delivery` with less to say: of what took `sent` bytes the text has a quarter, and 2,000 characters at most, and the values of
/// facts another quarter, and 120 characters each at most. Values are cut in the event too, so that it is still known which of them it brought.
pub fn shorter(delivery: &Delivery, sent: usize) -> Delivery {
    let most = (sent / 4).clamp(LEAST_TEXT, TEXT);
    let Delivery { event, plan, .. } = delivery;
    let value = (sent / 4 / plan.metadata.len().max(1)).min(VALUE);
    let event = Event {
        message: STYLE.fit(&event.message, most).into_owned(),
        metadata: shortened(&event.metadata, value),
        ..Event::clone(event)
    };
    let plan = NewDelivery { metadata: shortened(&plan.metadata, value), ..plan.clone() };
    Delivery { event: Arc::new(event), plan, ..delivery.clone() }
}

fn shortened(metadata: &BTreeMap<String, String>, most: usize) -> BTreeMap<String, String> {
    let cut = |(key, value): (&String, &String)| {
        let is_kept = key.rsplit('/').next().is_some_and(|name| KEPT.contains(&name));
        let value = if is_kept { value.clone() } else { STYLE.fit(value, most).into_owned() };
        (key.clone(), value)
    };
    metadata.iter().map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answer, long};

    #[test]
    fn i16_7_too_long_is_known_in_the_words_of_many() {
        let said = [
            (413, ""),
            (
                400,
                r#"{"id":"web.incoming_webhook.attachment.app_error","message":"Maximum attachments length is 7900"}"#,
            ),
            (400, r#"{"description":"Bad Request: message is too long"}"#),
            (400, r#"{"embeds":["Must be 4096 or fewer in length."]}"#),
            (400, "attachment_payload_limit_exceeded"),
            (422, r#"{"error":"Validation failed: Text character limit of 500 exceeded"}"#),
            (500, "message body too large"),
        ];
        for (status, body) in said {
            assert!(is_said(&answer(status, &[], body)), "{status} {body}");
        }
        for (status, body) in
            [(200, "too long"), (400, "no such channel"), (401, "too long"), (503, "too large")]
        {
            assert!(!is_said(&answer(status, &[], body)), "{status} {body}");
        }
    }

    #[test]
    fn i16_7_less_is_said_and_what_the_event_brought_stays_known() {
        let mut long = long(40_000);
        let value = "v".repeat(500);
        let event = Arc::make_mut(&mut long.event);
        event.metadata.insert("event.toolkit.fluxcd.io/odd".to_owned(), value.clone());
        long.plan.metadata.insert("odd".to_owned(), value);
        let less = shorter(&long, 50_000);
        assert!(
            less.event.message.chars().count() <= TEXT && less.event.message.contains("more characters)")
        );
        assert!(shorter(&long, 600).event.message.chars().count() <= 150);
        let notification = campanile_domain::Notification::of(&less);
        assert!(notification.facts().any(|fact| fact.key == "odd" && fact.is_from_event()));
        assert_eq!(notification.fact("revision"), campanile_domain::Notification::of(&long).fact("revision"));
    }
}
