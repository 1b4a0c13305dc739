//! What the tasks tell the watcher.

use std::time::Duration;

use actix::Message;
use kube::Client;

use crate::cluster::announcer::{Posted, Posting};
use crate::cluster::batch::Batch;
use crate::cluster::label_cache::Labelled;
use crate::cluster::reading::{Facts, Reading};
use crate::cluster::secrets::Notice;
use crate::cluster::source_kinds::SourceKind;
use crate::cluster::tasks::write::Refusal;
use crate::cluster::version::Served;
use crate::cluster::writer::{Id, Part, Write};

/// There is a client now.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Connected(pub(crate) Client);

/// The API server does not take our token or certificate. The kubeconfig may have a new one by now.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Unauthorized;

/// Objects of a kind were listed or changed.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Told<T: 'static> {
    pub(crate) served: Served,
    pub(crate) batch: Batch<Reading<T>>,
}

/// Secrets were listed or changed. It says that they are watched, too.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct SecretNews(pub(crate) Batch<Notice>);

/// Whether Secrets are watched now.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct SecretsWatched(pub(crate) bool);

/// Labels of a kind were listed or changed.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct LabelNews {
    pub(crate) kind: &'static SourceKind,
    pub(crate) batch: Batch<Labelled>,
}

/// Something does not work, or works again.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Trouble {
    /// What is attempted.
    pub(crate) about: String,
    /// What is wrong and the remedy; none if it works.
    pub(crate) text: Option<String>,
}

/// Asks what to write next.
#[derive(Message)]
#[rtype(result = "Vec<(Served, Write)>")]
pub(crate) struct NextWrites;

/// A patch was sent.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Written {
    pub(crate) id: Id,
    pub(crate) part: Part,
    /// The version of the object that the patch was made for.
    pub(crate) base: String,
    pub(crate) outcome: Result<Facts, Refusal>,
    /// From when it was sent to the answer.
    pub(crate) took: Duration,
}

/// Asks which Kubernetes Events to write next.
#[derive(Message)]
#[rtype(result = "Vec<Posting>")]
pub(crate) struct NextAnnouncements;

/// A Kubernetes Event was sent.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Announced {
    pub(crate) posting: Posting,
    pub(crate) outcome: Posted,
}
