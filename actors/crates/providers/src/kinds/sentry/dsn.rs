//! A DSN, `https://PUBLIC[:SECRET]@HOST[:PORT][/PATH]/PROJECT` (Sentry, "Parsing the DSN").

use super::CLIENT;
use crate::address::{AddressSource, DestinationAddress};
use crate::{ConfigError, DsnError};

/// A DSN, taken apart into what requests need.
pub(super) struct Dsn {
    /// As the user wrote it.
    pub(super) text: String,
    /// The URL to which envelopes are sent.
    pub(super) envelope_url: String,
    /// The value of the header `X-Sentry-Auth`.
    pub(super) authorization: String,
}

impl Dsn {
    /// The DSN in `address`.
    ///
    /// # Errors
    /// [`ConfigError::Dsn`] with the texts of the contract.
    pub(super) fn parse(address: &DestinationAddress) -> Result<Self, ConfigError> {
        Self::read(address.as_str())
            .map_err(|problem| ConfigError::Dsn { problem, place: address.source().clone() })
    }

    fn read(text: &str) -> Result<Self, DsnError> {
        if text.is_empty() {
            return Err(DsnError::Empty);
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(DsnError::Url);
        }
        let (scheme, rest) = text.split_once("://").ok_or(DsnError::Scheme)?;
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(DsnError::Scheme);
        }
        let rest = rest.split_once(['?', '#']).map_or(rest, |(before, _)| before);
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user_info, host) = authority.rsplit_once('@').ok_or(DsnError::Username)?;
        let authorization = authorization(user_info)?;
        check_host(host)?;
        let (parent, project) = path.rsplit_once('/').unwrap_or(("", path));
        if project.is_empty() {
            return Err(DsnError::Project);
        }
        let slash = if parent.is_empty() { "" } else { "/" };
        let url = format!("{scheme}://{host}{slash}{parent}/api/{project}/envelope/");
        // Where the DSN stands is told by our own error.
        let url =
            DestinationAddress::new(url, AddressSource::Spec).hook_url("DSN").map_err(|_| DsnError::Url)?;
        Ok(Self { text: text.to_owned(), envelope_url: url.as_str().to_owned(), authorization })
    }
}

fn authorization(user_info: &str) -> Result<String, DsnError> {
    let (public, secret) = user_info.split_once(':').unwrap_or((user_info, ""));
    if public.is_empty() {
        return Err(DsnError::Username);
    }
    if !user_info.is_ascii() {
        return Err(DsnError::Url);
    }
    let mut text = format!("Sentry sentry_version=7, sentry_client={CLIENT}, sentry_key={public}");
    if !secret.is_empty() {
        text.push_str(", sentry_secret=");
        text.push_str(secret);
    }
    Ok(text)
}

/// What a parser of URLs would say less clearly.
fn check_host(host: &str) -> Result<(), DsnError> {
    let (name, port) = match host.rsplit_once(':') {
        // The last colon of an IPv6 address is not that of a port.
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    if name.is_empty() {
        return Err(DsnError::Host);
    }
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(DsnError::Port);
    }
    Ok(())
}
