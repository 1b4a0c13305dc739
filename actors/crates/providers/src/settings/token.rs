//! The Secret's token, raw for signing and trimmed for headers.

use std::fmt;

use campanile_domain::{ObjectKey, Secret};

use crate::ConfigError;
use crate::headers::is_value;

/// An API token or signing key. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    raw: Vec<u8>,
    secret: ObjectKey,
}

impl Token {
    /// The Secret's token; an empty one counts as absent.
    pub(super) fn read(secret: &Secret) -> Option<Self> {
        let raw = secret.data.get("token").filter(|raw| !raw.is_empty())?.clone();
        Some(Self { raw, secret: secret.key.clone() })
    }

    /// The bytes as stored, white space included: what signatures are made with.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The text as headers and Basic auth carry it, without the white space that editors leave at the end.
    ///
    /// # Errors
    /// [`ConfigError::TokenCharacters`] if it is no text, or has a control character inside.
    pub fn header_text(&self) -> Result<&str, ConfigError> {
        str::from_utf8(self.raw.trim_ascii_end())
            .ok()
            .filter(|text| is_value(text))
            .ok_or_else(|| ConfigError::TokenCharacters(self.secret.clone()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(*****)")
    }
}
