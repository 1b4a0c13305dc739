//! Requests that a browser sends for the page of somebody else: whoever opens such a page is on this side of every firewall.

use std::net::IpAddr;

use actix_http::header::{HOST, HeaderMap, HeaderValue, ORIGIN};

/// Whether a browser says that a page of another place sends this (Fetch Standard, section 3.2). No sender of events and no
/// command has an `Origin`.
///
/// A name in `Host` that is not of this machine proves nothing: it may be the page's own, which was made to lead here.
pub fn is_foreign(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(text).unwrap_or_default();
    let is_own = |origin: &HeaderValue| {
        let origin = text(origin).unwrap_or_default();
        let place = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        place.is_some_and(|place| place.eq_ignore_ascii_case(host)) && is_certain(host_name(host))
    };
    !headers.get_all(ORIGIN).all(is_own)
}

/// The name or address in a `Host`, without port and brackets.
pub fn host_name(host: &str) -> &str {
    if let Some((address, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    host.split_once(':').map_or(host, |(name, _)| name)
}

/// Whether a name leads to this machine, whoever answers for names.
pub fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Nobody makes an address lead elsewhere.
fn is_certain(name: &str) -> bool {
    is_loopback(name) || name.parse::<IpAddr>().is_ok()
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(host: &str, origins: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        for origin in origins {
            headers.append(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        is_foreign(&headers)
    }

    #[test]
    fn issue_17_only_a_page_of_this_very_place_is_not_foreign() {
        assert!(!foreign("127.0.0.1:9090", &[]));
        for host in ["127.0.0.1:9090", "localhost:9090", "[::1]:9090", "10.1.2.3:9090"] {
            assert!(!foreign(host, &[&format!("http://{host}")]), "{host}");
        }
        for (host, origin) in [
            ("127.0.0.1:9090", "http://evil.example"),
            ("127.0.0.1:9090", "http://127.0.0.1:8000"),
            ("127.0.0.1:9090", "null"),
            ("127.0.0.1:9090", ""),
            // A name that was made to lead here.
            ("evil.example:9090", "http://evil.example:9090"),
        ] {
            assert!(foreign(host, &[origin]), "{host} {origin}");
        }
        assert!(foreign("localhost", &["http://localhost", "http://evil.example"]));
    }

    #[test]
    fn names_are_told_from_ports() {
        for (host, name) in [("a:1", "a"), ("a", "a"), ("[::1]:80", "::1"), ("[::1]", "::1"), ("", "")] {
            assert_eq!(host_name(host), name);
        }
        assert!(is_loopback("LocalHost") && is_loopback("127.8.8.8") && is_loopback("::1"));
        assert!(!is_loopback("localhost.evil.example") && !is_loopback("10.0.0.1") && !is_loopback(""));
    }
}
