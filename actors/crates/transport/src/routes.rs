//! Which proxy, if any, a request goes through.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campanile_domain::{Proxy, ProxyScheme};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::no_proxy::NoProxy;
use crate::{Endpoint, Environment, ProxySettingError, TransportError};

/// The proxies that the process environment names, parsed once.
///
/// A variable that holds no proxy spoils only the requests that would use it.
#[derive(Debug)]
pub(crate) struct EnvironmentProxies {
    http: Result<Option<Proxy>, ProxySettingError>,
    https: Result<Option<Proxy>, ProxySettingError>,
    bypass: NoProxy,
}

impl EnvironmentProxies {
    /// Parses the variables of the environment.
    pub(crate) fn parse(environment: &Environment) -> Self {
        Self {
            http: environment.http_proxy.as_deref().map(parse_proxy).transpose(),
            https: environment.https_proxy.as_deref().map(parse_proxy).transpose(),
            bypass: NoProxy::parse(environment.no_proxy.as_deref().unwrap_or_default()),
        }
    }
}

/// The routes by which one client reaches a destination.
#[derive(Clone, Debug)]
pub(crate) enum Routes {
    /// Everything through this proxy, loopback included.
    Explicit(Proxy),
    /// The proxy is the one that the environment names.
    Environment(Arc<EnvironmentProxies>),
}

impl Routes {
    /// The proxy on the way to `target`; `secure` says whether that is to be reached inside TLS.
    ///
    /// # Errors
    /// [`TransportError::ProxyVariable`] where the environment's value is no proxy.
    pub(crate) fn proxy_for(
        &self,
        target: &Endpoint,
        secure: bool,
    ) -> Result<Option<&Proxy>, TransportError> {
        let proxies = match self {
            Self::Explicit(proxy) => return Ok(Some(proxy)),
            Self::Environment(proxies) => proxies,
        };
        let (variable, proxy) =
            if secure { ("HTTPS_PROXY", &proxies.https) } else { ("HTTP_PROXY", &proxies.http) };
        match proxy {
            Ok(None) => Ok(None),
            _ if proxies.bypass.covers(target) => Ok(None),
            Ok(proxy) => Ok(proxy.as_ref()),
            Err(source) => Err(TransportError::ProxyVariable { variable, source: *source }),
        }
    }
}

/// Whether `proxy` is given a destination's requests to forward them, instead of opening a tunnel.
pub(crate) fn forwards(proxy: &Proxy, secure: bool) -> bool {
    !secure && proxy.scheme != ProxyScheme::Socks5
}

/// The value of `Proxy-Authorization`, if the proxy wants a login (RFC 7617).
pub(crate) fn proxy_authorization(proxy: &Proxy) -> Option<String> {
    let user = proxy.username.as_ref()?;
    Some(basic(user.as_bytes(), proxy.password.as_deref().unwrap_or_default().as_bytes()))
}

/// `Basic` credentials of `user` and `password`.
pub(crate) fn basic(user: &[u8], password: &[u8]) -> String {
    format!("Basic {}", STANDARD.encode([user, b":", password].concat()))
}

/// Rejects a proxy that no connection can be made through.
///
/// # Errors
/// Says which part is wrong.
pub(crate) fn check_proxy(proxy: &Proxy) -> Result<(), ProxySettingError> {
    let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > 255);
    if proxy.host.is_empty() {
        Err(ProxySettingError::Host)
    } else if proxy.port == 0 {
        Err(ProxySettingError::Port)
    } else if proxy.scheme == ProxyScheme::Socks5 && (long(&proxy.username) || long(&proxy.password)) {
        Err(ProxySettingError::Login)
    } else {
        Ok(())
    }
}

/// Reads a proxy's URL; without a scheme it is an HTTP proxy.
fn parse_proxy(value: &str) -> Result<Proxy, ProxySettingError> {
    let value = value.trim();
    let url = match Url::parse(value) {
        Ok(url) if url.has_host() => url,
        _ if value.contains("://") => return Err(ProxySettingError::Url),
        _ => Url::parse(&format!("http://{value}")).map_err(|_| ProxySettingError::Url)?,
    };
    let (scheme, port) = match url.scheme() {
        "http" => (ProxyScheme::Http, 80),
        "https" => (ProxyScheme::Https, 443),
        "socks5" | "socks5h" => (ProxyScheme::Socks5, 1080),
        _ => return Err(ProxySettingError::Scheme),
    };
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let proxy = Proxy {
        scheme,
        host: Endpoint::new(url.host_str().unwrap_or_default(), 0).host().to_owned(),
        port: url.port().unwrap_or(port),
        username: (!url.username().is_empty()).then(|| decode(url.username())),
        password: url.password().map(decode),
    };
    check_proxy(&proxy).map(|()| proxy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::RequestUrl;

    fn routes(http: &str, https: &str, no_proxy: &str) -> Routes {
        let environment = Environment {
            http_proxy: Some(http.to_owned()),
            https_proxy: Some(https.to_owned()),
            no_proxy: Some(no_proxy.to_owned()),
            ..Environment::default()
        };
        Routes::Environment(Arc::new(EnvironmentProxies::parse(&environment)))
    }

    fn proxy_for<'a>(routes: &'a Routes, url: &str) -> Result<Option<&'a Proxy>, TransportError> {
        let address = RequestUrl::parse(url).unwrap();
        routes.proxy_for(address.endpoint(), address.is_secure())
    }

    fn chosen(routes: &Routes, url: &str) -> Option<(String, u16)> {
        proxy_for(routes, url).unwrap().map(|proxy| (proxy.host.clone(), proxy.port))
    }

    #[test]
    fn the_scheme_of_the_destination_chooses_the_variable() {
        let routes = routes("plain:3128", "https://secure", "kept.example.com");
        assert_eq!(chosen(&routes, "http://example.com/"), Some(("plain".to_owned(), 3128)));
        assert_eq!(chosen(&routes, "https://example.com/"), Some(("secure".to_owned(), 443)));
        assert_eq!(chosen(&routes, "https://kept.example.com/"), None);
        assert_eq!(chosen(&routes, "http://localhost:8080/"), None);
    }

    #[test]
    fn an_explicit_proxy_has_no_exceptions() {
        let routes = Routes::Explicit(parse_proxy("http://squid:3128").unwrap());
        assert_eq!(chosen(&routes, "http://127.0.0.1/"), Some(("squid".to_owned(), 3128)));
    }

    #[test]
    fn user_info_becomes_the_login() {
        let proxy = parse_proxy("socks5://bob:p%40ss@[2001:db8::1]").unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("2001:db8::1", 1080));
        assert_eq!((proxy.username.as_deref(), proxy.password.as_deref()), (Some("bob"), Some("p@ss")));
    }

    #[test]
    fn a_variable_of_nonsense_spoils_only_what_would_use_it_and_is_not_quoted() {
        for nonsense in ["ftp://squid:secret@host", "http://squid|secret", "http://"] {
            let routes = routes("plain:3128", nonsense, "kept.example.com");
            let error = proxy_for(&routes, "https://example.com/").unwrap_err().to_string();
            assert!(error.contains("HTTPS_PROXY") && !error.contains("secret"), "{error}");
            assert_eq!(chosen(&routes, "https://kept.example.com/"), None);
            assert_eq!(chosen(&routes, "http://example.com/"), Some(("plain".to_owned(), 3128)));
        }
    }
}
