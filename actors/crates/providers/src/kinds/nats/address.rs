//! The list of servers in an address.

use campanile_domain::{NatsLogin, NatsScheme, NatsServer};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::error::{MOST_SERVERS, NatsServerError};

/// The servers between the commas of `address`, those without a scheme in plain NATS.
pub(super) fn servers(address: &str) -> Result<Vec<NatsServer>, NatsServerError> {
    let texts: Vec<&str> = address.split(',').map(str::trim).filter(|text| !text.is_empty()).collect();
    if texts.len() > MOST_SERVERS {
        return Err(NatsServerError::TooMany);
    }
    if texts.is_empty() {
        return Err(NatsServerError::Host(1));
    }
    texts.iter().enumerate().map(|(index, text)| server(text, index + 1)).collect()
}

fn server(text: &str, number: usize) -> Result<NatsServer, NatsServerError> {
    let whole = if text.contains("://") { text.to_owned() } else { format!("nats://{text}") };
    let url = Url::parse(&whole).map_err(|_| NatsServerError::Url(number))?;
    let (scheme, default_port) = match url.scheme() {
        "nats" => (NatsScheme::Nats, 4222),
        "tls" => (NatsScheme::Tls, 4222),
        "ws" => (NatsScheme::Ws, 80),
        "wss" => (NatsScheme::Wss, 443),
        _ => return Err(NatsServerError::Scheme(number)),
    };
    let host = match url.host() {
        Some(Host::Domain(name)) if is_name(name) => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        _ => return Err(NatsServerError::Host(number)),
    };
    let path = match (url.path(), url.query()) {
        ("", None) => "/".to_owned(),
        (path, None) => path.to_owned(),
        (path, Some(query)) => format!("{path}?{query}"),
    };
    Ok(NatsServer { scheme, host, port: url.port().unwrap_or(default_port), path, login: login(&url) })
}

/// `url` takes nearly everything for the host of a scheme that it does not know.
fn is_name(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

/// A user without a password is a token.
fn login(url: &Url) -> Option<NatsLogin> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    match (url.username(), url.password()) {
        ("", None) => None,
        (token, None) => Some(NatsLogin::Token(decoded(token))),
        (user, Some(password)) => Some(NatsLogin::Password(decoded(user), decoded(password))),
    }
}
