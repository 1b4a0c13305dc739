//! Host and port: all of an address that errors and logs may show.

use std::fmt;
use std::net::IpAddr;

use awc::http::Uri;

/// A host and a port. `Display` is `host:port`, with brackets around an IPv6 literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    host: String,
    port: u16,
}

impl Endpoint {
    /// An endpoint; `host` is a name or an IP literal, an IPv6 one with or without brackets.
    pub fn new(host: &str, port: u16) -> Self {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Self { host: bare.to_owned(), port }
    }

    /// Where an `http` address leads.
    pub(crate) fn of(uri: &Uri) -> Self {
        Self::new(uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80))
    }

    /// The name or IP literal, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port, 1 to 65,535.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address, if the host is an IP literal.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_literal_is_shown_in_brackets_and_kept_without() {
        let endpoint = Endpoint::of(&Uri::from_static("http://[::1]:443/hook"));
        assert_eq!((endpoint.host(), endpoint.to_string().as_str()), ("::1", "[::1]:443"));
    }

    #[test]
    fn neither_path_nor_query_is_shown() {
        let endpoint = Endpoint::of(&Uri::from_static("http://hooks.example.com/T0/secret?token=x"));
        assert_eq!(endpoint.to_string(), "hooks.example.com:80");
    }
}
