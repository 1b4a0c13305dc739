//! The check of a type: what it is given, and what it comes to.

use bytes::Bytes;
use campanile_domain::Secret;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::error::VerifyError;
use crate::jwt::Jwt;
use crate::keys::{KeyError, KeySet, KeySource};
use crate::request::HeaderFields;
use crate::{Receiver, Tokens};

/// The input of a type's check.
pub(crate) struct Case<'c> {
    pub(crate) receiver: &'c Receiver,
    pub(crate) tokens: &'c Tokens,
    pub(crate) secret: Option<&'c Secret>,
    pub(crate) head: &'c HeaderFields,
    pub(crate) body: &'c Bytes,
}

/// The result of a type's check.
pub(crate) enum CheckStep {
    /// The request passed the check of its type.
    Passed(Passed),
    /// It brings a token whose signature is to be checked.
    Token(PendingToken),
}

/// A request that passed its type's check.
#[derive(Default)]
pub(crate) struct Passed {
    /// The body as filters see it, where that is another than the one that came.
    pub(crate) body: Option<Bytes>,
    /// The claims of its token, for filters.
    pub(crate) claims: Option<Map<String, Json>>,
    /// What to log of it; empty where the event says it.
    pub(crate) said: String,
}

/// A token, and whose keys it is to be checked with.
pub(crate) struct PendingToken {
    pub(crate) source: KeySource,
    pub(crate) token: Jwt,
    /// The check that follows when the keys are there.
    pub(crate) answer: TokenCheck,
}

/// Judges a token by the keys of its issuer.
pub(crate) type TokenCheck = Box<
    dyn FnOnce(&Asked<'_>, Jwt, Result<&KeySet, KeyError>, Timestamp) -> Result<Passed, VerifyError> + Send,
>;

/// The request that a token came with.
pub(crate) struct Asked<'r> {
    pub(crate) receiver: &'r Receiver,
    pub(crate) body: &'r Bytes,
}
