//! The one value that stands between a [`Delivery`] and the provider types: what a destination is told.
//!
//! A [`Notification`] is made from a delivery and nowhere else. It borrows from it, so that making one copies nothing.
//! Types read title, text, facts and times here and render them; none looks into an event to write a message. So whatever
//! replaces a text or puts several events into one notification does so for every type.

mod events;
mod fact;

use std::borrow::Cow;

use jiff::Timestamp;

use crate::naming::description;
use crate::{AlertRef, Delivery, EventJson, ObjectRef, RevisionError, Severity, commit_of};
pub use events::Events;
pub use fact::Fact;

/// The reason of events that tell of work under way (contract, providers 17).
const PROGRESSING: &str = "Progressing";

/// The notification of one event or several, as a destination is told.
///
/// Where a notification has several events and a destination takes one of a kind (a reason, a time, an object's uid), that
/// of the newest event counts.
#[derive(Clone, Debug)]
pub struct Notification<'a> {
    delivery: &'a Delivery,
    events: Events<'a>,
    text: Cow<'a, str>,
}

impl<'a> Notification<'a> {
    /// The notification that `delivery` carries.
    pub fn of(delivery: &'a Delivery) -> Self {
        Self::about(Events::one(&delivery.event), delivery)
    }

    fn about(events: Events<'a>, delivery: &'a Delivery) -> Self {
        Self { delivery, events, text: events.text() }
    }

    /// The heading: `kind/name.namespace` of the object, the kind in lower case.
    pub fn title(&self) -> String {
        self.title_as(ObjectRef::display_name)
    }

    /// The heading of a destination that writes the object in a `form` of its own. Of several objects the others are
    /// counted.
    pub fn title_as(&self, form: impl FnOnce(&ObjectRef) -> String) -> String {
        let title = form(self.object());
        match self.objects().count() - 1 {
            0 => title,
            others => format!("{title} and {others} more"),
        }
    }

    /// The message of the event. Senders keep it below 39,000 characters, nothing enforces that.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The severity of the newest event, or `error` if any of the events is one.
    pub fn severity(&self) -> &'a Severity {
        let first_error = self.events.newest_first().find(|event| event.is_error());
        &first_error.unwrap_or(self.events.newest()).severity
    }

    /// Whether the severity is exactly `error`.
    pub fn is_error(&self) -> bool {
        *self.severity() == Severity::Error
    }

    /// The object of the newest event. Every field of it may be empty.
    pub fn object(&self) -> &'a ObjectRef {
        &self.events.newest().involved_object
    }

    /// The objects that the events are about, each once, that of the newest event first.
    pub fn objects(&self) -> impl Iterator<Item = &'a ObjectRef> {
        self.events.objects()
    }

    /// The reason of the event, in one camel-case word.
    pub fn reason(&self) -> &'a str {
        &self.events.newest().reason
    }

    /// The reason in words, in lower case (contract, providers 13).
    pub fn reason_in_words(&self) -> String {
        description(self.reason())
    }

    /// Whether it tells of work under way: the reason is exactly `Progressing`.
    pub fn is_progress(&self) -> bool {
        self.reason() == PROGRESSING
    }

    /// The controller that reported, for example `kustomize-controller`.
    pub fn controller(&self) -> &'a str {
        &self.events.newest().reporting_controller
    }

    /// The pod of that controller; empty where it did not say.
    pub fn controller_instance(&self) -> &'a str {
        &self.events.newest().reporting_instance
    }

    /// The facts to show, in the order of their keys: metadata as combined at acceptance (contract, control plane 6.2).
    pub fn facts(&self) -> impl Iterator<Item = Fact<'a>> {
        let events = self.events;
        self.delivery.plan.metadata.iter().map(move |(key, value)| Fact::new(key, value, events))
    }

    /// The value of the fact that is called `key`.
    pub fn fact(&self, key: &str) -> Option<&'a str> {
        self.delivery.plan.metadata.get(key).map(String::as_str)
    }

    /// The revision that the object was brought to.
    pub fn revision(&self) -> Option<&'a str> {
        self.fact("revision")
    }

    /// The hash of the Git commit that it is about: 40 bytes (contract, providers 14).
    ///
    /// # Errors
    /// [`RevisionError::Missing`] without a revision, [`RevisionError::NoCommit`] for a tag, a version or a digest.
    pub fn commit(&self) -> Result<&'a str, RevisionError> {
        commit_of(&self.delivery.plan.metadata)
    }

    /// The name under which a Git host shows it at the commit (contract, providers 16); none for types that show none.
    pub fn commit_status(&self) -> Option<&'a str> {
        self.delivery.plan.commit_status.as_deref().filter(|name| !name.is_empty())
    }

    /// The time of the event; where no sender said, when it was accepted: retries must not make it later.
    pub fn happened_at(&self) -> Timestamp {
        self.events.newest().timestamp.unwrap_or(self.delivery.accepted_at)
    }

    /// The Alert that asked for it.
    pub fn alert(&self) -> &'a AlertRef {
        &self.delivery.plan.alert
    }

    /// A text that is the same at every try of this notification, and never that of another one. The ids of version 0.1.0
    /// begin anew with a new state folder, so the time of acceptance is a part of it.
    pub fn identity(&self) -> String {
        let Delivery { id, plan, accepted_at, .. } = self.delivery;
        format!("{} {} {} {}", plan.provider, plan.alert.uid, id, accepted_at.as_microsecond())
    }

    /// The newest event with the facts of this notification, for destinations that take the event itself.
    pub fn event_json(&self) -> EventJson<'a> {
        EventJson { event: self.events.newest(), metadata: &self.delivery.plan.metadata }
    }

    /// The event or events behind it.
    pub fn events(&self) -> Events<'a> {
        self.events
    }
}

#[cfg(test)]
mod tests;
