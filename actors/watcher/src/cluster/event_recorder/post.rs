//! The task that writes Kubernetes Events, one after the other.

use std::sync::Arc;

use actix::{Message, WeakRecipient};
use k8s_openapi::api::core::v1::Event;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use tokio::sync::Notify;

use super::entry::{PostResult, Posting};
use crate::cluster::outlet::tell;
use crate::cluster::peers::ClusterPeers;
use crate::cluster::writing::{FIELD_MANAGER, Unwritten, in_time, until_work};

/// What is attempted, in words that fit after "failed to".
const AIM: &str = "write kubernetes events";

/// Asks which Kubernetes Events to write next.
#[derive(Message)]
#[rtype(result = "Vec<Posting>")]
pub(super) struct NextPostings;

/// A Kubernetes Event was sent.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Posted {
    pub(super) posting: Posting,
    pub(super) outcome: PostResult,
}

/// The way to the event recorder. It is held weakly: the task ends with its actor.
pub(super) struct RecorderOutlet {
    pub(super) next: WeakRecipient<NextPostings>,
    pub(super) posted: WeakRecipient<Posted>,
}

/// Writes what the event recorder wants written.
pub(super) async fn post_all(outlet: RecorderOutlet, peers: ClusterPeers, bell: Arc<Notify>) {
    loop {
        let client = peers.client.get().await;
        let Some(next) = outlet.next.upgrade() else { return };
        let Ok(postings) = next.send(NextPostings).await else { return };
        drop(next);
        if postings.is_empty() {
            until_work(&bell).await;
        }
        for posting in postings {
            let outcome = post(&client, &peers, &posting).await;
            if !tell(&outlet.posted, Posted { posting, outcome }).await {
                return;
            }
        }
    }
}

async fn post(client: &Client, peers: &ClusterPeers, posting: &Posting) -> PostResult {
    match in_time(AIM, send(client, posting)).await {
        Ok(()) => {
            peers.trouble(AIM, None);
            PostResult::Done
        }
        Err(Unwritten { code: Some(404), .. }) if !posting.is_new => PostResult::Forgotten,
        // It was written, and only the answer was lost.
        Err(Unwritten { code: Some(409), .. }) if posting.is_new => PostResult::Done,
        // Asking again would be answered in the same way.
        Err(Unwritten { code: Some(400 | 413 | 422), .. }) => PostResult::Refused,
        Err(Unwritten { text, .. }) => {
            peers.trouble(AIM, Some(text));
            PostResult::Failed
        }
    }
}

async fn send(client: &Client, posting: &Posting) -> Result<(), kube::Error> {
    let api: Api<Event> = Api::namespaced(client.clone(), &posting.namespace);
    let field_manager = Some(FIELD_MANAGER.to_owned());
    if posting.is_new {
        let event: Event = serde_json::from_value(posting.body.clone()).map_err(kube::Error::SerdeError)?;
        let parameters = PostParams { field_manager, ..PostParams::default() };
        return api.create(&parameters, &event).await.map(drop);
    }
    let parameters = PatchParams { field_manager, ..PatchParams::default() };
    api.patch(&posting.name, &parameters, &Patch::Merge(&posting.body)).await.map(drop)
}
