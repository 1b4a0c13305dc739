//! Outcomes of webhook requests (contract, receivers 4.2).

use actix_http::body::BoxBody;
use actix_http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use actix_http::{Response, StatusCode};
use campanile_protocol::WebhookVerdict;
use serde::{Serialize, Serializer};

use crate::meter::RequestEnding;

/// The outcomes of requests to the webhook endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookOutcome {
    /// Everything was asked to reconcile: 200.
    Accepted,
    /// The API server is away: what is asked is stored, and asked as soon as it is back: 202.
    Postponed,
    /// Webhooks come faster than their resources are annotated: what is asked is stored, and asked within moments: 202.
    PutOff,
    /// The path is not canonical: 307.
    Redirected,
    /// The body broke off, or took too long: 400.
    Unreadable,
    /// It is not verified: 400.
    Refused,
    /// No Receiver has this path: 404.
    Unknown,
    /// It is no path of webhooks: 404, with a line of text.
    Elsewhere,
    /// The body is too large: 413.
    TooLarge,
    /// It is verified, and something could not be asked to reconcile: 500.
    Failed,
    /// The API server is away, and what is asked could not be stored: 503.
    NotStored,
    /// The Receivers are not known yet: 500.
    TooEarly,
    /// The Receiver is switched off: 503.
    Suspended,
    /// The Receiver is not ready: 503.
    NotReady,
    /// All bodies in flight together are too large: 503.
    Overloaded,
}

impl WebhookOutcome {
    /// The label in the operations API.
    pub fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Postponed => "postponed",
            Self::PutOff => "put-off",
            Self::Redirected => "redirected",
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Elsewhere => "elsewhere",
            Self::TooLarge => "too-large",
            Self::Failed => "failed",
            Self::NotStored => "not-stored",
            Self::TooEarly => "too-early",
            Self::Suspended => "suspended",
            Self::NotReady => "not-ready",
            Self::Overloaded => "overloaded",
        }
    }

    /// What the owner of the Receiver is told.
    pub(super) fn verdict(self) -> WebhookVerdict {
        match self {
            Self::Accepted | Self::PutOff => WebhookVerdict::Accepted,
            Self::Postponed => WebhookVerdict::Postponed,
            Self::Failed | Self::NotStored => WebhookVerdict::Failed,
            _ => WebhookVerdict::Refused,
        }
    }

    /// Whether the body may not have been read to its end.
    pub(super) fn leaves_body_unread(self) -> bool {
        matches!(
            self,
            Self::Redirected | Self::Elsewhere | Self::Unreadable | Self::TooLarge | Self::Overloaded
        )
    }
}

impl RequestEnding for WebhookOutcome {
    const ALL: &'static [Self] = &[
        Self::Accepted,
        Self::Postponed,
        Self::PutOff,
        Self::Redirected,
        Self::Unreadable,
        Self::Refused,
        Self::Unknown,
        Self::Elsewhere,
        Self::TooLarge,
        Self::Failed,
        Self::NotStored,
        Self::TooEarly,
        Self::Suspended,
        Self::NotReady,
        Self::Overloaded,
    ];

    fn number(self) -> usize {
        self as usize
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Accepted => StatusCode::OK,
            Self::Postponed | Self::PutOff => StatusCode::ACCEPTED,
            Self::Redirected => StatusCode::TEMPORARY_REDIRECT,
            Self::Unreadable | Self::Refused => StatusCode::BAD_REQUEST,
            Self::Unknown | Self::Elsewhere => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Failed | Self::TooEarly => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Suspended | Self::NotReady | Self::NotStored | Self::Overloaded => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}

impl Serialize for WebhookOutcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.label())
    }
}

/// What is told where no webhooks come in.
const NO_PAGE: &str = "404 page not found\n";

/// The answer to a request that ended so; `location` is where a redirected one leads.
pub(super) fn response(outcome: WebhookOutcome, location: Option<HeaderValue>) -> Response<BoxBody> {
    let mut response = Response::new(outcome.status());
    response.head_mut().set_camel_case_headers(true);
    if let Some(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    if outcome == WebhookOutcome::Elsewhere {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        return response.set_body(BoxBody::new(NO_PAGE));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_listed_in_the_order_of_their_numbers() {
        assert!(WebhookOutcome::ALL.iter().enumerate().all(|(number, outcome)| outcome.number() == number));
    }
}
