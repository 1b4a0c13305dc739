//! Credentials in headers, for types that take a token, or a user name with a password.

use super::commit_status::basic;
use crate::{ConfigError, Settings};

/// `Bearer` and the token; none if there is none.
///
/// # Errors
/// If no header can carry it.
pub(super) fn bearer(settings: &Settings) -> Result<Option<String>, ConfigError> {
    Ok(settings.header_token()?.map(|token| format!("Bearer {token}")))
}

/// Basic credentials of the user name and password, if neither is empty.
pub(super) fn pair(settings: &Settings) -> Option<String> {
    let password = settings.password.as_deref().filter(|password| !password.is_empty())?;
    Some(settings.username.as_str()).filter(|name| !name.is_empty()).map(|name| basic(name, password))
}

/// The token as headers carry it.
///
/// # Errors
/// [`ConfigError::NoToken`] with `missing` as its text, or that no header can carry it.
pub(super) fn token<'a>(settings: &'a Settings, missing: &'static str) -> Result<&'a str, ConfigError> {
    settings.header_token()?.ok_or(ConfigError::NoToken(missing))
}

/// A header with `authorization` as its value.
pub(super) fn header(authorization: String) -> (String, String) {
    ("Authorization".to_owned(), authorization)
}
