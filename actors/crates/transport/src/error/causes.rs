//! Causes of failures that are no other library's.

use std::io;

use dns_lookup::LookupError;

/// Errors of a URL that is unusable. The URL itself is not quoted: it may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The URL does not parse.
    #[error("{0}; correct the address")]
    Syntax(#[from] url::ParseError),
    /// It holds control characters or spaces.
    #[error("it holds a space or a control character; remove it")]
    Characters,
    /// The scheme is not `http` or `https`.
    #[error("its scheme is not http or https; write one of these")]
    Scheme,
    /// The URL names no host.
    #[error("it names no host; write one")]
    Host,
    /// It is longer than HTTP libraries take, or they refuse it for another reason.
    #[error("it cannot be put into a request; shorten or correct it")]
    Form,
    /// TLS needs a well-formed name or an IP address to verify.
    #[error("the host cannot be verified by TLS; use its DNS name or IP address with https")]
    TlsName,
}

/// Errors of a header that is unusable.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// The name has characters that HTTP does not allow (RFC 9110, section 5.1).
    #[error("the name has characters that are not allowed; correct it")]
    Name,
    /// The value has characters that HTTP does not allow (RFC 9110, section 5.5).
    #[error("the value has control characters; remove them")]
    Value,
    /// The headers of the request are too long, and this is the longest one.
    #[error("all headers together are longer than {max} bytes; shorten it")]
    Length {
        /// The bound on the length, in bytes.
        max: usize,
    },
}

/// Errors of a proxy's URL that is unusable. The URL itself is not quoted: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxySettingError {
    /// The URL does not parse.
    #[error("it is not a valid URL; write scheme://host:port")]
    Url,
    /// The scheme is none of the known ones.
    #[error("its scheme is not http, https or socks5; write one of these")]
    Scheme,
    /// There is no host in it.
    #[error("it names no host; write one")]
    Host,
    /// The port in it is 0.
    #[error("port 0 cannot be dialled; write the proxy's port")]
    Port,
    /// SOCKS 5 takes 255 bytes at most (RFC 1929, section 2).
    #[error("its user name or password is longer than the 255 bytes of SOCKS 5; shorten it")]
    Login,
}

/// Errors with which a resolver failed.
#[derive(Debug, thiserror::Error)]
pub enum LookupFailure {
    /// The resolver failed with this error.
    #[error("{0}")]
    Resolver(#[source] io::Error),
    /// The resolver gave no address.
    #[error("the name has no address")]
    Empty,
    /// The lookup's thread went away.
    #[error("the lookup was cut off")]
    Cancelled,
}

impl From<LookupError> for LookupFailure {
    fn from(error: LookupError) -> Self {
        Self::Resolver(error.into())
    }
}

/// Errors of an answer that is not HTTP.
#[derive(Debug, thiserror::Error)]
pub enum GarbledError {
    /// The head is not HTTP/1.
    #[error("it is not HTTP/1")]
    NotHttp,
    /// The heads, the interim ones included, are too long.
    #[error("its head is longer than {max} bytes")]
    HeadTooLong {
        /// The bound on the length, in bytes.
        max: usize,
    },
    /// There are too many interim answers (RFC 9110, section 15.2).
    #[error("more than {max} interim answers came before a final one")]
    Interim {
        /// The bound on the number of headers.
        max: usize,
    },
    /// The body's framing or compression is damaged.
    #[error("its body is damaged")]
    Body,
}

/// Errors for which a redirect is not followed.
#[derive(Debug, thiserror::Error)]
pub enum RedirectError {
    /// There were too many redirects.
    #[error("it redirected more than {max} times")]
    TooMany {
        /// The number of redirects that are followed.
        max: usize,
    },
    /// The new address cannot be used.
    #[error("the new address cannot be used: {0}")]
    Address(#[from] AddressError),
    /// It leads from https to http, where everybody on the way can read along.
    #[error("it redirected from https to http, which is not followed")]
    Downgrade,
    /// It leads to another host, which the Secret is not meant for.
    #[error("it redirected to another host, and what is sent holds something of the Secret")]
    Secret,
    /// It leads where objects may not lead.
    #[error("it redirected to an address where objects may not lead")]
    Closed,
    /// Where it leads, there is no answer. Which one there is instead is not told: the destination chose whom to ask.
    #[error("there is no answer where it redirected to")]
    Unanswered,
}
