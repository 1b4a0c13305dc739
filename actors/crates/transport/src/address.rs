//! The URL of a request: what may be sent where, and with whose credentials.

use awc::http::Uri;
use percent_encoding::percent_decode_str;
use rustls_pki_types::ServerName;
use url::{Position, Url};

use crate::routes::basic;
use crate::{AddressError, Endpoint};

/// An absolute `http` or `https` URL that a request can be sent to.
#[derive(Clone, Debug)]
pub(crate) struct RequestUrl {
    url: Url,
    uri: Uri,
    endpoint: Endpoint,
}

impl RequestUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// Says what is wrong, without quoting the address.
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        // The parser would silently drop some of these, and so send to another place than written.
        if text.chars().any(|c| c.is_control() || c == ' ') {
            return Err(AddressError::Characters);
        }
        Self::from_url(Url::parse(text)?)
    }

    /// The address that `location`, as a redirect gives it, stands for.
    ///
    /// # Errors
    /// As for [`RequestUrl::parse`].
    pub(crate) fn join(&self, location: &str) -> Result<Self, AddressError> {
        Self::from_url(self.url.join(location)?)
    }

    fn from_url(url: Url) -> Result<Self, AddressError> {
        let secure = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(AddressError::Scheme),
        };
        let host = url.host_str().ok_or(AddressError::Host)?;
        let endpoint = Endpoint::new(host, url.port_or_known_default().unwrap_or_default());
        if secure && ServerName::try_from(endpoint.host()).is_err() {
            return Err(AddressError::TlsName);
        }
        let target = &url[Position::BeforePath..Position::AfterQuery];
        let uri = match secure {
            true => format!("http://{endpoint}{target}"),
            false => format!("http://{}{target}", host_and_port(&url)),
        };
        let uri = uri.parse().map_err(|_| AddressError::Form)?;
        Ok(Self { url, uri, endpoint })
    }

    /// What awc connects and sends to: without user-info and fragment, and always `http`, as TLS is made below it. One
    /// for TLS names its port.
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether the destination is to be reached inside TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The host and the port of the URL.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The `Host` header: the port only where it is not the scheme's own (RFC 9110, section 7.2).
    pub(crate) fn host_header(&self) -> &str {
        host_and_port(&self.url)
    }

    /// Basic credentials from the user-info, percent-decoded.
    pub(crate) fn basic(&self) -> Option<String> {
        let (user, password) = (self.url.username(), self.url.password());
        if user.is_empty() && password.is_none() {
            return None;
        }
        let decode = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
        Some(basic(&decode(user), &decode(password.unwrap_or_default())))
    }

    /// Whether credentials meant for `self` may be sent to `other`: the same host or a sub-domain of it, and never from
    /// https to http.
    pub(crate) fn trusts(&self, other: &Self) -> bool {
        let (Some(own), Some(theirs)) = (self.url.host_str(), other.url.host_str()) else { return false };
        let inside =
            self.url.domain().is_some() && theirs.strip_suffix(own).is_some_and(|rest| rest.ends_with('.'));
        let downgrade = self.is_secure() && !other.is_secure();
        (own == theirs || inside) && !downgrade
    }
}

fn host_and_port(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> RequestUrl {
        RequestUrl::parse(text).unwrap()
    }

    #[test]
    fn only_http_and_https_with_a_host_are_addresses() {
        let nonsense = [
            "",
            "not a url",
            "invalid-url",
            "/hook",
            "localhost:8080/hook",
            "ftp://example.com/",
            "https://",
            "https://example.com|",
            "https://example.com:99999/",
            "http://a\tb/",
            " http://example.com",
        ];
        for text in nonsense {
            assert!(RequestUrl::parse(text).is_err(), "{text:?}");
        }
        assert!(matches!(RequestUrl::parse("https://a..b/"), Err(AddressError::TlsName)));
    }

    #[test]
    fn user_info_and_fragment_are_not_part_of_the_target() {
        let address = address("https://bob:p%40s%3As@example.com:443/a%2Fb?c={d}#e");
        assert_eq!(address.uri().to_string(), "http://example.com:443/a%2Fb?c={d}");
        assert!(address.is_secure());
        assert_eq!(address.host_header(), "example.com");
        // "bob:p@s:s"
        assert_eq!(address.basic().as_deref(), Some("Basic Ym9iOnBAczpz"));
    }

    #[test]
    fn a_port_that_is_not_the_schemes_own_is_in_the_host_header() {
        assert_eq!(address("http://example.com:443/").host_header(), "example.com:443");
        assert_eq!(address("http://[::1]:8080/").host_header(), "[::1]:8080");
        assert_eq!(address("https://[::1]:443/").host_header(), "[::1]");
    }

    #[test]
    fn credentials_stay_within_the_domain() {
        let home = address("https://example.com/a");
        let table = [
            ("https://example.com:8443/b", true),
            ("https://api.example.com/", true),
            ("https://notexample.com/", false),
            ("https://example.com.evil.org/", false),
            ("http://example.com/", false),
        ];
        for (other, trusted) in table {
            assert_eq!(home.trusts(&address(other)), trusted, "{other}");
        }
        assert!(!address("http://10.0.0.1/").trusts(&address("http://1.10.0.0.1.example/")));
    }
}
