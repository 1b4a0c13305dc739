//! Verdicts on senders, and how often each was passed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use campanile_domain::ObjectKey;

use crate::answer::RequestOutcome;

/// Somebody who may post events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// One with an authorised certificate. It speaks of all namespaces.
    Certified,
    /// A service account that speaks of all namespaces.
    Controller(ObjectKey),
    /// A service account that speaks of its own namespace.
    Account(ObjectKey),
}

impl Sender {
    /// The service account; none of one with a certificate.
    pub(super) fn account(&self) -> Option<&ObjectKey> {
        match self {
            Self::Certified => None,
            Self::Controller(account) | Self::Account(account) => Some(account),
        }
    }

    /// Whether it may speak of an object in `namespace`. An object without one is nobody's own.
    pub(super) fn verdict(&self, namespace: &str) -> SenderVerdict {
        match self {
            Self::Certified => SenderVerdict::Certificate,
            Self::Controller(_) => SenderVerdict::Controller,
            Self::Account(account) if *account.namespace == *namespace => SenderVerdict::OwnNamespace,
            Self::Account(_) => SenderVerdict::OtherNamespace,
        }
    }
}

/// The verdict on the sender of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SenderVerdict {
    /// The certificate of the sender is authorised.
    Certificate,
    /// Its account may speak of all namespaces.
    Controller,
    /// Its account speaks of its own namespace.
    OwnNamespace,
    /// It has neither certificate nor token.
    NoCredentials,
    /// The token of the sender is nobody's.
    WrongToken,
    /// Its token is of a user that is no service account.
    NoAccount,
    /// Its account speaks of another namespace than its own.
    OtherNamespace,
    /// Nobody knows whose its token is, since the API server cannot be asked now.
    NotReviewed,
}

impl SenderVerdict {
    const ALL: [Self; 8] = [
        Self::Certificate,
        Self::Controller,
        Self::OwnNamespace,
        Self::NoCredentials,
        Self::WrongToken,
        Self::NoAccount,
        Self::OtherNamespace,
        Self::NotReviewed,
    ];

    /// The label of the verdict in metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Controller => "controller",
            Self::OwnNamespace => "own-namespace",
            Self::NoCredentials => "no-credentials",
            Self::WrongToken => "wrong-token",
            Self::NoAccount => "no-account",
            Self::OtherNamespace => "other-namespace",
            Self::NotReviewed => "not-reviewed",
        }
    }

    /// What becomes of an event whose sender may not post it; none for one that may.
    pub(super) fn refusal(self) -> Option<SenderRefusal> {
        let (outcome, reason) = match self {
            Self::Certificate | Self::Controller | Self::OwnNamespace => return None,
            Self::NoCredentials => (
                RequestOutcome::Unauthenticated,
                "it has neither a certificate nor a token; let it post by TLS with a certificate, or with a token of its service account",
            ),
            Self::WrongToken => (
                RequestOutcome::Unauthenticated,
                "its token is expired, of nobody or for somebody else; give it one for the audience of --event-auth-audience",
            ),
            Self::NoAccount => (
                RequestOutcome::Forbidden,
                "its token is of no service account; give it one of a service account",
            ),
            Self::OtherNamespace => (
                RequestOutcome::Forbidden,
                "its service account speaks of its own namespace alone; name it in --event-auth-controllers to let it speak of all",
            ),
            Self::NotReviewed => (
                RequestOutcome::NotReviewed,
                "the API server does not say whose its token is; `campanile get alerts` says why, if it is not too many at once",
            ),
        };
        Some(SenderRefusal { outcome, reason })
    }
}

/// The refusal of an event that is not taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct SenderRefusal {
    /// What its sender is answered.
    pub(super) outcome: RequestOutcome,
    /// The cause, with its remedy.
    pub(super) reason: &'static str,
}

/// Counts verdicts without a lock.
#[derive(Debug, Default)]
pub(super) struct Verdicts([AtomicU64; SenderVerdict::ALL.len()]);

impl Verdicts {
    pub(super) fn count(&self, verdict: SenderVerdict) {
        self.0[verdict as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        let count = |verdict: SenderVerdict| self.0[verdict as usize].load(Ordering::Relaxed);
        SenderVerdict::ALL.iter().map(|verdict| (verdict.label(), count(*verdict))).collect()
    }
}
