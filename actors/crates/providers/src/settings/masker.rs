//! Which texts of a Provider's settings are secret (contract, providers 22, with its FIX).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campanile_domain::{Masker, Proxy};

use super::{ProviderLogin, Token};
use crate::address::{DestinationAddress, SECRET_PIECE};

/// The secrets of a Provider, as far as they are known.
pub(super) struct KnownSecrets<'a> {
    pub(super) address: &'a DestinationAddress,
    pub(super) token: Option<&'a Token>,
    pub(super) login: &'a ProviderLogin,
    pub(super) headers: &'a BTreeMap<String, String>,
    pub(super) proxy: Option<&'a Proxy>,
}

impl KnownSecrets<'_> {
    /// Blots out each secret in the forms in which it may be quoted: whole, its parts, and as Basic credentials.
    pub(super) fn masker(&self) -> Masker {
        let mut secrets = self.address.secrets();
        if let Some(token) = self.token {
            let token = String::from_utf8_lossy(token.raw());
            add_with_parts(&mut secrets, &token);
            // As Basic credentials: whole, as a password without a user, and as that of the user.
            let user = &self.login.username;
            let pairs =
                [token.trim().to_owned(), format!(":{}", token.trim()), format!("{user}:{}", token.trim())];
            secrets.extend(pairs.map(|pair| STANDARD.encode(pair)));
        }
        if let Some(password) = &self.login.password {
            add_login(&mut secrets, &self.login.username, password);
        }
        if let Some((username, password)) =
            self.proxy.and_then(|proxy| Some((proxy.username.as_ref()?, proxy.password.as_ref()?)))
        {
            add_login(&mut secrets, username, password);
        }
        for value in self.headers.values() {
            add_with_parts(&mut secrets, value);
        }
        Masker::new(secrets)
    }
}

fn add_login(secrets: &mut Vec<String>, username: &str, password: &str) {
    secrets.push(password.to_owned());
    secrets.push(STANDARD.encode(format!("{username}:{password}")));
}

/// `Bearer abc…` and `user:abc…` hold `abc…`, which may be quoted alone.
fn add_with_parts(secrets: &mut Vec<String>, text: &str) {
    secrets.push(text.to_owned());
    let parts = text.split([' ', ':', '\n']).filter(|part| part.len() >= SECRET_PIECE);
    secrets.extend(parts.map(str::to_owned));
}
