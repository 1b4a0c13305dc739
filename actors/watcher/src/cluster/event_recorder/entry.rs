//! One Kubernetes Event: what it says, how often, and what the API server has of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use campanile_protocol::{Announce, Subject};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::cluster::event::{Involved, KubeEvent, seconds};

/// The shortest time between two writes of the same Event. It doubles with each.
pub(super) const PAUSE: Duration = Duration::from_secs(10);

/// An object with its uid and a reason.
pub(super) type Group = (Subject, String, String);

/// The result of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PostResult {
    Done,
    /// The Event has run out meanwhile.
    Forgotten,
    /// The API server will never take it.
    Refused,
    Failed,
}

/// The longest message, in bytes: what the API server takes in every version of its API.
pub(super) const LONGEST_MESSAGE: usize = 1024;

/// The key of announcements that are the same: the object and its uid, the reason, and what is said, if it is not combined
/// with others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SeriesKey {
    on: Subject,
    uid: String,
    reason: String,
    said: Option<(String, BTreeMap<String, String>)>,
}

impl SeriesKey {
    pub(super) fn of(announce: &Announce, uid: &str) -> Self {
        let said = Some((announce.message.clone(), announce.annotations.clone()));
        Self { said, ..Self::combined(announce, uid) }
    }

    /// Of all that are too many to stand alone.
    pub(super) fn combined(announce: &Announce, uid: &str) -> Self {
        Self { on: announce.on.clone(), uid: uid.to_owned(), reason: announce.reason.to_string(), said: None }
    }

    pub(super) fn group(&self) -> Group {
        (self.on.clone(), self.uid.clone(), self.reason.clone())
    }
}

pub(super) struct EventSeries {
    /// The name of the Event object.
    name: String,
    pub(super) announce: Announce,
    pub(super) count: u32,
    first: Timestamp,
    pub(super) last: Timestamp,
    /// The count that the API server knows; none if it does not have the Event.
    pub(super) known: Option<u32>,
    pub(super) due: Timestamp,
    /// How long the next write waits for the one after it.
    pub(super) pause: Duration,
    pub(super) flying: bool,
    pub(super) failures: u32,
}

/// An Event that is to be written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Posting {
    pub(super) identity: SeriesKey,
    pub(super) count: u32,
    pub(super) namespace: String,
    pub(super) name: String,
    /// Whether the API server does not have it yet.
    pub(super) is_new: bool,
    pub(super) body: Json,
}

impl Posting {
    /// The object that it is about, for the log.
    pub(super) fn object(&self) -> impl fmt::Display {
        format!("{}/{}", kind(&self.identity.on), self.identity.on.key())
    }
}

impl EventSeries {
    pub(super) fn new(name: String, announce: Announce, now: Timestamp) -> Self {
        Self {
            name,
            count: announce.count,
            announce,
            first: now,
            last: now,
            known: None,
            due: now,
            pause: PAUSE,
            flying: false,
            failures: 0,
        }
    }

    /// It happened again. Of combined ones the newest is shown.
    pub(super) fn again(&mut self, announce: Announce, now: Timestamp) {
        self.count = self.count.saturating_add(announce.count);
        self.announce = announce;
        self.last = now;
    }

    /// Whether the API server has it as it is.
    pub(super) fn is_written(&self) -> bool {
        !self.flying && self.known == Some(self.count)
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        !self.flying && self.known != Some(self.count) && self.due <= now
    }

    pub(super) fn posting(&self, identity: &SeriesKey) -> Posting {
        let is_new = self.known.is_none();
        let is_combined = identity.said.is_none();
        let message = self.message(is_combined);
        let body = if is_new {
            self.whole(&message, &identity.uid)
        } else if is_combined {
            json!({ "count": self.count, "lastTimestamp": seconds(self.last), "message": message })
        } else {
            json!({ "count": self.count, "lastTimestamp": seconds(self.last) })
        };
        Posting {
            identity: identity.clone(),
            count: self.count,
            namespace: self.announce.on.key().namespace.to_string(),
            name: self.name.clone(),
            is_new,
            body,
        }
    }

    /// The message in the bounds of the API. The words for combined ones are those of other controllers.
    fn message(&self, is_combined: bool) -> String {
        let prefix = if is_combined { "(combined from similar events): " } else { "" };
        let mut message = format!("{prefix}{}", self.announce.message);
        message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
        message
    }

    fn whole(&self, message: &str, uid: &str) -> Json {
        let Announce { on, warning, reason, annotations, .. } = &self.announce;
        let (key, version) = (on.key(), campanile_crds::Version::V1beta3.name());
        let event = KubeEvent {
            name: &self.name,
            on: Involved {
                api_version: &format!("{}/{version}", campanile_crds::GROUP),
                kind: kind(on),
                namespace: &key.namespace,
                name: &key.name,
                uid: Some(uid),
            },
            annotations,
            warning: *warning,
            reason,
            message,
            times: (self.first, self.last),
            count: self.count,
        };
        event.body()
    }
}

fn kind(on: &Subject) -> &'static str {
    match on {
        Subject::Alert(_) => "Alert",
        Subject::Provider(_) => "Provider",
        Subject::Receiver(_) => "Receiver",
    }
}
