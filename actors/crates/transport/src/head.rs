//! The headers of a request.

use awc::http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, DATE, EXPECT, HOST, HeaderMap,
    HeaderName, HeaderValue, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};

use crate::address::RequestUrl;
use crate::limits::MAX_HEADERS;
use crate::{HeaderError, TransportError};

/// Headers that say how a message is framed or where it goes. They are the transport's business: a value that a user
/// sets is passed over (contract, providers 4 and 8: as the reference controller's HTTP library does).
const OURS: [HeaderName; 8] =
    [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, UPGRADE, TE, TRAILER, EXPECT];

/// Characters of a header's name that are shown in errors.
const SHOWN_NAME: usize = 64;

/// The template of a head: what every request to the same original address has in common.
pub(crate) struct HeadTemplate<'a> {
    headers: &'a [(String, String)],
    first: &'a RequestUrl,
    /// Whether credentials may go along.
    trusted: bool,
}

impl<'a> HeadTemplate<'a> {
    /// Of `headers`, a later one replaces an earlier one of the same name. Where none of them logs in, the user-info of
    /// `first` does.
    pub(crate) fn new(headers: &'a [(String, String)], first: &'a RequestUrl) -> Self {
        Self { headers, first, trusted: true }
    }

    fn common(&self, map: &mut HeaderMap) -> Result<(), TransportError> {
        map.insert(USER_AGENT, HeaderValue::from_static(crate::USER_AGENT));
        map.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        // awc adds a date where there is none; an empty one is taken out again by `crate::filter`.
        map.insert(DATE, HeaderValue::from_static(""));
        for (name, value) in self.headers {
            let wrong = |source| TransportError::Header { name: shown(name), source };
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong(HeaderError::Name))?;
            let value = valid(&key, value.trim_matches([' ', '\t']))?;
            if !OURS.contains(&key) {
                map.insert(key, value);
            }
        }
        log_in(map, self.first)?;
        if !self.trusted {
            // GitLab's logins have a header of their own.
            let gitlab = HeaderName::from_static("private-token");
            for name in [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, gitlab] {
                map.remove(name);
            }
        }
        Ok(())
    }

    /// Leaves out from now on what must not leave the original domain.
    pub(crate) fn drop_credentials(&mut self) {
        self.trusted = false;
    }

    /// Writes the headers of a request to `address` into those of a request that has none yet; `proxy_login` is for a
    /// proxy that forwards it.
    ///
    /// # Errors
    /// [`TransportError::Header`] for a name or value that HTTP does not allow, or where all headers together pass their
    /// bound.
    pub(crate) fn for_address(
        &self,
        address: &RequestUrl,
        proxy_login: Option<String>,
        headers: &mut HeaderMap,
    ) -> Result<(), TransportError> {
        self.common(headers)?;
        headers.insert(HOST, valid(&HOST, address.host_header())?);
        if let Some(login) = proxy_login {
            headers.insert(PROXY_AUTHORIZATION, valid(&PROXY_AUTHORIZATION, &login)?);
        }
        log_in(headers, address)?;
        bounded(headers)
    }
}

fn bounded(headers: &HeaderMap) -> Result<(), TransportError> {
    let size = |name: &HeaderName, value: &HeaderValue| name.as_str().len() + value.len() + ": \r\n".len();
    let total: usize = headers.iter().map(|(name, value)| size(name, value)).sum();
    if total <= MAX_HEADERS {
        return Ok(());
    }
    let longest = headers.keys().max_by_key(|name| headers.get(*name).map_or(0, |value| size(name, value)));
    let name = longest.map(|name| shown(name.as_str())).unwrap_or_default();
    Err(TransportError::Header { name, source: HeaderError::Length { max: MAX_HEADERS } })
}

/// Sets Basic credentials from the user-info of `address`, unless there are others (contract, providers 8).
fn log_in(headers: &mut HeaderMap, address: &RequestUrl) -> Result<(), TransportError> {
    if !headers.contains_key(AUTHORIZATION)
        && let Some(login) = address.basic()
    {
        headers.insert(AUTHORIZATION, valid(&AUTHORIZATION, &login)?);
    }
    Ok(())
}

fn valid(name: &HeaderName, value: &str) -> Result<HeaderValue, TransportError> {
    HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| TransportError::Header { name: shown(name.as_str()), source: HeaderError::Value })
}

fn shown(name: &str) -> String {
    name.chars().take(SHOWN_NAME).flat_map(char::escape_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(list: &[(String, String)], address: &RequestUrl) -> Result<HeaderMap, TransportError> {
        let mut map = HeaderMap::new();
        HeadTemplate::new(list, address).for_address(address, None, &mut map).map(|()| map)
    }

    fn headers(list: &[(&str, &str)], address: &str) -> HeaderMap {
        let list: Vec<_> =
            list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let address = RequestUrl::parse(address).unwrap();
        written(&list, &address).unwrap()
    }

    #[test]
    fn a_later_header_replaces_an_earlier_one_whatever_its_case() {
        let headers =
            headers(&[("X-Team", "a"), ("x-team", "b"), ("user-agent", "mine")], "http://example.com/");
        assert_eq!(headers.get_all("x-team").map(|value| value.to_str().unwrap()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(headers.get("user-agent").unwrap(), "mine");
    }

    #[test]
    fn framing_and_host_are_not_the_users_to_set() {
        let headers = headers(
            &[("Host", "evil"), ("Content-Length", "9"), ("Transfer-Encoding", "chunked")],
            "http://example.com:81/",
        );
        assert_eq!(headers.get("host").unwrap(), "example.com:81");
        assert!(!headers.contains_key("content-length") && !headers.contains_key("transfer-encoding"));
    }

    #[test]
    fn user_info_logs_in_unless_a_header_does() {
        let address = "http://bob:secret@example.com/";
        assert_eq!(headers(&[], address).get("authorization").unwrap(), "Basic Ym9iOnNlY3JldA==");
        assert_eq!(
            headers(&[("authorization", "Bearer x")], address).get("authorization").unwrap(),
            "Bearer x"
        );
    }

    #[test]
    fn too_many_bytes_of_headers_are_an_error_that_names_the_longest() {
        let address = RequestUrl::parse("http://example.com/").unwrap();
        let list = [("A".to_owned(), "b".to_owned()), ("X-Long".to_owned(), "x".repeat(MAX_HEADERS))];
        let error = written(&list, &address).unwrap_err();
        assert_eq!(error.class(), campanile_domain::FailureClass::Config);
        assert!(error.to_string().starts_with("set header x-long: all headers together"), "{error}");
    }

    #[test]
    fn an_invalid_header_is_an_error_that_does_not_quote_its_value() {
        for (name, value) in
            [("bad name", "secret"), ("", "secret"), ("x-token", "secret\n"), ("x\r\ny", "secret")]
        {
            let address = RequestUrl::parse("http://example.com/").unwrap();
            let list = [(name.to_owned(), value.to_owned())];
            let error = written(&list, &address).unwrap_err();
            assert_eq!(error.class(), campanile_domain::FailureClass::Config);
            assert!(!error.to_string().contains("secret") && !error.to_string().contains('\n'), "{error}");
        }
    }
}
