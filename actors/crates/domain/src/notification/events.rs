//! The event or events behind a notification.

use std::borrow::Cow;
use std::sync::Arc;

use crate::{Event, ObjectRef};

/// The events behind a notification: at least one.
#[derive(Clone, Copy, Debug)]
pub struct Events<'a> {
    pub(super) newest: &'a Event,
    /// The others of a digest, oldest first.
    pub(super) earlier: &'a [Arc<Event>],
}

impl<'a> Events<'a> {
    pub(super) fn one(event: &'a Event) -> Self {
        Self { newest: event, earlier: &[] }
    }

    /// The newest of the events.
    pub fn newest(self) -> &'a Event {
        self.newest
    }

    /// All events from the newest to the oldest.
    pub fn newest_first(self) -> impl Iterator<Item = &'a Event> {
        std::iter::once(self.newest).chain(self.earlier.iter().rev().map(Arc::as_ref))
    }

    /// Their objects, each once: that of its newest event.
    pub(super) fn objects(self) -> impl Iterator<Item = &'a ObjectRef> {
        let objects = move || self.newest_first().map(|event| &event.involved_object);
        let is_first = move |(at, object): &(usize, &ObjectRef)| {
            !objects().take(*at).any(|earlier| is_same(earlier, object))
        };
        objects().enumerate().filter(is_first).map(|(_, object)| object)
    }

    /// Their messages in the order in which they happened, a line break between two.
    pub(super) fn text(self) -> Cow<'a, str> {
        let mut text = Cow::Borrowed("");
        for event in self.earlier {
            text.to_mut().push_str(&event.message);
            text.to_mut().push('\n');
        }
        text + self.newest.message.as_str()
    }
}

/// Whether two references name one object, whatever its version was at the time.
fn is_same(one: &ObjectRef, other: &ObjectRef) -> bool {
    (&one.kind, &one.namespace, &one.name) == (&other.kind, &other.namespace, &other.name)
}
