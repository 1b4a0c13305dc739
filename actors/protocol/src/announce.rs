//! To the watcher: something that the owner of an Alert has to see where he looks.

use std::borrow::Cow;
use std::collections::BTreeMap;

use actix::Message;
use campanile_domain::AlertRef;

/// Becomes a Kubernetes Event on an Alert (contract, control plane 7). The same one again is counted.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Announce {
    /// The Alert.
    pub alert: AlertRef,
    /// Whether something is wrong.
    pub warning: bool,
    /// One camel-case word, for example `NotificationDispatchFailed`.
    pub reason: Cow<'static, str>,
    /// What happened; no secrets.
    pub message: String,
    /// Details for programs; may be empty.
    pub annotations: BTreeMap<String, String>,
}
