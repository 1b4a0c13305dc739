//! Kubernetes Events on Alerts: the same one again is counted instead of written anew.
//!
//! An Event is posted at once, its count brought up to date once in [`PAUSE`]. At most [`MOST`] different ones are
//! remembered; when all of them still have to be written, further ones are counted, and said in the log once there is
//! room again. So nothing goes unsaid.

use std::collections::HashMap;
use std::time::Duration;

use campanile_domain::{AlertRef, ObjectKey};
use campanile_protocol::Announce;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::follow::RETRY;

/// The most Events that are remembered.
const MOST: usize = 1024;

/// The shortest time between two writes of the same Event.
const PAUSE: Duration = Duration::from_secs(10);

/// The longest message, in bytes: what the API server takes in every version of its API.
const LONGEST_MESSAGE: usize = 1024;

/// Who says it (contract, control plane 7).
const COMPONENT: &str = "notification-controller";

/// What makes two announcements the same: the Alert and its uid, the reason, the message.
type Identity = (ObjectKey, String, String, String);

struct Entry {
    /// The name of the Event object.
    name: String,
    announce: Announce,
    count: u32,
    first: Timestamp,
    last: Timestamp,
    /// The count that the API server knows; none if it does not have the Event.
    known: Option<u32>,
    due: Timestamp,
    flying: bool,
    failures: u32,
}

/// An Event to write.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Posting {
    identity: Identity,
    count: u32,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Whether the API server does not have it yet.
    pub(crate) is_new: bool,
    pub(crate) body: Json,
}

/// What became of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    Done,
    /// The Event has run out meanwhile.
    Forgotten,
    Failed,
}

/// The Events of one watcher.
#[derive(Default)]
pub(crate) struct Announcer {
    entries: HashMap<Identity, Entry>,
    /// How many found no room.
    overflowed: u64,
    named: u64,
}

impl Announcer {
    /// Takes an announcement in.
    pub(crate) fn note(&mut self, announce: Announce, now: Timestamp) {
        let AlertRef { key, uid } = announce.alert.clone();
        let identity = (key, uid, announce.reason.to_string(), announce.message.clone());
        if let Some(entry) = self.entries.get_mut(&identity) {
            entry.count = entry.count.saturating_add(1);
            entry.last = now;
            return;
        }
        if self.entries.len() >= MOST && !self.make_room() {
            self.overflowed += 1;
            return;
        }
        self.named += 1;
        // A name that no other process gives: the time and a number of our own.
        let name = format!("{}.{:x}{:x}", announce.alert.key.name, now.as_nanosecond(), self.named);
        let entry = Entry {
            name,
            announce,
            count: 1,
            first: now,
            last: now,
            known: None,
            due: now,
            flying: false,
            failures: 0,
        };
        self.entries.insert(identity, entry);
    }

    /// Forgets the Event that was last seen longest ago of those that are written.
    fn make_room(&mut self) -> bool {
        let written =
            self.entries.iter().filter(|(_, entry)| entry.known == Some(entry.count) && !entry.flying);
        let Some(oldest) = written.min_by_key(|(_, entry)| entry.last).map(|(identity, _)| identity.clone())
        else {
            return false;
        };
        self.entries.remove(&oldest);
        if self.overflowed > 0 {
            let events = std::mem::take(&mut self.overflowed);
            tracing::warn!(events, "kubernetes events were not written, there were too many different ones");
        }
        true
    }

    /// Takes what is to be written now.
    pub(crate) fn take(&mut self, now: Timestamp, most: usize) -> Vec<Posting> {
        let due = |entry: &Entry| !entry.flying && entry.known != Some(entry.count) && entry.due <= now;
        let due = self.entries.iter_mut().filter(|(_, entry)| due(entry)).take(most);
        due.map(|(identity, entry)| {
            entry.flying = true;
            entry.posting(identity)
        })
        .collect()
    }

    /// Notes what became of a posting; `random` is drawn evenly from 0 to 1.
    pub(crate) fn posted(&mut self, posting: &Posting, outcome: Posted, now: Timestamp, random: f64) {
        let Some(entry) = self.entries.get_mut(&posting.identity) else { return };
        entry.flying = false;
        match outcome {
            Posted::Done => {
                entry.known = Some(posting.count);
                entry.failures = 0;
                entry.due = now + PAUSE;
            }
            Posted::Forgotten => entry.known = None,
            Posted::Failed => {
                entry.failures = entry.failures.saturating_add(1);
                entry.due = now + RETRY.pause(entry.failures, random);
            }
        }
    }
}

impl Entry {
    fn posting(&self, identity: &Identity) -> Posting {
        let is_new = self.known.is_none();
        let body = if is_new {
            self.whole()
        } else {
            json!({ "count": self.count, "lastTimestamp": seconds(self.last) })
        };
        Posting {
            identity: identity.clone(),
            count: self.count,
            namespace: self.announce.alert.key.namespace.to_string(),
            name: self.name.clone(),
            is_new,
            body,
        }
    }

    fn whole(&self) -> Json {
        let Announce { alert, warning, reason, message, annotations } = &self.announce;
        let cut = message.floor_char_boundary(LONGEST_MESSAGE);
        json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": { "name": self.name, "namespace": alert.key.namespace, "annotations": annotations },
            "involvedObject": {
                "apiVersion": format!("{}/{}", campanile_crds::GROUP, campanile_crds::Version::V1beta3.name()),
                "kind": "Alert",
                "namespace": alert.key.namespace,
                "name": alert.key.name,
                "uid": alert.uid,
            },
            "type": if *warning { "Warning" } else { "Normal" },
            "reason": reason,
            "message": message.get(..cut).unwrap_or_default(),
            "source": { "component": COMPONENT },
            "reportingComponent": COMPONENT,
            "firstTimestamp": seconds(self.first),
            "lastTimestamp": seconds(self.last),
            "count": self.count,
        })
    }
}

/// The API takes whole seconds.
fn seconds(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

#[cfg(test)]
mod tests;
