//! One notification on its way from acceptance to its destination.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Event, ObjectKey, RecordId};

/// Id of a delivery: unique, stable over retries and restarts. Destinations that take an idempotency key get its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(pub RecordId);

impl DeliveryId {
    /// The id of the delivery with that number that a process of this origin stored.
    pub const fn new(origin: u64, number: i64) -> Self {
        Self(RecordId::new(origin, number))
    }

    /// An id without an origin: of a delivery that version 0.1.0 stored, or that is not stored at all.
    pub const fn numbered(number: i64) -> Self {
        Self(RecordId::numbered(number))
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The Alert that a delivery came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRef {
    /// Namespace and name of the Alert.
    pub key: ObjectKey,
    /// Its uid at the time of planning.
    pub uid: String,
}

/// A delivery that the router plans, and that has no id yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The Provider whose queue this joins.
    pub provider: ObjectKey,
    /// The Alert that asked for it.
    pub alert: AlertRef,
    /// Deliveries of one provider with the same lane go out one at a time, in the order of acceptance.
    pub lane: Arc<str>,
    /// Metadata combined as the contract says (control plane 6.2), as at acceptance.
    pub metadata: BTreeMap<String, String>,
    /// Name of the commit status (contract, control plane 6.3), as at acceptance. Types of other classes have none.
    pub commit_status: Option<String>,
    /// Of several of a lane that wait only the newest is handed out; the older ones are done, superseded. Such
    /// deliveries never share a lane with others. True for commit statuses, whose lane names the commit.
    pub newest_only: bool,
    /// When it is no longer worth sending.
    pub deadline: Timestamp,
}

/// A stored delivery with its event, as a provider actor gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The id of the delivery.
    pub id: DeliveryId,
    /// The event, cleaned of what providers may not see; shared by all deliveries of the event.
    pub event: Arc<Event>,
    /// The delivery as the router planned it.
    pub plan: NewDelivery,
    /// When the event was accepted.
    pub accepted_at: Timestamp,
    /// Tries so far that reached a judgement.
    pub attempts: u32,
}
