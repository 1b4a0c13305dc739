//! The messages inside cluster mode: from the tasks that watch to the watcher, and between the watcher, the status writer
//! and the event recorder. Actors and tasks know these and not each other.

use std::sync::Arc;

use actix::Message;
use campanile_domain::ObjectKey;
use campanile_protocol::Announce;

use super::label_cache::{GroupKind, Labelled};
use super::reading::Facts;
use super::secrets::SecretVersion;
use super::version::Served;
use super::write_plan::{Part, WritePlan};
use crate::batch::Batch;
use crate::kind::Id;
use crate::kind_state::Sighting;

/// Task to watcher: the first client was made, or a new one after the token was refused.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Connected(pub(crate) kube::Client);

/// Task to watcher: the API server does not take our token or certificate. The kubeconfig may have a new one by now.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Unauthorized;

/// Task to watcher: objects of a kind were listed or changed.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct ObjectsSeen<T: 'static> {
    pub(crate) served: Served,
    pub(crate) batch: Batch<Sighting<T, Facts>>,
}

/// Task to watcher: Secrets were listed or changed, which says that they are watched, too.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct SecretsSeen(pub(crate) Batch<SecretVersion>);

/// Task to watcher: whether Secrets are watched now.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct SecretsWatched(pub(crate) bool);

/// Task to watcher: Secrets that are not watched turned out to be different.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct SecretsDiffer(pub(crate) Vec<ObjectKey>);

/// Task to watcher: the groups that serve a kind whose labels are asked for.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct LabelsServed {
    pub(crate) kind: Arc<str>,
    pub(crate) groups: Vec<Arc<str>>,
}

/// Task to watcher: labels of a kind were listed or changed.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct LabelsSeen {
    pub(crate) of: GroupKind,
    pub(crate) batch: Batch<Labelled>,
}

/// Task to watcher: the labels of a kind may not be listed or watched.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct LabelsDenied {
    pub(crate) of: GroupKind,
    /// What roles call it, for example `terraforms.infra.contrib.fluxcd.io`.
    pub(crate) resource: String,
}

/// To the watcher: something does not work, or works again.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Trouble {
    /// What is attempted, in words that fit after "failed to"; the key under which the trouble is kept.
    pub(crate) about: String,
    /// What is wrong and the remedy; none if it works.
    pub(crate) text: Option<String>,
}

/// Watcher to status writer: the status of these objects may have to be written, and those are gone.
#[derive(Debug, Default, Message)]
#[rtype(result = "()")]
pub(crate) struct StatusChanged {
    pub(crate) stale: Vec<Id>,
    /// Those that have no status yet and are ready, so that nobody waits for it: they may take longer.
    pub(crate) first: Vec<Id>,
    pub(crate) gone: Vec<Id>,
    /// Whether a condition may have changed, so that they are looked at now and not within a second.
    pub(crate) urgent: bool,
}

/// Status writer to watcher: asks for a [`StatusChanged`] of everything. Sent by a writer that was (re)started.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct ReviewAll;

/// Status writer to watcher: asks what has to be written of objects. Those without an answer cannot be judged yet.
#[derive(Debug, Message)]
#[rtype(result = "Vec<(Id, WritePlan)>")]
pub(crate) struct PlanWrites(pub(crate) Vec<Id>);

/// Status writer to watcher: the API server took a patch.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Patched {
    pub(crate) id: Id,
    pub(crate) part: Part,
    /// The version of the object that the patch was made for.
    pub(crate) base: String,
    /// The object as it is then.
    pub(crate) facts: Facts,
}

/// Watcher to event recorder: an announcement becomes a Kubernetes Event on the object with that uid.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct RecordEvent {
    pub(crate) announce: Announce,
    pub(crate) uid: String,
}
