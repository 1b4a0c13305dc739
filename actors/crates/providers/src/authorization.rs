//! Credentials as headers carry them: of types that take a token, or a user name with a password (contract, providers 17).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::headers::is_value;
use crate::{ConfigError, Settings};

/// `Bearer` and the token; none if there is none.
///
/// # Errors
/// If no header can carry it.
pub(crate) fn bearer(settings: &Settings) -> Result<Option<String>, ConfigError> {
    Ok(settings.header_token()?.map(|token| format!("Bearer {token}")))
}

/// Basic credentials of the user name and password, if neither is empty.
pub(crate) fn pair(settings: &Settings) -> Option<String> {
    let password = settings.password.as_deref().filter(|password| !password.is_empty())?;
    Some(settings.username.as_str()).filter(|name| !name.is_empty()).map(|name| basic(name, password))
}

/// The token as headers carry it.
///
/// # Errors
/// [`ConfigError::NoToken`] with `missing` as its text, or that no header can carry it.
pub(crate) fn token<'a>(settings: &'a Settings, missing: &'static str) -> Result<&'a str, ConfigError> {
    settings.header_token()?.ok_or(ConfigError::NoToken(missing))
}

/// A header with `authorization` as its value.
pub(crate) fn header(authorization: String) -> (String, String) {
    ("Authorization".to_owned(), authorization)
}

/// The token, or else the password.
///
/// # Errors
/// If no header can carry it.
pub(crate) fn token_or_password(settings: &Settings) -> Result<Option<String>, ConfigError> {
    if let Some(token) = settings.header_token()? {
        return Ok(Some(token.to_owned()));
    }
    let password = settings.password.as_deref().map_or("", str::trim_ascii_end);
    if !is_value(password) {
        return Err(ConfigError::PasswordCharacters);
    }
    Ok(Some(password.to_owned()).filter(|password| !password.is_empty()))
}

/// A value of `Authorization` (RFC 7617).
pub(crate) fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{credentials, spec};

    fn login(data: &[(&str, &[u8])]) -> Result<Option<String>, ConfigError> {
        token_or_password(&credentials(data).resolve(&spec("github")).unwrap())
    }

    #[test]
    fn s17_the_token_comes_before_the_password() {
        let both: &[(&str, &[u8])] = &[("token", b"t\n"), ("username", b"u"), ("password", b"p")];
        assert_eq!(login(both), Ok(Some("t".to_owned())));
        assert_eq!(login(&[("token", b"\n"), ("password", b"p\n")]), Ok(Some("p".to_owned())));
        assert_eq!(login(&[("username", b"u"), ("password", b"")]), Ok(None));
        assert_eq!(login(&[]), Ok(None));
        assert_eq!(login(&[("password", b"a\nb")]), Err(ConfigError::PasswordCharacters));
    }

    #[test]
    fn s25_basic_credentials() {
        assert_eq!(basic("user", "password"), "Basic dXNlcjpwYXNzd29yZA==");
    }
}
