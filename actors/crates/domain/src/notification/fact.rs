//! One of the facts that a notification shows.

use super::Events;

/// A key with its value, as a notification shows it.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// The key, without the prefix that it had in the event.
    pub key: &'a str,
    /// The value as text, not yet escaped.
    pub value: &'a str,
    events: Events<'a>,
}

impl<'a> Fact<'a> {
    pub(super) fn new(key: &'a str, value: &'a str, events: Events<'a>) -> Self {
        Self { key, value, events }
    }

    /// Whether an event brought this value. Any other value was written into the Alert by who runs the Provider, so its
    /// markup and mentions are meant. This compares the value with all metadata of the events.
    pub fn is_from_event(&self) -> bool {
        let mut metadata = self.events.newest_first().flat_map(|event| event.metadata.values());
        metadata.any(|brought| brought == self.value)
    }
}
