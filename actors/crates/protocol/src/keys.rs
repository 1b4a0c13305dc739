//! The endpoint of webhooks to the keyring: the keys of an issuer, on demand.

use std::sync::Arc;

use actix::Message;
use campanile_receivers::{KeyError, KeySet, KeySource};

/// Asks for the public keys with which tokens of an issuer are checked.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "Result<Arc<KeySet>, KeyError>")]
pub struct GetKeys {
    /// The issuer whose keys are wanted.
    pub source: KeySource,
    /// The key that the token names. Where it is not known, the issuer is asked again, every 10 s at most.
    pub key_id: Option<String>,
}
