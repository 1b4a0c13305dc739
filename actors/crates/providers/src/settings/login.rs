//! Username and password (contract, providers 3, with the FIX for a lone key).

use campanile_domain::{ProviderSpec, Secret};

use super::{SettingsWarning, secret};
use crate::ConfigError;

/// The login at the destination.
pub(super) struct ProviderLogin {
    pub(super) username: String,
    pub(super) password: Option<String>,
}

impl ProviderLogin {
    /// The Secret's pair overrides the spec's name, even with empty texts. A lone `username` overrides the name, a
    /// lone `password` goes with the spec's name; both are noticed. Line breaks at their ends are left out.
    pub(super) fn read(
        spec: &ProviderSpec,
        secret: Option<&Secret>,
        notices: &mut Vec<SettingsWarning>,
    ) -> Result<Self, ConfigError> {
        let spec_name = || secret::without_line_end(&spec.username).to_owned();
        let Some(secret) = secret else { return Ok(Self { username: spec_name(), password: None }) };
        let text = |key| -> Result<Option<String>, ConfigError> {
            Ok(secret::text(secret, key)?.map(|text| secret::without_line_end(text).to_owned()))
        };
        let (username, password) = (text("username")?, text("password")?);
        match (&username, &password) {
            (Some(_), None) => notices.push(SettingsWarning::LoneUsername(secret.key.clone())),
            (None, Some(_)) => notices.push(SettingsWarning::LonePassword(secret.key.clone())),
            _ => {}
        }
        Ok(Self { username: username.unwrap_or_else(spec_name), password })
    }
}
