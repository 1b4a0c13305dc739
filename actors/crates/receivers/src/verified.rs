//! A request that is verified. Nothing outside of this crate can make one.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::ReceiverSpec;
use serde_json::{Map, Value as Json};

use crate::body::{self, BodyError};
use crate::check::Passed;
use crate::fields::{self, FieldForm, Rest};
use crate::kinds::VerificationRules;
use crate::media_type::MediaType;
use crate::request::Unverified;
use crate::{Receiver, Selection, event};

/// A request that the Receiver's type has verified, and whose event is wanted.
///
/// Only this can be acted on:
///
/// ```
/// use campanile_receivers::{BodyError, Selection, Verified};
///
/// fn act(request: Verified) -> Result<Selection, BodyError> {
///     request.select()
/// }
/// ```
///
/// A request that is not verified asks for nothing,
///
/// ```compile_fail,E0599
/// use campanile_receivers::{BodyError, Selection, Unverified};
///
/// fn act(request: Unverified) -> Result<Selection, BodyError> {
///     request.select()
/// }
/// ```
///
/// and nobody else makes it one that is verified, or a selection without one.
///
/// ```compile_fail,E0624
/// let make = campanile_receivers::Verified::new;
/// ```
///
/// ```compile_fail,E0624
/// let make = campanile_receivers::Selection::new;
/// ```
pub struct Verified {
    receiver: Arc<Receiver>,
    rules: &'static VerificationRules,
    /// The body as filters see it.
    body: Bytes,
    /// Whether the head says that it is JSON.
    is_json: bool,
    claims: Map<String, Json>,
    event: String,
    said: String,
}

impl Verified {
    pub(crate) fn new(
        receiver: Arc<Receiver>,
        rules: &'static VerificationRules,
        request: &Unverified,
        passed: Passed,
        event: String,
        said: String,
    ) -> Self {
        Self {
            receiver,
            rules,
            body: passed.body.unwrap_or_else(|| request.body.clone()),
            is_json: MediaType::says_json(request.head.first("Content-Type")),
            claims: passed.claims.unwrap_or_default(),
            event,
            said,
        }
    }

    /// The Receiver whose request was verified.
    pub fn receiver(&self) -> &ReceiverSpec {
        self.receiver.spec()
    }

    /// The line to log (contract, receivers 10).
    pub fn said(&self) -> &str {
        &self.said
    }

    /// The event, as the head names it; empty where the type knows none. At most 128 characters.
    pub fn event(&self) -> String {
        event::shown(&self.event)
    }

    /// The commit or tag that the request is about; none where the type knows none, or this request does not tell. At most
    /// 128 characters.
    pub fn revision(&self) -> Option<String> {
        let [found] =
            fields::read(&self.body, [FieldForm::Text(self.rules.revision?)], Rest::Ignored).ok()?;
        (!found.is_empty()).then(|| event::shown(&found))
    }

    /// The claims of its token; empty for types without one.
    pub fn claims(&self) -> &Map<String, Json> {
        &self.claims
    }

    /// The selection that the request asks for. The body is read only if a filter asks for it.
    ///
    /// # Errors
    /// If the body is declared as JSON and is no object.
    pub fn select(self) -> Result<Selection, BodyError> {
        let reads = self.is_json && self.receiver.has_filters();
        let req = if reads { body::object(&self.body)? } else { Json::Object(Map::new()) };
        Ok(Selection::new(self.receiver, req, Json::Object(self.claims)))
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("receiver", &self.receiver().key).finish_non_exhaustive()
    }
}
