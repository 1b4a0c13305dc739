//! A Provider's spec merged with its Secrets: everything a type needs, and everything that must be kept out of texts.
//!
//! Precedence, trimming and texts follow the contract (providers 3 to 6; control plane 6.5 and 6.6) with its FIXes: a
//! lone `username` or `password` counts, and nothing that another key lacks makes the token disappear. Resolving reads
//! Secrets through a lookup and does nothing else; what is deprecated or odd but works becomes a [`SettingsWarning`].

mod login;
mod masker;
mod notice;
mod proxy;
mod secret;
#[cfg(test)]
mod tests;
mod tls;
mod token;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use campanile_domain::{Connection, Masker, ObjectKey, ProviderSpec, ProviderType, Secret};

use crate::address::{AddressSource, DestinationAddress, MAX_LENGTH};
use crate::{Cloud, ConfigError, Environment, Identity, TokenForm, headers};
use login::ProviderLogin;
pub use notice::SettingsWarning;
pub use token::Token;

/// Looks a Secret up. The error is a fragment that says why there is none, for example `not found`.
pub type SecretLookup<'a> = dyn Fn(&ObjectKey) -> Result<Arc<Secret>, String> + 'a;

/// The settings that a type is built from. `Debug` shows no values of Secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// The type; none if this program does not know it.
    pub kind: Option<ProviderType>,
    /// Namespace and name of the Provider.
    pub provider: ObjectKey,
    /// The Provider's uid: what some types make keys from that tell Providers apart.
    pub provider_uid: String,
    /// Where to send; each type decides whether it needs one and of which form.
    pub address: DestinationAddress,
    /// Destination at the address; empty if unset.
    pub channel: String,
    /// Display name or login; empty if unset.
    pub username: String,
    /// Password of the login. May be empty: the Secret's key decides.
    pub password: Option<String>,
    /// API token or signing key, never empty.
    pub token: Option<Token>,
    /// The Secret's `headers` by name, as written.
    pub headers: BTreeMap<String, String>,
    /// What the environment decides. [`resolve`] leaves it at the default: a program that lets its environment decide
    /// sets it before [`build`](crate::build).
    pub environment: Arc<Environment>,
    /// Workload identity to act as; empty if unset.
    pub service_account: String,
    /// The credentials Secret, for types with keys of their own.
    pub secret: Option<Arc<Secret>>,
    /// Proxy, TLS material and timeout.
    pub connection: Connection,
    /// Blots all of this out of texts.
    pub masker: Arc<Masker>,
    /// What to log once when these settings come into force.
    pub notices: Vec<SettingsWarning>,
}

/// Merges `spec` with the Secrets that it names.
///
/// # Errors
/// [`ConfigError`] in the order of the contract: credentials Secret, proxy Secret, TLS Secret. What only a type can
/// judge (the form of the address, a missing token) is left to [`build`](crate::build).
pub fn resolve(spec: &ProviderSpec, secrets: &SecretLookup<'_>) -> Result<Settings, ConfigError> {
    let mut notices = Vec::new();
    let secret = secret::read(spec, spec.secret_ref.as_deref(), secrets)?;
    let from_secret = secret.as_deref();
    let inline_proxy = proxy::inline(spec, from_secret, &mut notices)?;
    let headers = read_headers(from_secret)?;
    let token = from_secret.and_then(Token::read);
    let kind = spec.kind();
    if token.is_some() && kind.is_some_and(ProviderType::deprecates_token) {
        notices.push(SettingsWarning::StaticToken);
    }
    let login = ProviderLogin::read(spec, from_secret, &mut notices)?;
    let address = read_address(spec, from_secret)?;
    let proxy = match secret::read(spec, spec.proxy_secret_ref.as_deref(), secrets)? {
        Some(secret) => Some(proxy::from_secret(&secret)?),
        None => inline_proxy,
    };
    let cert_secret = secret::read(spec, spec.cert_secret_ref.as_deref(), secrets)?;
    let tls = tls::resolve(spec, cert_secret.as_deref(), from_secret, &mut notices)?;
    let known = masker::KnownSecrets {
        address: &address,
        token: token.as_ref(),
        login: &login,
        headers: &headers,
        proxy: proxy.as_ref(),
    };
    Ok(Settings {
        kind,
        masker: Arc::new(known.masker()),
        provider: spec.key.clone(),
        provider_uid: spec.uid.to_string(),
        address,
        channel: secret::without_line_end(&spec.channel).to_owned(),
        username: login.username,
        password: login.password,
        token,
        headers,
        environment: Arc::default(),
        service_account: spec.service_account.clone(),
        secret,
        connection: Connection {
            namespace: spec.key.namespace.clone(),
            proxy,
            tls,
            timeout: spec.effective_timeout(),
            confidential: false,
        },
        notices,
    })
}

/// The Secret's address whenever its key exists, even blank; else the spec's, without line breaks at its end.
fn read_address(spec: &ProviderSpec, secret: Option<&Secret>) -> Result<DestinationAddress, ConfigError> {
    let Some(secret) = secret.filter(|secret| secret.data.contains_key("address")) else {
        let address = secret::without_line_end(&spec.address).to_owned();
        return Ok(DestinationAddress::new(address, AddressSource::Spec));
    };
    let text = secret::text(secret, "address")?.unwrap_or_default();
    if text.len() > MAX_LENGTH {
        return Err(ConfigError::AddressTooLong(secret.key.clone()));
    }
    Ok(DestinationAddress::new(text.trim().to_owned(), AddressSource::Secret(secret.key.clone())))
}

fn read_headers(secret: Option<&Secret>) -> Result<BTreeMap<String, String>, ConfigError> {
    let Some(secret) = secret else { return Ok(BTreeMap::new()) };
    let text = secret::text(secret, "headers")?.unwrap_or_default();
    headers::parse(text).map_err(|problem| ConfigError::Headers { secret: secret.key.clone(), problem })
}

/// Keys of a Secret that say where requests go and by whom they are read, and are no part of them.
const NOT_SENT: [&str; 8] =
    ["address", "proxy", "ca.crt", "tls.crt", "tls.key", "caFile", "certFile", "keyFile"];

impl Settings {
    /// Whether headers or bodies of requests may hold something of the Secret. Its address is only where they go, unless it
    /// holds a login.
    pub(crate) fn sends_secrets(&self) -> bool {
        let Some(secret) = &self.secret else { return false };
        let has_login = || {
            let authority =
                self.address.as_str().split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
            secret.data.contains_key("address") && authority.is_some_and(|authority| authority.contains('@'))
        };
        secret.data.keys().any(|key| !NOT_SENT.contains(&key.as_ref())) || has_login()
    }

    /// The Secret's headers, checked to be such as a request can carry.
    ///
    /// # Errors
    /// [`ConfigError::Headers`] for a name or value that HTTP does not allow.
    pub(crate) fn http_headers(&self) -> Result<Vec<(String, String)>, ConfigError> {
        headers::for_http(&self.headers).map_err(|problem| ConfigError::Headers {
            secret: self.secret.as_ref().map_or_else(|| self.provider.clone(), |secret| secret.key.clone()),
            problem,
        })
    }

    /// Who to be at `cloud` where there are no credentials.
    pub(crate) fn identity(&self, cloud: Cloud, form: TokenForm) -> Identity {
        let (provider, service_account) = (self.provider.clone(), self.service_account.clone());
        Identity { provider, service_account, cloud, form, credential: None }
    }

    /// The token as it goes into a header: none if there is none, or only white space.
    ///
    /// # Errors
    /// [`ConfigError::TokenCharacters`] if no header can carry it.
    pub(crate) fn header_token(&self) -> Result<Option<&str>, ConfigError> {
        let text = self.token.as_ref().map(Token::header_text).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("provider", &self.provider)
            .field("address", &self.address)
            .field("token", &self.token.is_some())
            .field("password", &self.password.is_some())
            .field("headers", &self.headers.keys())
            .field("connection", &self.connection)
            .field("notices", &self.notices)
            .finish_non_exhaustive()
    }
}
