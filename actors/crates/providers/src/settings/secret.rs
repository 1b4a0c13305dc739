//! Reading the Secrets that a Provider names.

use std::sync::Arc;

use campanile_domain::{ObjectKey, ProviderSpec, Secret};

use super::SecretLookup;
use crate::ConfigError;

/// What every value begins with that SOPS encrypted (SOPS, "Encryption protocol",
/// <https://getsops.io/docs/#encryption-protocol>).
const CIPHERTEXT: &[u8] = b"ENC[AES256_GCM,";

/// The Secret called `name` in the Provider's namespace; none if the Provider names none.
pub(super) fn read(
    spec: &ProviderSpec,
    name: Option<&str>,
    secrets: &SecretLookup<'_>,
) -> Result<Option<Arc<Secret>>, ConfigError> {
    let Some(name) = name else { return Ok(None) };
    let key = ObjectKey::new(spec.key.namespace.clone(), name);
    let secret = secrets(&key).map_err(|cause| ConfigError::Secret { key, cause })?;
    if secret.data.values().any(|value| value.starts_with(CIPHERTEXT)) {
        return Err(ConfigError::Ciphertext(secret.key.clone()));
    }
    Ok(Some(secret))
}

/// `value` without the line breaks that an editor or `echo` leaves at its end. Spaces may belong to it.
pub(super) fn without_line_end(value: &str) -> &str {
    value.trim_end_matches(['\r', '\n'])
}

/// The value of `key` as text, none if the key does not exist.
pub(super) fn text<'a>(secret: &'a Secret, key: &'static str) -> Result<Option<&'a str>, ConfigError> {
    let Some(value) = secret.data.get(key) else { return Ok(None) };
    match str::from_utf8(value) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(ConfigError::NotText { secret: secret.key.clone(), key }),
    }
}
