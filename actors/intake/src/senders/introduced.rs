//! A sender whose event is being read, and what becomes of the event once it is known what it is about.

use std::net::SocketAddr;
use std::sync::Arc;

use campanile_domain::ObjectRef;
use campanile_protocol::log_event;
use tracing::field::display;

use super::verdict::{Sender, SenderRefusal, SenderVerdict};
use super::{SenderMode, Senders};
use crate::answer::RequestOutcome;

/// A sender as it is known before its event is read.
#[derive(Debug)]
pub(super) enum Met {
    /// Who it is; or, in an audit, why nobody that may post.
    Sender(Result<Sender, SenderVerdict>),
    /// In an audit: a token that is to be reviewed beside the event.
    Token(String),
}

/// The sender of one request.
pub(crate) struct Introduced {
    senders: Arc<Senders>,
    client: Option<SocketAddr>,
    met: Met,
}

impl Introduced {
    pub(super) fn new(senders: Arc<Senders>, client: Option<SocketAddr>, met: Met) -> Self {
        Self { senders, client, met }
    }

    /// Judges whether it may speak of `object`.
    ///
    /// # Errors
    /// What it is answered, if the event is not taken.
    pub(crate) fn speak_of(self, object: &ObjectRef) -> Result<(), RequestOutcome> {
        let Self { senders, client, met } = self;
        match met {
            Met::Sender(sender) => match (senders.judge(client, &sender, object), senders.mode) {
                (Some(outcome), SenderMode::Enforced) => Err(outcome),
                _ => Ok(()),
            },
            Met::Token(token) => {
                senders.audit(client, token, object);
                Ok(())
            }
        }
    }
}

impl Senders {
    /// Counts the verdict on a sender, and logs what is against it. Returns what it would be answered.
    fn judge(
        &self,
        client: Option<SocketAddr>,
        sender: &Result<Sender, SenderVerdict>,
        object: &ObjectRef,
    ) -> Option<RequestOutcome> {
        let verdict = match sender {
            Ok(sender) => sender.verdict(&object.namespace),
            Err(verdict) => *verdict,
        };
        self.verdicts.count(verdict);
        let SenderRefusal { outcome, reason } = verdict.refusal()?;
        let account = sender.as_ref().ok().and_then(Sender::account).map(display);
        let client = client.map(display);
        match self.mode {
            SenderMode::Audit => log_event!(
                WARN,
                object,
                client,
                account,
                reason,
                "audit of senders: an event is taken that --event-auth=enforced would refuse"
            ),
            SenderMode::Enforced => {
                log_event!(
                    WARN,
                    object,
                    client,
                    account,
                    reason,
                    "refusing an event: its sender may not post it"
                );
            }
        }
        Some(outcome)
    }

    /// Judges an event that goes on meanwhile.
    fn audit(self: &Arc<Self>, client: Option<SocketAddr>, token: String, object: &ObjectRef) {
        let Ok(place) = self.audits.clone().try_acquire_owned() else {
            self.judge(client, &Err(SenderVerdict::NotReviewed), object);
            return;
        };
        let (senders, object) = (self.clone(), object.clone());
        actix_rt::spawn(async move {
            let peer = client.map_or_else(|| [0, 0, 0, 0].into(), |client| client.ip());
            let sender = match &senders.reviews {
                Some(reviews) => reviews.review(&token, peer).await,
                None => Err(SenderVerdict::NoCredentials),
            };
            senders.judge(client, &sender, &object);
            drop(place);
        });
    }
}

/// Says that a request was refused before its event was read.
pub(super) fn log_refused(client: Option<SocketAddr>, reason: &str) {
    let client = client.map(display);
    tracing::warn!(client, reason, "refusing an event: its sender may not post any");
}
