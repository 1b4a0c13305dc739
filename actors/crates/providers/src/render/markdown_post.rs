//! A notification as a Markdown text of its own: a heading, the object, the message, the metadata (contract, providers 19).

use std::fmt::Write;

use campanile_domain::{Notification, ObjectRef};

use crate::render::{MessageBody, MessageLimits, Style};

/// What stands around the parts that grow, whether its line breaks count one or two.
const FRAME: usize = 2 * "## Flux Status\n\n⚠️ \n\n\n\nMetadata:\n".len();

/// Longest name of an object: two names of Kubernetes and a kind.
const LONGEST_NAME: usize = 600;

/// What stands around a key and its value.
const OVERHEAD: usize = 1 + "* ``: \n".len();

/// `notification` in `style`, within `longest` of its units, which must be some thousands. The key that says where a comment
/// belongs is left out.
pub(crate) fn render(notification: &Notification<'_>, style: &Style, longest: usize) -> String {
    let name = style.fit_owned(notification.title_as(ObjectRef::path), LONGEST_NAME);
    let total = longest - FRAME - style.measure(&name);
    let limits = MessageLimits {
        total,
        text: total,
        share: total / 2,
        count: 100,
        key: 256,
        value: 4_000,
        overhead: OVERHEAD,
    };
    let shown = notification.facts().filter(|fact| fact.key != "change_request");
    let MessageBody { text, entries } = style.body(notification, shown, &limits);
    let emoji = if notification.is_error() { "⚠️" } else { "ℹ️" };
    let mut out = format!("## Flux Status\n\n{emoji} {name}\n\n{text}\n\nMetadata:\n");
    for (key, value) in entries {
        // A backtick would end the code that the key stands in. Writing to a String does not fail.
        let key = key.replace('`', "'");
        writeln!(out, "* `{key}`: {value}").unwrap_or_default();
    }
    out
}
