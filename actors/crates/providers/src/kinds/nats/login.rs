//! The login at a NATS server: the first of the Secret's keys `creds`, `nkey`, and `username` with `password` that is there.

use campanile_domain::{NatsKey, NatsLogin, NatsServers};

use super::{NatsSettingsError, key};
use crate::Settings;

/// The login of the Secret.
pub(super) fn read(settings: &Settings) -> Result<NatsLogin, NatsSettingsError> {
    let text = |name: &str| {
        let value = settings.secret.as_deref()?.data.get(name)?;
        Some(String::from_utf8_lossy(value).trim().to_owned()).filter(|text| !text.is_empty())
    };
    if let Some(creds) = text("creds") {
        let (jwt, key) = credentials(&creds).ok_or(NatsSettingsError::Credentials)?;
        return Ok(NatsLogin::Description(jwt, key));
    }
    if let Some(seed) = text("nkey") {
        return key::from_seed(&seed).map(NatsLogin::Key).ok_or(NatsSettingsError::Seed);
    }
    let password = settings.password.as_deref().unwrap_or_default();
    if settings.username.is_empty() || password.is_empty() {
        return Ok(NatsLogin::Anonymous);
    }
    Ok(NatsLogin::Password(settings.username.clone(), password.to_owned()))
}

/// The description of a user and its key, each between a line of dashes with `BEGIN` and one with `END`.
fn credentials(file: &str) -> Option<(String, NatsKey)> {
    let mut is_inside = false;
    let mut blocks = file.lines().map(str::trim).filter(|line| {
        if line.starts_with("---") {
            is_inside = line.contains("BEGIN");
            return false;
        }
        is_inside && !line.is_empty()
    });
    let jwt = blocks.next()?;
    let is_token = jwt.split('.').count() == 3 && jwt.bytes().all(|byte| byte.is_ascii_graphic());
    let key = key::from_seed(blocks.next()?)?;
    is_token.then(|| (jwt.to_owned(), key))
}

/// What must not be shown of the logins at `servers`. Seeds are not kept as the text that they were.
pub(super) fn secrets(servers: &NatsServers) -> Vec<String> {
    let in_addresses = servers.servers.iter().filter_map(|server| server.login.as_ref());
    let mut found = Vec::new();
    for login in in_addresses.chain([&servers.login]) {
        match login {
            NatsLogin::Token(secret) | NatsLogin::Password(_, secret) | NatsLogin::Description(secret, _) => {
                found.push(secret.clone());
            }
            NatsLogin::Anonymous | NatsLogin::Key(_) => {}
        }
    }
    found
}
