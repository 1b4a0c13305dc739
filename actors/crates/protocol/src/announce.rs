//! To the watcher: something that the owner of an object has to see where he looks.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use actix::Message;
use campanile_domain::ObjectKey;

/// The object that an announcement is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// The announcement is about an Alert.
    Alert(ObjectKey),
    /// The announcement is about a Provider.
    Provider(ObjectKey),
    /// The announcement is about a Receiver.
    Receiver(ObjectKey),
}

impl Subject {
    /// Namespace and name of the object.
    pub fn key(&self) -> &ObjectKey {
        match self {
            Self::Alert(key) | Self::Provider(key) | Self::Receiver(key) => key,
        }
    }
}

/// Reasons of Kubernetes Events (contract, control plane 7 and 3.1; those of Providers are our own).
pub mod reason {
    /// An Alert's pattern or selector is not valid.
    pub const INVALID_CONFIG: &str = "InvalidConfig";
    /// An Alert asks for the labels of an object that does not exist.
    pub const SOURCE_FETCH_FAILED: &str = "SourceFetchFailed";
    /// Several sources supplied the same metadata keys.
    pub const METADATA_APPEND_FAILED: &str = "MetadataAppendFailed";
    /// A notification could not be made, or not be sent.
    pub const NOTIFICATION_DISPATCH_FAILED: &str = "NotificationDispatchFailed";
    /// An object is not valid, or something that it names is not there.
    pub const FAILED: &str = "Failed";
    /// Reason: an object became ready.
    pub const SUCCEEDED: &str = "Succeeded";
    /// The finalizer of the replaced controller was taken off an Alert.
    pub const MIGRATION: &str = "Migration";
    /// Messages of a Provider wait: its destination is down or takes none of them.
    pub const NOT_DELIVERING: &str = "NotDelivering";
    /// Reason: messages of a Provider get through again.
    pub const DELIVERING: &str = "Delivering";
    /// Notifications were not worth sending any more.
    pub const NOTIFICATIONS_EXPIRED: &str = "NotificationsExpired";
    /// A Provider's queue was full, so that its oldest notifications were given up.
    pub const QUEUE_OVERFLOWED: &str = "QueueOverflowed";
}

/// Becomes a Kubernetes Event on its object. The same one again is counted.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Announce {
    /// The object that the announcement is about.
    pub on: Subject,
    /// Whether it says that something is wrong.
    pub warning: bool,
    /// One camel-case word, for example [`reason::NOTIFICATION_DISPATCH_FAILED`].
    pub reason: Cow<'static, str>,
    /// The text of the announcement, without secrets.
    pub message: String,
    /// Details for programs; may be empty.
    pub annotations: BTreeMap<String, String>,
    /// How often it happened, at least 1.
    pub count: u32,
}

impl Announce {
    /// A warning that happened once, without details.
    pub fn warning(on: Subject, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            on,
            warning: true,
            reason: reason.into(),
            message: message.into(),
            annotations: BTreeMap::new(),
            count: 1,
        }
    }

    /// The same for something good.
    pub fn normal(on: Subject, reason: &'static str, message: impl Into<String>) -> Self {
        Self { warning: false, ..Self::warning(on, reason, message) }
    }

    /// What makes two announcements the same.
    fn identity(&self) -> Identity {
        (self.on.clone(), self.reason.clone(), self.message.clone(), self.annotations.clone())
    }
}

type Identity = (Subject, Cow<'static, str>, String, BTreeMap<String, String>);

/// Announcements on their way to the watcher, held for a moment so that a storm of the same one is one message.
#[derive(Debug, Default)]
pub struct Announcements {
    counts: HashMap<Identity, Announce>,
}

impl Announcements {
    /// Different announcements that are held; [`take`](Self::take) them when there are so many.
    pub const MOST: usize = 256;

    /// Takes one announcement in, and combines it with an equal one.
    pub fn note(&mut self, announce: Announce) {
        let again = announce.count;
        self.counts
            .entry(announce.identity())
            .and_modify(|held| held.count = held.count.saturating_add(again))
            .or_insert(announce);
    }

    /// Whether no announcement is held.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Whether no more should be taken in before a [`take`](Self::take).
    pub fn is_full(&self) -> bool {
        self.counts.len() >= Self::MOST
    }

    /// Hands out what is held, in no order.
    pub fn take(&mut self) -> Vec<Announce> {
        std::mem::take(&mut self.counts).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_announcement_is_held_once_with_its_count() {
        let mut held = Announcements::default();
        let on = Subject::Alert(ObjectKey::new("apps", "on-call"));
        for message in ["x", "y", "x", "x"] {
            held.note(Announce::warning(on.clone(), reason::INVALID_CONFIG, message));
        }
        let mut taken: Vec<(String, u32)> =
            held.take().into_iter().map(|one| (one.message, one.count)).collect();
        taken.sort();
        assert_eq!(taken, [("x".to_owned(), 3), ("y".to_owned(), 1)]);
        assert!(held.is_empty());
    }
}
