//! The explicit proxy: `spec.proxy`, the credentials Secret's `proxy`, or the Secret of `spec.proxySecretRef` (contract,
//! providers 5). The last one that is given counts, and it applies to every request of the Provider.

use campanile_domain::{ProviderSpec, Proxy, ProxyScheme, Secret};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::{SettingsWarning, secret};
use crate::address::MAX_LENGTH;
use crate::{ConfigError, ProxyUrlError};

/// The proxy of the deprecated places. One that the Secret hides is not looked at.
pub(super) fn inline(
    spec: &ProviderSpec,
    secret: Option<&Secret>,
    notices: &mut Vec<SettingsWarning>,
) -> Result<Option<Proxy>, ConfigError> {
    if !spec.proxy.is_empty() {
        notices.push(SettingsWarning::ProxyInSpec);
    }
    if let Some(secret) = secret.filter(|secret| secret.data.contains_key("proxy")) {
        notices.push(SettingsWarning::ProxyInSecret(secret.key.clone()));
        let text = secret::text(secret, "proxy")?.unwrap_or_default().trim();
        return optional(text).map_err(|_| ConfigError::ProxyInSecret(secret.key.clone()));
    }
    if spec.proxy_secret_ref.is_some() {
        return Ok(None);
    }
    optional(&spec.proxy).map_err(ConfigError::ProxyInSpec)
}

fn optional(text: &str) -> Result<Option<Proxy>, ProxyUrlError> {
    if text.is_empty() { Ok(None) } else { parse(text).map(Some) }
}

/// The proxy of a Secret made for it. Its own `username` replaces what stands in the address; `password` counts only
/// with it.
pub(super) fn from_secret(secret: &Secret) -> Result<Proxy, ConfigError> {
    read(secret).map_err(|problem| ConfigError::Proxy { secret: secret.key.clone(), problem })
}

fn read(secret: &Secret) -> Result<Proxy, ProxyUrlError> {
    let text = |key| {
        let value = secret.data.get(key);
        let text =
            value.map(|value| str::from_utf8(value).map_err(|_| ProxyUrlError::NotText)).transpose()?;
        Ok::<_, ProxyUrlError>(text.map(secret::without_line_end))
    };
    let address = text("address")?.ok_or(ProxyUrlError::Missing)?.trim();
    if address.is_empty() {
        return Err(ProxyUrlError::Empty);
    }
    if address.len() > MAX_LENGTH {
        return Err(ProxyUrlError::TooLong);
    }
    let proxy = parse(address)?;
    Ok(match text("username")? {
        Some(username) => {
            let password = text("password")?.map(str::to_owned);
            Proxy { username: Some(username.to_owned()), password, ..proxy }
        }
        None => proxy,
    })
}

fn parse(text: &str) -> Result<Proxy, ProxyUrlError> {
    let (scheme, default_port) = scheme(text)?;
    let url = Url::parse(text).map_err(|_| ProxyUrlError::Unreadable)?;
    let host = match url.host() {
        Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        _ => return Err(ProxyUrlError::Unreadable),
    };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Ok(Proxy {
        scheme,
        host,
        port: url.port().unwrap_or(default_port),
        username: Some(decoded(url.username())).filter(|name| !name.is_empty()),
        password: url.password().map(decoded),
    })
}

/// The scheme, and the port that stands for it. What is before `://` is shown if it looks like a scheme; without that
/// the text could begin with anything, a password included.
fn scheme(text: &str) -> Result<(ProxyScheme, u16), ProxyUrlError> {
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    match scheme.as_str() {
        "http" => Ok((ProxyScheme::Http, 80)),
        "https" => Ok((ProxyScheme::Https, 443)),
        "socks5" => Ok((ProxyScheme::Socks5, 1080)),
        other if other.len() <= 10 && other.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            Err(ProxyUrlError::Scheme(scheme))
        }
        _ => Err(ProxyUrlError::Scheme(String::new())),
    }
}

#[cfg(test)]
mod tests;
