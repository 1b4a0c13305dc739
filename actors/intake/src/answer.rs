//! Answers to the sender of an event. No answer has a body: the real senders never read it, and lose the connection over it
//! (contract, control plane 13).

use actix_http::body::BoxBody;
use actix_http::header::{HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_http::{Response, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::{Serialize, Serializer};

use crate::meter::RequestEnding;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Seconds after which a sender shall try again. Longer than its own first pauses, so that its five tries outlast a
/// restart.
const RETRY_IN: HeaderValue = HeaderValue::from_static("5");

/// The answer to one request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Stored, or nothing to store.
    Accepted {
        /// When an equal event is accepted again.
        reset: Timestamp,
    },
    /// An equal event was accepted before.
    Duplicate {
        /// When an equal event is accepted again.
        reset: Timestamp,
    },
    /// The path is not canonical.
    Redirected(HeaderValue),
    /// Not taken, for this cause.
    Refused(RequestOutcome),
}

/// The outcomes of requests, as metrics tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestOutcome {
    /// Stored, or nothing to store: 202.
    Accepted,
    /// An equal event was accepted before: 429.
    Duplicate,
    /// The path is not canonical: 307.
    Redirected,
    /// The body broke off, or took too long: 400.
    Unreadable,
    /// The body is no event: 400.
    Malformed,
    /// The event cannot be routed, now or later: 422.
    Unroutable,
    /// The body is too large: 413.
    TooLarge,
    /// All bodies in flight together are too large: 503.
    Overloaded,
    /// The router is being restarted or has too much to do: 503.
    Unreachable,
    /// The event could not be stored: 503.
    StoreFailed,
    /// The event was not stored in time: 503.
    Late,
    /// The event was forwarded by this installation, or too often: 422.
    Looped,
    /// A page of somebody else posts it from a browser: 403.
    Foreign,
    /// Its sender does not say who it is, or not truly: 401.
    Unauthenticated,
    /// Its sender may not speak of this object: 403.
    Forbidden,
    /// Nobody can say now who its sender is: 503.
    NotReviewed,
}

impl RequestOutcome {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 16] = [
        Self::Accepted,
        Self::Duplicate,
        Self::Redirected,
        Self::Unreadable,
        Self::Malformed,
        Self::Unroutable,
        Self::TooLarge,
        Self::Overloaded,
        Self::Unreachable,
        Self::StoreFailed,
        Self::Late,
        Self::Looped,
        Self::Foreign,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotReviewed,
    ];

    /// The label of the outcome in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Redirected => "redirected",
            Self::Unreadable => "unreadable",
            Self::Malformed => "malformed",
            Self::Unroutable => "unroutable",
            Self::TooLarge => "too-large",
            Self::Overloaded => "overloaded",
            Self::Unreachable => "unreachable",
            Self::StoreFailed => "store-failed",
            Self::Late => "late",
            Self::Looped => "looped",
            Self::Foreign => "foreign",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotReviewed => "not-reviewed",
        }
    }

    /// Whether the request was not taken, for a cause that is worth counting apart.
    pub fn is_refusal(self) -> bool {
        !matches!(self, Self::Accepted | Self::Duplicate | Self::Redirected)
    }
}

impl RequestEnding for RequestOutcome {
    const ALL: &'static [Self] = &Self::ALL;

    fn number(self) -> usize {
        self as usize
    }

    /// The HTTP status (contract, control plane 4.4).
    fn status(self) -> StatusCode {
        match self {
            Self::Accepted => StatusCode::ACCEPTED,
            Self::Duplicate => StatusCode::TOO_MANY_REQUESTS,
            Self::Redirected => StatusCode::TEMPORARY_REDIRECT,
            Self::Unreadable | Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unroutable | Self::Looped => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Foreign | Self::Forbidden => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Overloaded | Self::Unreachable | Self::StoreFailed | Self::Late | Self::NotReviewed => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}

impl Serialize for RequestOutcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.label())
    }
}

impl Answer {
    pub(crate) fn outcome(&self) -> RequestOutcome {
        match self {
            Self::Accepted { .. } => RequestOutcome::Accepted,
            Self::Duplicate { .. } => RequestOutcome::Duplicate,
            Self::Redirected(_) => RequestOutcome::Redirected,
            Self::Refused(cause) => *cause,
        }
    }

    /// The response, its header names spelled as the reference spells them.
    pub(crate) fn into_response(self) -> Response<BoxBody> {
        let status = self.outcome().status();
        let mut response = Response::new(status);
        response.head_mut().set_camel_case_headers(true);
        let headers = response.headers_mut();
        match self {
            Self::Accepted { reset } => add_window(headers, &http_date(reset)),
            Self::Duplicate { reset } => {
                let date = http_date(reset);
                add_window(headers, &date);
                headers.insert(RETRY_AFTER, date);
            }
            Self::Redirected(location) => drop(headers.insert(LOCATION, location)),
            Self::Refused(_) if status == StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, RETRY_IN);
            }
            // How to say who one is (RFC 9110, section 11.6.1).
            Self::Refused(RequestOutcome::Unauthenticated) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::Refused(_) => {}
        }
        response
    }
}

fn add_window(headers: &mut HeaderMap, reset: &HeaderValue) {
    headers.insert(LIMIT, HeaderValue::from_static("1"));
    headers.insert(REMAINING, HeaderValue::from_static("0"));
    headers.insert(RESET, reset.clone());
}

/// `Mon, 02 Jan 2006 15:04:05 GMT` (RFC 9110, section 5.6.7).
fn http_date(time: Timestamp) -> HeaderValue {
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap_or_default();
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_strict_http_dates() {
        let date = http_date("2026-08-07T12:05:09.999Z".parse().unwrap());
        assert_eq!(date, "Fri, 07 Aug 2026 12:05:09 GMT");
    }

    #[test]
    fn outcomes_are_listed_in_the_order_of_their_numbers() {
        assert!(RequestOutcome::ALL.iter().enumerate().all(|(number, outcome)| *outcome as usize == number));
    }
}
