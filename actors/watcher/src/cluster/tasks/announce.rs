//! Writes Kubernetes Events, one after the other.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use tokio::sync::Notify;

use super::{FIELD_MANAGER, Scope, WRITE_INTERVAL, WRITE_PATIENCE, say, tell};
use crate::cluster::actor::news::{Announced, NextAnnouncements};
use crate::cluster::announcer::{Posted, Posting};
use crate::cluster::trouble;

/// What is attempted, in words that fit after "failed to".
const AIM: &str = "write kubernetes events";

/// Writes what the watcher wants announced.
pub(crate) async fn announce(scope: Scope, bell: Arc<Notify>) {
    loop {
        let Some(watcher) = scope.watcher.upgrade() else { return };
        let Ok(postings) = watcher.send(NextAnnouncements).await else { return };
        drop(watcher);
        if postings.is_empty() {
            // Whether it rang or the time is up: the announcer is asked again.
            drop(tokio::time::timeout(WRITE_INTERVAL, bell.notified()).await);
        }
        for posting in postings {
            let outcome = post(&scope, &posting).await;
            tell(&scope.watcher, Announced { posting, outcome }).await;
        }
    }
}

async fn post(scope: &Scope, posting: &Posting) -> Posted {
    let text = match tokio::time::timeout(WRITE_PATIENCE, send(scope, posting)).await {
        Ok(Ok(())) => {
            say(&scope.watcher, AIM, None).await;
            return Posted::Done;
        }
        Ok(Err(error)) if !posting.is_new && trouble::is_missing(&error) => return Posted::Forgotten,
        // It was written, and only the answer was lost.
        Ok(Err(error)) if posting.is_new && trouble::code_of(&error) == Some(409) => return Posted::Done,
        // Asking again would be answered in the same way.
        Ok(Err(error)) if matches!(trouble::code_of(&error), Some(400 | 413 | 422)) => {
            return Posted::Refused;
        }
        Ok(Err(error)) => trouble::describe(AIM, &error),
        Err(_) => format!("failed to {AIM}: the API server does not answer; it is tried again"),
    };
    say(&scope.watcher, AIM, Some(text)).await;
    Posted::Failed
}

async fn send(scope: &Scope, posting: &Posting) -> Result<(), kube::Error> {
    let api: Api<Event> = Api::namespaced(scope.client.clone(), &posting.namespace);
    let field_manager = Some(FIELD_MANAGER.to_owned());
    if posting.is_new {
        let event: Event = serde_json::from_value(posting.body.clone()).map_err(kube::Error::SerdeError)?;
        let parameters = PostParams { field_manager, ..PostParams::default() };
        return api.create(&parameters, &event).await.map(drop);
    }
    let parameters = PatchParams { field_manager, ..PatchParams::default() };
    api.patch(&posting.name, &parameters, &Patch::Merge(&posting.body)).await.map(drop)
}
