use super::*;
use crate::render::bytes;
use crate::render::markup::{html, plain};
use crate::testing::delivery;
use campanile_domain::Event;
use campanile_testkit::event;

const PLAIN: Style = Style { escape: plain, width: bytes };
const HTML: Style = Style { escape: html, width: bytes };

const LIMITS: MessageLimits =
    MessageLimits { total: 1000, text: 600, share: 300, count: 5, key: 50, value: 100, overhead: 2 };

fn body(message: &str, metadata: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
    let delivery = delivery(Event { message: message.into(), ..event() }, metadata);
    let notification = Notification::of(&delivery);
    let body = PLAIN.body(&notification, notification.facts(), &LIMITS);
    let owned = |(key, value): FactEntry<'_>| (key.into_owned(), value.into_owned());
    (body.text.into_owned(), body.entries.into_iter().map(owned).collect())
}

#[test]
fn what_fits_is_not_touched() {
    let (text, entries) = body(&"x".repeat(600), &[("a", "1"), ("b", "2")]);
    assert_eq!(text, "x".repeat(600));
    assert_eq!(entries, [("a".into(), "1".into()), ("b".into(), "2".into())]);
}

#[test]
fn a_long_message_leaves_room_to_the_entries_and_many_entries_room_to_the_message() {
    let long = "y".repeat(100);
    let many: Vec<(String, &str)> = (1..=5).map(|n| (format!("key-{n}"), long.as_str())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    let (text, entries) = body(&"x".repeat(5000), &many);
    assert_eq!(text.len(), 600);
    assert_eq!(entries.len(), 4, "three of them and the remark");
    assert_eq!(entries[3], ("…".into(), "2 more left out".into()));
    let (text, entries) = body("short", &many);
    assert_eq!((text.as_str(), entries.len()), ("short", 5), "room that the message does not need is theirs");
}

#[test]
fn more_entries_than_there_may_be_are_counted() {
    let metadata: Vec<String> = (0..9).map(|n| format!("k{n}")).collect();
    let metadata: Vec<(&str, &str)> = metadata.iter().map(|key| (key.as_str(), "v")).collect();
    let (_, entries) = body("m", &metadata);
    assert_eq!(entries.len(), 5);
    assert_eq!(entries[4].1, "5 more left out");
}

#[test]
fn what_the_alert_adds_works_unless_the_event_brought_the_same() {
    let mut event = event();
    event.metadata = [("event.toolkit.fluxcd.io/team".to_owned(), "<b>x</b>".to_owned())].into();
    let delivery = delivery(event, &[("link", "<a href='x'>y</a>"), ("team", "<b>x</b>")]);
    let notification = Notification::of(&delivery);
    let body = HTML.body(&notification, notification.facts(), &LIMITS);
    assert_eq!(body.entries[0].1, "<a href='x'>y</a>");
    assert_eq!(body.entries[1].1, "&lt;b>x&lt;/b>");
}
