//! The keys of an issuer (RFC 7517, section 5).

use serde::Deserialize;
use serde_json::Value as Json;

use super::KeyError;
use super::key::{JsonWebKey, PublicKey};

/// Keys of one issuer that are kept. Real ones have fewer than ten.
const MOST_KEYS: usize = 64;

/// The algorithms of tokens where the issuer advertises none (OpenID Connect Discovery 1.0, section 3).
const USUAL: &str = "RS256";

/// The keys of an issuer, and the algorithms that it advertises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<PublicKey>,
    algorithms: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Json>,
}

impl KeySet {
    /// Reads a set of keys; those that are not for signatures, or of no known kind, are left out. `algorithms` is what the
    /// issuer advertises; nothing means RS256.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(document: &[u8], algorithms: Vec<String>) -> Result<Self, KeyError> {
        let read: Document = serde_json::from_slice(document)
            .map_err(|error| KeyError::Answer { what: "its set of keys", why: crate::body::told(&error) })?;
        let keys =
            read.keys.into_iter().filter_map(|key| serde_json::from_value::<JsonWebKey>(key).ok()?.read());
        let keys = keys.take(MOST_KEYS).collect();
        let algorithms = if algorithms.is_empty() { vec![USUAL.to_owned()] } else { algorithms };
        Ok(Self { keys, algorithms })
    }

    /// The algorithms that the issuer advertises.
    pub(crate) fn algorithms(&self) -> Vec<&str> {
        self.algorithms.iter().map(String::as_str).collect()
    }

    /// Whether there is a key of this id.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// The keys that may have signed a token with this algorithm: those of its key's id, or any if it names none.
    pub(crate) fn for_token(&self, algorithm: &str, id: Option<&str>) -> impl Iterator<Item = &PublicKey> {
        let fits = move |key: &&PublicKey| {
            id.is_none_or(|id| key.id.as_deref() == Some(id))
                && key.algorithm.as_deref().is_none_or(|own| own == algorithm)
        };
        self.keys.iter().filter(fits)
    }
}
