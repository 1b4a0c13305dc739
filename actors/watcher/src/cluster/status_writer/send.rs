//! The task that sends patches, a few objects at a time.

use std::sync::Arc;
use std::time::Duration;

use actix::{Message, WeakRecipient};
use futures_util::StreamExt;
use kube::Client;
use kube::api::{Patch, PatchParams};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::cluster::outlet::tell;
use crate::cluster::reading::Facts;
use crate::cluster::shared_client::SharedClient;
use crate::cluster::write_plan::{Part, StatusPatch};
use crate::cluster::writing::{FIELD_MANAGER, Unwritten, in_time, until_work};
use crate::kind::{Id, Kind};

/// The most writes under way at the same time.
const CONCURRENT: usize = 4;

/// Asks what to write next.
#[derive(Message)]
#[rtype(result = "Vec<StatusPatch>")]
pub(super) struct NextWrites;

/// The message that a patch was sent.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct PatchSent {
    pub(super) id: Id,
    pub(super) part: Part,
    /// The version of the object that the patch was made for.
    pub(super) base: String,
    pub(super) outcome: Result<Facts, PatchError>,
    /// From when it was sent to the answer.
    pub(super) took: Duration,
}

/// Errors for which a patch was not taken.
#[derive(Debug)]
pub(super) enum PatchError {
    /// The object of the patch is gone.
    Gone,
    /// It is not the one that was seen: somebody else wrote first, and the watch brings what.
    Conflict,
    /// Anything else, in words for the snapshot.
    Trouble(String),
}

/// The way to the status writer. It is held weakly: the task ends with its actor.
pub(super) struct WriterOutlet {
    pub(super) next: WeakRecipient<NextWrites>,
    pub(super) written: WeakRecipient<PatchSent>,
}

/// Sends what the status writer wants written.
pub(super) async fn send_all(outlet: WriterOutlet, client: SharedClient, bell: Arc<Notify>) {
    loop {
        let client = client.get().await;
        let Some(next) = outlet.next.upgrade() else { return };
        let Ok(writes) = next.send(NextWrites).await else { return };
        drop(next);
        if writes.is_empty() {
            until_work(&bell).await;
        }
        let sending = |write| send_and_tell(&client, &outlet, write);
        futures_util::stream::iter(writes).for_each_concurrent(CONCURRENT, sending).await;
    }
}

async fn send_and_tell(client: &Client, outlet: &WriterOutlet, write: StatusPatch) {
    let began = Instant::now();
    let outcome = send(client.clone(), &write).await;
    let StatusPatch { id, part, base, .. } = write;
    // A writer that is gone has forgotten about it.
    tell(&outlet.written, PatchSent { id, part, base, outcome, took: began.elapsed() }).await;
}

/// Sends one patch and returns what the object looks like then.
async fn send(client: Client, write: &StatusPatch) -> Result<Facts, PatchError> {
    let (kind, key) = &write.id;
    let api = write.served.api(client, *kind, Some(&key.namespace));
    let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    let patch = Patch::Merge(&write.patch);
    let sent = async {
        match write.part {
            Part::Status => api.patch_status(&key.name, &parameters, &patch).await,
            Part::Metadata => api.patch(&key.name, &parameters, &patch).await,
        }
    };
    match in_time(&aim(*kind), sent).await {
        Ok(object) => Ok(Facts::of(&object)),
        Err(Unwritten { code: Some(404), .. }) => Err(PatchError::Gone),
        Err(Unwritten { code: Some(409), .. }) => Err(PatchError::Conflict),
        Err(Unwritten { text, .. }) => Err(PatchError::Trouble(text)),
    }
}

/// What is attempted, in words that fit after "failed to".
pub(super) fn aim(kind: Kind) -> String {
    format!("write the status of {}", kind.plural())
}
