//! The way of one webhook from its last byte to its outcome (contract, receivers 4.2).

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use campanile_domain::Secret;
use campanile_protocol::{GetKeys, LastWebhook, ReadSecrets, ReceiverState};
use campanile_receivers::{
    KeyError, KeySet, NeedsKeys, Receiver, Unverified, Verification, Verified, VerifyError, verify,
};
use campanile_supervision::{Link, SharedClock, Watchdog, failpoint};

use super::act::{Acted, WebhookActors};
use super::answer::WebhookOutcome;
use super::index::{PathIndex, WebhookRoute};
use super::log::log_receiver;
use super::tally::WebhookTally;
use crate::budget::Budget;
use crate::config::IntakeConfig;
use crate::meter::Meter;

/// The pipeline of webhooks, which all HTTP workers share.
pub(super) struct WebhookPipeline {
    pub(super) config: IntakeConfig,
    pub(super) index: ArcSwap<PathIndex>,
    pub(super) secrets: Link<ReadSecrets>,
    pub(super) keys: Link<GetKeys>,
    pub(super) act: WebhookActors,
    pub(super) tally: WebhookTally,
    pub(super) clock: SharedClock,
    pub(super) bodies: Arc<Budget>,
    pub(super) meter: Meter<WebhookOutcome>,
    pub(super) watchdog: Option<Watchdog>,
}

/// Takes in one request to `target`: verifies it and acts on it.
pub(super) async fn take_in(
    state: &WebhookPipeline,
    target: &str,
    fields: Vec<(String, Vec<u8>)>,
    body: Bytes,
) -> WebhookOutcome {
    let index = state.index.load_full();
    if !index.is_loaded {
        tracing::error!("unable to list receivers: they are not known yet");
        return WebhookOutcome::TooEarly;
    }
    let Some(route) = index.find(target) else { return WebhookOutcome::Unknown };
    let acted = judge(state, route, Unverified::new(fields, body)).await;
    let Acted { outcome, reason, resources } = acted;
    let last = LastWebhook { at: state.clock.now(), verdict: outcome.verdict(), reason, resources };
    state.tally.note(&route.key, last);
    outcome
}

async fn judge(state: &WebhookPipeline, route: &WebhookRoute, request: Unverified) -> Acted {
    let ended = |outcome, reason: String| Acted { outcome, reason, resources: 0 };
    let receiver = match (route.state, &route.receiver) {
        (ReceiverState::Ready, Some(receiver)) => receiver,
        (ReceiverState::Suspended, _) => {
            log_receiver!(ERROR, &route.key, error = "unable to process request", "receiver is suspended");
            return ended(WebhookOutcome::Suspended, "the Receiver is suspended".to_owned());
        }
        _ => {
            log_receiver!(ERROR, &route.key, error = "unable to process request", "receiver is not ready");
            return ended(WebhookOutcome::NotReady, "the Receiver is not ready".to_owned());
        }
    };
    failpoint("webhooks", &route.key.name);
    match verified(state, route, receiver, request).await {
        Ok(verified) => {
            log_receiver!(INFO, &route.key, "{}", verified.said());
            state.act.on(verified).await
        }
        Err(error) => {
            let check = error.check().name();
            log_receiver!(ERROR, &route.key, %error, check, "unable to validate payload");
            ended(WebhookOutcome::Refused, format!("{check}: {error}"))
        }
    }
}

async fn verified(
    state: &WebhookPipeline,
    route: &WebhookRoute,
    receiver: &Arc<Receiver>,
    request: Unverified,
) -> Result<Verified, VerifyError> {
    let secret = secret(state, route, receiver).await?;
    match verify(receiver, secret.as_deref(), request) {
        Verification::Verified(verified) => Ok(verified),
        Verification::Refused(error) => Err(error),
        Verification::NeedsKeys(needs) => {
            let keys = keys(state, &needs).await;
            needs.verify(keys.as_deref().map_err(KeyError::clone), state.clock.now())
        }
    }
}

/// The Secret of a Receiver, kept until it changes; none if it names none.
async fn secret(
    state: &WebhookPipeline,
    route: &WebhookRoute,
    receiver: &Receiver,
) -> Result<Option<Arc<Secret>>, VerifyError> {
    let Some(key) = receiver.spec().secret_key() else { return Ok(None) };
    if let Some(secret) = route.secret.load_full() {
        return Ok(Some(secret));
    }
    let unreadable = |cause: String| VerifyError::Unreadable(cause);
    let mut secrets = state
        .secrets
        .ask(ReadSecrets(vec![key.clone()]))
        .await
        .map_err(|_| unreadable("the watcher is being restarted".to_owned()))?;
    let read = secrets.remove(&key).ok_or_else(|| unreadable("it was not read".to_owned()))?;
    let secret = read.map_err(|error| unreadable(error.to_string()))?;
    route.secret.store(Some(secret.clone()));
    Ok(Some(secret))
}

async fn keys(state: &WebhookPipeline, needs: &NeedsKeys) -> Result<Arc<KeySet>, KeyError> {
    let question = GetKeys { source: needs.source().clone(), key_id: needs.key_id().map(str::to_owned) };
    let answer = state.keys.ask(question).await;
    answer.unwrap_or_else(|_| Err(KeyError::Fetch("the keyring is being restarted".to_owned())))
}
