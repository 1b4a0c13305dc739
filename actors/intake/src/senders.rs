//! Authentication of the senders of events: senders with an authorised certificate, and those whose token the API server knows.
//!
//! A certificate was judged in the handshake, by the operator's list of ids, and its sender speaks of all namespaces. A token is
//! reviewed by the API server, by way of the watcher, and what was found is kept for a while. Its account speaks of the
//! objects of its own namespace, unless the operator lets it speak of all.
//!
//! Where that is enforced, a sender is refused before its body is read. An audit changes no answer and delays none: it only tells
//! who would have been refused.

mod bearer;
mod introduced;
mod known;
mod reviews;
mod verdict;

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;

use actix_http::RequestHead;
use campanile_domain::ObjectKey;
use campanile_protocol::ReviewToken;
use campanile_supervision::Link;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::answer::RequestOutcome;
use crate::shell::peer;
use bearer::{Bearer, bearer};
pub(crate) use introduced::Introduced;
use introduced::Met;
use reviews::Reviews;
use verdict::{Sender, SenderRefusal, SenderVerdict, Verdicts};

/// Events of an audit whose verdict waits for a review. Those beyond are counted as not reviewed.
const MOST_AUDITS: usize = 256;

/// The mode in which senders are treated who may not post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderMode {
    /// They are told in the log and in metrics, and let in.
    Audit,
    /// Senders that are unknown are refused.
    Enforced,
}

/// The rules by which senders are known.
#[derive(Clone, Debug)]
pub struct SenderRules {
    /// What is done about those who may not post.
    pub mode: SenderMode,
    /// Service accounts that may speak of all namespaces.
    pub controllers: HashSet<ObjectKey>,
    /// Who reviews tokens; none where there is no API server, so that certificates alone count.
    pub reviewer: Option<Reviewer>,
}

/// The way to the API server.
#[derive(Clone, Debug)]
pub struct Reviewer {
    /// The link to the watcher, which has tokens reviewed.
    pub link: Link<ReviewToken>,
    /// Whom tokens have to be for.
    pub audience: String,
}

/// The verdicts on senders, as metrics, admin API and tests see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SendersSnapshot {
    /// Events by the verdict on their sender, and requests that were refused before there was one.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// Tokens of which it is known whose they are.
    pub known_tokens: usize,
    /// Tokens that are being reviewed, or wait for it.
    pub open_reviews: usize,
}

/// The senders of an endpoint. HTTP workers share it.
#[derive(Debug)]
pub(crate) struct Senders {
    mode: SenderMode,
    reviews: Option<Reviews>,
    verdicts: Verdicts,
    audits: Arc<Semaphore>,
}

impl Senders {
    pub(crate) fn new(rules: SenderRules) -> Arc<Self> {
        let SenderRules { mode, controllers, reviewer } = rules;
        let reviews = reviewer.map(|reviewer| Reviews::new(reviewer, controllers));
        let audits = Arc::new(Semaphore::new(MOST_AUDITS));
        Arc::new(Self { mode, reviews, verdicts: Verdicts::default(), audits })
    }

    pub(crate) fn snapshot(&self) -> SendersSnapshot {
        let (known_tokens, open_reviews) = self.reviews.as_ref().map_or((0, 0), Reviews::counts);
        SendersSnapshot { verdicts: self.verdicts.counts(), known_tokens, open_reviews }
    }

    /// Finds out who sends a request, by its connection and its head. An audit does not wait for it.
    ///
    /// # Errors
    /// What it is answered, if no event of this sender is taken now.
    pub(crate) async fn meet(
        self: &Arc<Self>,
        head: &RequestHead,
        has_certificate: bool,
    ) -> Result<Introduced, RequestOutcome> {
        let introduced = |met| Introduced::new(self.clone(), head.peer_addr, met);
        let Some((reviews, token)) = self.token(head, has_certificate) else {
            return self.enforce(head.peer_addr, self.without_token(head, has_certificate)).map(introduced);
        };
        let sender = match (reviews.known(token), self.mode) {
            (Some(known), _) => known,
            (None, SenderMode::Enforced) => reviews.review(token, peer(head)).await,
            (None, SenderMode::Audit) => return Ok(introduced(Met::Token(token.to_owned()))),
        };
        self.enforce(head.peer_addr, sender).map(introduced)
    }

    /// The token that has to be looked at, if it comes to that.
    fn token<'a>(&'a self, head: &'a RequestHead, has_certificate: bool) -> Option<(&'a Reviews, &'a str)> {
        let reviews = self.reviews.as_ref().filter(|_| !has_certificate)?;
        match bearer(&head.headers) {
            Bearer::Token(token) => Some((reviews, token)),
            Bearer::None | Bearer::Malformed => None,
        }
    }

    fn without_token(&self, head: &RequestHead, has_certificate: bool) -> Result<Sender, SenderVerdict> {
        match bearer(&head.headers) {
            _ if has_certificate => Ok(Sender::Certified),
            Bearer::Malformed if self.reviews.is_some() => Err(SenderVerdict::WrongToken),
            _ => Err(SenderVerdict::NoCredentials),
        }
    }

    /// An audit goes on with whoever it is.
    fn enforce(
        &self,
        client: Option<SocketAddr>,
        sender: Result<Sender, SenderVerdict>,
    ) -> Result<Met, RequestOutcome> {
        if let (Err(verdict), SenderMode::Enforced) = (&sender, self.mode)
            && let Some(SenderRefusal { outcome, reason }) = verdict.refusal()
        {
            self.verdicts.count(*verdict);
            introduced::log_refused(client, reason);
            return Err(outcome);
        }
        Ok(Met::Sender(sender))
    }
}
